/**
 * When it began and who felt it, where nobody said. Of the services that users call, bin by bin how far beyond usual
 * they were; the incident is the stretch with the largest sum of that (Kadane's maximal segment over z − THRESHOLD),
 * of the service and unit in which it cost users most.
 *
 *   z = (value − base) ÷ σ, between −3 and 10; base = lower quartile of all bins, σ = deviation of the lower half,
 *       at least 5 % of the base or 1 ms (failures: a quarter of a point, or the binomial error of the bin)
 */
import type { Load, Series } from '../../diagnose/recorded/types.ts';

export interface Felt {
  readonly service: string;
  readonly kind: 'slow' | 'erroring';
  /** Bins [from, to). */
  readonly from: number;
  readonly to: number;
  /** Of z beyond the threshold: how far beyond chance. */
  readonly sum: number;
  /** User-seconds; a failed call counts FAILED_COSTS_SECONDS. */
  readonly cost: number;
}

/** A failed call hurts like this much waiting: only for choosing between the two units. */
const FAILED_COSTS_SECONDS = 10;
const THRESHOLD = 2.5;
/** Sums of z below this are chance: the worst of all stretches of all services is looked for. */
export const LEAST_SUM = 10;
/** … and of services that users do not call, of which there are many more. */
export const INNER_SUM = 20;
const QUARTER = 0.25;

/** Worst first. `onset`: bin of a known onset, or null. `past`: normal times from elsewhere, where there are any. */
export function feltBy(
  loads: ReadonlyMap<string, Load>,
  onset: number | null,
  past: ReadonlyMap<string, Load> | null = null,
): Felt[] {
  const found: Felt[] = [];
  for (const [service, load] of loads) {
    for (const kind of ['slow', 'erroring'] as const) {
      const felt = feltIn(service, kind, load, onset, past?.get(service) ?? null);
      if (felt !== null) found.push(felt);
    }
  }
  // Where onset is given everything is looked at, noise too: what is beyond chance first.
  const sure = ({ sum }: Felt): number => (sum >= LEAST_SUM / 2 ? Number.POSITIVE_INFINITY : onset === null ? 0 : sum);
  return found.sort((a, b) => (sure(a) === sure(b) ? b.cost - a.cost : sure(b) - sure(a)));
}

function feltIn(
  service: string,
  kind: Felt['kind'],
  load: Load,
  onset: number | null,
  normal: Load | null,
): Felt | null {
  const series = kind === 'slow' ? load.latencyMs : load.failedShare;
  const known = normal === null ? null : kind === 'slow' ? normal.latencyMs : normal.failedShare;
  const past = known ?? (onset === null ? series : series.slice(0, onset));
  const base = quantile(past, known === null && onset === null ? QUARTER : 0.5);
  if (Number.isNaN(base)) return null;
  const spread =
    1.4826 *
    quantile(
      Array.from(past)
        .filter((value) => value <= quantile(past, 0.6))
        .map((value) => Math.abs(value - base)),
      0.5,
    );
  const z = Array.from(series, (value, bin) => {
    const calls = load.requests[bin] ?? 0;
    if (Number.isNaN(value) || !(calls > 0)) return 0;
    const p = (base * calls + 1) / (calls + 2);
    const floor = kind === 'slow' ? Math.max(1, 0.05 * base) : Math.max(0.0025, Math.sqrt((p * (1 - p)) / calls));
    return Math.max(-3, Math.min(10, (value - base) / Math.max(spread || 0, floor)));
  });
  const [first, last, sum] = bestStretch(onset === null ? z : z.slice(onset));
  const [from, to] = onset === null ? [first, last] : [onset, z.length];
  // With a past of its own a single bin may tell; with a known onset it must not be shown that there was one.
  if (onset === null && sum < (known === null ? LEAST_SUM : THRESHOLD)) return null;
  let cost = 0;
  for (let bin = from; bin < to; bin++) {
    if ((z[bin] as number) < 2) continue;
    const extra = (series[bin] as number) - base;
    cost += (load.requests[bin] ?? 0) * (kind === 'slow' ? extra / 1_000 : extra * FAILED_COSTS_SECONDS);
  }
  return cost > 0 ? { service, kind, from, to, sum, cost } : null;
}

function bestStretch(z: readonly number[]): [from: number, to: number, sum: number] {
  let best: [number, number, number] = [0, 0, 0];
  let [sum, from] = [0, 0];
  z.forEach((value, bin) => {
    if (sum <= 0) [sum, from] = [0, bin];
    sum += value - THRESHOLD;
    if (sum > best[2]) best = [from, bin + 1, sum];
  });
  return best;
}

function quantile(series: Series, q: number): number {
  const sorted = Array.from(series)
    .filter((value) => !Number.isNaN(value))
    .sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;
}
