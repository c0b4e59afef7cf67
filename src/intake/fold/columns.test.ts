import { describe, expect, it } from 'vitest';
import { mixIds } from './columns.ts';

describe('span ids mixed with their trace', () => {
  it('stay apart when both count up, in either byte order', () => {
    for (const shift of [0, 8, 16, 24]) {
      const seen = new Set<number>();
      for (let n = 1; n < 256; n++) seen.add(mixIds(n << shift, n << shift));
      expect(seen.size).toBe(255);
    }
  });
  it('keep "none"', () => {
    expect(mixIds(0, 77)).toBe(0);
    expect(mixIds(1, 0)).not.toBe(0);
  });
});
