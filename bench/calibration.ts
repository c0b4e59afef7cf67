/**
 * Does a confidence of 80 % mean that eight of ten are right? Expected calibration error (Naeini et al., 2015): the mean
 * gap between confidence and hits over ten bins of confidence, weighed by how many fall into each.
 */

export interface Sure {
  /** 0–1. */
  readonly confidence: number;
  readonly right: boolean;
}

export interface Calibration {
  /** 0–1; 0 when there is nothing to judge. */
  readonly error: number;
  /** `0.97→1.00 (61)`: mean confidence, share of hits and number of each bin that has any. */
  readonly bins: readonly string[];
}

const BINS = 10;

export function calibrationOf(all: readonly Sure[]): Calibration {
  const bins = Array.from({ length: BINS }, (): Sure[] => []);
  for (const one of all) bins[Math.min(BINS - 1, Math.floor(one.confidence * BINS))]?.push(one);
  let error = 0;
  const told: string[] = [];
  for (const bin of bins.filter(({ length }) => length > 0)) {
    const confidence = bin.reduce((sum, one) => sum + one.confidence, 0) / bin.length;
    const hits = bin.filter(({ right }) => right).length / bin.length;
    error += (bin.length / all.length) * Math.abs(confidence - hits);
    told.push(`${confidence.toFixed(2)}→${hits.toFixed(2)} (${bin.length})`);
  }
  return { error, bins: told };
}
