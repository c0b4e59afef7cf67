/** What a reader throws about a piece of its input; whoever holds the file adds its name and line. */
import { HoldfastError } from '../../model/errors.ts';

export class Unreadable extends Error {}

/** A table that is whole, of which no column means anything here: alone an error, among others in a folder left out. */
export class Meaningless extends Unreadable {}

export function unreadable(file: string, line: number, error: unknown): HoldfastError {
  if (error instanceof HoldfastError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new HoldfastError('HF8402', message, { at: { file, line, column: 1 }, cause: error });
}

export function tooMuch(what: string): HoldfastError {
  return new HoldfastError('HF8404', what);
}
