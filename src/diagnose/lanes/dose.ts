/**
 * Dose and response: what harms whoever asks one service harms as often as it is asked. How often that is goes up and
 * down by chance from bin to bin, and so does the damage; of all
 * services it follows the one best whose calls do the harm, wherever in the graph that is.
 *
 *   harm(bin)  what the symptom's service suffered, beyond what was usual, not gated: quiet bins tell as much as bad ones
 *   rest(c)    Σ (harm − k × calls(c))², k > 0 by least squares
 *   weight(c)  mean of behind − behind(c), behind(c) = TRUST × bins ÷ 2 × log10(rest(c) ÷ the least rest), at most MOST:
 *              a log likelihood ratio for noise of one size
 *
 * Asked only where calls are guessed: where they were recorded the account knows more.
 */
import { isNorm, median } from '../recorded/norm.ts';
import type { Load, RecordedService } from '../recorded/types.ts';
import { type Lane, type LaneContext, type LaneEvidence, ofService } from './contract.ts';

/** Fewer bins with damage say nothing. */
const FEWEST_BINS = 12;
/** Bins are no independent draws, and calls of several services go up and down together. */
const TRUST = 0.1;
/** Weights below this are chance. */
const LEAST = 0.1;
/** Between the best and the worst. */
const MOST = 1.5;

export const dose: Lane = {
  name: 'dose',
  cap: 1.5,
  ofDamage: true,
  examine(context) {
    const { recording, accounts } = context;
    if (!accounts.presumed) return { evidence: [], missing: null };
    const symptom = recording.services.find(({ service }) => service === recording.symptom.service);
    const harm = symptom && harmOf(symptom, context);
    if (!harm) return { evidence: [], missing: null };
    const rests = recording.services
      .map(({ service, incident }) => ({ service, rest: restOf(harm, callsOf(incident, context)) }))
      .filter(({ rest }) => rest > 0);
    const least = Math.min(...rests.map(({ rest }) => rest));
    const behind = rests.map(({ rest }) => Math.min(MOST, TRUST * (harm.length / 2) * Math.log10(rest / least)));
    const mean = behind.reduce((sum, each) => sum + each, 0) / behind.length;
    const evidence = rests.flatMap(({ service }, n): LaneEvidence[] => {
      const weight = mean - (behind[n] as number);
      if (Math.abs(weight) < LEAST) return [];
      const how = weight > 0 ? 'rises and falls with how often' : 'does not follow how often';
      return [ofService(service, `the damage ${how} ${service} is asked`, { weight, faultClass: null })];
    });
    return { evidence, missing: null };
  },
};

function callsOf({ requests }: Load, { accounts }: LaneContext): number[] {
  const { beforeTo, end } = accounts.windows;
  return Array.from(requests)
    .slice(beforeTo, end)
    .map((calls) => calls || 0);
}

/** Seconds or failures beyond the usual, bin by bin; null: there are too few bins, or nothing to be seen. */
function harmOf({ incident, normal }: RecordedService, context: LaneContext): number[] | null {
  const { accounts, unit } = context;
  const excess = accounts.excess[accounts.symptom];
  if (!excess || !(excess[unit] > 0)) return null;
  const { beforeTo, end } = accounts.windows;
  if (end - beforeTo < FEWEST_BINS) return null;
  const of = (load: Load): ArrayLike<number> => (unit === 'seconds' ? load.latencyMs : load.failedShare);
  const past =
    normal === null
      ? Array.from(of(incident)).slice(0, beforeTo)
      : isNorm(normal)
        ? [unit === 'seconds' ? normal.latencyMs : normal.failedShare]
        : Array.from(of(normal));
  const usual = median(past);
  if (Number.isNaN(usual)) return null;
  const calls = callsOf(incident, context);
  return calls.map((count, n) => count * (((of(incident)[beforeTo + n] as number) || usual) - usual));
}

/** Sum of squares that a multiple of the calls leaves. NaN: never called. */
function restOf(harm: readonly number[], calls: readonly number[]): number {
  let [both, square, all] = [0, 0, 0];
  harm.forEach((value, bin) => {
    const count = calls[bin] ?? 0;
    both += value * count;
    square += count * count;
    all += value * value;
  });
  return square === 0 ? Number.NaN : all - Math.max(0, both) ** 2 / square;
}
