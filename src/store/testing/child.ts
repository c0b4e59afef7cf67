/**
 * A process that writes to a store and a journal until it is killed or its disk is full, and says on stdout what was
 * acknowledged, one JSON line each, written before it goes on. The other end is in harness.ts.
 *
 *   node child.js crash DIR    writes until killed
 *   node child.js full DIR     writes until there is no room, waits for a line on stdin, writes again
 *   node child.js hold DIR     opens the store and does nothing
 */
import { writeSync } from 'node:fs';
import { join } from 'node:path';
import { HoldfastError } from '../../model/errors.ts';
import { EmbeddedStore } from '../embedded/store.ts';
import { Journal } from '../journal.ts';

export type Report =
  | { readonly ready: true }
  /** Writer w's n-th transaction is durable. */
  | { readonly w: number; readonly n: number }
  | { readonly seq: number; readonly hash: string }
  | { readonly full: 'store' | 'journal'; readonly code: string; readonly readable: boolean }
  | { readonly again: 'store' | 'journal'; readonly ok: boolean };

const WRITERS = 6;
const [mode, dir] = process.argv.slice(2) as [string, string];

function say(report: Report): void {
  writeSync(1, `${JSON.stringify(report)}\n`);
}

async function openJournal(): Promise<Journal> {
  const start = () => ({ at: 0, wallMs: 0, snapshot: 'start' });
  // To be killed in the middle of everything, it rotates and deletes all the time; to run out of room, it grows.
  const sizes = mode === 'crash' ? { segmentBytes: 65_536, retainBytes: 1_048_576 } : {};
  return Journal.open({ dir: join(dir, 'journal'), start, ...sizes });
}

/** Both keys carry the same number: a transaction that was torn would show. */
async function writeStore(store: EmbeddedStore, writer: number, from: number): Promise<never> {
  for (let n = from; ; n++) {
    const value = `${n} ${'x'.repeat((n * 37) % 3_000)}`;
    const keys = [`/writer/${writer}`, `/copy/${writer}`];
    const change = keys.map((key) => ({ op: 'put', key, value, lease: null }) as const);
    await store.txn({ when: [], change, otherwise: [] });
    say({ w: writer, n });
  }
}

async function writeJournal(journal: Journal): Promise<never> {
  for (let n = 0; ; n++) {
    if (journal.rotationDue) journal.rotate({ at: n, wallMs: n, snapshot: `at ${n}` });
    const position = journal.append({
      at: n,
      wallMs: n,
      kind: 'input',
      body: { n, fill: 'y'.repeat((n * 53) % 2_000) },
    });
    if (n % 3 !== 0) continue;
    await journal.flush({ durable: true });
    say(position);
  }
}

async function lastNumber(store: EmbeddedStore, writer: number): Promise<number> {
  return Number((await store.get(`/writer/${writer}`))?.value.split(' ')[0] ?? 0);
}

async function crash(): Promise<void> {
  const store = await EmbeddedStore.open({ dir, historyRevisions: 2_000 });
  const journal = await openJournal();
  say({ ready: true });
  const writers = Array.from({ length: WRITERS }, async (_, writer) =>
    writeStore(store, writer, (await lastNumber(store, writer)) + 1),
  );
  await Promise.all([...writers, writeJournal(journal)]);
}

async function noRoomCode(work: Promise<never>): Promise<string> {
  return work.catch((error: unknown) => (error instanceof HoldfastError ? error.code : String(error)));
}

async function full(): Promise<void> {
  const store = await EmbeddedStore.open({ dir });
  const journal = await openJournal();
  say({ ready: true });
  const code = await noRoomCode(writeStore(store, 0, 1));
  const [one, two] = [await store.get('/writer/0'), await store.get('/copy/0')];
  say({ full: 'store', code, readable: one !== null && one.value === two?.value });
  const journalCode = await noRoomCode(writeJournal(journal));
  const readable = [...journal.read(1)].length > 0 && (await journal.verify().then(Boolean, () => false));
  say({ full: 'journal', code: journalCode, readable });
  await new Promise((resolve) => process.stdin.once('data', resolve));
  const n = (await lastNumber(store, 0)) + 1;
  const change = ['/writer/0', '/copy/0'].map((key) => ({ op: 'put', key, value: `${n} again`, lease: null }) as const);
  const wrote = await store.txn({ when: [], change, otherwise: [] });
  say({ again: 'store', ok: wrote.succeeded });
  const position = journal.append({ at: 1, wallMs: 1, kind: 'input', body: 'again' });
  await journal.flush({ durable: true });
  say(position);
  say({ again: 'journal', ok: (await journal.verify()).lastHash === position.hash });
  await journal.close();
  await store.close();
  process.stdin.destroy();
}

async function hold(): Promise<void> {
  await EmbeddedStore.open({ dir });
  say({ ready: true });
  setInterval(() => undefined, 60_000);
}

await (mode === 'crash' ? crash() : mode === 'full' ? full() : hold());
