/** Starts child.ts, listens to what it says was acknowledged, and checks afterwards that it is all there. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { builtEntry } from '../../model/entry.ts';
import type { Random } from '../../model/random.ts';
import { EmbeddedStore } from '../embedded/store.ts';
import { Journal } from '../journal.ts';
import type { Report } from './child.ts';

export interface Child {
  readonly process: ChildProcess;
  readonly reports: Report[];
  /** Resolves when there are that many reports of this kind; rejects when the process ends before. */
  until(kind: string, count?: number): Promise<void>;
  readonly ended: Promise<void>;
}

export function startChild(mode: string, dir: string, wrapper: readonly string[] = []): Child {
  const entry = builtEntry(import.meta.url, './child.js');
  if (!existsSync(entry)) throw new Error(`${entry} is missing: build first`);
  const [command = '', ...args] = [...wrapper, process.execPath, entry, mode, dir];
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const reports: Report[] = [];
  const checks = new Set<() => void>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    reports.push(JSON.parse(line) as Report);
    for (const check of checks) check();
  });
  let end: string | undefined;
  const ended = new Promise<void>((resolve) => {
    child.once('close', (code, signal) => {
      end = String(code ?? signal);
      for (const check of checks) check();
      resolve();
    });
  });
  const until = (kind: string, count = 1): Promise<void> =>
    new Promise((resolve, reject) => {
      const check = (): void => {
        const enough = reports.filter((report) => kind in report).length >= count;
        if (!enough && end === undefined) return;
        checks.delete(check);
        if (enough) resolve();
        else reject(new Error(`child ended (${end}) without saying ${kind} ${count} times`));
      };
      checks.add(check);
      check();
    });
  return { process: child, reports, until, ended };
}

/** What was acknowledged over all rounds or seen after one (both must stay), and the entries whose place in the journal is still kept. */
export class Acknowledged {
  readonly numbers = new Map<number, number>();
  readonly entries = new Map<number, string>();
  count = 0;

  add(reports: readonly Report[]): void {
    for (const report of reports) {
      if ('w' in report) this.numbers.set(report.w, Math.max(report.n, this.numbers.get(report.w) ?? 0));
      else if ('seq' in report) this.entries.set(report.seq, report.hash);
      else continue;
      this.count++;
    }
  }
}

/** Every way in which the state on disk breaks its word; opening itself throws when it is damaged. */
export async function losses(dir: string, acknowledged: Acknowledged): Promise<string[]> {
  const found: string[] = [];
  const store = await EmbeddedStore.open({ dir, historyRevisions: 2_000 });
  for (const [writer, n] of acknowledged.numbers) {
    const [one, two] = [await store.get(`/writer/${writer}`), await store.get(`/copy/${writer}`)];
    const kept = Number(one?.value.split(' ')[0] ?? 0);
    if (kept < n) found.push(`writer ${writer}: ${n} was acknowledged, ${kept} is there`);
    if (kept > n + 1) found.push(`writer ${writer}: ${kept} is there, only ${n + 1} was asked for`);
    const whole = one?.value === two?.value && one?.modRevision === two?.modRevision;
    if (!whole) found.push(`writer ${writer}: a torn transaction`);
    // The kill may have come between a commit and its answer: the next round goes on from there.
    acknowledged.numbers.set(writer, Math.max(n, kept));
  }
  await store.close();
  const start = () => ({ at: 0, wallMs: 0, snapshot: 'new' });
  const journal = await Journal.open({ dir: join(dir, 'journal'), start });
  for (const entry of journal.read(1)) {
    const hash = acknowledged.entries.get(entry.seq);
    if (hash !== undefined && hash !== entry.hash) found.push(`entry ${entry.seq}: another one is there`);
    acknowledged.entries.delete(entry.seq);
  }
  const missing = [...acknowledged.entries.keys()].filter((seq) => seq >= journal.firstSeq);
  if (missing.length > 0) found.push(`${missing.length} acknowledged entries are missing, the first is ${missing[0]}`);
  acknowledged.entries.clear();
  await journal.close();
  return found;
}

export interface CrashResult {
  readonly kills: number;
  readonly acknowledged: number;
  readonly losses: readonly string[];
  /** Opening store and journal after a kill, checks included. */
  readonly openMs: readonly number[];
}

/** Kills a writing process again and again at random moments, on one directory, and looks each time what is left. */
export async function crashRounds(dir: string, kills: number, random: Random): Promise<CrashResult> {
  const acknowledged = new Acknowledged();
  const found: string[] = [];
  const openMs: number[] = [];
  for (let round = 0; round < kills; round++) {
    const child = startChild('crash', dir);
    await child.until('ready');
    await new Promise((resolve) => setTimeout(resolve, random.between(0, 120)));
    child.process.kill('SIGKILL');
    await child.ended;
    acknowledged.add(child.reports);
    const start = performance.now();
    found.push(...(await losses(dir, acknowledged)));
    openMs.push(performance.now() - start);
  }
  return { kills, acknowledged: acknowledged.count, losses: found, openMs };
}
