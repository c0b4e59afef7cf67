import { describe, expect, it } from 'vitest';
import { visibleWidth } from './fold.ts';
import { clip, padEnd, styleFor, wantsColor } from './terminal.ts';

describe('terminal', () => {
  it('colours only a terminal, and obeys NO_COLOR, FORCE_COLOR and TERM=dumb', () => {
    expect(wantsColor({ isTTY: true }, {})).toBe(true);
    expect(wantsColor({ isTTY: false }, {})).toBe(false);
    expect(wantsColor({ isTTY: true }, { NO_COLOR: '1' })).toBe(false);
    expect(wantsColor({ isTTY: true }, { NO_COLOR: '1', FORCE_COLOR: '1' })).toBe(false);
    expect(wantsColor({ isTTY: false }, { FORCE_COLOR: '1' })).toBe(true);
    expect(wantsColor({ isTTY: true }, { TERM: 'dumb' })).toBe(false);
  });

  it('counts what is seen, not what is sent', () => {
    const red = styleFor(true).red('äöü');
    expect(visibleWidth(red)).toBe(3);
    expect(padEnd(red, 5)).toBe(`${red}  `);
  });

  it('clips to a width and never through an escape sequence', () => {
    const text = `${styleFor(true).green('abcdef')}gh`;
    expect(clip(text, 20)).toBe(text);
    expect(visibleWidth(clip(text, 4))).toBe(4);
    expect(clip(text, 4)).toContain('\u001b[39m');
  });
});
