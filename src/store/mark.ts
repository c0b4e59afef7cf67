/**
 * A small record of "at least this much was made durable", kept beside a log. A checksummed log cannot tell by itself
 * that its acknowledged end was lost from that it never had one; the mark can. It is rewritten after every durable
 * write, without an fsync of its own: it may lag behind the log, never run ahead of it.
 *
 * Two slots are written in turn, each with a checksum, so that a write torn by power loss leaves the other one.
 */
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import { crc32 } from 'node:zlib';

const SLOT_BYTES = 512;

interface Slot<T> {
  readonly writes: number;
  readonly record: T;
}

export class MarkFile<T extends object> {
  readonly #fd: number;
  #writes: number;

  private constructor(fd: number, writes: number) {
    this.#fd = fd;
    this.#writes = writes;
  }

  /** Durable when it returns, but for the directory's entry. */
  static create<T extends object>(path: string, record: T): MarkFile<T> {
    const file = new MarkFile<T>(openSync(path, 'wx+', 0o600), 0);
    file.write(record);
    file.write(record);
    file.sync();
    return file;
  }

  /** Of a file that readMark could read. */
  static open<T extends object>(path: string): MarkFile<T> {
    return new MarkFile<T>(openSync(path, 'r+'), newestSlot<T>(path)?.writes ?? 0);
  }

  write(record: T): void {
    this.#writes++;
    const json = JSON.stringify([this.#writes, record]);
    const text = `${json} ${checksum(json)}`.padEnd(SLOT_BYTES - 1);
    writeSync(this.#fd, `${text}\n`, (this.#writes % 2) * SLOT_BYTES, 'latin1');
  }

  sync(): void {
    fsyncSync(this.#fd);
  }

  close(): void {
    closeSync(this.#fd);
  }
}

/** Undefined: there is no such file; null: neither slot of it can be read. */
export function readMark<T extends object>(path: string): T | undefined | null {
  if (!existsSync(path)) return undefined;
  return newestSlot<T>(path)?.record ?? null;
}

function newestSlot<T extends object>(path: string): Slot<T> | undefined {
  const text = readFileSync(path, 'latin1');
  const slots = [parseSlot<T>(text.slice(0, SLOT_BYTES)), parseSlot<T>(text.slice(SLOT_BYTES, 2 * SLOT_BYTES))];
  return slots.filter((slot) => slot !== undefined).sort((a, b) => b.writes - a.writes)[0];
}

function parseSlot<T extends object>(text: string): Slot<T> | undefined {
  const match = /^(\[.*\]) ([0-9a-f]{8}) *\n$/.exec(text);
  const json = match?.[1];
  if (!json || checksum(json) !== match[2]) return undefined;
  const [writes, record] = JSON.parse(json) as [number, T];
  return { writes, record };
}

function checksum(text: string): string {
  return crc32(text).toString(16).padStart(8, '0');
}
