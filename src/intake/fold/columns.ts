/** Spans between decoding and folding, as growing typed columns: adding one makes no object. */
import type { SpanColumns, SpanRow } from '../contract.ts';

/** Bits of a row's flags: kind in the lowest two. */
export const KIND_MASK = 3;
export const ERROR = 4;
export const CERTAIN = 8;
/** entity, peer, idLow, idHigh, parentLow, parentHigh, durationUs, flags */
export const STRIDE = 8;
const MAX_DURATION_US = 2 ** 31 - 1;
/** Kept for the next batch; beyond it (a very large batch) the memory is given back. */
const KEEP_ROWS = 16_384;

export class SpanBuffer implements SpanColumns {
  rows = new Int32Array(256 * STRIDE);
  length = 0;

  add(span: SpanRow): void {
    let at = this.length * STRIDE;
    if (at === this.rows.length) this.#grow();
    const rows = this.rows;
    rows[at++] = span.entity;
    rows[at++] = span.peer;
    rows[at++] = span.idLow;
    rows[at++] = span.idHigh;
    rows[at++] = span.parentLow;
    rows[at++] = span.parentHigh;
    rows[at++] = span.durationUs > 0 ? Math.min(span.durationUs, MAX_DURATION_US) : 0;
    rows[at] = span.kind | (span.error ? ERROR : 0) | (span.peerCertain ? CERTAIN : 0);
    this.length++;
  }

  reset(): void {
    this.length = 0;
    if (this.rows.length > KEEP_ROWS * STRIDE) this.rows = new Int32Array(256 * STRIDE);
  }

  #grow(): void {
    const larger = new Int32Array(this.rows.length * 2);
    larger.set(this.rows);
    this.rows = larger;
  }
}

/**
 * Span ids are unique only within a trace, and parents are only ever looked for in the same one: so the trace's low
 * half goes into the key. Multiplied and rotated as in MurmurHash3, because ids that count up are alike in both.
 * 0 stays 0, it means "none".
 */
export function mixIds(span: number, trace: number): number {
  if (span === 0) return 0;
  const k = Math.imul(span, 0xcc9e2d51);
  const mixed = ((k << 15) | (k >>> 17)) ^ Math.imul(trace, 0x9e3779b1);
  return mixed === 0 ? 1 : mixed;
}
