/**
 * A small store under the contract of `holdfast check` (docs/consistency.md): registers, counters, sets, queues and
 * lists in memory, one operation at a time, so that all of them are linearizable while it lives. With DURABLE=1
 * every change is on the disk before it is acknowledged, so that they are so over kill -9 too. With CACHE_MS it answers
 * reads from a cache that old: a common optimisation, and a broken promise that a check finds within seconds.
 */
import { existsSync, fdatasyncSync, openSync, readFileSync, truncateSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { instanceDir, Refusal, serve } from '../service.ts';

type Micro = readonly [f: string, key: string, value: unknown];

interface Asked {
  readonly workload: string;
  readonly f: string;
  readonly key?: string;
  readonly value: unknown;
}

const CACHE_MS = Number(process.env.CACHE_MS ?? 0);
const FILE = join(instanceDir(), 'register.log');

const values = new Map<string, unknown>();
const lists = new Map<string, unknown[]>();
const cache = new Map<string, { readonly value: unknown; readonly until: number }>();

function listOf(key: string): unknown[] {
  const known = lists.get(key) ?? [];
  lists.set(key, known);
  return known;
}

/** A set or queue as its list, everything else as its value. */
function current(key: string): unknown {
  return lists.get(key)?.slice() ?? values.get(key) ?? null;
}

function read(key: string): unknown {
  if (CACHE_MS === 0) return current(key);
  const cached = cache.get(key);
  if (cached && cached.until > performance.now()) return cached.value;
  const value = current(key);
  cache.set(key, { value, until: performance.now() + CACHE_MS });
  return value;
}

function swap(key: string, [from, to]: readonly unknown[]): void {
  if (current(key) !== from) throw new Refusal(409, 'it holds another value');
  values.set(key, to);
}

function add(workload: string, key: string, value: unknown): void {
  if (workload === 'set') listOf(key).push(value);
  else values.set(key, Number(values.get(key) ?? 0) + Number(value));
}

function micro([f, key, value]: Micro): Micro {
  if (f === 'r') return [f, key, listOf(key).slice()];
  listOf(key).push(value);
  return [f, key, value];
}

function answer({ workload, f, key = '', value }: Asked): unknown {
  switch (f) {
    case 'read':
      return read(key);
    case 'write':
      values.set(key, value);
      return value;
    case 'cas':
      swap(key, value as readonly unknown[]);
      return value;
    case 'add':
      add(workload, key, value);
      return value;
    case 'enqueue':
      listOf(key).push(value);
      return value;
    case 'dequeue':
      return listOf(key).shift() ?? null;
    case 'txn':
      return (value as readonly Micro[]).map(micro);
    default:
      throw new Refusal(400, `no operation ${f}`);
  }
}

/** What was acknowledged is done again; a torn last line was not. */
function replay(): void {
  if (!existsSync(FILE)) return;
  const text = readFileSync(FILE, 'utf8');
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  truncateSync(FILE, Buffer.byteLength(whole));
  for (const line of whole.split('\n')) if (line !== '') answer(JSON.parse(line) as Asked);
}

let log: number | null = null;
if (process.env.DURABLE === '1') {
  replay();
  log = openSync(FILE, 'a');
}

serve({
  'POST /': ({ body }) => {
    const asked = body as Asked;
    const value = answer(asked);
    if (log !== null && asked.f !== 'read') {
      writeSync(log, `${JSON.stringify(asked)}\n`);
      fdatasyncSync(log);
    }
    return { value };
  },
});
