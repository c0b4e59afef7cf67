/**
 * Time as the pure parts see it: a number that was handed in. `Ms` is milliseconds on a monotonic clock that all
 * Holdfast processes of one machine share (CLOCK_MONOTONIC), shifted so that it never runs backwards over restarts.
 * Wall-clock time exists only at the edges (API, CLI): wall = now + the offset that the last tick carried.
 */
export type Ms = number;

const UNITS: readonly (readonly [string, number])[] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
  ['ms', 1],
];

/** Compact human form of a duration: `850ms`, `1.5s`, `2m30s`, `1h5m`. Negative durations keep their sign. */
export function formatDuration(durationMs: Ms): string {
  if (durationMs < 0) return `-${formatDuration(-durationMs)}`;
  if (durationMs < 1_000) return `${Math.round(durationMs)}ms`;
  if (durationMs < 60_000) return `${trimZeros((durationMs / 1_000).toFixed(durationMs < 10_000 ? 2 : 1))}s`;
  let rest = Math.round(durationMs / 1_000) * 1_000;
  const parts: string[] = [];
  for (const [unit, size] of UNITS) {
    const count = Math.floor(rest / size);
    if (count > 0) parts.push(`${count}${unit}`);
    rest -= count * size;
    if (parts.length === 2) break;
  }
  return parts.join('');
}

function trimZeros(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

/**
 * Parses a Compose duration (`1m30s`, `250ms`, `1h`, `100us`) to milliseconds; undefined when it is not one.
 * A bare number is not a duration: the unit must be written.
 */
export function parseDuration(text: string): Ms | undefined {
  const match =
    /^(?:(\d+(?:\.\d+)?)d)?(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?(?:(\d+(?:\.\d+)?)(?:us|µs))?$/.exec(
      text.trim(),
    );
  if (!match || match.slice(1).every((group) => group === undefined)) return undefined;
  const [d, h, m, s, ms, us] = match.slice(1).map((group) => Number(group ?? 0)) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  return d * 86_400_000 + h * 3_600_000 + m * 60_000 + s * 1_000 + ms + us / 1_000;
}
