/** The last words of a life, read at once when it ends: the exit report must not wait for the thread pool. */
import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';

const MAX_LINES = 20;
const MAX_BYTES = 4 * 1024;

/**
 * `offset` is where this life's output begins in the live file, as long as that was not rotated since `birthPath` was
 * written: then all of the live file is this life's, and the last words may be in the file before.
 */
export function lastOutput(path: string, offset: number, birthPath: string): readonly string[] {
  const rotated = `${path}.1`;
  const hasRotated = modifiedAt(rotated) >= modifiedAt(birthPath);
  let text = readEnd(path, hasRotated ? 0 : offset);
  if (hasRotated && text.length < MAX_BYTES) text = readEnd(rotated, 0) + text;
  return lastLines(text.slice(-MAX_BYTES), text.length >= MAX_BYTES);
}

function modifiedAt(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Number.NEGATIVE_INFINITY;
}

/** `cut`: the text may begin in the middle of a line. */
export function lastLines(text: string, cut: boolean): readonly string[] {
  const lines = text.split('\n');
  if (cut && lines.length > 1) lines.shift();
  if (lines.at(-1) === '') lines.pop();
  return lines.slice(-MAX_LINES).map((line) => line.replace(/\r$/, ''));
}

function readEnd(path: string, offset: number): string {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch {
    return ''; // No log, no words: the exit is reported all the same.
  }
  try {
    const { size } = fstatSync(fd);
    const from = Math.max(offset > size ? 0 : offset, size - MAX_BYTES);
    const buffer = Buffer.alloc(size - from);
    return buffer.toString('utf8', 0, readSync(fd, buffer, 0, buffer.length, from));
  } finally {
    closeSync(fd);
  }
}
