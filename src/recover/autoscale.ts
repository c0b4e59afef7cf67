/**
 * How many replicas a service should have, from one metric:
 *
 *   wanted = ⌈ n · average / target ⌉, ignored within TOLERANCE of the target, within [min, max]
 *
 * To be asked every 15 seconds. Up at once; down only to the highest recommendation of the last DOWN_MS, so that a
 * short lull does not take away what the next peak needs. An instance that reports nothing counts as 0 when going up
 * (it may not be the load) and as the full target when going down (it may be busy). Nothing moves while the service
 * has an open incident: a service whose instances are broken looks idle.
 */
import type { AutoscalePolicy } from '../model/spec.ts';
import type { Ms } from '../model/time.ts';

export const TOLERANCE = 0.1;
export const DOWN_MS: Ms = 300_000;

export interface AutoscaleInput {
  readonly policy: AutoscalePolicy;
  readonly replicas: number;
  /** Per instance, in the metric's unit; null: it reports nothing. */
  readonly values: readonly (number | null)[];
  /** Earlier raw recommendations (`wanted`), newest last. */
  readonly history: readonly { readonly at: Ms; readonly wanted: number }[];
  readonly hold: boolean;
  readonly now: Ms;
}

export interface AutoscaleAdvice {
  /** Before the memory of the last minutes: what belongs into `history`. */
  readonly wanted: number;
  readonly replicas: number;
  readonly reason: string;
}

export function recommend({ policy, replicas, values, history, hold, now }: AutoscaleInput): AutoscaleAdvice {
  const wanted = clamp(wantedOf(policy, replicas, values), policy);
  if (hold) return { wanted: replicas, replicas, reason: 'held while an incident is open' };
  if (wanted >= replicas) {
    const reason = wanted === replicas ? 'the load fits' : `${policy.metric} is above its target of ${policy.target}`;
    return { wanted, replicas: wanted, reason };
  }
  const recent = history.filter(({ at }) => at > now - DOWN_MS).map((entry) => entry.wanted);
  const highest = Math.min(replicas, Math.max(wanted, ...recent));
  const reason =
    highest < replicas ? `${policy.metric} has been below its target` : 'it was needed within the last 5 minutes';
  return { wanted, replicas: highest, reason };
}

function wantedOf({ target }: AutoscalePolicy, replicas: number, values: readonly (number | null)[]): number {
  const known = values.filter((value) => value !== null);
  if (known.length === 0 || target <= 0) return replicas;
  const total = known.reduce((sum, value) => sum + value, 0);
  const missing = values.length - known.length;
  const knownRatio = total / (known.length * target);
  if (Math.abs(knownRatio - 1) <= TOLERANCE) return replicas;
  // With the missing ones counted cautiously the direction must still be the same.
  const cautious = (total + (knownRatio > 1 ? 0 : missing * target)) / (values.length * target);
  if (knownRatio > 1 !== cautious > 1 || Math.abs(cautious - 1) <= TOLERANCE) return replicas;
  return Math.ceil(replicas * cautious - 1e-9);
}

function clamp(wanted: number, { min, max }: AutoscalePolicy): number {
  return Math.max(min, Math.min(max, wanted));
}
