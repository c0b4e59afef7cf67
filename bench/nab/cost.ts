/**
 * What the detector costs, in CPU time (others may use the machine): alone, and 10,000 series at once whose state does
 * not fit in any cache.
 */
import { create, type MetricDetector } from '../../src/detect/metrics/index.ts';
import { Random } from '../../src/model/random.ts';
import { percentile } from '../store/measure.ts';
import type { NabFile } from './data.ts';

export interface Cost {
  readonly microseconds: number;
  readonly samples: number;
}

/** Each file from beginning to end by one detector: history filled, caches warm. */
export function alone(files: readonly NabFile[]): Cost {
  let samples = 0;
  const start = cpuMs();
  for (const file of files) {
    const detector = create();
    for (let row = 0; row < file.rows; row++) detector.push(file.times[row] as number, file.values[row] as number);
    samples += file.rows;
  }
  return { microseconds: ((cpuMs() - start) * 1_000) / samples, samples };
}

export interface Fleet {
  readonly series: number;
  /** CPU time for one sample of every series. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly microseconds: number;
  readonly alerts: number;
  /** Of one series: its buffers and the objects around them. */
  readonly bytes: number;
}

/** Rounds after which both histories of 1,000 are full (the slow one takes a value of four). */
const FILLED = 4_100;
const MEASURED = 100;

/** A sample of every series in turn, as they would come in each second; daily habits and noise of their own. */
export function fleet(series: number, quick: boolean): Fleet {
  const random = Random.seeded(7);
  const memory = held();
  const detectors: MetricDetector[] = Array.from({ length: series }, () => create());
  const bytes = (held() - memory) / series;
  const phases = Float64Array.from({ length: series }, () => random.float() * 1_000);
  const before = quick ? 1_100 : FILLED;
  const times: number[] = [];
  let alerts = 0;
  for (let round = 0; round < before + MEASURED; round++) {
    const start = cpuMs();
    for (let index = 0; index < series; index++) {
      const swing = Math.sin((round + (phases[index] as number)) / 97);
      const verdict = (detectors[index] as MetricDetector).push(round * 1_000, 50 + 20 * swing + 5 * random.float());
      if (verdict.fired) alerts++;
    }
    if (round >= before) times.push(cpuMs() - start);
  }
  const total = times.reduce((sum, time) => sum + time, 0);
  return {
    series,
    p50Ms: percentile(times, 0.5),
    p99Ms: percentile(times, 0.99),
    microseconds: (total * 1_000) / (series * MEASURED),
    alerts,
    bytes: Math.max(bytes, detectors[0]?.bytes ?? 0),
  };
}

function held(): number {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}
