/**
 * `npm run sim -- --seeds N [--first S] [--seed S] [--workers W]`: runs N whole clusters, one per seed, over all
 * cores. A failing seed is shrunk and printed as a timeline; the exit code is 1 when there was one.
 * `--seed S` runs one and prints its timeline whatever happens.
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { describeTrouble } from './schedule.ts';
import { shrink } from './shrink.ts';
import { DEFAULT_RUN, type RunResult, simulate } from './world.ts';

/** Failing seeds that are shrunk and shown whole; of the others only the seed is named. */
const SHOWN = 3;

interface Tally {
  runs: number;
  virtualMs: number;
  requests: number;
  failedRequests: number;
  incidents: number;
  failing: { seed: number; violations: readonly string[] }[];
}

const emptyTally = (): Tally => ({ runs: 0, virtualMs: 0, requests: 0, failedRequests: 0, incidents: 0, failing: [] });

function add(tally: Tally, result: RunResult): void {
  tally.runs += 1;
  tally.virtualMs += result.virtualMs;
  tally.requests += result.requests;
  tally.failedRequests += result.failedRequests;
  tally.incidents += result.incidents;
  if (result.violations.length > 0) tally.failing.push({ seed: result.seed, violations: result.violations });
}

async function runAll(first: number, seeds: number, workers: number): Promise<Tally> {
  const total = emptyTally();
  const progress = process.stderr.isTTY;
  const parts = Array.from({ length: workers }, (_, worker) => {
    const thread = new Worker(new URL(import.meta.url), {
      workerData: { first: first + worker, step: workers, end: first + seeds },
    });
    return new Promise<void>((resolve, reject) => {
      thread.on('message', (result: RunResult) => {
        add(total, result);
        if (progress && total.runs % 50 === 0)
          process.stderr.write(`\r${total.runs} of ${seeds} seeds, ${total.failing.length} failing`);
      });
      thread.on('error', reject);
      thread.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`worker ended with ${code}`))));
    });
  });
  await Promise.all(parts);
  if (progress) process.stderr.write('\r\x1b[K');
  return total;
}

function showFailure(seed: number): void {
  const whole = simulate(seed, DEFAULT_RUN);
  const schedule = shrink(seed, whole.schedule, DEFAULT_RUN);
  const shown = simulate(seed, { ...DEFAULT_RUN, schedule, timeline: true });
  console.log(`\nseed ${seed}: ${whole.schedule.length} troubles, ${schedule.length} needed:`);
  for (const { at, trouble } of schedule) console.log(`  ${(at / 1_000).toFixed(3)} s  ${describeTrouble(trouble)}`);
  for (const line of shown.timeline) console.log(line);
  for (const violation of shown.violations) console.log(`VIOLATED ${violation}`);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string', default: '200' },
      first: { type: 'string', default: '1' },
      seed: { type: 'string' },
      workers: { type: 'string', default: String(Math.min(8, availableParallelism())) },
    },
  });
  if (values.seed !== undefined) {
    const result = simulate(Number(values.seed), { ...DEFAULT_RUN, timeline: true });
    for (const line of result.timeline) console.log(line);
    for (const violation of result.violations) console.log(`VIOLATED ${violation}`);
    process.exitCode = result.violations.length > 0 ? 1 : 0;
    return;
  }
  const started = process.hrtime.bigint();
  const tally = await runAll(Number(values.first), Number(values.seeds), Number(values.workers));
  const seconds = Number(process.hrtime.bigint() - started) / 1e9;
  for (const { seed } of tally.failing.slice(0, SHOWN)) showFailure(seed);
  if (tally.failing.length > 0)
    console.log(
      `\nfailing seeds: ${tally.failing
        .map(({ seed }) => seed)
        .sort((a, b) => a - b)
        .join(' ')}`,
    );
  console.log(
    `${tally.runs} seeds, ${(tally.virtualMs / 3_600_000).toFixed(1)} hours of cluster life in ${seconds.toFixed(1)} s: ` +
      `${tally.incidents} incidents, ${tally.failedRequests} of ${tally.requests} requests failed, ${tally.failing.length} seeds broke an invariant`,
  );
  process.exitCode = tally.failing.length > 0 ? 1 : 0;
}

if (isMainThread) {
  await main();
} else {
  const { first, step, end } = workerData as { first: number; step: number; end: number };
  for (let seed = first; seed < end; seed += step) parentPort?.postMessage(simulate(seed));
}
