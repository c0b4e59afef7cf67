/**
 * Calls passed on per call answered: code that leaves a call out, or stops early at an answer that is none, asks its
 * callees less often than before, while nothing is slow and nothing fails. Told from counts of calls alone; where traces
 * say which calls belong to which request, the lane of the call structure says it better and this one is silent.
 *
 *   rate(c)  = calls(c) ÷ Σ_callers calls(p), bin by bin
 *   fall(c)  = (usual rate − rate now) ÷ (σ ÷ √bins), σ at least a tenth of the usual rate
 *
 * A callee's own callees fall with it, and their rates do not: whoever asks less is found at the edge where it begins.
 */
import { isNorm, MAD_TO_SIGMA, mad, median } from '../recorded/norm.ts';
import type { Series } from '../recorded/types.ts';
import { type Lane, type LaneContext, ofService } from './contract.ts';

/** Falls of less than this part of the usual rate, or fewer deviations, are chance. */
const LEAST_PART = 0.15;
const LEAST_SIGMAS = 5;
const FLOOR = 0.1;
/** Fewer bins on either side say nothing. */
const FEWEST_BINS = 5;
const MOST_WEIGHT = 1.2;
/** Falls are compared by their squares: many small ones do not outvote a large one. */
const CONTRAST = 2;
/** What remains of it for a caller that fails or waits by itself: it has less time, or gives up early. */
const ECHO = 0.3;

interface Counts {
  readonly past: Series;
  readonly now: Series;
}

export const callRates: Lane = {
  name: 'call rates',
  cap: 1.2,
  examine(context) {
    if ((context.recording.shapes ?? []).length > 0 || context.accounts.complete)
      return { evidence: [], missing: null };
    const { graph } = context.accounts;
    const counts = countsOf(context);
    if (counts.size === 0) return { evidence: [], missing: 'counts of calls per service' };
    const falls = new Map<number, { strength: number; callee: string; part: number }>();
    graph.names.forEach((callee, node) => {
      const callers = (graph.into[node] as readonly number[])
        .map((edge) => graph.caller[edge] as number)
        .filter((caller) => counts.has(graph.names[caller] as string));
      const part =
        callers.length === 0
          ? 0
          : fallOf(
              counts,
              callee,
              callers.map((caller) => graph.names[caller] as string),
            );
      for (const caller of callers) {
        const strength = (part / callers.length) * echo(context, caller);
        const known = falls.get(caller);
        if (part > 0 && (known === undefined || strength > known.strength))
          falls.set(caller, { strength, callee, part });
      }
    });
    const all = [...falls.values()].reduce((sum, { strength }) => sum + strength ** CONTRAST, 0);
    const evidence = [...falls].map(([node, { strength, callee, part }]) => {
      const service = graph.names[node] as string;
      return ofService(service, `calls ${callee} ${Math.round(100 * part)} % less often than usual`, {
        weight: MOST_WEIGHT * (strength ** CONTRAST / all) * Math.min(1, strength * 2),
        faultClass: 'software',
        mechanism: 'leaves calls out',
      });
    });
    return { evidence, missing: null };
  },
};

function countsOf({ recording, accounts }: LaneContext): Map<string, Counts> {
  const { beforeTo, end } = accounts.windows;
  const found = new Map<string, Counts>();
  for (const { service, incident, normal } of recording.services) {
    if (normal === null || isNorm(normal)) continue;
    found.set(service, { past: normal.requests, now: Array.from(incident.requests).slice(beforeTo, end) });
  }
  return found;
}

/** The part of its calls that is missing beyond chance; 0: none. */
function fallOf(counts: ReadonlyMap<string, Counts>, callee: string, callers: readonly string[]): number {
  const own = counts.get(callee);
  if (own === undefined) return 0;
  const asking = callers.flatMap((caller) => counts.get(caller) ?? []);
  const ratesOf = (when: keyof Counts): Float64Array =>
    rates(
      own[when],
      asking.map((each) => each[when]),
    );
  const [past, now] = [ratesOf('past'), ratesOf('now')];
  if (past.length < FEWEST_BINS || now.length < FEWEST_BINS) return 0;
  const [usual, rate] = [median(past), median(now)];
  const part = usual > 0 ? (usual - rate) / usual : 0;
  if (part < LEAST_PART) return 0;
  const sigma = Math.max(MAD_TO_SIGMA * mad(past), FLOOR * usual) / Math.sqrt(now.length);
  return (usual - rate) / sigma >= LEAST_SIGMAS ? part : 0;
}

/** Bins in which somebody asked. A loop, because it is most of the time of a diagnosis of thousands of services. */
function rates(own: Series, asking: readonly Series[]): Float64Array {
  const asked = new Float64Array(own.length);
  for (const series of asking) {
    const bins = Math.min(series.length, own.length);
    for (let bin = 0; bin < bins; bin++) {
      const calls = series[bin] as number;
      if (calls > 0) asked[bin] = (asked[bin] as number) + calls;
    }
  }
  let found = 0;
  for (let bin = 0; bin < own.length; bin++) {
    const rate = (own[bin] as number) / (asked[bin] as number);
    if ((asked[bin] as number) > 0 && !Number.isNaN(rate)) asked[found++] = rate;
  }
  return asked.subarray(0, found);
}

function echo({ accounts, unit }: LaneContext, caller: number): number {
  return (accounts.ledgers[unit].own[caller] as number) > 0 && (accounts.excess[caller]?.failed ?? 0) > 0 ? ECHO : 1;
}
