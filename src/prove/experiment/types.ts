/**
 * An experiment as it was understood: Chaos Toolkit's format (its Open API for experiments and what its library
 * accepts beyond it), and Holdfast's own keys under `x-holdfast`. Durations are Ms here and seconds, or `10s`, in files.
 */
import type { ConsistencyModel, WorkloadKind } from '../../model/consistency.ts';
import type { FaultClass } from '../../model/incident.ts';
import type { Selection } from '../../model/selection.ts';
import type { Ms } from '../../model/time.ts';
import type { Json, JsonMap } from './json.ts';
import type { JsonPath } from './jsonpath.ts';

export interface HttpProvider {
  readonly type: 'http';
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, Json>>;
  /** GET: the query; otherwise the body, form-encoded or as JSON by its Content-Type. */
  readonly arguments: Json;
  readonly expectedStatus: number | null;
  readonly verifyTls: boolean;
  readonly timeoutMs: Ms | null;
}

export interface ProcessProvider {
  readonly type: 'process';
  readonly path: string;
  /** A text goes through a shell; a map gives names and values one after the other; a list is as it is. */
  readonly arguments: Json;
  readonly timeoutMs: Ms | null;
}

/** Asks Holdfast itself, so that files need no address of its API and no token. Answered with true or false. */
export interface HoldfastProvider {
  readonly type: 'holdfast';
  /** healthy: it serves; quiet: healthy, nothing under way, and no incident open. */
  readonly is: 'healthy' | 'quiet';
  /** null: the whole system. */
  readonly service: string | null;
  readonly arguments: null;
  readonly timeoutMs: Ms | null;
}

export type Provider = HttpProvider | ProcessProvider | HoldfastProvider;

export interface FaultTarget {
  /** null: the node, or Holdfast's own parts, are struck. */
  readonly service: string | null;
  /** Exact instances; empty: chosen by `select`. */
  readonly instances: readonly string[];
  /** For faults on the way: calls from this service only. */
  readonly from: string | null;
  readonly node: string | null;
  readonly select: Selection;
  readonly seed: number | null;
}

export interface FaultSpec {
  readonly kind: string;
  readonly target: FaultTarget;
  readonly parameters: JsonMap;
  /** How long it is in force; null: until the steady state has been looked at again, just before the rollbacks. */
  readonly forMs: Ms | null;
  /** Dead man's switch at the target: not renewed for this long, the target reverts it by itself. */
  readonly leaseMs: Ms;
  /** Over at once: its lease is not renewed. */
  readonly instant: boolean;
}

/** When a run may begin, and what ends it before its time. */
export interface Safety {
  /** Empty: at any time. `Mon-Fri 09:00-17:00`, in the server's time zone. */
  readonly windows: readonly Window[];
  readonly halt: {
    /** Share of failed calls at the edge of the system (0 … 1) … */
    readonly failureShare: number;
    /** … over this long: the run is halted. */
    readonly forMs: Ms;
    /** Share of the error budget of any objective that the run may use up (0 … 1); null: no limit. */
    readonly budget: number | null;
  };
}

/** Clients whose history is recorded during the run and judged at its end. null: the default of docs/consistency.md. */
export interface WorkloadSpec {
  readonly kind: WorkloadKind;
  /** Address of the store; its host may be a service of the system. */
  readonly on: string;
  readonly clients: number | null;
  readonly opsPerSec: number | null;
  readonly timeoutMs: Ms | null;
  readonly seed: number | null;
}

export interface Window {
  /** 0 is Sunday. */
  readonly days: readonly number[];
  /** Minutes since midnight; `to` before `from` goes over midnight. */
  readonly from: number;
  readonly to: number;
}

export interface Expectations {
  readonly detectedWithinMs: Ms | null;
  /** Service or instance that the diagnosis must name first. */
  readonly blamed: string | null;
  readonly faultClass: FaultClass | null;
  readonly repairedWithinMs: Ms | null;
  /** True: Holdfast must leave it alone (a fault that is nobody's incident). */
  readonly undetected: boolean;
  readonly lostAtMost: {
    readonly requests: number | null;
    readonly seconds: number | null;
    /** Share of the error budget, 0 … 1. */
    readonly budget: number | null;
  };
  readonly consistency: ConsistencyModel | null;
}

export { CONSISTENCY_MODELS, type ConsistencyModel } from '../../model/consistency.ts';

export type Tolerance =
  | { readonly kind: 'equals'; readonly value: boolean | string | number }
  /** Two values and no `status` in the answer: an inclusive range; otherwise membership. */
  | { readonly kind: 'list'; readonly values: readonly Json[] }
  | { readonly kind: 'regex'; readonly pattern: string; readonly target: string | null }
  | {
      readonly kind: 'jsonpath';
      readonly path: string;
      readonly parsed: JsonPath;
      readonly target: string | null;
      readonly count: number | null;
      /** null: something must be there. */
      readonly expect: readonly Json[] | null;
    }
  | { readonly kind: 'range'; readonly low: number; readonly high: number; readonly target: string | null }
  | {
      readonly kind: 'probe';
      readonly name: string;
      readonly provider: Provider;
      readonly tolerance: Tolerance | null;
    };

export type Scope = 'before' | 'after';
export type Level = 'experiment' | 'hypothesis' | 'method' | 'rollback' | 'activity';

export interface Control {
  readonly name: string;
  readonly provider: Provider;
  /** null: both. */
  readonly scope: Scope | null;
  /** False: only where it is named, not on every level. */
  readonly automatic: boolean;
}

export interface Activity {
  readonly type: 'probe' | 'action';
  readonly name: string;
  readonly does:
    | { readonly kind: 'provider'; readonly provider: Provider }
    | { readonly kind: 'fault'; readonly fault: FaultSpec };
  /** Only looked at in the hypothesis. */
  readonly tolerance: Tolerance | null;
  readonly background: boolean;
  readonly pauseBeforeMs: Ms;
  readonly pauseAfterMs: Ms;
  readonly controls: readonly Control[];
  /** As it was written: the journal repeats it, with nothing filled in. */
  readonly raw: JsonMap;
}

export interface Hypothesis {
  readonly title: string;
  readonly probes: readonly Activity[];
  readonly controls: readonly Control[];
}

export const ROLLBACK_STRATEGIES = ['default', 'always', 'never', 'deviated'] as const;
export type RollbackStrategy = (typeof ROLLBACK_STRATEGIES)[number];
export const HYPOTHESIS_STRATEGIES = [
  'default',
  'before-method-only',
  'after-method-only',
  'during-method-only',
  'continuously',
  'skip',
] as const;
export type HypothesisStrategy = (typeof HYPOTHESIS_STRATEGIES)[number];
export const DRY_STRATEGIES = ['probes', 'actions', 'activities', 'pause'] as const;
export type DryStrategy = (typeof DRY_STRATEGIES)[number];

/** Where a value of configuration or secrets comes from. */
export type Source =
  | { readonly from: 'inline'; readonly value: Json }
  | {
      readonly from: 'env';
      readonly key: string;
      readonly fallback: Json | undefined;
      readonly type: 'str' | 'int' | 'float' | 'bool' | 'json';
    }
  /** Read by whoever hands the experiment in, never here. `path` as it is written. */
  | { readonly from: 'file'; readonly path: string };

export interface Experiment {
  readonly title: string;
  readonly description: string;
  readonly tags: readonly string[];
  readonly configuration: Readonly<Record<string, Source>>;
  /** Group → key → source. */
  readonly secrets: Readonly<Record<string, Readonly<Record<string, Source>>>>;
  readonly controls: readonly Control[];
  readonly hypothesis: Hypothesis | null;
  readonly method: readonly Activity[];
  readonly rollbacks: readonly Activity[];
  readonly strategy: {
    readonly rollbacks: RollbackStrategy;
    readonly hypothesis: HypothesisStrategy;
    readonly dry: DryStrategy | null;
  };
  readonly expect: Expectations | null;
  readonly safety: Safety;
  readonly workload: WorkloadSpec | null;
  readonly raw: JsonMap;
}
