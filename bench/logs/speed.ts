/** What mining costs: lines per second of one core, and memory of one stream at its worst. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { TemplateMiner } from '../../src/detect/logs/miner.ts';
import { Random } from '../../src/model/random.ts';
import type { LogSet } from './data.ts';

export interface Speed {
  /** Median over the rounds, by processor time: what others do on the machine does not count. */
  readonly perCpuSecond: number;
  /** The same by the clock on the wall. */
  readonly perSecond: number;
  readonly slowestRound: number;
}

/**
 * A new miner for each set in each round, so that learning is in it; and then the set `repeats` times over, as a
 * stream goes on once its templates are known.
 */
export function measureSpeed(sets: readonly LogSet[], rounds: number, repeats: number): Speed {
  return ratePerCpuSecond(rounds, () => {
    let lines = 0;
    for (const set of sets) {
      const miner = new TemplateMiner();
      for (let repeat = 0; repeat < repeats; repeat++) {
        for (const line of set.lines) miner.take(line);
        lines += set.lines.length;
      }
    }
    return lines;
  });
}

/** `work` does one round and says how many lines it took; the first round warms up and does not count. */
export function ratePerCpuSecond(rounds: number, work: () => number): Speed {
  work();
  const cpu: number[] = [];
  const wall: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const cpuBefore = process.cpuUsage();
    const start = performance.now();
    const lines = work();
    const { user, system } = process.cpuUsage(cpuBefore);
    cpu.push(lines / ((user + system) / 1e6));
    wall.push(lines / ((performance.now() - start) / 1e3));
  }
  return { perCpuSecond: median(cpu), perSecond: median(wall), slowestRound: Math.min(...cpu) };
}

/** Bytes that one miner keeps after a stream; only the difference of two garbage-collected heaps. */
export function measureMemory(lines: () => Iterable<string>): number {
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  collect();
  const before = process.memoryUsage().heapUsed;
  const miner = new TemplateMiner();
  for (const line of lines()) miner.take(line);
  collect();
  const after = process.memoryUsage().heapUsed;
  // Used after the measurement, so that it is alive during it.
  if (miner.size === 0) throw new Error('nothing was learnt');
  return Math.max(0, after - before);
}

/** Lines that say something else each time: the worst that a stream can do to a miner. */
export function* freeText(count: number): Generator<string> {
  const random = Random.seeded(1);
  const letters = 'abcdefghijklmnopqrstuvwxyz';
  const word = (): string => Array.from({ length: 4 + random.int(5) }, () => letters[random.int(26)]).join('');
  for (let n = 0; n < count; n++) yield Array.from({ length: 8 + random.int(8) }, word).join(' ');
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
