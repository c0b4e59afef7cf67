/**
 * What a fault is, and what whoever injects one promises. A fault is something done on purpose to a target, under a
 * lease: it ends when it is told to, or when its lease does, whichever comes first, whoever is still alive then.
 *
 * - **Record before effect.** What is about to be done, and how to undo it, is durable before it is done.
 * - **Dead man's switch.** The effect is made by a keeper, a process of its own (keeper.ts), and reverted by it at
 *   the end of the lease; kill -9 of everything that asked for the fault changes nothing about that. A keeper that is
 *   killed is replaced by its watcher, and the replacement reverts what it finds at once. When both die in the same
 *   instant, effects that are processes go with the keeper (they hold the other end of its pipe), and the rest is
 *   reverted by the next start of any part that sweeps.
 * - **Bite.** Every fault is measured while it lasts. One that had no effect proves nothing.
 * - **Residue.** After the end it is looked up what is left in the world, and named.
 * - **Possible.** Whether this machine can do it at all is found out before, with what works instead.
 *
 * An executor is a file, and a line in registry.ts. This file imports the model only.
 */
import type { ProcessIdentity } from '../model/instance.ts';
import type { Ms } from '../model/time.ts';

/** All processes of one instance: the one that is named, its group, and their descendants. */
export interface ProcessTarget {
  readonly kind: 'process';
  readonly process: ProcessIdentity;
}

export interface DirectoryTarget {
  readonly kind: 'directory';
  /** Absolute. */
  readonly path: string;
}

export interface PortTarget {
  readonly kind: 'port';
  readonly port: number;
  readonly protocol: 'tcp' | 'udp';
  /** Whose network it is, where instances have networks of their own; null: this machine's. */
  readonly process: ProcessIdentity | null;
}

/** The next life of an instance, which is to be started with what `environmentOf` and `wrapperOf` of the injector say. */
export interface LaunchTarget {
  readonly kind: 'launch';
  readonly instance: string;
}

/** The machine that the keeper runs on. */
export interface NodeTarget {
  readonly kind: 'node';
}

export type Target = ProcessTarget | DirectoryTarget | PortTarget | LaunchTarget | NodeTarget;
export type TargetKind = Target['kind'];

export interface FaultRequest {
  /** 1–64 letters, digits, `_` and `-`. A request whose id exists is the same request again. Default: a new one. */
  readonly id?: string;
  /** One of the registry. */
  readonly kind: string;
  /** As the executor's `parse` takes them. */
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly target: Target;
  /** From now; at least MIN_LEASE_MS, at most MAX_LEASE_MS. */
  readonly leaseMs: Ms;
  /** Who asked, for people. */
  readonly holder: string;
}

/** Shorter ones end before they are measured. */
export const MIN_LEASE_MS: Ms = 200;
/** Longer ones are renewed: whoever wants a fault for that long has to stay alive for it. */
export const MAX_LEASE_MS: Ms = 600_000;

/** A request that has become durable. */
export interface Fault<P = unknown> {
  readonly id: string;
  readonly kind: string;
  readonly parameters: P;
  readonly target: Target;
  readonly holder: string;
  /** On the machine's monotonic clock; it means nothing under another boot id. */
  readonly requestedAt: Ms;
  readonly bootId: string;
}

/**
 * requested: durable, nothing done; active: done; ended: undone, see `end`.
 */
export type FaultPhase = 'requested' | 'active' | 'ended';

export interface FaultStatus {
  readonly fault: Fault;
  readonly phase: FaultPhase;
  /** When its lease ends, as far as it has been renewed. */
  readonly deadline: Ms;
  /** When the effect was complete; null before, and when it never was. */
  readonly begunAt: Ms | null;
  readonly bite: Bite | null;
  readonly end: End | null;
}

/**
 * asked: somebody reverted it; lease: nobody renewed it; keeper-lost: its keeper died, and another one reverted it
 * before its time; target-gone: there is nothing left to do it to; failed: it could not be done, or not in time.
 */
export type EndReason = 'asked' | 'lease' | 'keeper-lost' | 'target-gone' | 'failed';

export interface End {
  readonly at: Ms;
  readonly reason: EndReason;
  /** Why it failed; empty for the other reasons. */
  readonly detail: string;
  /** What is left in the world, one line each: `process 4711 of the fault runs`. */
  readonly residue: readonly string[];
}

/** What a fault was to do and what it did, in its own unit. */
export interface Bite {
  readonly asked: number;
  readonly measured: number;
  /** `processes stopped`, `cores`, `bytes`. */
  readonly unit: string;
  /** False makes a run inconclusive. */
  readonly bitten: boolean;
}

export type Possibility =
  | { readonly possible: true; readonly how: string }
  /** `instead`: what works here and comes nearest. */
  | { readonly possible: false; readonly why: string; readonly instead: string };

/** What an executor writes down before it acts, to be able to undo it from nothing else. JSON. */
export type Traces = Readonly<Record<string, unknown>>;

/** What the keeper gives to an executor. */
export interface Surroundings {
  /** Of this fault alone; removed with its record. */
  readonly directory: string;
  now(): Ms;
  deadline(): Ms;
  /** The target as it was last told (see `Injector.retarget`). */
  target(): Target;
}

/** A fault that is in effect, in the keeper that made it so. */
export interface Effect {
  /** Called about four times a second, and last just before the revert. */
  measure(): Bite;
  /** Called on every turn of the keeper (POLL_MS). False: the target is gone for good, so the fault is over. */
  turn?(): boolean;
}

export interface Executor<P = unknown> {
  readonly kind: string;
  /** One line for the catalogue. */
  readonly what: string;
  readonly targets: readonly TargetKind[];
  /** Over at once: nothing lasts, so there is nothing to renew or revert. */
  readonly instant: boolean;
  /** Name → meaning, unit and default, for the catalogue. */
  readonly parameters: Readonly<Record<string, string>>;
  /** For the catalogue: what the machine needs for it, how its bite is measured, and how it is reverted. */
  readonly needs: string;
  readonly measured: string;
  readonly reverted: string;
  /** Fills in defaults; HF6004 for what it does not understand, unknown keys included. */
  parse(given: Readonly<Record<string, unknown>>): P;
  possible(): Possibility;
  /** Names everything that `begin` will change, before it does. Throws what makes the fault impossible. */
  prepare(fault: Fault<P>, at: Surroundings): Traces;
  begin(fault: Fault<P>, traces: Traces, at: Surroundings): Promise<Effect>;
  /** Any number of times, in any process, from the traces alone. Also after a `begin` that was cut short. */
  revert(fault: Fault<P>, traces: Traces): Promise<void>;
  /** One line for each thing that is left. Processes of the fault are looked for by the keeper. */
  residue(fault: Fault<P>, traces: Traces): readonly string[];
}
