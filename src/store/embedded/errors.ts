/**
 * What SQLite and the file system say, as the store's own errors. Which of them it is decides what the caller may
 * believe about a write: refused (nothing changed) or unknown.
 */
import { HoldfastError } from '../../model/errors.ts';

/** SQLite's extended result codes that need telling apart; the primary code is the low byte. */
const ERROR = 1;
const BUSY = 5;
const READONLY = 8;
const IOERR = 10;
const CORRUPT = 11;
const FULL = 13;
const CANTOPEN = 14;
const NOTADB = 26;
const IOERR_SHORT_READ = 522;
const IOERR_WRITE = 778;
const IOERR_SHMSIZE = 4874;

export function isBusy(error: unknown): boolean {
  return (rawCode(error) & 0xff) === BUSY;
}

/**
 * No room: full file system, quota, or a file size limit (which SQLite reports as a plain failed write). The
 * transaction was rolled back and nothing of it is on disk.
 */
export function isNoSpace(error: unknown): boolean {
  const raw = rawCode(error);
  if ((raw & 0xff) === FULL || raw === IOERR_WRITE || raw === IOERR_SHMSIZE) return true;
  const code = fileCode(error);
  return code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG';
}

/** Said while a file is opened and checked, where our own statements cannot be at fault: it is damaged. */
export function isDamage(error: unknown): boolean {
  const raw = rawCode(error);
  return raw === IOERR_SHORT_READ || [ERROR, CORRUPT, NOTADB].includes(raw & 0xff);
}

/** The disk failed in a way after which neither the page cache nor an error code can be trusted. */
export function isDiskFailure(error: unknown): boolean {
  return ((rawCode(error) & 0xff) === IOERR && !isNoSpace(error)) || fileCode(error) === 'EIO';
}

export function storeError(error: unknown, doing: string): HoldfastError {
  if (error instanceof HoldfastError) return error;
  const message = `${doing}: ${error instanceof Error ? error.message : String(error)}`;
  if (isNoSpace(error)) return new HoldfastError('HF2004', message, { cause: error });
  const primary = rawCode(error) & 0xff;
  if (primary === CORRUPT || primary === NOTADB) return new HoldfastError('HF2002', message, { cause: error });
  if (isDiskFailure(error)) return new HoldfastError('HF2014', message, { cause: error });
  const unusable = primary === READONLY || primary === CANTOPEN || fileCode(error) !== '' || isOpenFailure(error);
  if (unusable) return new HoldfastError('HF2003', message, { cause: error });
  return new HoldfastError('HF9000', message, { cause: error });
}

function rawCode(error: unknown): number {
  const raw = error instanceof Error && 'rawCode' in error ? error.rawCode : 0;
  return typeof raw === 'number' ? raw : 0;
}

function fileCode(error: unknown): string {
  if (!(error instanceof Error) || !('code' in error) || !('syscall' in error)) return '';
  return typeof error.code === 'string' ? error.code : '';
}

/** The constructor of libsql throws a plain Error without a code. */
function isOpenFailure(error: unknown): boolean {
  return error instanceof Error && error.message.includes('ConnectionFailed');
}
