/** How unlikely a count or a silence is, as −log10 p. All are bounds or estimates that rather claim too little. */
import { MAX_LOG_P } from '../statistics.ts';

/**
 * −log10 of the Chernoff bound of P(X ≥ k) for a negative binomial with this mean and size (variance = mean +
 * mean²/size); a Poisson where the size is infinite.
 */
export function countTail(k: number, mean: number, size: number): number {
  if (k <= mean || k <= 0) return 0;
  if (mean <= 0) return MAX_LOG_P;
  const exponent = Number.isFinite(size)
    ? k * Math.log(k / mean) - (k + size) * Math.log((k + size) / (mean + size))
    : k * Math.log(k / mean) - k + mean;
  return Math.min(MAX_LOG_P, Math.max(0, exponent / Math.LN10));
}

/** −log10 of a bound of P(X ≥ k) for a Poisson with a small mean: meanᵏ/k!, or Chernoff's where that is tighter. */
export function rareTail(k: number, mean: number): number {
  let log = 0;
  for (let i = 1; i <= Math.min(k, 170); i++) log += Math.log10(i / mean);
  return Math.min(MAX_LOG_P, Math.max(0, log, countTail(k, mean, Number.POSITIVE_INFINITY)));
}

/** The longest pauses of something that comes again and again, by two generations so that it can forget. */
export interface Pauses {
  /** How many have been seen in this generation and the one before. */
  seen: number;
  seenBefore: number;
  longest: number;
  longestBefore: number;
}

/** Pauses per generation: fewer forgets sooner, more knows rarer pauses. */
const GENERATION = 256;

export function noPauses(): Pauses {
  return { seen: 0, seenBefore: 0, longest: 0, longestBefore: 0 };
}

export function notePause(pauses: Pauses, length: number): void {
  if (pauses.seen >= GENERATION) {
    pauses.seenBefore = pauses.seen;
    pauses.longestBefore = pauses.longest;
    pauses.seen = 0;
    pauses.longest = 0;
  }
  pauses.seen++;
  pauses.longest = Math.max(pauses.longest, length);
}

/**
 * −log10 of the chance that a pause is at least this long. Without assuming a distribution: the next of n + 1
 * exchangeable pauses is the longest with probability 1/(n + 1). What goes beyond that is charged as an exponential
 * tail whose n-th part lies at the longest pause. Lengths are whole numbers; the longest may have been one longer.
 */
export function pauseTail(pauses: Pauses, length: number): number {
  const n = pauses.seen + pauses.seenBefore;
  const longest = Math.max(pauses.longest, pauses.longestBefore) + 1;
  if (n === 0 || length <= longest) return 0;
  const scale = longest / Math.log(n + 1);
  return Math.min(MAX_LOG_P, Math.log10(n + 1) + (length - longest) / (scale * Math.LN10));
}
