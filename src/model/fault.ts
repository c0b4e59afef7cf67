/**
 * Faults done on purpose, as the control plane and an agent speak of them. A fault of an experiment may be done to
 * several instances; at each of them it is one order, under a lease of its own that ends whoever is still alive.
 *
 * Nothing here is ever shown to detection, diagnosis or recovery: they have to find out.
 */
import type { InstanceId } from './instance.ts';
import type { PartOutage } from './part-fault.ts';
import type { Ms } from './time.ts';

/** What is to be done at one target. */
export interface FaultOrder {
  /** 1–64 letters, digits, `_` and `-`; the same id is the same order. */
  readonly id: string;
  readonly kind: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  /** Null: the machine itself. */
  readonly instance: InstanceId | null;
  /** With no instance: the ways to all instances of this service, also to those that come later. */
  readonly service?: string;
  /** For faults on the way to the instance: calls of this service only; null: everybody's. */
  readonly from: string | null;
  readonly leaseMs: Ms;
  /** Who asked: the id of the experiment's run. */
  readonly holder: string;
}

export interface FaultBite {
  readonly asked: number;
  readonly measured: number;
  readonly unit: string;
  readonly bitten: boolean;
}

/**
 * asked, lease, keeper-lost, target-gone or failed; of changes also rolled-back and changed (by somebody else).
 * `detail` says why it failed, or who it was.
 */
export interface FaultEnd {
  readonly reason: string;
  readonly detail: string;
  /** What is left in the world, one line each. */
  readonly residue: readonly string[];
}

/** What became of one order. */
export interface FaultReport {
  readonly id: string;
  readonly phase: 'requested' | 'active' | 'ended';
  readonly begunAt: Ms | null;
  readonly bite: FaultBite | null;
  readonly end: FaultEnd | null;
  /** Of a part of Holdfast that was killed: what became of it. */
  readonly part?: PartOutage;
}

/** What operators' experiments ask of the core. */
export type FaultCommand =
  | { readonly kind: 'inject'; readonly fault: FaultRequest }
  /** The lease lasts this much longer, from now. */
  | { readonly kind: 'renew'; readonly fault: string; readonly leaseMs: Ms }
  | { readonly kind: 'revert'; readonly fault: string }
  | { readonly kind: 'revert-all' };

export interface FaultRequest {
  readonly id: string;
  readonly kind: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  /** Exactly these. Empty: the machine itself, or the ways to `service`. */
  readonly instances: readonly InstanceId[];
  /** Of faults that are changes: whose spec. Of others: the ways to all instances of it, whichever they are while the fault lasts; all of them are paid for. */
  readonly service?: string;
  readonly from: string | null;
  readonly experiment: string;
  readonly leaseMs: Ms;
  /** Over at once: what it did is no longer paid for once it is done. */
  readonly instant: boolean;
  /**
   * For what is larger than any budget by its nature, as a whole node is: true takes out more than the budget pays for,
   * false does not and says how it could. Left out: what this may strike is held to the budget, always.
   */
  readonly beyondBudget?: boolean;
  /** Of a partition: what it cuts. `instances` is empty then, and `from` null. */
  readonly cuts?: readonly Cut[];
  /** Further services that must have opted in: who belongs to a partition without being cut off itself. */
  readonly among?: readonly string[];
}

/** One way that a partition cuts. */
export interface Cut {
  /** Calls of this service, or OUTSIDE; null: everybody's, Holdfast's own on that way as well. */
  readonly from: string | null;
  readonly service: string;
  /** null: all instances of the service, also those that come while it lasts. */
  readonly instance: InstanceId | null;
}

/** One fault and all of its orders, as the core knows it. */
export interface FaultState {
  readonly id: string;
  readonly kind: string;
  readonly experiment: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly instant: boolean;
  readonly askedAt: Ms;
  readonly deadline: Ms;
  readonly targets: readonly FaultTarget[];
}

export interface FaultTarget extends FaultReport {
  readonly instance: InstanceId | null;
  readonly service: string | null;
  /** Of a partition: who is cut off there; null: everybody, and only that is paid for. */
  readonly from?: string | null;
}

export function isOver({ targets }: FaultState): boolean {
  return targets.every(({ phase }) => phase === 'ended');
}

/** One kind of the catalogue, with what this machine can do. */
export interface FaultKindFacts {
  readonly kind: string;
  readonly what: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly instant: boolean;
  /** What it is done to: `process`, `directory`, `port`, `launch`, `node`, `way`, `service`. */
  readonly targets: readonly string[];
  readonly needs: string;
  readonly measured: string;
  readonly reverted: string;
  readonly possible: boolean;
  /** How it is done here; or why it cannot be, and what comes nearest. */
  readonly how: string;
}
