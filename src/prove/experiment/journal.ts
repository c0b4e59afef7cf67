/**
 * What came out of a run, in the shape that Chaos Toolkit documents for its journal, so that tools which read those
 * read ours. What only Holdfast knows stands under `x-holdfast`.
 */
import type { PartOutage } from '../../model/part-fault.ts';
import type { Ms } from '../../model/time.ts';
import type { Json, JsonMap } from './json.ts';

export type JournalStatus = 'completed' | 'failed' | 'aborted' | 'interrupted';

export interface ActivityRun {
  readonly activity: JsonMap;
  readonly status: 'succeeded' | 'failed';
  readonly output: Json;
  /** RFC 3339, UTC; null: it did not begin. */
  readonly start: string | null;
  readonly end: string | null;
  /** Seconds. */
  readonly duration: number | null;
  readonly exception?: readonly string[];
  /** Probes of the hypothesis. */
  readonly tolerance_met?: boolean;
}

export interface SteadyState {
  readonly steady_state_met: boolean;
  readonly probes: readonly ActivityRun[];
}

/** One injected fault, from asking for it to what is left of it. */
export interface FaultRecord {
  readonly id: string;
  readonly activity: string;
  readonly kind: string;
  readonly service: string | null;
  readonly askedAt: Ms;
  /** null: the executor never said that it began. */
  readonly begunAt: Ms | null;
  readonly revertedAt: Ms | null;
  /** reverted: the executor said so. unconfirmed: it did not; the lease at the target is what reverts it. */
  readonly state: 'asked' | 'in-force' | 'reverted' | 'unconfirmed';
  readonly error: string | null;
  /** As the executor measured it. */
  readonly bite: Json;
  readonly residue: readonly string[];
  /** Of a part of Holdfast that was killed, once it is over. */
  readonly part?: PartOutage;
}

export interface Journal {
  readonly 'chaoslib-version': string;
  readonly platform: string;
  readonly node: string;
  readonly experiment: Json;
  readonly start: string;
  readonly end: string;
  readonly duration: number;
  readonly status: JournalStatus;
  readonly deviated: boolean;
  readonly steady_states: {
    readonly before: SteadyState | null;
    readonly after: SteadyState | null;
    readonly during: readonly SteadyState[];
  };
  readonly run: readonly ActivityRun[];
  readonly rollbacks: readonly ActivityRun[];
  readonly 'x-holdfast': {
    readonly faults: readonly FaultRecord[];
    /** Left behind, looked up after everything was reverted; null: nobody could say. */
    readonly residue: readonly string[] | null;
    /** The steady state once more, after faults were reverted and rollbacks had run. */
    readonly recovered: SteadyState | null;
    /** Why it was interrupted or aborted; which controls failed. */
    readonly notes: readonly string[];
  };
}

/** The one word that stands at the end. */
export function outcomeOf(journal: Journal): JournalStatus | 'deviated' {
  return journal.deviated ? 'deviated' : journal.status;
}
