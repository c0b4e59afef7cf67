/**
 * Exit codes are an interface: scripts branch on them. 0 ok, 1 error, 2 negative verdict (asked for with --check, or
 * a journal that does not verify), 3 halted by a guard rail, 64 wrong usage (EX_USAGE of sysexits.h).
 */
import type { ErrorCode } from '../model/error-codes.ts';
import type { HoldfastError } from '../model/errors.ts';

export const EXIT = { ok: 0, error: 1, negative: 2, halted: 3, usage: 64 } as const;

const HALTED: ReadonlySet<ErrorCode> = new Set(['HF5002', 'HF5006']);
const NEGATIVE: ReadonlySet<ErrorCode> = new Set(['HF2008', 'HF2010']);
const USAGE: ReadonlySet<ErrorCode> = new Set(['HF7002']);

export function exitCodeOf(error: HoldfastError): number {
  if (USAGE.has(error.code)) return EXIT.usage;
  if (HALTED.has(error.code)) return EXIT.halted;
  if (NEGATIVE.has(error.code)) return EXIT.negative;
  return EXIT.error;
}
