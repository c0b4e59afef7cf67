/** Coverage: which fault has been tried on which service, and what came of it. What was not tried is shown as such. */
import type { Verdict, VerdictWord } from './verdict.ts';

const MARKS: Readonly<Record<VerdictWord, string>> = { confirmed: '✓', mismatch: '✗', inconclusive: '?' };
const WORST: readonly VerdictWord[] = ['mismatch', 'inconclusive', 'confirmed'];

export interface Coverage {
  /** Pairs of a fault and a service that were tried, and all there are. */
  readonly tried: number;
  readonly confirmed: number;
  readonly all: number;
}

type Words = Map<string, VerdictWord[]>;

/** Runs of several faults at once count for each of them. */
function collect(verdicts: readonly Verdict[]): Words {
  const cells: Words = new Map();
  for (const { faults, verdict } of verdicts) {
    const keys = new Set(faults.map(({ kind, service }) => key(kind, service ?? '')));
    for (const cell of keys) cells.set(cell, [...(cells.get(cell) ?? []), verdict]);
  }
  return cells;
}

const key = (kind: string, service: string): string => `${kind}\u0000${service}`;

export function coverage(
  verdicts: readonly Verdict[],
  kinds: readonly string[],
  services: readonly string[],
): Coverage {
  const cells = collect(verdicts);
  const found = kinds.flatMap((kind) => services.map((service) => cells.get(key(kind, service)) ?? []));
  return {
    tried: found.filter((words) => words.length > 0).length,
    confirmed: found.filter((words) => words.length > 0 && words.every((word) => word === 'confirmed')).length,
    all: kinds.length * services.length,
  };
}

/** A cell is its worst verdict, with the number of runs when there were several. */
export function grid(verdicts: readonly Verdict[], kinds: readonly string[], services: readonly string[]): string {
  const cells = collect(verdicts);
  const shown = (kind: string, service: string): string => {
    const words = cells.get(key(kind, service)) ?? [];
    const worst = WORST.find((word) => words.includes(word));
    if (worst === undefined) return '·';
    return words.length === 1 ? MARKS[worst] : `${MARKS[worst]}${words.length}`;
  };
  const first = Math.max(5, ...kinds.map((kind) => kind.length));
  const row = (head: string, of: (service: string) => string): string =>
    [head.padEnd(first), ...services.map((service) => of(service).padEnd(Math.max(3, service.length)))]
      .join('  ')
      .trimEnd();
  const { tried, confirmed, all } = coverage(verdicts, kinds, services);
  return [
    row('fault', (service) => service),
    ...kinds.map((kind) => row(kind, (service) => shown(kind, service))),
    `${confirmed} confirmed, ${tried} tried, of ${all}   ✓ confirmed  ✗ mismatch  ? inconclusive  · not tried`,
  ].join('\n');
}
