/**
 * One handler per route of the table. The types tie them together: a route without a handler, or a handler that
 * answers something else than its schema says, does not compile.
 */
import type Type from 'typebox';
import { openApiDocument } from '../../api/openapi.ts';
import type { ROUTES, RouteId, Routes } from '../../api/routes.ts';
import { HoldfastError } from '../../model/errors.ts';
import type { Actor, ControlPlane } from '../control-plane.ts';

type StaticOr<S, Else> = S extends Type.TSchema ? Type.Static<S> : Else;
type Immutable<T> = T extends object ? { readonly [K in keyof T]: Immutable<T[K]> } : T;

export interface Call<Id extends RouteId> {
  readonly params: StaticOr<Routes[Id]['params'], null>;
  readonly query: StaticOr<Routes[Id]['query'], null>;
  readonly body: Immutable<StaticOr<Routes[Id]['body'], null>>;
  /** Who and why; `why` as said in the body wins over the header. */
  actor(why: string): Actor;
}

type Answer<Id extends RouteId> = (typeof ROUTES)[Id]['reply'] extends { kind: 'json'; schema: infer S }
  ? Immutable<StaticOr<S, never>>
  : string;

type Handler<Id extends RouteId> = (call: Call<Id>) => Answer<Id> | Promise<Answer<Id>>;

/** Streams are not answered by a value: app.ts has them. */
export type StreamId = 'watchEvents' | 'readLogs';

export type Handlers = { readonly [Id in Exclude<RouteId, StreamId>]: Handler<Id> };

export interface ServerFacts {
  readonly version: string;
  readonly pid: number;
  /** Called after the answer to a shutdown was sent. */
  readonly ended: () => void;
}

export function handlers(plane: ControlPlane, facts: ServerFacts): Handlers {
  const document = openApiDocument(facts.version);
  return {
    getStatus: () => plane.status(),
    listServices: () => plane.services(),
    getService: ({ params }) => {
      const service = plane.services().find(({ name }) => name === params.name);
      if (service === undefined) throw new HoldfastError('HF6008', `there is no service ${params.name}`);
      return service;
    },
    listInstances: () => plane.instances(),
    listEdges: () => plane.edges(),
    getAudit: () => plane.audit(),
    listIncidents: ({ query }) => plane.incidents(query.state ?? 'all', query.limit ?? 50),
    getIncident: ({ params }) => plane.incident(params.id),
    listSymptoms: ({ query }) => plane.symptoms(query.state ?? 'open', query.limit ?? 200),
    listActions: ({ query }) => plane.actions(query.state ?? 'all', query.limit ?? 100),
    listChanges: ({ query }) => plane.changes(query.limit ?? 50),
    listJournal: ({ query }) => plane.journal(query.after ?? null, query.limit ?? 100),
    verifyJournal: ({ query }) => plane.verifyJournal(query.replay ?? false),
    plan: ({ body }) => plane.plan(body.spec),
    apply: ({ body, actor }) => plane.apply(body.spec, body.index, actor(body.why)),
    operate: ({ body, actor }) => plane.operate(body.command, actor(body.why)),
    listProofs: ({ query }) => plane.proving.list(query.limit ?? 50),
    getProof: ({ params }) => plane.proving.one(params.id),
    getProofOffer: ({ params, query }) => plane.proving.offer(params.id, query.on ?? null),
    startProofs: ({ body, actor }) => plane.proving.start(body, actor(body.why)),
    stopProofs: ({ body, actor }) => plane.proving.stop(actor(body.why)),
    listSchedules: () => plane.proving.schedules(),
    putSchedule: ({ body, actor }) => plane.proving.schedule(body, actor(body.why)),
    removeSchedule: ({ body, actor }) => {
      actor(body.why);
      return plane.proving.unschedule(body.name);
    },
    listFaults: () => plane.proving.faults(),
    injectFault: ({ body, actor }) => plane.proving.inject(body, actor(body.why)),
    renewFault: ({ params, body, actor }) => plane.proving.renew(params.id, body, actor(body.why)),
    revertFault: ({ params, body, actor }) => plane.proving.revert(params.id, actor(body.why)),
    getCoverage: () => plane.proving.coverage(),
    heartbeat: ({ params, body }) => {
      plane.heartbeat(params.instance, body.pass, body.note);
      return { detail: 'noted' };
    },
    shutdown: async ({ body, actor }) => {
      await plane.shutdown(body.down, actor(body.why));
      // The answer goes out first: the caller wants to know that it was understood.
      setImmediate(facts.ended);
      return { detail: body.down ? 'everything is stopped' : 'the server stops; instances and traffic go on' };
    },
    getMetrics: () => plane.metrics(),
    getHealthz: () => ({ ok: true, version: facts.version, pid: facts.pid }),
    getOpenApi: () => document,
  };
}
