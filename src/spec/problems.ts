/** Collects everything wrong with a spec, so that one run shows all of it, and everything it asks for in vain. */
import type { ErrorCode } from '../model/error-codes.ts';
import { HoldfastError, type SourcePosition } from '../model/errors.ts';
import type { SpecNotice } from '../model/spec.ts';
import { type Place, positionOf } from './tree.ts';

/** Errors shown at once; what lies behind a hundred errors is seldom read. */
const MAX_ERRORS = 100;
/** Kept at most: enough to find the first hundred in reading order, whatever the order they were found in. */
const MAX_KEPT = 2_000;

/**
 * The kinds of notices. not-started: a service is left out; not-honoured: a key has no effect here; translated: it
 * has another form here; unset-variable; set-by-holdfast: a value that instances get otherwise; host-name: an
 * address that only containers can resolve; own-port: a port that instances do not have; not-yet: understood, but nothing acts upon it in this release.
 */
export type NoticeCode =
  | 'not-started'
  | 'not-honoured'
  | 'translated'
  | 'unset-variable'
  | 'set-by-holdfast'
  | 'host-name'
  | 'own-port'
  | 'not-yet';

export class Problems {
  readonly #errors = new Map<string, HoldfastError>();
  readonly #notices = new Map<string, SpecNotice>();

  /** The same complaint about the same place is kept once: anchors bring one place into many services. */
  error(code: ErrorCode, message: string, place: Place | null, remedy?: string): void {
    const at = place === null ? undefined : positionOf(place);
    this.errorAt(code, message, at, remedy);
  }

  errorAt(code: ErrorCode, message: string, at: SourcePosition | undefined, remedy?: string): void {
    const key = `${at?.file}:${at?.line}:${at?.column}:${code}:${at ? '' : message}`;
    if (this.#errors.has(key) || this.#errors.size >= MAX_KEPT) return;
    const details = { ...(at ? { at } : {}), ...(remedy === undefined ? {} : { remedy }) };
    this.#errors.set(key, new HoldfastError(code, message, details));
  }

  notice(code: NoticeCode, place: Place, service: string | null, what: string, instead: string): void {
    const key = `${code} ${service} ${what}`;
    if (this.#notices.has(key)) return;
    this.#notices.set(key, { code, ...positionOf(place), service, what, instead });
  }

  /** Was anything said about just this place? Then what follows from it need not be said too. */
  hasErrorAt(place: Place): boolean {
    const { file, line, column } = positionOf(place);
    return [...this.#errors.values()].some(({ at }) => at?.file === file && at.line === line && at.column === column);
  }

  /** More than is shown: suggestions, which cost the most, are no longer worth it. */
  get isMany(): boolean {
    return this.#errors.size > MAX_ERRORS;
  }

  get failed(): boolean {
    return this.#errors.size > 0;
  }

  get notices(): readonly SpecNotice[] {
    return [...this.#notices.values()].sort(
      (a, b) => compare(a.file, b.file) || a.line - b.line || a.column - b.column || compare(a.service, b.service),
    );
  }

  /** The first in reading order is thrown; the others travel with it. `file` is the main file: its errors first. */
  throwIfAny(file: string): void {
    const sorted = [...this.#errors.values()].sort((a, b) => byPosition(a, b, file));
    const [first, ...others] = sorted.slice(0, MAX_ERRORS);
    if (first === undefined) return;
    const { code, message, remedy, at } = first;
    throw new HoldfastError(code, message, { remedy, others, ...(at ? { at } : {}) });
  }
}

function byPosition(a: HoldfastError, b: HoldfastError, main: string): number {
  if (!a.at || !b.at) return Number(a.at === undefined) - Number(b.at === undefined);
  if (a.at.file !== b.at.file) {
    if (a.at.file === main) return -1;
    return b.at.file === main ? 1 : compare(a.at.file, b.at.file);
  }
  return a.at.line - b.at.line || a.at.column - b.at.column;
}

/** By code units, not by locale: the order must be the same everywhere. */
export function compare(a: string | null, b: string | null): number {
  if (a === b) return 0;
  return (a ?? '') < (b ?? '') ? -1 : 1;
}
