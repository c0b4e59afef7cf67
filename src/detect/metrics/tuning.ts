/**
 * Every constant of the anomaly detector that could be set otherwise, and what would change. There is one set for all
 * series; the benchmark `nab` varies it to see how much it owes to the choice (`npm run bench -- nab`).
 */
export interface Tuning {
  /**
   * Past values remembered at each of the two paces. 500 misses habits of a few days at 5-minute samples (−4 points of
   * 100 in `nab`); 2,000 gains nothing there and costs twice as much time and memory.
   */
  readonly history: number;
  /** Samples, mean age of what counts in a comparison. Below 8 spikes alarm; above 20 short anomalies drown. */
  readonly fade: number;
  /** Pasts nearer than this many samples overlap with now and are not compared. About 4/3 of `fade`. */
  readonly skip: number;
  /** Samples in a group of the slow comparison; its fade and skip are half as many groups. */
  readonly group: number;
  /** Quantile of past distances that counts as usual. Lower hears noisy series more often. */
  readonly usual: number;
  /** The same for the time of day. Higher, because days differ: at 0.95 holidays cost 3 points. */
  readonly clockUsual: number;
  /** Score that an alert needs when the budget is full: 2^0.7 = 1.6 times the usual distance. Lower: more, sooner. */
  readonly base: number;
  /** Added to it for each recent alert. 0 costs 7 points: the budget is half of the detector. */
  readonly price: number;
  /** Recent means e^(−age / (span · horizon)). */
  readonly span: number;
  /** Of a horizon: two alerts closer together than this are one. */
  readonly gap: number;
  /**
   * A live series has no length: the horizon is how long it has been watched, up to this many samples. 500 costs 2
   * points, and so does 1,200: anomalies that follow one another go unheard.
   */
  readonly maxHorizon: number;
  /** Samples before the first alert. */
  readonly warmUp: number;
}

export const TUNING: Tuning = {
  history: 1_000,
  fade: 12,
  skip: 16,
  group: 4,
  usual: 0.8,
  clockUsual: 0.98,
  base: 0.7,
  price: 0.25,
  span: 4,
  gap: 0.25,
  maxHorizon: 800,
  warmUp: 128,
};
