import { describe, expect, it } from 'vitest';
import { amount, spread } from './spread.ts';

const step = (from: string, to: string, value: number) => ({ from, to, amount: value });

describe('how damage spread', () => {
  it('puts the cause left, the users right, and everybody between one call further each', () => {
    const { boxes, lines, columns, rows } = spread([
      step('db', 'pay', 10),
      step('db', 'users', 1),
      step('pay', 'shop', 9),
      step('pay', 'admin', 2),
      step('shop', 'users', 8),
    ]);
    const at = Object.fromEntries(boxes.map(({ name, column, row }) => [name, [column, row]]));
    expect(at).toEqual({ db: [0, 0], pay: [1, 0], users: [3, 0], shop: [2, 0], admin: [2, 1] });
    expect([columns, rows, lines.length]).toEqual([4, 2, 5]);
  });

  it('draws no line back', () => {
    expect(spread([step('a', 'b', 1), step('b', 'a', 1)]).lines).toHaveLength(1);
    expect(spread([])).toMatchObject({ boxes: [], lines: [], columns: 1, rows: 0 });
  });

  it('rounds as people do', () => {
    expect([amount(0.04), amount(12.34), amount(315.2)]).toEqual(['0.0', '12.3', '315']);
  });
});
