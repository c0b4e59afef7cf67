/** Loops that count: how often something can be done in a second, alone and by several at once. */
import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs';

/** One after the other, after a short warm-up. */
export async function perSecond(rounds: number, work: (n: number) => Promise<unknown>): Promise<number> {
  for (let n = 0; n < rounds / 10; n++) await work(n);
  const start = performance.now();
  for (let n = 0; n < rounds; n++) await work(n);
  return rounds / ((performance.now() - start) / 1_000);
}

/** `clients` loops at once that share the rounds. */
export async function inParallel(
  clients: number,
  rounds: number,
  work: (n: number, client: number) => Promise<unknown>,
): Promise<number> {
  let next = 0;
  const client = async (index: number): Promise<void> => {
    while (next < rounds) await work(next++, index);
  };
  const start = performance.now();
  await Promise.all(Array.from({ length: clients }, (_, index) => client(index)));
  return rounds / ((performance.now() - start) / 1_000);
}

export function diskFloor(path: string, text: string, rounds: number): number {
  const fd = openSync(path, 'a');
  const start = performance.now();
  for (let n = 0; n < rounds; n++) {
    writeSync(fd, text);
    fdatasyncSync(fd);
  }
  const seconds = (performance.now() - start) / 1_000;
  closeSync(fd);
  return rounds / seconds;
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
