/** Keeps the logs of all instances within their limits, whoever wrote them and whenever. */

import { statSync } from 'node:fs';
import { type FileHandle, mkdir, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { LogPolicy } from '../../../model/spec.ts';
import { LogFile } from './log-file.ts';
import { LogTail } from './tail.ts';

/**
 * Time between two looks at a log, ms. A log may outgrow its limit by what is written in between: at 100 MB/s that is
 * 25 MB. A stat costs about 2 µs, so a thousand logs cost about 1 % of a core.
 */
const CHECK_MS = 250;
/** The same for a log that is being written fast: it grew by a quarter of its limit, or was just rotated. */
const HOT_CHECK_MS = 20;

/** Looks between two reads of a log for whoever watches the output: one second. */
const READ_EVERY = 4;

/** For logs whose instance is not known (any more). */
const LEFT_OVER: LogPolicy = { maxBytes: 10 * 1024 * 1024, maxFiles: 3 };

interface Kept {
  readonly file: LogFile;
  maxBytes: number;
  /** At the last look. */
  size: number;
  readonly tail: LogTail;
  /** Looks until it is read again. */
  readIn: number;
  /** A rotation, or a look that comes sooner than the others, is under way. */
  busy: boolean;
}

export class LogKeeper {
  readonly #dir: string;
  readonly #report: (notice: string) => void;
  readonly #kept = new Map<string, Kept>();
  #timer: NodeJS.Timeout | undefined;
  #listener: ((instance: string, lines: readonly string[]) => void) | null = null;
  #closed = false;

  constructor(dir: string, report: (notice: string) => void) {
    this.#dir = dir;
    this.#report = report;
  }

  async init(): Promise<void> {
    await mkdir(this.#dir, { recursive: true, mode: 0o711 });
    for (const name of await readdir(this.#dir)) {
      if (name.endsWith('.log')) await this.#know(name.slice(0, -4), LEFT_OVER);
    }
    this.#schedule();
  }

  async #know(instance: string, policy: LogPolicy): Promise<Kept> {
    let kept = this.#kept.get(instance);
    if (!kept) {
      kept = {
        file: new LogFile(join(this.#dir, `${instance}.log`), policy),
        maxBytes: policy.maxBytes,
        size: 0,
        tail: new LogTail(join(this.#dir, `${instance}.log`)),
        // Spread over the second, so that a thousand logs are not read at once.
        readIn: this.#kept.size % READ_EVERY,
        busy: false,
      };
      this.#kept.set(instance, kept);
      await kept.file.init();
    }
    return kept;
  }

  async keep(instance: string, policy: LogPolicy): Promise<void> {
    const kept = await this.#know(instance, policy);
    kept.file.policy = policy;
    kept.maxBytes = policy.maxBytes;
  }

  /** Opens the live file for a service to append to. */
  async openFor(instance: string, policy: LogPolicy): Promise<FileHandle> {
    await this.keep(instance, policy);
    return open(join(this.#dir, `${instance}.log`), 'a', 0o640);
  }

  fileOf(instance: string): LogFile | undefined {
    return this.#kept.get(instance)?.file;
  }

  /** Told of what is written, about once a second for each log that grows. */
  watch(listener: (instance: string, lines: readonly string[]) => void): void {
    this.#listener = listener;
  }

  #schedule(): void {
    this.#timer = setTimeout(() => {
      for (const [instance, kept] of this.#kept) this.#look(instance, kept);
      this.#schedule();
    }, CHECK_MS);
    this.#timer.unref();
  }

  #look(instance: string, kept: Kept): void {
    if (kept.busy || this.#closed) return;
    const size = statSync(kept.file.path, { throwIfNoEntry: false })?.size ?? 0;
    const grown = size - kept.size;
    kept.size = size;
    if (this.#listener) this.#read(instance, kept, size, this.#listener);
    if (size <= kept.maxBytes) {
      if (grown > kept.maxBytes / 4) this.#lookSoon(instance, kept);
      return;
    }
    kept.busy = true;
    kept.file
      .rotateIfDue()
      .catch((error: unknown) => this.#report(`the log of ${instance} could not be rotated: ${String(error)}`))
      .finally(() => {
        kept.size = 0;
        kept.tail.restart();
        this.#lookSoon(instance, kept);
      });
  }

  #read(
    instance: string,
    kept: Kept,
    size: number,
    listener: (instance: string, lines: readonly string[]) => void,
  ): void {
    kept.readIn -= 1;
    // What is about to be rotated away is read before.
    if (kept.readIn > 0 && size <= kept.maxBytes) return;
    kept.readIn = READ_EVERY;
    const lines = kept.tail.read(size);
    if (lines.length > 0) listener(instance, lines);
  }

  #lookSoon(instance: string, kept: Kept): void {
    kept.busy = true;
    setTimeout(() => {
      kept.busy = false;
      this.#look(instance, kept);
    }, HOT_CHECK_MS).unref();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }
}
