/**
 * server.log: one JSON object per line, for machines and for `grep`. Rotated by size, because a server that runs for
 * months must not fill the disk with its own words.
 */
import { appendFileSync, renameSync, statSync } from 'node:fs';

export type LogLevel = 'info' | 'warn' | 'error';

export interface LogLine {
  readonly level: LogLevel;
  readonly text: string;
}

export interface LogOptions {
  readonly file: string;
  /** Rotated at this size. Default 10 MiB. */
  readonly maxBytes?: number;
  /** Files kept, the live one included. Default 3. */
  readonly maxFiles?: number;
  /** Also on standard error, as plain text: for --foreground. */
  readonly echo: boolean;
}

export class ServerLog {
  readonly #file: string;
  readonly #maxBytes: number;
  readonly #maxFiles: number;
  readonly #echo: boolean;
  #size: number;

  constructor(options: LogOptions) {
    this.#file = options.file;
    this.#maxBytes = options.maxBytes ?? 10 * 1024 * 1024;
    this.#maxFiles = options.maxFiles ?? 3;
    this.#echo = options.echo;
    this.#size = statSync(options.file, { throwIfNoEntry: false })?.size ?? 0;
  }

  readonly write = ({ level, text }: LogLine): void => {
    const line = `${JSON.stringify({ at: new Date().toISOString(), level, pid: process.pid, text })}\n`;
    if (this.#echo) process.stderr.write(`${level === 'info' ? '' : `${level}: `}${text}\n`);
    try {
      if (this.#size > 0 && this.#size + line.length > this.#maxBytes) this.#rotate();
      // Synchronous: the last line before a crash is the one that is wanted. It writes a few lines a second at most.
      appendFileSync(this.#file, line, { mode: 0o600 });
      this.#size += line.length;
    } catch (error) {
      // A full disk must not take the server down; there is nowhere else to say it than here.
      if (!this.#echo) process.stderr.write(`${text}\n(server.log: ${String(error)})\n`);
    }
  };

  #rotate(): void {
    for (let n = this.#maxFiles - 1; n >= 1; n--) {
      const from = n === 1 ? this.#file : `${this.#file}.${n - 1}`;
      if (statSync(from, { throwIfNoEntry: false })) renameSync(from, `${this.#file}.${n}`);
    }
    this.#size = 0;
  }
}
