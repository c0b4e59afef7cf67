/**
 * What the agent may ask of the place where instances run. A runtime knows lives (one incarnation of an instance
 * each), never services or systems. It keeps its own record of every life, so that it can say after a restart of
 * Holdfast what runs and what ended unseen.
 */

import type { ErrorCode } from '../model/error-codes.ts';
import { type ErrorDetails, HoldfastError } from '../model/errors.ts';
import type { ExitReason, InstanceExit, InstanceId, ProcessIdentity } from '../model/instance.ts';
import type { InventoryItem, LaunchSpec } from '../model/link.ts';
import type { ResourceSignal } from '../model/signal.ts';
import type { Ms } from '../model/time.ts';

/** One life: commands that name another incarnation than the one that runs change nothing. */
export interface LifeRef {
  readonly instance: InstanceId;
  readonly incarnation: number;
}

export interface EndedLife extends LifeRef {
  readonly exit: InstanceExit;
}

export interface RuntimeFacts {
  readonly limits: 'cgroup2' | 'sampling';
  /** What cannot be done on this machine, and what happens instead. */
  readonly notices: readonly string[];
}

export interface LogOptions {
  /** Lines from the end to begin with. */
  readonly tail: number;
  readonly follow: boolean;
  readonly signal: AbortSignal;
}

export interface ExecResult {
  readonly code: number | null;
  readonly signal: string | null;
  /** The last line that it wrote, at most 200 characters; empty when it wrote nothing. */
  readonly lastLine: string;
  /** The last 4 KiB of all that it wrote; absent where only the last line is known. */
  readonly output?: string;
}

export interface Runtime {
  /** Known after `adopt`. */
  readonly facts: RuntimeFacts;
  /** Everything that runs here or ended unseen. To be called once, before anything else. */
  adopt(): Promise<readonly InventoryItem[]>;
  /**
   * Resolves when the process exists; throws StartFailure. An older life of the same instance is ended first: there
   * are never two. Starting a life that is known already returns what is known and starts nothing.
   * `wrapper` is a command that ends in the command that is appended to it, and stays the same process: what it changes
   * holds for this life, and for nothing that is run beside it.
   */
  start(launch: LaunchSpec, wrapper?: readonly string[]): Promise<ProcessIdentity>;
  /** The signal, then SIGKILL after the grace. Resolves when all of it is gone; HF3009 when it will not go. */
  stop(life: LifeRef, signal: string, graceMs: Ms): Promise<void>;
  /** SIGKILL, now, to everything that belongs to the life. */
  kill(life: LifeRef): Promise<void>;
  /** Removes the record of an ended life. */
  forget(life: LifeRef): Promise<void>;
  lifeOf(instance: InstanceId): InventoryItem | undefined;
  /** Runs a command as the instance would (user, directory, environment); aborting kills its whole group. */
  exec(launch: LaunchSpec, command: readonly string[], signal: AbortSignal): Promise<ExecResult>;
  /** Called once for each end, as soon as it is known. */
  onExit(listener: (ended: EndedLife) => void): void;
  /** Called about once a second for every instance, spread over that second. */
  onSample(listener: (samples: readonly ResourceSignal[]) => void): void;
  /** Lines over rotated files; throws HF3007 at once when nothing is known of the instance. */
  logs(instance: InstanceId, options: LogOptions): AsyncIterable<string>;
  /**
   * What instances write, in whole lines, about once a second; a flood is told in part. Absent where output cannot be
   * watched. To be called before `adopt`.
   */
  onOutput?(listener: (instance: InstanceId, lines: readonly string[]) => void): void;
  /** Lets go of everything and leaves the instances running. */
  close(): Promise<void>;
}

/** A start that produced no process. */
export class StartFailure extends HoldfastError {
  readonly reason: ExitReason | 'port-taken';

  constructor(reason: 'spawn-failed' | 'port-taken', code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(code, message, details);
    this.reason = reason;
  }
}
