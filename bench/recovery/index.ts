/**
 * Crashes and hangs under load: Holdfast, pm2 and Docker Swarm on the same machine, taking turns, each with its
 * default settings, three replicas of the same app, 500 requests a second of idempotent reads.
 */
import { loadavg } from 'node:os';
import type { Bench, BenchOptions, BenchRow } from '../contract.ts';
import { Holdfast } from './holdfast.ts';
import { Pm2 } from './pm2.ts';
import { type CrashBatch, crashes, type HangRound, hangs } from './rig.ts';
import { type Findings, rowsOf } from './rows.ts';
import { REPLICAS, type Subject } from './subject.ts';
import { Swarm } from './swarm.ts';

/** Peers get fewer hangs: they do not get over them, in the same way each time. */
const FULL = { crashes: 20, hangs: 8, hangsOfPeers: 2 };
const QUICK = { crashes: 4, hangs: 2, hangsOfPeers: 1 };

export const bench: Bench = {
  name: 'recovery',
  what: 'crashes and hangs under load: Holdfast, pm2 and Docker Swarm',
  async run({ quick, log }: BenchOptions): Promise<BenchRow[]> {
    const plan = quick ? QUICK : FULL;
    const interrupted = new AbortController();
    const interrupt = (): void => interrupted.abort(new Error('interrupted'));
    process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
    try {
      const busy = loadavg()[0] as number;
      const { here, missing } = await presentOf(subjects(log), log);
      return [...rowsOf(await measure(here, plan, log, interrupted.signal)), ...missing, ...loadRows(busy)];
    } catch (error) {
      // Ctrl-C also ends the load client, for one: what failed because of that is not the news.
      throw interrupted.signal.aborted ? interrupted.signal.reason : error;
    } finally {
      process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
    }
  },
};

/** Times of milliseconds mean little on a machine that has other work than this: whoever reads them should know. */
function loadRows(before: number): BenchRow[] {
  const row = { unit: 'runnable', target: null, pass: null };
  return [
    { id: 'machine.load.before', what: 'load average of the minute before', value: before, ...row },
    { id: 'machine.load.after', what: 'load average of the last minute', value: loadavg()[0] as number, ...row },
  ];
}

/** All of them; while working on one, `HOLDFAST_BENCH_ONLY=pm2,swarm` leaves the others out. */
function subjects(log: BenchOptions['log']): Subject[] {
  const only = process.env.HOLDFAST_BENCH_ONLY?.split(',');
  const all = [new Holdfast(), new Pm2(log), new Swarm()];
  return only ? all.filter(({ name }) => only.includes(name)) : all;
}

/** A peer that is not installed is a row of its own: nobody should take its absence for a win. */
async function presentOf(
  all: readonly Subject[],
  log: BenchOptions['log'],
): Promise<{ readonly here: readonly Subject[]; readonly missing: readonly BenchRow[] }> {
  const here: Subject[] = [];
  const missing: BenchRow[] = [];
  for (const subject of all) {
    const note = await subject.missing();
    if (note === null) here.push(subject);
    else {
      log(`${subject.name} is left out: ${note}`);
      const id = `${subject.name}.missing`;
      missing.push({
        id,
        what: `${subject.name} was not measured`,
        value: 1,
        unit: 'peer',
        target: 0,
        pass: false,
        note,
      });
    }
  }
  return { here, missing };
}

/** Batch by batch, the supervisors taking turns, so that a machine that is slow for a while is so for all of them. */
async function measure(
  subjects: readonly Subject[],
  plan: typeof FULL,
  log: BenchOptions['log'],
  signal: AbortSignal,
): Promise<Findings[]> {
  const crashed = new Map(subjects.map((subject) => [subject, [] as CrashBatch[]]));
  for (const count of batches(plan.crashes)) {
    for (const [subject, done] of crashed) {
      done.push(await fresh(subject, signal, () => crashes(subject, count, log, signal)));
    }
  }
  const hung = new Map(subjects.map((subject) => [subject, [] as HangRound[]]));
  for (const [subject, done] of hung) {
    for (const count of batches(subject.name === 'holdfast' ? plan.hangs : plan.hangsOfPeers)) {
      done.push(...(await fresh(subject, signal, () => hangs(subject, count, log, signal))));
    }
  }
  return subjects.map((subject) => findingsOf(subject, crashed.get(subject) ?? [], hung.get(subject) ?? []));
}

function findingsOf({ name }: Subject, crashed: readonly CrashBatch[], hung: readonly HangRound[]): Findings {
  return {
    name,
    crashes: crashed.flatMap((batch) => batch.rounds),
    crashSent: crashed.reduce((total, { sent }) => total + sent, 0),
    crashFailed: crashed.reduce((total, { failed }) => total + failed, 0),
    hangs: hung,
  };
}

/** One fault for each replica, then the supervisor and its replicas are made anew. */
function batches(count: number): number[] {
  return Array.from({ length: Math.ceil(count / REPLICAS) }, (_, index) =>
    Math.min(REPLICAS, count - index * REPLICAS),
  );
}

async function fresh<T>(subject: Subject, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  signal.throwIfAborted();
  try {
    await subject.start();
    return await work();
  } finally {
    await subject.stop();
  }
}
