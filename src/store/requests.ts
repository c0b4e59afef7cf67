/**
 * Refuses what no engine could honour, before any engine sees it, with the same words everywhere: HF2013 and what is
 * wrong. A key that only one engine accepts would make a system impossible to move to another.
 */
import { HoldfastError } from '../model/errors.ts';
import { type Compare, LIMITS, type Operation, type Transaction } from './contract.ts';

/** Printable ASCII without space: bytes, characters and sort order then mean the same in every engine. */
const KEY = /^(?:\/[!-.0-~]+)+$/;
const PREFIX = /^(?:$|\/[!-~]*$)/;
const LONE_SURROGATE = /\p{Surrogate}/u;

export function checkKey(key: string): void {
  if (key.length > LIMITS.keyBytes) {
    throw refused(`key is ${key.length} bytes long, the limit is ${LIMITS.keyBytes}: ${quote(key)}`);
  }
  if (!KEY.test(key)) {
    throw refused(
      `${quote(key)} is not a key: write /a/b/c in printable ASCII, with no empty part and no slash at the end`,
    );
  }
  if (key.includes('/.') && key.split('/').some((part) => part === '.' || part === '..')) {
    throw refused(`${quote(key)} is not a key: the parts "." and ".." have no meaning here`);
  }
}

export function checkPrefix(prefix: string): void {
  if (prefix.length > LIMITS.keyBytes || !PREFIX.test(prefix)) {
    throw refused(`${quote(prefix)} is not a prefix: it must begin with / and be printable ASCII, or be empty`);
  }
}

export function checkTransaction(transaction: Transaction): void {
  for (const [part, count] of [
    ['comparisons', transaction.when.length],
    ['operations', transaction.change.length],
    ['operations otherwise', transaction.otherwise.length],
  ] as const) {
    if (count > LIMITS.operations)
      throw refused(`${count} ${part} in one transaction, the limit is ${LIMITS.operations}`);
  }
  for (const compare of transaction.when) checkCompare(compare);
  checkBranch(transaction.change);
  checkBranch(transaction.otherwise);
}

export function checkLease(ttlMs: number): void {
  if (!Number.isFinite(ttlMs) || ttlMs < LIMITS.minLeaseMs) {
    throw refused(`a lease of ${ttlMs} ms: the least is ${LIMITS.minLeaseMs} ms`);
  }
}

/** The page size that was asked for, or the default. */
export function checkLimit(limit: number | undefined): number {
  if (limit === undefined) return LIMITS.pageItems;
  if (!Number.isInteger(limit) || limit < 1 || limit > LIMITS.pageItems) {
    throw refused(`a page of ${limit} items: ask for 1 to ${LIMITS.pageItems}`);
  }
  return limit;
}

export function checkFromRevision(revision: number): void {
  if (!Number.isSafeInteger(revision) || revision < 1) {
    throw refused(`cannot watch from revision ${revision}: revisions are whole numbers from 1`);
  }
}

function checkCompare(compare: Compare): void {
  checkKey(compare.key);
  if ('revision' in compare && (!Number.isSafeInteger(compare.revision) || compare.revision < 1)) {
    throw refused(`cannot compare with revision ${compare.revision}: use "absent" for a key that is not there`);
  }
}

function checkBranch(operations: readonly Operation[]): void {
  const seen = new Set<string>();
  let bytes = 0;
  for (const operation of operations) {
    checkKey(operation.key);
    if (seen.has(operation.key)) throw refused(`${quote(operation.key)} is changed twice in one transaction`);
    seen.add(operation.key);
    bytes += operation.key.length;
    if (operation.op === 'put') bytes += checkValue(operation.key, operation.value);
  }
  if (bytes > LIMITS.transactionBytes) {
    throw refused(`a transaction of ${bytes} bytes, the limit is ${LIMITS.transactionBytes}`);
  }
}

/** Returns its size in bytes. */
function checkValue(key: string, value: string): number {
  const bytes = Buffer.byteLength(value);
  if (bytes > LIMITS.valueBytes) {
    throw refused(`value of ${quote(key)} is ${bytes} bytes long, the limit is ${LIMITS.valueBytes}`);
  }
  if (LONE_SURROGATE.test(value))
    throw refused(`value of ${quote(key)} is not well-formed Unicode: half a surrogate pair`);
  if (value.includes('\0')) throw refused(`value of ${quote(key)} holds a NUL character`);
  return bytes;
}

function refused(message: string): HoldfastError {
  return new HoldfastError('HF2013', message);
}

function quote(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 77)}…` : text);
}
