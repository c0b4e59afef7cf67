/** Reads a file line by line in bounded memory, synchronously, from any offset: segments may be of any size. */
import { readSync } from 'node:fs';

const CHUNK = 262_144;
const NEWLINE = 0x0a;

export interface Line {
  readonly offset: number;
  /** Without the newline. Valid until the next line is asked for. */
  readonly bytes: Buffer;
  /** False only for what follows the last newline of the file. */
  readonly terminated: boolean;
}

/** Lines of [from, to) of an open file. */
export function* readLines(fd: number, from: number, to: number): Generator<Line, void, void> {
  let carry: Buffer = Buffer.alloc(0);
  let offset = from;
  let position = from;
  while (position < to) {
    const chunk = Buffer.allocUnsafe(Math.min(CHUNK, to - position));
    const count = readSync(fd, chunk, 0, chunk.length, position);
    if (count === 0) break;
    position += count;
    const data = carry.length > 0 ? Buffer.concat([carry, chunk.subarray(0, count)]) : chunk.subarray(0, count);
    let start = 0;
    for (let end = data.indexOf(NEWLINE, carry.length); end >= 0; end = data.indexOf(NEWLINE, start)) {
      yield { offset: offset + start, bytes: data.subarray(start, end), terminated: true };
      start = end + 1;
    }
    offset += start;
    carry = data.subarray(start);
  }
  if (carry.length > 0) yield { offset, bytes: carry, terminated: false };
}
