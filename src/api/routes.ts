/**
 * The one table of routes. The server registers its handlers from it, the OpenAPI document is generated from it,
 * and docs/api.md is tested against it: a route that is not here does not exist.
 *
 * Paths are written as OpenAPI writes them (`/v1/services/{name}`).
 */
import Type from 'typebox';
import { AuditSchema } from './audit-schemas.ts';
import * as p from './proof-schemas.ts';
import * as s from './schemas.ts';

/** public: no token needed, even where tokens are configured. Each later role may do all that earlier ones may. */
export type Role = 'public' | 'viewer' | 'operator' | 'admin';

export type Reply =
  | { readonly kind: 'json'; readonly schema: Type.TSchema }
  | { readonly kind: 'text'; readonly contentType: string; readonly description: string }
  | { readonly kind: 'events'; readonly description: string };

export interface Route {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly summary: string;
  readonly role: Role;
  /** Callers on the server's own machine need no token: instances are given none. */
  readonly tokenFreeLocally: boolean;
  /** True: the call changes something and is audited with who and why. */
  readonly mutates: boolean;
  readonly params: Type.TObject | null;
  readonly query: Type.TObject | null;
  readonly body: Type.TObject | null;
  readonly reply: Reply;
}

const json = <T extends Type.TSchema>(schema: T): { readonly kind: 'json'; readonly schema: T } => ({
  kind: 'json',
  schema,
});

const closed = { additionalProperties: false } as const;
const nameParam = Type.Object({ name: Type.String({ minLength: 1, maxLength: 200 }) });
const instanceParam = Type.Object({ instance: Type.String({ minLength: 1, maxLength: 200 }) });
const limit = (fallback: number, maximum: number): Type.TOptional<Type.TInteger> =>
  Type.Optional(Type.Integer({ minimum: 1, maximum, default: fallback }));

const read = {
  method: 'GET',
  role: 'viewer',
  tokenFreeLocally: false,
  mutates: false,
  params: null,
  query: null,
  body: null,
} as const;
const act = {
  method: 'POST',
  role: 'operator',
  tokenFreeLocally: false,
  mutates: true,
  params: null,
  query: null,
} as const;

export const ROUTES = {
  getStatus: {
    ...read,
    path: '/v1/status',
    summary: 'The system in one sentence, with what Holdfast cannot see and its own parts.',
    reply: json(s.StatusSchema),
  },
  listServices: {
    ...read,
    path: '/v1/services',
    summary: 'Every service with its instances, traffic and rollout.',
    reply: json(Type.Array(s.ServiceSchema)),
  },
  getService: {
    ...read,
    path: '/v1/services/{name}',
    summary: 'One service with its instances, traffic and rollout.',
    params: nameParam,
    reply: json(s.ServiceSchema),
  },
  listInstances: {
    ...read,
    path: '/v1/instances',
    summary: 'Every instance.',
    reply: json(Type.Array(s.InstanceSchema)),
  },
  listEdges: {
    ...read,
    path: '/v1/edges',
    summary: 'Who calls whom: rate, failures and latency of each edge, with the last 60 seconds.',
    reply: json(Type.Array(s.EdgeSchema)),
  },
  getAudit: {
    ...read,
    path: '/v1/audit',
    summary:
      'What will break the system or keep it from being repaired: findings of the structural audit, worst first.',
    reply: json(AuditSchema),
  },
  listIncidents: {
    ...read,
    path: '/v1/incidents',
    summary: 'Incidents, open ones first, then the newest.',
    query: Type.Object(
      { state: Type.Optional(Type.Enum(['open', 'closed', 'all'], { default: 'all' })), limit: limit(50, 500) },
      closed,
    ),
    reply: json(Type.Array(s.IncidentSchema)),
  },
  getIncident: {
    ...read,
    path: '/v1/incidents/{id}',
    summary: 'One incident. The id may be shortened to any prefix that is not ambiguous.',
    params: Type.Object({ id: Type.String({ minLength: 1, maxLength: 200 }) }),
    reply: json(s.IncidentSchema),
  },
  listSymptoms: {
    ...read,
    path: '/v1/symptoms',
    summary: 'What detectors claim now, newest first; with `state=all` also what is over and known from its incident.',
    query: Type.Object(
      { state: Type.Optional(Type.Enum(['open', 'all'], { default: 'open' })), limit: limit(200, 1_000) },
      closed,
    ),
    reply: json(Type.Array(s.SymptomSchema)),
  },
  listActions: {
    ...read,
    path: '/v1/plans',
    summary: 'Actions of all plans: those that await approval, those that are not finished, or all, newest first.',
    query: Type.Object(
      { state: Type.Optional(Type.Enum(['awaiting', 'open', 'all'], { default: 'all' })), limit: limit(100, 1_000) },
      closed,
    ),
    reply: json(Type.Array(s.ActionSchema)),
  },
  listChanges: {
    ...read,
    path: '/v1/changes',
    summary: 'What people and pipelines changed, newest first.',
    query: Type.Object({ limit: limit(50, 100) }, closed),
    reply: json(Type.Array(s.ChangeSchema)),
  },
  watchEvents: {
    ...read,
    path: '/v1/events',
    summary: 'Live view. Last-Event-ID (or ?after=) goes on after that event; without it only what is new is sent.',
    query: Type.Object({ after: Type.Optional(Type.Integer({ minimum: 0 })) }, closed),
    reply: {
      kind: 'events',
      description:
        'Server-sent events. `core` carries an Event and its sequence number as id; `status`, `services`, `incidents`, `edges` and `proofs` carry the whole resource after a change, at most every 200 ms. A comment every 10 s keeps the connection alive.',
    },
  },
  readLogs: {
    ...read,
    path: '/v1/logs/{instance}',
    summary: 'Lines as the instance wrote them, the last `tail` first; `follow` goes on until the caller hangs up.',
    params: instanceParam,
    query: Type.Object(
      {
        tail: Type.Optional(Type.Integer({ minimum: 0, maximum: 100_000, default: 200 })),
        follow: Type.Optional(Type.Boolean({ default: false })),
      },
      closed,
    ),
    reply: { kind: 'text', contentType: 'text/plain; charset=utf-8', description: 'Log lines, streamed.' },
  },
  listJournal: {
    ...read,
    path: '/v1/journal',
    summary: 'Journal entries after a sequence number, oldest first; without `after` the newest ones.',
    query: Type.Object({ after: Type.Optional(Type.Integer({ minimum: 0 })), limit: limit(100, 1_000) }, closed),
    reply: json(Type.Array(s.JournalEntrySchema)),
  },
  verifyJournal: {
    ...read,
    path: '/v1/journal/verify',
    summary: 'Checks the hash chain of the journal; with `replay` also that the same inputs give the same decisions.',
    query: Type.Object({ replay: Type.Optional(Type.Boolean({ default: false })) }, closed),
    reply: json(s.JournalVerificationSchema),
  },
  plan: {
    ...act,
    mutates: false,
    path: '/v1/plan',
    summary: 'What applying this spec would change. Starts nothing.',
    body: s.PlanRequestSchema,
    reply: json(s.PlanResultSchema),
  },
  apply: {
    ...act,
    path: '/v1/apply',
    summary: 'Makes this spec the desired state. Answers when that is durable, not when it is reached.',
    body: s.ApplyRequestSchema,
    reply: json(s.ApplyResultSchema),
  },
  operate: {
    ...act,
    path: '/v1/operations',
    summary: 'One operator command: restart, scale, rollback, silence, mode, approve, reject, override, stop-all, …',
    body: s.OperationRequestSchema,
    reply: json(s.OperationResultSchema),
  },
  listProofs: {
    ...read,
    path: '/v1/proofs',
    summary: 'Runs of experiments with their verdicts, newest first.',
    query: Type.Object({ limit: limit(50, 1_000) }, closed),
    reply: json(Type.Array(p.ProofSchema)),
  },
  getProof: {
    ...read,
    path: '/v1/proofs/{id}',
    summary: 'One run with its evidence. The id may be shortened to any prefix that is not ambiguous.',
    params: Type.Object({ id: Type.String({ minLength: 1, maxLength: 200 }) }),
    reply: json(p.ProofDetailSchema),
  },
  getProofOffer: {
    ...read,
    path: '/v1/incidents/{id}/proof',
    summary:
      'What proving its cause would do: by reversing it, and by injecting the like of it elsewhere (`on`: where).',
    params: Type.Object({ id: Type.String({ minLength: 1, maxLength: 200 }) }),
    query: Type.Object({ on: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })) }, closed),
    reply: json(p.CauseOfferSchema),
  },
  startProofs: {
    ...act,
    path: '/v1/proofs',
    summary: 'Runs experiments, or the catalogue of faults, one after the other. Answers when they are accepted.',
    body: p.ProofRequestSchema,
    reply: json(p.ProofStartedSchema),
  },
  stopProofs: {
    ...act,
    path: '/v1/proofs/stop',
    summary: 'Ends the run that is under way, its faults first; those that wait are not begun.',
    body: p.ProofStopRequestSchema,
    reply: json(s.AcknowledgementSchema),
  },
  listSchedules: {
    ...read,
    path: '/v1/schedules',
    summary: 'Runs that recur, with what became of their newest time; the next one first.',
    reply: json(Type.Array(p.ScheduleSchema)),
  },
  putSchedule: {
    ...act,
    path: '/v1/schedules',
    summary: 'Has a run recur, in the place of the schedule of that name.',
    body: p.ScheduleRequestSchema,
    reply: json(p.ScheduleSchema),
  },
  removeSchedule: {
    ...act,
    path: '/v1/schedules/remove',
    summary: 'Ends a schedule. A run of it that is under way goes on.',
    body: p.ScheduleRemovalSchema,
    reply: json(s.AcknowledgementSchema),
  },
  listFaults: {
    ...read,
    path: '/v1/faults',
    summary: 'The faults that can be injected, with what this machine can do, and those that last.',
    reply: json(p.FaultsSchema),
  },
  injectFault: {
    ...act,
    path: '/v1/faults',
    summary: 'A fault on the ways to a service that the caller holds by renewing it. Answers when it is in force.',
    body: p.FaultInjectionSchema,
    reply: json(p.FaultSchema),
  },
  renewFault: {
    ...act,
    path: '/v1/faults/{id}/renew',
    summary: 'Has a fault last this much longer, from now. One that is over stays so: see its targets.',
    params: Type.Object({ id: Type.String({ minLength: 1, maxLength: 200 }) }),
    body: p.FaultRenewalSchema,
    reply: json(p.FaultSchema),
  },
  revertFault: {
    ...act,
    path: '/v1/faults/{id}/revert',
    summary: 'Ends a fault. Answers when it is over.',
    params: Type.Object({ id: Type.String({ minLength: 1, maxLength: 200 }) }),
    body: p.FaultRevertSchema,
    reply: json(p.FaultSchema),
  },
  getCoverage: {
    ...read,
    path: '/v1/coverage',
    summary: 'Which fault has been tried on which service, and what came of it.',
    reply: json(p.CoverageSchema),
  },
  heartbeat: {
    ...act,
    // A sign of life several times a second is no operator's act: it is an input of the core, not of the audit.
    mutates: false,
    tokenFreeLocally: true,
    path: '/v1/heartbeat/{instance}',
    summary: "An instance's own report for its TTL check.",
    params: instanceParam,
    body: s.HeartbeatRequestSchema,
    reply: json(s.AcknowledgementSchema),
  },
  shutdown: {
    ...act,
    role: 'admin',
    path: '/v1/shutdown',
    summary: 'Stops this server. Instances and traffic go on, unless `down` is true.',
    body: s.ShutdownRequestSchema,
    reply: json(s.AcknowledgementSchema),
  },
  getMetrics: {
    ...read,
    path: '/metrics',
    summary: 'Everything Holdfast measures, in the Prometheus text format.',
    reply: {
      kind: 'text',
      contentType: 'text/plain; version=0.0.4; charset=utf-8',
      description: 'Prometheus text exposition format 0.0.4.',
    },
  },
  getHealthz: {
    ...read,
    role: 'public',
    path: '/healthz',
    summary: 'Answers while the server can. Says nothing of the system.',
    reply: json(s.HealthzSchema),
  },
  getOpenApi: {
    ...read,
    role: 'public',
    path: '/openapi.json',
    summary: 'The API as an OpenAPI 3.1 document.',
    reply: json(Type.Record(Type.String(), Type.Unknown())),
  },
} as const satisfies Record<string, Route>;

export type Routes = typeof ROUTES;
export type RouteId = keyof Routes;
