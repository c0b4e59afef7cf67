/**
 * Snappy's block format, decompression only: a length, then literals and copies of what was already written. Pure
 * JavaScript keeps it without native code; remote_write bodies are small.
 *
 * Format: github.com/google/snappy/blob/main/format_description.txt.
 */
import { Malformed } from '../wire/protobuf.ts';

export interface SnappyLength {
  readonly bytes: number;
  /** Where the elements begin. */
  readonly from: number;
}

/** What it will unpack to, to be checked before it is. */
export function snappyLength(input: Uint8Array): SnappyLength {
  let bytes = 0;
  for (let at = 0, shift = 0; at < 5; at++, shift += 7) {
    const byte = input[at];
    if (byte === undefined) break;
    bytes += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return { bytes, from: at + 1 };
  }
  throw new Malformed('not snappy: no length');
}

/** Throws Malformed when it does not unpack to exactly the length that it begins with. */
export function unsnappy(input: Uint8Array): Buffer {
  const { bytes, from } = snappyLength(input);
  // An element of three bytes makes 64 at most: a larger claim is a lie, and costs nothing but this line.
  if (bytes > input.length * 64) throw new Malformed('not snappy: longer than it can be');
  const out = Buffer.allocUnsafe(bytes);
  let at = from;
  let to = 0;
  while (at < input.length) {
    const tag = input[at++] as number;
    if ((tag & 3) === 0) {
      let length = tag >>> 2;
      if (length >= 60) {
        const extra = length - 59;
        length = little(input, at, extra);
        at += extra;
      }
      length++;
      if (at + length > input.length || to + length > bytes) throw new Malformed('not snappy: a literal is too long');
      out.set(input.subarray(at, at + length), to);
      at += length;
      to += length;
      continue;
    }
    let length = (tag >>> 2) + 1;
    let back: number;
    if ((tag & 3) === 1) {
      length = ((tag >>> 2) & 7) + 4;
      back = ((tag >>> 5) << 8) | little(input, at, 1);
      at += 1;
    } else {
      const wide = (tag & 3) === 2 ? 2 : 4;
      back = little(input, at, wide);
      at += wide;
    }
    if (back === 0 || back > to || to + length > bytes) throw new Malformed('not snappy: a copy of nothing');
    copyWithin(out, to, back, length);
    to += length;
  }
  if (to !== bytes) throw new Malformed('not snappy: cut short');
  return out;
}

/** Source and target may overlap: then what was just written is repeated. */
function copyWithin(out: Buffer, to: number, back: number, length: number): void {
  if (back >= length) out.copyWithin(to, to - back, to - back + length);
  else for (let n = 0; n < length; n++) out[to + n] = out[to - back + n] as number;
}

function little(input: Uint8Array, at: number, count: number): number {
  if (at + count > input.length) throw new Malformed('not snappy: cut short');
  let value = 0;
  for (let n = 0; n < count; n++) value += (input[at + n] as number) * 2 ** (8 * n);
  return value;
}
