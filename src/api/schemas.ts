// JSON Schemas of resources.ts: requests are validated with them and the OpenAPI document is made of them, a schema with
// a `title` as a named component. schemas.test.ts fails to compile when a schema and its interface differ.
import Type from 'typebox';
import {
  CauseSchema,
  DamageSchema,
  EntitySchema,
  ExplanationSchema,
  IncidentStatusSchema,
  nullable,
  OperatorCommandSchema,
  PlanStatusSchema,
  ProofSchema,
  RecoveryModeSchema,
  SpecNoticeSchema,
  SymptomFigureSchema,
  SymptomKindSchema,
  strings,
  TimelineStageSchema,
} from './model-schemas.ts';

const time = Type.String({ format: 'date-time' });
const share = Type.Number({ description: '0–1.' });
const durationMs = Type.Number({ description: 'Milliseconds.' });

export const HealthSchema = Type.Enum(['healthy', 'degraded', 'down', 'unknown', 'stopped']);

export const SilenceSchema = Type.Object(
  { id: Type.String(), service: nullable(Type.String()), untilAt: time, who: Type.String(), why: Type.String() },
  { title: 'Silence' },
);

export const StatusSchema = Type.Object(
  {
    system: nullable(Type.String()),
    health: HealthSchema,
    sentence: Type.String(),
    index: Type.Integer(),
    mode: RecoveryModeSchema,
    automationStopped: Type.Boolean(),
    version: Type.String(),
    pid: Type.Integer(),
    startedAt: time,
    now: time,
    stateDir: Type.String(),
    services: Type.Object({ total: Type.Integer(), healthy: Type.Integer() }),
    instances: Type.Object({ total: Type.Integer(), ready: Type.Integer() }),
    openIncidents: Type.Integer(),
    budget: Type.Object({
      max: Type.Integer(),
      out: Type.Array(Type.Object({ instance: Type.String(), why: Type.String(), sinceAt: time })),
    }),
    silences: Type.Array(SilenceSchema),
    blindSpots: strings,
    parts: Type.Array(
      Type.Object({
        name: Type.String(),
        state: Type.Enum(['running', 'starting', 'down']),
        pid: nullable(Type.Integer()),
        detail: Type.String(),
      }),
    ),
    node: nullable(
      Type.Object({ name: Type.String(), cpuShare: share, memoryShare: share, diskShare: share }, { title: 'Node' }),
    ),
  },
  { title: 'Status' },
);

export const TrafficSchema = Type.Object(
  { requestsPerSec: Type.Number(), failureShare: share, p50Ms: nullable(durationMs), p99Ms: nullable(durationMs) },
  { title: 'Traffic' },
);

export const InstanceSchema = Type.Object(
  {
    id: Type.String(),
    service: Type.String(),
    phase: Type.String({ description: 'pending, starting, running, stopping or exited.' }),
    ready: Type.Boolean(),
    live: nullable(Type.Boolean()),
    ejected: Type.Boolean(),
    role: nullable(
      Type.Union(
        [Type.Literal('primary'), Type.Literal('promoting'), Type.Literal('standby'), Type.Literal('fenced')],
        { description: 'In a service with failover.' },
      ),
    ),
    pid: nullable(Type.Integer()),
    ports: Type.Record(Type.String(), Type.Integer()),
    incarnation: Type.Integer({ description: 'Counts the lives of this slot.' }),
    restarts: Type.Integer(),
    revision: Type.String(),
    node: Type.String(),
    startedAt: nullable(time),
    waitingFor: nullable(Type.String()),
    cpuCores: nullable(Type.Number()),
    memoryBytes: nullable(Type.Number()),
    memoryLimitBytes: nullable(Type.Number()),
    openFiles: nullable(Type.Integer()),
    lastExit: nullable(
      Type.Object(
        {
          at: time,
          reason: Type.String(),
          code: nullable(Type.Integer()),
          signal: nullable(Type.String()),
          detail: nullable(Type.String()),
          lastOutput: strings,
        },
        { title: 'Exit' },
      ),
    ),
  },
  { title: 'Instance' },
);

export const ServiceSchema = Type.Object(
  {
    name: Type.String(),
    health: HealthSchema,
    replicas: Type.Integer(),
    ready: Type.Integer(),
    revision: nullable(Type.String()),
    rollout: nullable(
      Type.Object(
        { change: Type.String(), done: Type.Integer(), total: Type.Integer(), state: Type.String() },
        { title: 'Rollout' },
      ),
    ),
    endpoints: Type.Array(
      Type.Object(
        { port: Type.String(), protocol: Type.String(), address: nullable(Type.String()) },
        { title: 'Endpoint' },
      ),
    ),
    dependsOn: strings,
    dependents: strings,
    failover: nullable(
      Type.Object(
        {
          engine: Type.String(),
          token: Type.Integer({ description: 'Fencing token: grows with every failover, never goes back.' }),
          holder: Type.String(),
          since: time,
          previous: nullable(Type.String()),
          caughtUp: strings,
        },
        { title: 'Failover' },
      ),
    ),
    traffic: nullable(TrafficSchema),
    instances: Type.Array(InstanceSchema),
    openIncidents: strings,
  },
  { title: 'Service' },
);

export const EdgeSchema = Type.Object(
  {
    caller: Type.String(),
    callee: Type.String(),
    protocol: Type.String(),
    traffic: nullable(TrafficSchema),
    history: Type.Array(
      nullable(Type.Object({ requestsPerSec: Type.Number(), failureShare: share, meanMs: durationMs })),
    ),
    health: HealthSchema,
  },
  { title: 'Edge' },
);

export const ActionSchema = Type.Object(
  {
    id: Type.String(),
    incident: Type.String(),
    kind: Type.String(),
    service: Type.String(),
    target: Type.String(),
    argument: nullable(Type.String()),
    reason: Type.String(),
    status: Type.String(),
    reversible: Type.Boolean(),
    guards: Type.Array(
      Type.Object({ rail: Type.String(), verdict: Type.String(), reason: Type.String() }, { title: 'Guard' }),
    ),
    startedAt: nullable(time),
    endedAt: nullable(time),
    error: nullable(Type.String()),
  },
  { title: 'Action' },
);

export const PlanSchema = Type.Object(
  {
    id: Type.String(),
    level: Type.Integer({ description: '0 is the first attempt; each failed verification goes one level up.' }),
    status: PlanStatusSchema,
    createdAt: time,
    outcome: nullable(Type.String()),
    actions: Type.Array(ActionSchema),
  },
  { title: 'Plan' },
);

const symptomFacts = {
  id: Type.String(),
  kind: SymptomKindSchema,
  entity: EntitySchema,
  onsetAt: time,
  detectedAt: time,
  clearedAt: nullable(time),
  logP: nullable(Type.Number({ description: 'Strength of the evidence, −log10 p; null: a fact, or not known.' })),
  summary: Type.String(),
  evidence: strings,
  resource: nullable(Type.String()),
  standing: Type.Optional(
    Type.Enum(['advisory', 'alone'], {
      description: 'Absent: a fault. advisory: evidence only. alone: calls a human when nothing else explains it.',
    }),
  ),
  looksPerDay: Type.Optional(Type.Number({ description: 'Looks a day that could have led to it by chance.' })),
  figure: Type.Optional(SymptomFigureSchema),
};

export const SymptomSchema = Type.Object(
  {
    ...symptomFacts,
    incident: nullable(Type.String({ description: 'The incident it belongs to; null: none.' })),
  },
  { title: 'Symptom' },
);

export const IncidentSchema = Type.Object(
  {
    id: Type.String(),
    title: Type.String(),
    status: IncidentStatusSchema,
    openedAt: time,
    onsetAt: time,
    closedAt: nullable(time),
    detectedAfterMs: nullable(durationMs),
    explainedAfterMs: nullable(durationMs),
    actedAfterMs: nullable(durationMs),
    repairedAfterMs: nullable(durationMs),
    services: strings,
    symptoms: Type.Array(Type.Object(symptomFacts, { title: 'SymptomFacts' })),
    summary: nullable(Type.String()),
    causes: Type.Array(CauseSchema),
    victims: strings,
    damage: nullable(DamageSchema),
    abstained: Type.Boolean(),
    explanation: nullable(ExplanationSchema),
    proof: nullable(ProofSchema),
    plans: Type.Array(PlanSchema),
    timeline: Type.Array(
      Type.Object(
        { at: time, afterMs: durationMs, stage: TimelineStageSchema, text: Type.String() },
        { title: 'TimelineEntry' },
      ),
    ),
  },
  { title: 'Incident' },
);

export const ChangeSchema = Type.Object(
  {
    id: Type.String(),
    at: time,
    kind: Type.String(),
    who: Type.String(),
    why: Type.String(),
    services: strings,
    content: strings,
    undoable: strings,
  },
  { title: 'Change' },
);

export const EventSchema = Type.Object(
  {
    seq: Type.Integer(),
    at: time,
    level: Type.Enum(['info', 'warn', 'error']),
    topic: Type.String(),
    text: Type.String(),
    service: nullable(Type.String()),
    instance: nullable(Type.String()),
    incident: nullable(Type.String()),
  },
  { title: 'Event' },
);

export const PlanResultSchema = Type.Object(
  {
    index: Type.Integer(),
    system: Type.String(),
    notices: Type.Array(SpecNoticeSchema),
    changes: Type.Array(
      Type.Object(
        {
          service: Type.String(),
          change: Type.Enum(['add', 'remove', 'update', 'scale', 'none']),
          fields: strings,
          effect: Type.String(),
        },
        { title: 'ServiceDiff' },
      ),
    ),
    policy: strings,
    empty: Type.Boolean(),
  },
  { title: 'PlanResult' },
);

export const ApplyResultSchema = Type.Object(
  {
    change: nullable(Type.String()),
    index: Type.Integer(),
    detail: Type.String(),
    notices: Type.Array(SpecNoticeSchema),
  },
  { title: 'ApplyResult' },
);

export const OperationResultSchema = Type.Object(
  { detail: Type.String(), id: nullable(Type.String()) },
  { title: 'OperationResult' },
);

export const JournalEntrySchema = Type.Object(
  {
    seq: Type.Integer(),
    at: time,
    kind: Type.String(),
    summary: Type.String(),
    who: nullable(Type.String()),
    why: nullable(Type.String()),
    hash: Type.String(),
  },
  { title: 'JournalEntry' },
);

export const JournalVerificationSchema = Type.Object(
  {
    intact: Type.Boolean(),
    entries: Type.Integer(),
    segments: Type.Integer(),
    firstSeq: Type.Integer(),
    lastHash: Type.String(),
    replayed: nullable(Type.Integer()),
    firstDifference: nullable(Type.String()),
  },
  { title: 'JournalVerification' },
);

export const AcknowledgementSchema = Type.Object({ detail: Type.String() }, { title: 'Acknowledgement' });

export const HealthzSchema = Type.Object(
  { ok: Type.Literal(true), version: Type.String(), pid: Type.Integer() },
  { title: 'Health' },
);

const closed = { additionalProperties: false } as const;
const why = Type.String({ maxLength: 2_000, description: 'For the audit; X-Holdfast-Reason says the same.' });

export const SpecSourceSchema = Type.Object(
  {
    file: Type.String({ minLength: 1, maxLength: 4_096 }),
    baseDir: Type.String({ minLength: 1, maxLength: 4_096 }),
    text: Type.String(),
    variables: Type.Record(Type.String(), Type.String()),
    profiles: strings,
    projectName: nullable(Type.String()),
  },
  { title: 'SpecSource', ...closed },
);

export const PlanRequestSchema = Type.Object({ spec: SpecSourceSchema }, { title: 'PlanRequest', ...closed });

export const ApplyRequestSchema = Type.Object(
  { spec: SpecSourceSchema, index: nullable(Type.Integer({ minimum: 0 })), why },
  { title: 'ApplyRequest', ...closed },
);

export const OperationRequestSchema = Type.Object(
  { command: OperatorCommandSchema, why },
  { title: 'OperationRequest', ...closed },
);

export const HeartbeatRequestSchema = Type.Object(
  { pass: Type.Boolean(), note: Type.String({ maxLength: 2_000 }) },
  { title: 'HeartbeatRequest', ...closed },
);

export const ShutdownRequestSchema = Type.Object(
  { down: Type.Boolean(), why },
  { title: 'ShutdownRequest', ...closed },
);
