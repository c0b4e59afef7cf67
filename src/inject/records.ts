/**
 * What is written down about each fault: a folder of small files, each written whole by one side only, so that the
 * one who asks and the keeper need no connection to each other and both may die at any byte.
 *
 *   fault.json   what is to be done               the asker, once; the fault exists from here on
 *   lease.json   until when                       the asker, again at each renewal
 *   target.json  the target as it is now          the asker, when the instance has come back as another process
 *   revert       (empty) end it now               the asker
 *   traces.json  what is about to be changed      the keeper, before it acts
 *   begun.json   since when it is in effect       the keeper
 *   bite.json    what it does                     the keeper, often; not durable, a figure only
 *   end.json     how it ended, and what is left   the keeper, once
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Ms } from '../model/time.ts';
import type { Bite, End, Fault, FaultStatus, Target, Traces } from './contract.ts';

export interface Files {
  'fault.json': Fault;
  'lease.json': { readonly deadline: Ms };
  'target.json': Target;
  revert: null;
  'traces.json': Traces;
  'begun.json': { readonly at: Ms };
  'bite.json': Bite;
  'end.json': End;
}

/** The folder of the state directory that holds all faults. */
export function faultsDir(stateDir: string): string {
  return join(stateDir, 'faults');
}

export class Records {
  readonly dir: string;

  constructor(stateDir: string) {
    this.dir = faultsDir(stateDir);
    mkdirSync(this.dir, { recursive: true, mode: 0o700 });
  }

  directoryOf(id: string): string {
    return join(this.dir, id);
  }

  /** Faults that exist, oldest first: ids begin with their time. */
  ids(): readonly string[] {
    return readdirSync(this.dir)
      .filter((name) => this.has(name, 'fault.json'))
      .sort();
  }

  has(id: string, name: keyof Files): boolean {
    return existsSync(join(this.dir, id, name));
  }

  /** Undefined when it is not there, or is not ours to understand. */
  get<N extends keyof Files>(id: string, name: N): Files[N] | undefined {
    try {
      return JSON.parse(readFileSync(join(this.dir, id, name), 'utf8')) as Files[N];
    } catch {
      return undefined;
    }
  }

  /** Appears whole or not at all, and is on the disk when this returns. */
  put<N extends keyof Files>(id: string, name: N, value: Files[N]): void {
    this.#write(id, name, value, true);
  }

  putLoosely(id: string, name: 'bite.json', value: Bite): void {
    this.#write(id, name, value, false);
  }

  /** The request: when its last file is there, the fault exists. */
  create(fault: Fault, deadline: Ms): void {
    mkdirSync(this.directoryOf(fault.id), { recursive: true, mode: 0o700 });
    this.put(fault.id, 'lease.json', { deadline });
    this.put(fault.id, 'fault.json', fault);
    sync(this.dir);
  }

  remove(id: string): void {
    rmSync(this.directoryOf(id), { recursive: true, force: true });
  }

  status(id: string): FaultStatus | undefined {
    const fault = this.get(id, 'fault.json');
    if (!fault) return undefined;
    const end = this.get(id, 'end.json') ?? null;
    const begunAt = this.get(id, 'begun.json')?.at ?? null;
    return {
      fault,
      phase: end ? 'ended' : begunAt === null ? 'requested' : 'active',
      deadline: this.get(id, 'lease.json')?.deadline ?? fault.requestedAt,
      begunAt,
      bite: this.get(id, 'bite.json') ?? null,
      end,
    };
  }

  #write(id: string, name: string, value: unknown, durable: boolean): void {
    const path = join(this.dir, id, name);
    const temporary = `${path}.${process.pid}`;
    const fd = openSync(temporary, 'w', 0o600);
    try {
      writeSync(fd, JSON.stringify(value));
      if (durable) fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, path);
    if (durable) sync(join(this.dir, id));
  }
}

/** A file's own fsync does not make its name durable. */
function sync(dir: string): void {
  const fd = openSync(dir, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
