/** Small things that every listener needs: secrets compared safely, and a listen error that says what to do. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { HoldfastError } from '../../model/errors.ts';

/** Constant time for any two texts: their digests are of one length. */
export function sameSecret(shown: string, expected: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(shown), digest(expected));
}

export function cannotListen(host: string, port: number, cause: unknown): HoldfastError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new HoldfastError('HF4001', `cannot listen on ${host}:${port}: ${reason}`, { cause });
}
