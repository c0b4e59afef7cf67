import { describe, expect, it } from 'vitest';
import { fold, visibleWidth, widthOf } from './fold.ts';
import { styleFor } from './terminal.ts';

describe('lines folded to a terminal', () => {
  it('break between words, below the text after a mark', () => {
    expect(fold('◐ cart is degraded: store-1 answers slowly', 24)).toBe(
      '◐ cart is degraded:\n  store-1 answers slowly',
    );
    expect(fold('→ nothing to fold', 24)).toBe('→ nothing to fold');
  });

  it('keep a table a table: the last column goes on in its place', () => {
    const rows = 'ID     TEXT\ninc-1  gateway-2 was killed by SIGKILL and restarted';
    expect(fold(rows, 34)).toBe('ID     TEXT\ninc-1  gateway-2 was killed by\n       SIGKILL and restarted');
  });

  it('put a last column that has no room below its row', () => {
    const row = `${'slow.objective.fast:service/gateway'.padEnd(40)}  alone  gateway misses its objective`;
    expect(fold(row, 50)).toBe(
      `${'slow.objective.fast:service/gateway'.padEnd(40)}  alone\n    gateway misses its objective`,
    );
    const narrow = `${'inc-5'.padEnd(30)}  web-1: killed by SIGKILL`;
    expect(fold(narrow, 50)).toBe('inc-5\n    web-1: killed by SIGKILL');
  });

  it('count no escape sequence, lose nothing, and leave pipes alone', () => {
    const text = `  ${styleFor(true).dim('blind spot')}   ${'a fast leak may pass its limit for a moment '.repeat(3)}end`;
    const folded = fold(text, 60);
    expect(Math.max(...folded.split('\n').map(visibleWidth))).toBeLessThanOrEqual(60);
    expect(folded.replace(/\s+/g, ' ')).toBe(text.replace(/\s+/g, ' '));
    expect(fold(text, widthOf({ columns: 60 }))).toBe(text);
    expect(fold(`x ${'y'.repeat(80)}`, 40)).toBe(`x\n${'y'.repeat(80)}`);
  });
});
