/**
 * All that the dashboard knows, and the one function that changes it. Pure: times are handed in, so every state that
 * a screen can be in (connecting, live, lost, refused) is a value that a test can make.
 */
import type { LiveEvent } from '../../../src/api/client.ts';
import type { ProvingResource } from '../../../src/api/proof-resources.ts';
import type {
  ChangeResource,
  EdgeResource,
  EventResource,
  IncidentResource,
  ServiceResource,
  StatusResource,
} from '../../../src/api/resources.ts';

export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
}

export type Connection =
  /** Nothing has been seen yet. */
  | { readonly kind: 'connecting'; readonly attempts: number; readonly failure: Failure | null }
  | { readonly kind: 'live' }
  /** What is shown is old: it is greyed until the stream is back and has said something. */
  | { readonly kind: 'lost'; readonly attempts: number; readonly failure: Failure | null }
  /** Trying again does not help: a token is missing, or the server refuses. */
  | { readonly kind: 'refused'; readonly failure: Failure };

export interface State {
  readonly connection: Connection;
  /** Local time of the last byte from the server, heartbeats included. */
  readonly lastSeenAt: number | null;
  /** Server clock minus local clock, ms. */
  readonly skewMs: number;
  readonly status: StatusResource | null;
  /** Lists that the stream has not brought yet: an empty one says nothing until then. */
  readonly awaited: readonly (typeof LISTS)[number][];
  readonly services: readonly ServiceResource[];
  readonly incidents: readonly IncidentResource[];
  readonly edges: readonly EdgeResource[];
  /** null: not asked for yet. */
  readonly changes: readonly ChangeResource[] | null;
  readonly proving: ProvingResource;
  /** Newest first, at most EVENTS_KEPT. */
  readonly events: readonly EventResource[];
}

export type Message =
  | { readonly kind: 'event'; readonly event: LiveEvent; readonly at: number }
  /** A byte arrived. */
  | { readonly kind: 'seen'; readonly at: number }
  | { readonly kind: 'reconnecting'; readonly failure: Failure | null }
  | { readonly kind: 'refused'; readonly failure: Failure }
  | { readonly kind: 'changes'; readonly changes: readonly ChangeResource[] };

export const EVENTS_KEPT = 200;

const LISTS = ['services', 'incidents', 'edges', 'proofs'] as const;

export const INITIAL: State = {
  connection: { kind: 'connecting', attempts: 0, failure: null },
  lastSeenAt: null,
  skewMs: 0,
  status: null,
  awaited: LISTS,
  services: [],
  incidents: [],
  edges: [],
  changes: null,
  proving: { running: [], proofs: [] },
  events: [],
};

export function reduce(state: State, message: Message): State {
  switch (message.kind) {
    case 'seen':
      return { ...state, lastSeenAt: message.at };
    case 'changes':
      return { ...state, changes: message.changes };
    case 'refused':
      return { ...state, connection: { kind: 'refused', failure: message.failure } };
    case 'reconnecting': {
      const { connection } = state;
      const attempts = 'attempts' in connection ? connection.attempts + 1 : 1;
      const kind = state.status === null ? 'connecting' : 'lost';
      return { ...state, connection: { kind, attempts, failure: message.failure } };
    }
    case 'event':
      return onEvent({ ...state, lastSeenAt: message.at }, message.event, message.at);
  }
}

function onEvent(state: State, live: LiveEvent, at: number): State {
  switch (live.event) {
    case 'status':
      // A stream begins with the whole state; its status says that what is shown is now true again.
      return {
        ...state,
        connection: state.connection.kind === 'live' ? state.connection : { kind: 'live' },
        status: live.data,
        skewMs: Date.parse(live.data.now) - at,
      };
    case 'services':
      return { ...arrived(state, live.event), services: live.data };
    case 'incidents':
      return { ...arrived(state, live.event), incidents: live.data };
    case 'edges':
      return { ...arrived(state, live.event), edges: live.data };
    case 'proofs':
      return { ...arrived(state, live.event), proving: live.data };
    case 'core':
      return { ...state, events: withEvent(state.events, live.data) };
  }
}

function arrived(state: State, list: (typeof LISTS)[number]): State {
  return state.awaited.length === 0 ? state : { ...state, awaited: state.awaited.filter((one) => one !== list) };
}

/** A restarted server counts from one again: then what it says now is all there is. */
function withEvent(events: readonly EventResource[], next: EventResource): readonly EventResource[] {
  const newest = events[0];
  if (newest === undefined || next.seq > newest.seq) return [next, ...events].slice(0, EVENTS_KEPT);
  return next.at > newest.at ? [next] : events;
}

/** Has everything arrived once, so that what is not there does not exist? */
export function isWhole({ status, awaited }: State): boolean {
  return status !== null && awaited.length === 0;
}

/** May what is shown be called current? */
export function isLive(state: State): boolean {
  return state.connection.kind === 'live';
}
