/** When a line was written, as it says itself: an RFC 3339 time near its beginning, as most programs write it. */

const STAMP = /\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?: ?(?:Z|[+-]\d\d:?\d\d))?/;
/** Further in, a time is more likely to be what the line is about. */
const LOOKED_AT = 120;

/** Ms since 1970; null when it does not say. A time without a zone is local time. */
export function lineTime(text: string): number | null {
  const found = STAMP.exec(text.length > LOOKED_AT ? text.slice(0, LOOKED_AT) : text)?.[0];
  if (found === undefined) return null;
  const time = Date.parse(found.replace(' ', 'T').replace(' ', '').replace(',', '.'));
  return Number.isNaN(time) ? null : time;
}
