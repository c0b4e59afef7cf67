/**
 * JSON Schemas of the model's words that travel over the API as they are. Kept apart from schemas.ts so that each
 * file stays readable; schemas.test.ts holds every one of them to its interface at compile time.
 */
import Type from 'typebox';
import { ERROR_CODES, type ErrorCode } from '../model/error-codes.ts';

export const nullable = <T extends Type.TSchema>(schema: T): Type.TUnion<[T, Type.TNull]> =>
  Type.Union([schema, Type.Null()]);

const strings = Type.Array(Type.String());

export const RecoveryModeSchema = Type.Enum(['auto', 'approve', 'observe']);

const EvidenceSchema = Type.Object(
  {
    text: Type.String(),
    weight: Type.Number({ description: 'How much it moves the belief, in log10 odds; negative: against.' }),
  },
  { title: 'Evidence' },
);

export const EntitySchema = Type.Union(
  [
    Type.Object({ kind: Type.Literal('service'), name: Type.String() }),
    Type.Object({ kind: Type.Literal('instance'), name: Type.String(), service: Type.String() }),
    Type.Object({
      kind: Type.Literal('edge'),
      name: Type.String(),
      caller: Type.String(),
      callee: Type.String(),
    }),
    Type.Object({ kind: Type.Literal('node'), name: Type.String() }),
  ],
  { title: 'Entity' },
);

export const SymptomKindSchema = Type.Enum([
  'crashed',
  'hung',
  'unreachable',
  'slow',
  'erroring',
  'anomalous',
  'saturating',
  'silent',
  'flapping',
  'diverged',
]);

export const SymptomFigureSchema = Type.Object(
  {
    title: Type.String(),
    unit: Type.String(),
    recent: Type.Array(Type.Number(), { description: 'Newest last, at most 64.' }),
    baseline: Type.Array(Type.Number(), { description: 'What was expected of each; or empty.' }),
    compared: Type.String({ description: 'What the baseline is.' }),
    stepMs: nullable(Type.Number({ description: 'Time between two values; null: uneven.' })),
  },
  { title: 'Figure' },
);

export const CauseSchema = Type.Object(
  {
    entity: EntitySchema,
    faultClass: Type.Enum(['hardware', 'software', 'network', 'capacity', 'dependency', 'human']),
    mechanism: Type.String(),
    share: nullable(Type.Number({ description: 'Share of the accounted damage that starts here, 0–1.' })),
    confidence: Type.Number({ description: '0–1.' }),
    evidenceFor: Type.Array(EvidenceSchema),
    evidenceAgainst: Type.Array(EvidenceSchema),
    changeId: nullable(Type.String()),
  },
  { title: 'Cause' },
);

export const DamageSchema = Type.Object(
  {
    extraWaitSeconds: Type.Number(),
    failedRequests: Type.Number(),
    requests: Type.Number(),
    unexplainedShare: Type.Number(),
  },
  { title: 'Damage' },
);

export const IncidentStatusSchema = Type.Enum(['open', 'recovering', 'verifying', 'resolved', 'escalated']);
export const PlanStatusSchema = Type.Enum(['open', 'verifying', 'succeeded', 'failed', 'superseded', 'cancelled']);

export const TimelineStageSchema = Type.Enum([
  'fault',
  'detected',
  'explained',
  'planned',
  'guarded',
  'acted',
  'verified',
  'resolved',
  'escalated',
  'operator',
]);

export const SpecNoticeSchema = Type.Object(
  {
    code: Type.String(),
    file: Type.String(),
    line: Type.Integer(),
    column: Type.Integer(),
    service: nullable(Type.String()),
    what: Type.String(),
    instead: Type.String(),
  },
  { title: 'SpecNotice' },
);

const closed = { additionalProperties: false } as const;
const serviceName = Type.String({ minLength: 1, maxLength: 200 });
const id = Type.String({ minLength: 1, maxLength: 200 });

/** Requests are closed: an unknown key is an error, never ignored. */
export const OperatorCommandSchema = Type.Union(
  [
    Type.Object({ kind: Type.Literal('restart'), service: serviceName, instance: nullable(id) }, closed),
    Type.Object(
      { kind: Type.Literal('scale'), service: serviceName, replicas: Type.Integer({ minimum: 0, maximum: 10_000 }) },
      closed,
    ),
    Type.Object({ kind: Type.Literal('rollback'), change: nullable(id), service: serviceName }, closed),
    Type.Object(
      {
        kind: Type.Literal('silence'),
        service: nullable(serviceName),
        forMs: Type.Number({ minimum: 1, maximum: 30 * 86_400_000 }),
      },
      closed,
    ),
    Type.Object({ kind: Type.Literal('unsilence'), silence: id }, closed),
    Type.Object({ kind: Type.Literal('mode'), mode: RecoveryModeSchema }, closed),
    Type.Object({ kind: Type.Literal('approve'), action: id }, closed),
    Type.Object({ kind: Type.Literal('reject'), action: id }, closed),
    Type.Object({ kind: Type.Literal('override'), action: id, rail: id }, closed),
    Type.Object({ kind: Type.Literal('prove'), incident: id }, closed),
    Type.Object({ kind: Type.Literal('stop-all') }, closed),
    Type.Object({ kind: Type.Literal('resume') }, closed),
    Type.Object({ kind: Type.Literal('down'), service: nullable(serviceName) }, closed),
  ],
  { title: 'OperatorCommand' },
);

const PositionSchema = Type.Object(
  { file: Type.String(), line: Type.Integer(), column: Type.Integer() },
  { title: 'SourcePosition' },
);

const errorFields = {
  code: Type.Enum(Object.keys(ERROR_CODES) as ErrorCode[]),
  message: Type.String(),
  remedy: Type.String({ description: 'What to do.' }),
  retry: Type.Enum(['never', 'later', 'now']),
  at: Type.Optional(PositionSchema),
};

/** `others` holds errors of the same shape, one level deep: a spec names all of its errors at once. */
export const ErrorSchema = Type.Object(
  { ...errorFields, others: Type.Optional(Type.Array(Type.Object(errorFields))) },
  { title: 'Error' },
);

export { strings };

export const ExplanationSchema = Type.Object(
  {
    sentence: nullable(Type.String()),
    account: nullable(
      Type.Object(
        {
          unit: Type.Enum(['user-seconds', 'failed requests']),
          rows: Type.Array(Type.Object({ where: Type.String(), suffered: Type.Number(), own: Type.Number() })),
          small: Type.Number(),
          absorbed: Type.Number(),
          reached: Type.Number(),
          unexplained: Type.Number(),
        },
        { title: 'DamageAccount' },
      ),
    ),
    propagation: Type.Array(Type.Object({ from: Type.String(), to: Type.String(), amount: Type.Number() })),
    ruledOut: Type.Array(Type.Object({ name: Type.String(), why: Type.String() })),
    missing: strings,
    deciding: strings,
    sensitivity: nullable(
      Type.Object(
        {
          tried: Type.Integer({ minimum: 0 }),
          overturned: Type.Array(
            Type.Object({
              without: Type.Enum(['edge', 'baseline']),
              name: Type.String(),
              instead: nullable(Type.String()),
            }),
          ),
          robustness: Type.Number({ minimum: 0, maximum: 1 }),
        },
        { title: 'Sensitivity' },
      ),
    ),
  },
  { title: 'Explanation' },
);

export const ProofSchema = Type.Object(
  {
    verdict: Type.Enum(['pending', 'confirmed', 'refuted', 'inconclusive']),
    plan: Type.String(),
    accused: Type.String(),
    by: Type.String(),
    text: Type.String(),
    at: Type.String({ format: 'date-time' }),
  },
  { title: 'Proof' },
);
