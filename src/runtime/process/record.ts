/**
 * The record of a life, written before its process exists, so that no process can run unrecorded. One file per
 * instance; a new life replaces the record of the ended one.
 */
import { randomBytes } from 'node:crypto';
import { open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExitReason, InstanceExit } from '../../model/instance.ts';
import type { LaunchSpec } from '../../model/link.ts';
import type { Ms } from '../../model/time.ts';

export interface LifeRecord {
  readonly format: 1;
  /** Names the pid and exit files of this life, and no other's. */
  readonly launchId: string;
  readonly launch: LaunchSpec;
  readonly startedAt: Ms;
  readonly bootId: string;
  /** Where this life's output begins in the live log file. */
  readonly logOffset: number;
  /** Why Holdfast itself ended it: what the exit status cannot tell. */
  readonly verdict: { readonly reason: ExitReason; readonly detail: string } | null;
  readonly exit: InstanceExit | null;
}

export interface Paths {
  readonly instances: string;
  /** Pid and exit files of all lives: one directory, so one watch. */
  readonly lives: string;
  readonly logs: string;
  instance(id: string): string;
  data(id: string): string;
  record(id: string): string;
  log(id: string): string;
  pid(launchId: string): string;
  exit(launchId: string): string;
}

export function pathsUnder(stateDir: string): Paths {
  const instances = join(stateDir, 'instances');
  const lives = join(instances, '.lives');
  const logs = join(stateDir, 'logs');
  return {
    instances,
    lives,
    logs,
    instance: (id) => join(instances, id),
    data: (id) => join(instances, id, 'data'),
    record: (id) => join(instances, id, 'record.json'),
    log: (id) => join(logs, `${id}.log`),
    pid: (launchId) => join(lives, `${launchId}.pid`),
    exit: (launchId) => join(lives, `${launchId}.exit`),
  };
}

/** Ids become file names. */
export function isSafeId(id: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9_.-]{0,200}$/.test(id);
}

export function newLaunchId(launch: LaunchSpec): string {
  return `${launch.instance}.${launch.incarnation}.${randomBytes(4).toString('hex')}`;
}

/**
 * Writes for one instance take turns: the exit of an old life, recorded in the background, must not meet the record
 * of the next one.
 */
export class RecordWriter {
  readonly #paths: Paths;
  readonly #turns = new Map<string, Promise<void>>();

  constructor(paths: Paths) {
    this.#paths = paths;
  }

  /** Atomic; with `durable` it is on the disk when this resolves. */
  write(record: LifeRecord, durable: boolean): Promise<void> {
    return this.#inTurn(record.launch.instance, () => writeRecord(this.#paths, record, durable));
  }

  remove(instance: string): Promise<void> {
    return this.#inTurn(instance, () => rm(this.#paths.record(instance), { force: true }));
  }

  /** Resolves when nothing is being written. */
  async idle(): Promise<void> {
    await Promise.all(this.#turns.values());
  }

  #inTurn(instance: string, work: () => Promise<void>): Promise<void> {
    const result = (this.#turns.get(instance) ?? Promise.resolve()).then(work);
    const turn = result
      .catch(() => {}) // The caller gets the error; the next one only waits for the end.
      .then(() => {
        if (this.#turns.get(instance) === turn) this.#turns.delete(instance);
      });
    this.#turns.set(instance, turn);
    return result;
  }
}

/** Mode 0600: the environment holds secrets. */
async function writeRecord(paths: Paths, record: LifeRecord, durable: boolean): Promise<void> {
  const path = paths.record(record.launch.instance);
  const temporary = `${path}.new`;
  const file = await open(temporary, 'w', 0o600);
  try {
    await file.writeFile(JSON.stringify(record));
    if (durable) await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
}

export interface FoundRecords {
  readonly records: readonly LifeRecord[];
  readonly notices: readonly string[];
}

/** Reads every record. One that cannot be understood is set aside and said; the others are none the worse. */
export async function readRecords(paths: Paths): Promise<FoundRecords> {
  const records: LifeRecord[] = [];
  const notices: string[] = [];
  for (const entry of await readdir(paths.instances, { withFileTypes: true })) {
    if (!entry.isDirectory() || entry.name.startsWith('.')) continue;
    const path = paths.record(entry.name);
    let text: string;
    try {
      text = await readFile(path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') notices.push(`${path} cannot be read: ${String(error)}`);
      continue;
    }
    const record = parseRecord(text, entry.name);
    if (typeof record !== 'string') {
      records.push(record);
      continue;
    }
    const aside = `${path}.corrupt-${randomBytes(3).toString('hex')}`;
    await rename(path, aside);
    notices.push(
      `the record of ${entry.name} is corrupt (${record}): set aside as ${aside}; a process of it that still runs is ended at its next start`,
    );
  }
  return { records, notices };
}

/** The record, or what is wrong with it. */
export function parseRecord(text: string, instance: string): LifeRecord | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return text.trim() === '' ? 'empty' : 'not JSON';
  }
  if (typeof value !== 'object' || value === null) return 'not an object';
  const record = value as Partial<LifeRecord>;
  if (record.format !== 1) return `unknown format ${JSON.stringify(record.format)}`;
  const { launch } = record;
  if (typeof launch !== 'object' || launch === null) return 'no launch';
  if (launch.instance !== instance) return `names ${JSON.stringify(launch.instance)}`;
  const sound =
    typeof record.launchId === 'string' &&
    isSafeId(record.launchId) &&
    typeof record.startedAt === 'number' &&
    typeof record.bootId === 'string' &&
    typeof record.logOffset === 'number' &&
    isObjectOrNull(record.verdict) &&
    isObjectOrNull(record.exit) &&
    isLaunch(launch);
  return sound ? (record as LifeRecord) : 'fields are missing or of another type';
}

function isObjectOrNull(value: unknown): boolean {
  return typeof value === 'object';
}

function isLaunch(launch: Partial<LaunchSpec>): boolean {
  return (
    Number.isInteger(launch.incarnation) &&
    Array.isArray(launch.command) &&
    typeof launch.service === 'string' &&
    typeof launch.workingDir === 'string' &&
    [launch.environment, launch.ports, launch.resources, launch.logs].every(
      (part) => typeof part === 'object' && part !== null,
    ) &&
    isObjectOrNull(launch.liveness) &&
    isObjectOrNull(launch.readiness)
  );
}

export async function removeLifeFiles(paths: Paths, launchId: string): Promise<void> {
  await Promise.all([rm(paths.pid(launchId), { force: true }), rm(paths.exit(launchId), { force: true })]);
}
