/**
 * Opening a state directory: take the lock, check the journal, and replay it to where the last server stood. Nothing
 * is ever reset: what cannot be read is refused with what to do about it.
 */
import { accessSync, chmodSync, constants, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Core, CoreOptions } from '../core/contract.ts';
import { HoldfastError } from '../model/errors.ts';
import type { Store } from '../store/contract.ts';
import { Journal } from '../store/journal.ts';
import { bootId, Clock } from './clock.ts';
import type { StartBody, StateRecord } from './record.ts';
import { type CoreFactory, Replay, replayAll } from './replay.ts';
import { Secrets } from './secrets.ts';
import { StoreVault } from './vault.ts';

export interface StateOptions {
  readonly stateDir: string;
  readonly version: string;
  readonly cores: CoreFactory;
  /** Opening takes the lock of the directory: HF2001 when another server has it. */
  readonly openStore: (dir: string) => Promise<Store>;
  /** What the core is made with from now on. */
  readonly coreOptions: CoreOptions;
  /** Go on from the replayed state even when replay by the same version differs. */
  readonly acceptReplay: boolean;
  readonly log: (line: { readonly level: 'info' | 'warn' | 'error'; readonly text: string }) => void;
}

export interface OpenState {
  readonly core: Core;
  readonly clock: Clock;
  readonly journal: Journal;
  readonly secrets: Secrets;
  /** Numbers of events go on from here. */
  readonly eventSeq: number;
  readonly close: () => Promise<void>;
}

/** Segments begin with a snapshot; smaller ones replay faster after a crash (about 20 MiB/s). */
const SEGMENT_BYTES = 8 * 1024 * 1024;

export async function openState(options: StateOptions): Promise<OpenState> {
  const { stateDir } = options;
  prepare(stateDir);
  const opened: { close(): Promise<void> }[] = [];
  const close = () => closeAll(opened);
  try {
    const store = await options.openStore(stateDir);
    opened.push(store);
    const secrets = await Secrets.open(new StoreVault(store));
    const boot = bootId();
    const fresh = new Clock(boot, null);
    const journal = await Journal.open({
      dir: join(stateDir, 'journal'),
      segmentBytes: SEGMENT_BYTES,
      start: () => ({
        at: fresh.now(),
        wallMs: fresh.wallMs(),
        snapshot: stateRecord(
          options.cores.create(options.coreOptions),
          { version: options.version, clock: fresh.record, eventSeq: 0, options: options.coreOptions },
          secrets,
        ),
      }),
    });
    opened.push(journal);
    if (journal.opening.cutBytes > 0) {
      const text = `the journal ended in ${journal.opening.cutBytes} bytes of an unfinished entry; they were cut`;
      options.log({ level: 'info', text });
    }
    const replay = new Replay(options.cores, secrets);
    await replayAll(journal.read(journal.starts.at(-1) ?? journal.firstSeq), replay);
    judge(replay, options);
    const clock = new Clock(boot, { clock: replay.clock, lastAt: replay.lastAt });
    const start: StartBody = { version: options.version, pid: process.pid, clock: clock.record };
    journal.append({ at: clock.now(), wallMs: clock.wallMs(), kind: 'start', body: start });
    await journal.flush({ durable: true });
    const core = withOptions(replay, options);
    return { core, clock, journal, secrets, eventSeq: replay.eventSeq, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/**
 * Replay needs the options that the journal was written with. When the server is started with others, the core goes
 * on with those, and the caller must begin a new segment before the first input.
 */
function withOptions(replay: Replay, options: StateOptions): Core {
  if (JSON.stringify(replay.options) === JSON.stringify(options.coreOptions)) return replay.core;
  return options.cores.restore(options.coreOptions, replay.core.snapshot());
}

export function stateRecord(core: Core, beside: Omit<StateRecord, 'core'>, secrets: Pick<Secrets, 'seal'>): string {
  const record: StateRecord = { ...beside, core: secrets.seal(core.snapshot()) };
  return JSON.stringify(record);
}

function prepare(stateDir: string): void {
  try {
    mkdirSync(stateDir, { recursive: true, mode: 0o700 });
    // Instances of other users find their own directories below it; what is ours there has modes of its own.
    if (process.getuid?.() === 0) chmodSync(stateDir, statSync(stateDir).mode | 0o011);
    accessSync(stateDir, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new HoldfastError('HF2003', `the state directory ${stateDir} cannot be used: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/**
 * Another version may decide otherwise about the few entries after the last snapshot: the agent's inventory then
 * tells what really runs. The same version must not: that is damage or a defect, and somebody has to look.
 */
function judge(replay: Replay, options: StateOptions): void {
  if (replay.difference === null) return;
  if (replay.version === options.version && !options.acceptReplay) {
    throw new HoldfastError('HF2010', `replaying the journal gives another decision at ${replay.difference}`, {
      remedy: 'Keep a copy of the state directory; start with --accept-replay to go on from the replayed state.',
    });
  }
  options.log({ level: 'warn', text: `replay gave another decision at ${replay.difference}; going on from there` });
}

async function closeAll(opened: readonly { close(): Promise<void> }[]): Promise<void> {
  for (const part of [...opened].reverse()) await part.close();
}
