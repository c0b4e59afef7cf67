/**
 * Consistency verdicts without a running Holdfast: on a history file, whatever recorded it, or on a store that
 * clients exercise for a while. The CLI loads this only when it is asked to check something.
 */
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { ConsistencyModel, ConsistencyVerdict, WorkloadKind } from '../model/consistency.ts';
import { HoldfastError } from '../model/errors.ts';
import type { HistoryEvent } from '../model/history.ts';
import type { Ms } from '../model/time.ts';
import { judgeHistory, kindNamed } from '../prove/consistency/index.ts';
import { parseHistory } from '../prove/history/parse.ts';
import { type Adapter, adapterFor, OWN_STORE, runWorkload, toLines, type WorkloadStats } from '../workload/index.ts';
import { withOwnStore } from './own-store.ts';

/** A history must fit into one text, and some ten times its size into memory. */
const MAX_FILE_BYTES = 400 * 2 ** 20;

export interface CheckFileOptions {
  /** Name of a model; default: told by the operations. */
  readonly model?: string;
  readonly expect?: ConsistencyModel;
}

export function checkFile(path: string, { model, expect }: CheckFileOptions): ConsistencyVerdict {
  const events = parseHistory(textOf(path), { name: path });
  if (events.length === 0)
    throw new HoldfastError('HF8041', 'no event in it', { at: { file: path, line: 1, column: 1 } });
  return judgeHistory(events, { ...(model ? { kind: kindNamed(model) } : {}), ...(expect ? { expect } : {}) });
}

function textOf(path: string): string {
  try {
    const { size } = statSync(path);
    if (size > MAX_FILE_BYTES)
      throw new HoldfastError(
        'HF8041',
        `${path} is larger than ${MAX_FILE_BYTES / 2 ** 20} MiB: judge it in parts, by key`,
      );
    const bytes = readFileSync(path);
    const zipped = bytes[0] === 0x1f && bytes[1] === 0x8b;
    return (zipped ? gunzipSync(bytes, { maxOutputLength: MAX_FILE_BYTES }) : bytes).toString('utf8');
  } catch (error) {
    if (error instanceof HoldfastError) throw error;
    throw new HoldfastError('HF8041', `${path} ${unreadable(error as NodeJS.ErrnoException)}`, { cause: error });
  }
}

function unreadable({ code, message }: NodeJS.ErrnoException): string {
  if (code === 'ENOENT') return 'is not there';
  if (code === 'EISDIR') return 'is a folder: name one history in it';
  if (code === 'EACCES') return 'may not be read by this user';
  if (code === 'ERR_BUFFER_TOO_LARGE') return `is larger than ${MAX_FILE_BYTES / 2 ** 20} MiB when unpacked`;
  return `cannot be read: ${message}`;
}

export interface CheckTargetOptions {
  /** `redis://…`, `postgres://…`, `http://…`, `store:DIR`. */
  readonly on: string;
  readonly workload: WorkloadKind;
  readonly until: Ms | AbortSignal;
  readonly seed: number;
  readonly clients?: number;
  readonly opsPerSec?: number;
  readonly timeoutMs?: Ms;
  /** Default: what the store promises. */
  readonly expect?: ConsistencyModel;
  /** Where to keep the history. */
  readonly save?: string;
  readonly onProgress?: (stats: WorkloadStats) => void;
}

export interface TargetVerdict extends ConsistencyVerdict {
  readonly target: string;
  readonly workload: WorkloadKind;
  readonly seed: number;
  readonly stats: WorkloadStats;
  readonly leftovers: readonly string[];
}

const PROGRESS_MS = 500;

export async function checkTarget(options: CheckTargetOptions): Promise<TargetVerdict> {
  const { on } = options;
  const check = (adapter: Adapter): Promise<TargetVerdict> => checkAdapter(adapter, options);
  if (!on.startsWith(OWN_STORE)) return check(await adapterFor(on));
  return withOwnStore(on.slice(OWN_STORE.length), check);
}

async function checkAdapter(adapter: Adapter, options: CheckTargetOptions): Promise<TargetVerdict> {
  const { workload, until, seed, clients, opsPerSec, timeoutMs, onProgress } = options;
  const run = runWorkload({
    kind: workload,
    adapter,
    until,
    seed,
    ...(clients ? { clients } : {}),
    ...(opsPerSec ? { opsPerSec } : {}),
    ...(timeoutMs ? { timeoutMs } : {}),
  });
  const timer = setInterval(() => onProgress?.(run.stats()), PROGRESS_MS);
  try {
    const { events, stats, leftovers } = await run.done;
    if (options.save !== undefined) keep(options.save, events);
    const expect = options.expect ?? adapter.promises(workload);
    const verdict = judgeHistory(events, { kind: kindNamed(workload), expect });
    return { ...verdict, target: adapter.target, workload, seed, stats, leftovers };
  } finally {
    clearInterval(timer);
  }
}

function keep(path: string, events: readonly HistoryEvent[]): void {
  try {
    writeFileSync(path, toLines(events));
  } catch (error) {
    throw new HoldfastError('HF8054', `${path}: ${(error as Error).message}`, { cause: error });
  }
}
