/** Time stamps that come as text or number, in whatever unit their protocol has. */

/** ISO 8601 → ms; `otherwise` when it is not one, or is the zero date that Go prints for "never". */
export function isoMs(text: unknown, otherwise: number): number {
  const parsed = typeof text === 'string' ? Date.parse(text) : Number.NaN;
  return Number.isNaN(parsed) || parsed <= 0 ? otherwise : parsed;
}

/** Seconds with a fraction, as number or text → ms. */
export function secondsMs(value: unknown, otherwise: number): number {
  const seconds =
    typeof value === 'number' ? value : typeof value === 'string' && value.trim() !== '' ? Number(value) : Number.NaN;
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1_000 : otherwise;
}
