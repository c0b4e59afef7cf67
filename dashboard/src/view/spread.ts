/** How damage spread, laid out in columns: one call further from the cause is one column to the right. */
import type { Explanation } from '../../../src/api/resources.ts';

export interface SpreadBox {
  readonly name: string;
  readonly column: number;
  readonly row: number;
}

export interface SpreadLine {
  readonly from: SpreadBox;
  readonly to: SpreadBox;
  readonly amount: number;
}

export interface SpreadPicture {
  readonly boxes: readonly SpreadBox[];
  readonly lines: readonly SpreadLine[];
  readonly columns: number;
  readonly rows: number;
}

/** Users always stand last; a call back towards the cause is left out of the picture. */
export function spread(propagation: Explanation['propagation']): SpreadPicture {
  const columnOf = new Map<string, number>();
  for (const { from, to } of propagation) {
    if (!columnOf.has(from)) columnOf.set(from, 0);
    if (!columnOf.has(to)) columnOf.set(to, (columnOf.get(from) as number) + 1);
  }
  const inner = [...columnOf].filter(([name]) => name !== 'users').map(([, column]) => column);
  const lastColumn = Math.max(0, ...inner);
  if (columnOf.has('users')) columnOf.set('users', lastColumn + 1);
  const taken = new Map<number, number>();
  const boxes = new Map<string, SpreadBox>();
  for (const [name, column] of columnOf) {
    const row = taken.get(column) ?? 0;
    taken.set(column, row + 1);
    boxes.set(name, { name, column, row });
  }
  const lines = propagation.flatMap(({ from, to, amount: value }): SpreadLine[] => {
    const [left, right] = [boxes.get(from) as SpreadBox, boxes.get(to) as SpreadBox];
    return left.column < right.column ? [{ from: left, to: right, amount: value }] : [];
  });
  return {
    boxes: [...boxes.values()],
    lines,
    columns: Math.max(0, ...columnOf.values()) + 1,
    rows: Math.max(0, ...taken.values()),
  };
}

/** Requests are whole. */
export function amount(value: number, account: Explanation['account'] = null): string {
  return Math.abs(value) >= 100 || account?.unit === 'failed requests'
    ? Math.round(value).toString()
    : value.toFixed(1);
}
