/**
 * What passes between a run and whoever carries it out. The run asks with effects, each with an id; it is told with
 * events. Everything is plain JSON, so that the events of a run, kept with their times, replay it.
 *
 * For executors: an effect may be answered at any later time, once; answers to what was cancelled or has timed out
 * are ignored. A `revert` may overtake its `inject`: it then forbids the injection, and succeeds.
 */
import type { Ms } from '../../model/time.ts';
import type { Journal } from './journal.ts';
import type { Json } from './json.ts';
import type { FaultSpec, Level, Provider, Scope } from './types.ts';

export type Request =
  | { readonly kind: 'probe' | 'action'; readonly name: string; readonly provider: Provider }
  | {
      readonly kind: 'control';
      readonly name: string;
      readonly level: Level;
      readonly scope: Scope;
      /** Title of the experiment or hypothesis, or name of the activity, that it stands around. */
      readonly context: string;
      readonly provider: Provider;
      /** After: what came out. */
      readonly state: Json;
    }
  /** A dry run: which instances would be struck? Answered with their names. */
  | { readonly kind: 'targets'; readonly fault: FaultSpec }
  /** Answered with anything; `begunAt`, where it is known, is when the effect was complete. */
  | { readonly kind: 'inject'; readonly fault: string; readonly spec: FaultSpec }
  | { readonly kind: 'renew'; readonly fault: string; readonly leaseMs: Ms }
  /** Answered with `{bite, residue, reason, part}`, each of which may be left out. */
  | { readonly kind: 'revert'; readonly fault: string }
  /** Last of all: is anything left? Answered with a list of lines. */
  | { readonly kind: 'residue'; readonly faults: readonly string[] };

export type Effect =
  | (Request & { readonly id: number; readonly timeoutMs: Ms })
  /** The answer is no longer wanted. */
  | { readonly kind: 'cancel'; readonly id: number }
  /** Step again no later than this, with a tick if nothing else happens. */
  | { readonly kind: 'wait'; readonly until: Ms }
  | { readonly kind: 'done'; readonly journal: Journal };

export type RunEvent =
  | { readonly kind: 'start' }
  | { readonly kind: 'tick' }
  | { readonly kind: 'answer'; readonly id: number; readonly output: Json }
  | { readonly kind: 'failure'; readonly id: number; readonly error: string }
  /** A fault is over before its time: nothing of its target is left. */
  | { readonly kind: 'over'; readonly fault: string }
  /** Somebody wants it to end: status interrupted. */
  | { readonly kind: 'stop'; readonly reason: string }
  /** A guard (steady state, objective, budget) refuses to let it go on: status aborted. */
  | { readonly kind: 'halt'; readonly reason: string };

export type Answer = { readonly ok: true; readonly output: Json } | { readonly ok: false; readonly error: string };
