/**
 * The shop's state: keys and queues in memory, every change appended to a file and flushed to the disk before it is
 * acknowledged, so that kill -9 loses nothing that was promised. One replica: it is the shop's single point of truth.
 */
import { closeSync, existsSync, fdatasyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { instanceDir, Refusal, serve } from '../service.ts';

interface Entry {
  readonly value: unknown;
  readonly expiresAt: number;
}

const FILE = join(instanceDir(), 'store.log');
/** A taken queue item comes back after this, unless it was deleted: its consumer has died. */
const LEASE_MS = 10_000;
/** The file is rewritten when it holds so many more changes than there are keys. */
const COMPACT_AFTER = 20_000;

const entries = new Map<string, Entry>();
const leases = new Map<string, number>();
let changes = 0;
let log: FileHandle;
let waiting: { line: string; resolve: () => void; reject: (error: unknown) => void }[] = [];
let flushing = false;

/** Reads what was written. A torn last line was never acknowledged and is dropped. */
function load(): void {
  if (!existsSync(FILE)) return;
  const text = readFileSync(FILE, 'utf8');
  for (const line of text.slice(0, text.lastIndexOf('\n') + 1).split('\n')) {
    if (line === '') continue;
    const [key, value, expiresAt] = JSON.parse(line) as [string, unknown, number];
    if (value === null) entries.delete(key);
    else entries.set(key, { value, expiresAt });
  }
}

/** Writes everything that lives into a new file and puts it in the old one's place. */
function compact(): void {
  const now = Date.now();
  for (const [key, entry] of entries) if (entry.expiresAt < now) entries.delete(key);
  const fd = openSync(`${FILE}.new`, 'w');
  writeSync(fd, [...entries].map(([key, entry]) => toLine(key, entry)).join(''));
  fdatasyncSync(fd);
  closeSync(fd);
  renameSync(`${FILE}.new`, FILE);
  changes = 0;
}

function toLine(key: string, entry: Entry | null): string {
  return `${JSON.stringify([key, entry?.value ?? null, entry?.expiresAt ?? 0])}\n`;
}

/** One flush serves everybody who waits for one: the disk is asked once for many writes. */
async function flush(): Promise<void> {
  flushing = true;
  while (waiting.length > 0) {
    const batch = waiting;
    waiting = [];
    try {
      await log.appendFile(batch.map((write) => write.line).join(''));
      await log.datasync();
      changes += batch.length;
      if (changes > COMPACT_AFTER + entries.size) {
        compact();
        await log.close();
        log = await open(FILE, 'a');
      }
      for (const write of batch) write.resolve();
    } catch (error) {
      for (const write of batch) write.reject(error);
    }
  }
  flushing = false;
}

function persist(key: string, entry: Entry | null): Promise<void> {
  if (entry) entries.set(key, entry);
  else entries.delete(key);
  return new Promise((resolve, reject) => {
    waiting.push({ line: toLine(key, entry), resolve, reject });
    if (!flushing) void flush();
  });
}

function read(key: string): Entry | undefined {
  const entry = entries.get(key);
  return entry && entry.expiresAt > Date.now() ? entry : undefined;
}

load();
compact();
log = await open(FILE, 'a');

serve({
  'GET /kv/*': ({ params: [key] }) => {
    const entry = read(key as string);
    if (!entry) throw new Refusal(404, `no key ${key}`);
    return { value: entry.value };
  },
  'PUT /kv/*': async ({ params: [key], body }) => {
    const { value, ttlMs, ifAbsent } = (body ?? {}) as { value?: unknown; ttlMs?: number; ifAbsent?: boolean };
    const existing = ifAbsent ? read(key as string) : undefined;
    if (existing) return { value: existing.value, created: false };
    await persist(key as string, {
      value: value ?? {},
      expiresAt: ttlMs ? Date.now() + ttlMs : Number.MAX_SAFE_INTEGER,
    });
    return { value, created: true };
  },
  'DELETE /kv/*': async ({ params: [key] }) => {
    if (entries.has(key as string)) await persist(key as string, null);
    return { deleted: true };
  },
  'PUT /queues/*/*': async ({ params: [queue, id], body }) => {
    await persist(`queue:${queue}:${id}`, { value: body ?? {}, expiresAt: Number.MAX_SAFE_INTEGER });
    return { queued: id };
  },
  'POST /queues/*/take': ({ params: [queue], body }) => {
    const prefix = `queue:${queue}:`;
    const max = (body as { max?: number } | undefined)?.max ?? 1;
    const now = Date.now();
    const mails: object[] = [];
    for (const [key, entry] of entries) {
      if (mails.length >= max) break;
      if (!key.startsWith(prefix) || (leases.get(key) ?? 0) > now) continue;
      leases.set(key, now + LEASE_MS);
      mails.push({ id: key.slice(prefix.length), ...(entry.value as object) });
    }
    return { mails };
  },
  'DELETE /queues/*/*': async ({ params: [queue, id] }) => {
    const key = `queue:${queue}:${id}`;
    leases.delete(key);
    if (entries.has(key)) await persist(key, null);
    return { deleted: true };
  },
});
