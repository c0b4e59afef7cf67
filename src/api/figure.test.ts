import { describe, expect, it } from 'vitest';
import { leftAgoMs, leftAt } from './figure.ts';

const figure = { title: 'depth', unit: '', compared: '', stepMs: 10_000 };

describe('where a series left its baseline', () => {
  it.each([
    [[1, 2, 1, 9, 10], [1, 1, 1, 1, 1], 3],
    [[5, 5, 0, 0], [5, 5, 5, 5], 2],
    [[7, 7], [1, 1], 0],
    [[1, 1], [1, 1], null],
    [[1, 9], [], null],
    [[], [], null],
  ])('%j against %j: %s', (recent, baseline, at) => {
    expect(leftAt({ recent, baseline })).toBe(at);
  });

  it('is told as a time where values are evenly apart', () => {
    const shown = { ...figure, recent: [1, 1, 9, 9, 9], baseline: [1, 1, 1, 1, 1] };
    expect(leftAgoMs(shown)).toBe(20_000);
    expect(leftAgoMs({ ...shown, stepMs: null })).toBeNull();
    expect(leftAgoMs({ ...shown, baseline: [] })).toBeNull();
  });
});
