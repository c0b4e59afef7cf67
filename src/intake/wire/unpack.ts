/**
 * Decompression within limits. Small bodies are unpacked at once, larger ones by Node's thread pool, so that 20 MiB of
 * one sender do not make the others wait. A gzip body says at its end how much it holds; that much is taken from the
 * memory budget first, and not a byte more is written.
 */
import { gunzip, gunzipSync, inflate, inflateSync } from 'node:zlib';
import type { IntakeContext } from '../contract.ts';

export const Unpacked = {
  tooLarge: 'too large',
  memory: 'memory',
  unknown: 'unknown',
  malformed: 'malformed',
} as const;
export type Why = (typeof Unpacked)[keyof typeof Unpacked];
export type UnpackResult =
  | { readonly ok: true; readonly bytes: Buffer; readonly takenBytes: number }
  | { readonly ok: false; readonly why: Why };

/** Compressed bytes up to which the call into the thread pool costs more than it spares. */
const AT_ONCE_BYTES = 65_536;
/** Most that deflate can shrink. */
const MAX_RATIO = 1_032;

export function unpack(
  encoding: string,
  body: Buffer,
  { limits, memory }: Pick<IntakeContext, 'limits' | 'memory'>,
  done: (result: UnpackResult) => void,
  most = limits.maxRequestBytes,
): void {
  if (encoding !== 'gzip' && encoding !== 'deflate' && encoding !== 'x-gzip') {
    done({ ok: false, why: Unpacked.unknown });
    return;
  }
  const gzip = encoding !== 'deflate';
  if (gzip && !(body[0] === 0x1f && body[1] === 0x8b)) {
    done({ ok: false, why: Unpacked.malformed });
    return;
  }
  const expected = expectedBytes(gzip, body, most);
  if (expected > most) {
    done({ ok: false, why: Unpacked.tooLarge });
    return;
  }
  if (!memory.take(expected)) {
    done({ ok: false, why: Unpacked.memory });
    return;
  }
  const finish = (error: unknown, bytes: Buffer | undefined): void => {
    if (bytes) {
      done({ ok: true, bytes, takenBytes: expected });
      return;
    }
    memory.give(expected);
    const overlong = (error as NodeJS.ErrnoException | null)?.code === 'ERR_BUFFER_TOO_LARGE';
    done({ ok: false, why: overlong && expected >= most ? Unpacked.tooLarge : Unpacked.malformed });
  };
  const options = { maxOutputLength: Math.max(1, expected) };
  if (body.length > AT_ONCE_BYTES) {
    (gzip ? gunzip : inflate)(body, options, (error, bytes) => finish(error, error ? undefined : bytes));
    return;
  }
  let bytes: Buffer;
  try {
    bytes = gzip ? gunzipSync(body, options) : inflateSync(body, options);
  } catch (error) {
    finish(error, undefined);
    return;
  }
  finish(null, bytes);
}

/** zlib's own format does not say: all that is allowed, or that is possible. */
function expectedBytes(gzip: boolean, body: Buffer, most: number): number {
  const possible = Math.min(most, body.length * MAX_RATIO);
  if (!gzip || body.length < 18) return possible;
  const told = body.readUInt32LE(body.length - 4);
  // Several members one after another: the last one's length says little.
  return told > 0 && told >= body.length / 2 ? told : possible;
}
