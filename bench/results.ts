/** Result rows of benches that name root causes: what came first, what was named, and that by kind of fault. */
import { calibrationOf } from './calibration.ts';
import type { BenchRow } from './contract.ts';

export interface Result {
  readonly fault: string;
  readonly first: boolean;
  readonly third: boolean;
  readonly confidence: number;
  /** The diagnosis is not inconclusive. */
  readonly named: boolean;
  /** Absent where the bench does not ask for it. */
  readonly rightClass?: boolean;
}

export interface ResultTargets {
  readonly first?: number;
  readonly class?: number;
}

/** `id` begins the ids, `what` the texts of the rows; `cases`: what one result is of, in the plural. */
export function resultRows(
  { id, what, cases }: { readonly id: string; readonly what: string; readonly cases: string },
  results: readonly Result[],
  targets: ResultTargets = {},
): BenchRow[] {
  const row = (name: string, text: string, value: number, target?: number, note?: string): BenchRow => ({
    id: `${id}.${name.replaceAll(' ', '-')}`,
    what: `${what}: ${text}`,
    value,
    unit: '',
    target: target ?? null,
    pass: target === undefined ? null : value >= target,
    ...(note === undefined ? {} : { note }),
  });
  const named = results.filter((one) => one.named);
  const classed = results.some(({ rightClass }) => rightClass !== undefined);
  const { error, bins } = calibrationOf(results.map(({ confidence, first }) => ({ confidence, right: first })));
  const faults = [...new Set(results.map(({ fault }) => fault))];
  return [
    row('top1', 'cause first', shareOf(results, isFirst), targets.first, `${results.length} ${cases}`),
    row('top3', 'cause among the first three', shareOf(results, isThird)),
    ...(classed ? [row('class', 'right fault class', shareOf(results, hasClass), targets.class)] : []),
    row('named', 'a cause is named', named.length / Math.max(1, results.length)),
    row('named.right', 'named causes that are right', shareOf(named, isFirst)),
    row('calibration', 'mean gap between confidence and hits', error, undefined, `confidence→hits: ${bins.join(', ')}`),
    ...faults.map((fault) => {
      const of = results.filter((one) => one.fault === fault);
      const third = `among the first three ${shareOf(of, isThird).toFixed(2)}`;
      const note = classed ? `${third}, class right ${shareOf(of, hasClass).toFixed(2)}` : third;
      return row(fault, `${fault}: cause first`, shareOf(of, isFirst), undefined, note);
    }),
  ];
}

const isFirst = ({ first }: Result): boolean => first;
const isThird = ({ third }: Result): boolean => third;
const hasClass = ({ rightClass }: Result): boolean => rightClass === true;

export function shareOf<T>(of: readonly T[], wanted: (one: T) => boolean): number {
  return of.filter(wanted).length / Math.max(1, of.length);
}
