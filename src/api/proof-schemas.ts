/** JSON Schemas of proof-resources.ts. */
import Type from 'typebox';
import { WORKLOADS } from '../model/consistency.ts';
import { nullable, strings } from './model-schemas.ts';
import { MOST_FILE_BYTES } from './proof-resources.ts';

const time = Type.String({ format: 'date-time' });
const ms = Type.Number({ description: 'Milliseconds.' });
const closed = { additionalProperties: false } as const;
const VerdictWord = Type.Enum(['confirmed', 'mismatch', 'inconclusive']);

const BiteSchema = Type.Object(
  { asked: Type.Number(), measured: Type.Number(), unit: Type.String(), bitten: Type.Boolean() },
  { title: 'Bite', description: 'What a fault was to do and what it did. `bitten` false makes a run inconclusive.' },
);

export const FaultSchema = Type.Object(
  {
    id: Type.String(),
    kind: Type.String(),
    proof: Type.String(),
    askedAt: time,
    leaseEndsAt: time,
    targets: Type.Array(
      Type.Object({
        instance: nullable(Type.String()),
        service: nullable(Type.String()),
        from: Type.Optional(nullable(Type.String())),
        phase: Type.Enum(['requested', 'active', 'ended']),
        bite: nullable(BiteSchema),
        end: nullable(Type.String()),
        residue: strings,
      }),
    ),
  },
  { title: 'Fault' },
);

const leaseMs = Type.Number({
  minimum: 1_000,
  maximum: 600_000,
  description: 'Milliseconds until it ends unless it is renewed.',
});

export const FaultInjectionSchema = Type.Object(
  {
    id: Type.String({ pattern: '^[A-Za-z0-9_-]{1,60}$' }),
    kind: Type.String(),
    parameters: Type.Record(Type.String(), Type.Unknown()),
    service: Type.String({ minLength: 1, maxLength: 200 }),
    from: nullable(Type.String({ minLength: 1, maxLength: 200 })),
    leaseMs,
    holder: Type.String({ minLength: 1, maxLength: 60 }),
    why: Type.String({ maxLength: 2_000 }),
  },
  { title: 'FaultInjection', ...closed },
);

export const FaultRenewalSchema = Type.Object(
  { leaseMs, why: Type.String({ maxLength: 2_000 }) },
  { title: 'FaultRenewal', ...closed },
);

export const FaultRevertSchema = Type.Object(
  { why: Type.String({ maxLength: 2_000 }) },
  { title: 'FaultRevert', ...closed },
);

export const FaultKindSchema = Type.Object(
  {
    kind: Type.String(),
    what: Type.String(),
    parameters: Type.Record(Type.String(), Type.String()),
    instant: Type.Boolean(),
    targets: strings,
    needs: Type.String(),
    measured: Type.String(),
    reverted: Type.String(),
    possible: Type.Boolean(),
    how: Type.String(),
  },
  { title: 'FaultKind' },
);

export const FaultsSchema = Type.Object(
  { kinds: Type.Array(FaultKindSchema), running: Type.Array(FaultSchema) },
  { title: 'Faults' },
);

const proof = {
  id: Type.String(),
  suite: Type.String(),
  experiment: Type.String(),
  source: Type.String(),
  state: Type.Enum(['waiting', 'running', 'done']),
  dryRun: Type.Boolean(),
  who: Type.String(),
  why: Type.String(),
  askedAt: time,
  startedAt: nullable(time),
  endedAt: nullable(time),
  verdict: nullable(VerdictWord),
  summary: nullable(Type.String()),
  halted: Type.Boolean(),
  detectedAfterMs: nullable(ms),
  repairedAfterMs: nullable(ms),
  blamed: nullable(Type.String()),
  faultClass: nullable(Type.String()),
  durationMs: nullable(ms),
  faults: Type.Array(Type.Object({ kind: Type.String(), service: nullable(Type.String()) })),
  findings: Type.Array(
    Type.Object(
      {
        aspect: Type.String(),
        result: Type.Enum(['met', 'unmet', 'unknown', 'told']),
        found: Type.String(),
        expected: nullable(Type.String()),
        evidence: strings,
      },
      { title: 'Finding' },
    ),
  ),
  actions: strings,
  progress: Type.Array(Type.Object({ at: time, text: Type.String() })),
  trend: nullable(Type.String()),
  cause: nullable(
    Type.Object({
      incident: Type.String(),
      accused: Type.String(),
      target: Type.String(),
      predicted: Type.String(),
      verdict: nullable(Type.Enum(['confirmed', 'refuted', 'inconclusive'])),
      measured: nullable(Type.String()),
    }),
  ),
};

export const CauseOfferSchema = Type.Object(
  {
    incident: Type.String(),
    accused: nullable(Type.String()),
    mechanism: nullable(Type.String()),
    repair: Type.Object({ possible: Type.Boolean(), text: Type.String() }),
    injection: Type.Object({
      possible: Type.Boolean(),
      text: Type.String(),
      target: nullable(Type.String()),
      prediction: nullable(Type.String()),
    }),
  },
  { title: 'CauseOffer', description: 'What proving the cause of an incident would do. Nothing is done.' },
);

export const ProofSchema = Type.Object(proof, { title: 'Proof' });

export const ProofDetailSchema = Type.Object(
  {
    ...proof,
    next: nullable(Type.String()),
    more: Type.Boolean(),
    discoveries: Type.Array(Type.Object({ found: Type.String(), smallest: Type.String() })),
    text: Type.String(),
    junit: Type.String(),
    earlier: Type.Array(
      Type.Object({
        id: Type.String(),
        endedAt: nullable(time),
        verdict: VerdictWord,
        detectedAfterMs: nullable(ms),
        repairedAfterMs: nullable(ms),
      }),
    ),
  },
  { title: 'ProofDetail' },
);

export const CoverageSchema = Type.Object(
  {
    kinds: strings,
    services: strings,
    cells: Type.Array(
      Type.Object({ kind: Type.String(), service: Type.String(), verdict: VerdictWord, proof: Type.String() }),
    ),
    open: Type.Array(Type.Object({ kind: Type.String(), service: Type.String() })),
    left: Type.Array(Type.Object({ kind: Type.String(), service: nullable(Type.String()), why: Type.String() })),
    grid: Type.String(),
  },
  { title: 'Coverage' },
);

const path = Type.String({ minLength: 1, maxLength: 4_096 });
const names = Type.Array(Type.String({ minLength: 1, maxLength: 200 }), { maxItems: 500 });
const why = Type.String({ maxLength: 2_000, description: 'For the audit; X-Holdfast-Reason says the same.' });

const ExperimentFileSchema = Type.Object(
  {
    file: path,
    baseDir: path,
    text: Type.String(),
    contents: Type.Optional(
      Type.Record(Type.String(), Type.String({ maxLength: MOST_FILE_BYTES }), {
        description: 'What is in the files that configuration and secrets name, by path. Never journaled, never shown.',
      }),
    ),
  },
  closed,
);

export const ProofRequestSchema = Type.Object(
  {
    run: Type.Union([
      Type.Object(
        {
          kind: Type.Literal('experiments'),
          files: Type.Array(ExperimentFileSchema, { minItems: 1, maxItems: 200 }),
        },
        closed,
      ),
      Type.Object({ kind: Type.Literal('catalogue'), faults: names, services: names }, closed),
      Type.Object(
        {
          kind: Type.Literal('explore'),
          seed: Type.Integer({ minimum: 0, maximum: 0xffff_ffff }),
          runs: Type.Integer({ minimum: 1, maximum: 1_000 }),
          pairs: Type.Boolean(),
          faults: names,
          services: names,
        },
        closed,
      ),
      Type.Object(
        {
          kind: Type.Literal('cause'),
          incident: Type.String({ maxLength: 200 }),
          on: nullable(Type.String({ maxLength: 200 })),
        },
        closed,
      ),
    ]),
    workload: Type.Optional(
      Type.Object({ kind: Type.Enum([...WORKLOADS]), on: Type.String({ minLength: 1, maxLength: 1_000 }) }, closed),
    ),
    environment: Type.Record(Type.String(), Type.String()),
    dryRun: Type.Boolean(),
    why,
  },
  { title: 'ProofRequest', ...closed },
);

const scheduleName = Type.String({ pattern: '^[a-z0-9][a-z0-9_.-]{0,62}$' });

export const ScheduleSchema = Type.Object(
  {
    name: Type.String(),
    when: Type.String({ description: '`every 6h`, `daily 03:00` or `Mon-Fri 03:00`, in the time zone of the server.' }),
    what: Type.String(),
    who: Type.String(),
    why: Type.String(),
    createdAt: time,
    nextAt: time,
    last: nullable(
      Type.Object({
        at: time,
        outcome: Type.Enum(['started', 'missed', 'refused']),
        detail: Type.String(),
        suite: nullable(Type.String()),
      }),
    ),
    missed: Type.Integer({ description: 'Times that passed while the server was not running; not made up for.' }),
  },
  { title: 'Schedule' },
);

export const ScheduleRequestSchema = Type.Object(
  { name: scheduleName, when: Type.String({ minLength: 1, maxLength: 100 }), request: ProofRequestSchema, why },
  { title: 'ScheduleRequest', ...closed },
);

export const ScheduleRemovalSchema = Type.Object({ name: scheduleName, why }, { title: 'ScheduleRemoval', ...closed });

export const ProofStartedSchema = Type.Object(
  { suite: Type.String(), proofs: strings, notices: strings },
  { title: 'ProofStarted' },
);

export const ProofStopRequestSchema = Type.Object({ why }, { title: 'ProofStopRequest', ...closed });
