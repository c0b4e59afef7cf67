/** What the streaming detector of one metric series takes and says. */
import type { Ms } from '../../model/time.ts';

export interface MetricConfig {
  /**
   * Samples over which the alert budget evens out; null: it adapts, being as long as the series has been watched, up
   * to `maxHorizon`. Longer means fewer alerts after the first of a kind. Give it only when the length is known.
   */
  readonly horizon: number | null;
  /**
   * Samples closer together than this are merged (the one furthest from the recent level is kept); 0: none are. The
   * detector compares 16 to 32 samples with the last 4,000, so a series sampled every second is judged by the last
   * hour; merging to a minute judges it by the last three days, costs a sixtieth, and notices up to a minute later.
   */
  readonly resolutionMs: Ms;
  /** Added to UTC to get the clock that daily habits follow. */
  readonly clockOffsetMs: Ms;
}

export const DEFAULTS: MetricConfig = { horizon: null, resolutionMs: 0, clockOffsetMs: 0 };

/** Which comparison found it: the newest 16 samples, the newest 8 groups of 4, or this time on other days. */
export type Aspect = 'shape' | 'slow shape' | 'time of day';

export interface MetricVerdict {
  /** Doublings of the distance to what is known beyond what is usual: 0 to 3; 1 = twice as far. */
  readonly score: number;
  /** How unlikely this distance is by the series' own past; null while there is too little of it. */
  readonly minusLog10P: number | null;
  /** An alert, paid from the budget. */
  readonly fired: boolean;
  /** From an alert until values have been usual again for a while: open and close a symptom by this. */
  readonly anomalous: boolean;
  /** One line when fired, else null. */
  readonly reason: string | null;
}

/** The numbers behind the last verdict: what `describe symptom` draws. */
export interface MetricExplanation {
  readonly aspect: Aspect;
  /** Newest last. For the slow shape one value per group of samples. */
  readonly recent: readonly number[];
  /** What it was compared with, value by value: the most similar past, or the median of this time of day. */
  readonly baseline: readonly number[];
  /** How many samples ago the baseline ended; null for the time of day. */
  readonly samplesAgo: number | null;
  /** Root of the weighted squared differences of the two, in the unit of the metric. */
  readonly distance: number;
  /** What that distance seldom exceeds. */
  readonly usual: number;
}

export interface MetricDetector {
  /** `timeMs` is wall-clock time (for daily habits). A value that is not finite is ignored. */
  push(timeMs: Ms, value: number): MetricVerdict;
  /** null before there is anything to compare with. */
  explain(): MetricExplanation | null;
  /** Of its buffers: constant from the first sample on. */
  readonly bytes: number;
}

/** One way of telling the new from the known. */
export interface Comparison {
  /** Doublings beyond the usual distance, 0 to TOP_SCORE. */
  readonly score: number;
  /** The same for the newest value alone, without what still fades: tells when it is over. */
  readonly current: number;
  readonly minusLog10P: number | null;
  readonly distance: number;
  readonly usual: number;
}

/** A value never seen to change has no usual distance: the first change scores this. */
export const TOP_SCORE = 3;
