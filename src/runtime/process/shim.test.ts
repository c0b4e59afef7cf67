import { describe, expect, it } from 'vitest';
import { BLANK_EXIT, parseExitFile, signalOf } from './shim.ts';

const written = (text: string): string => text + BLANK_EXIT.slice(text.length);

describe('exit file', () => {
  it.each([
    ['0 12.34 .\n', 0, null],
    ['3 12.34 .\n', 3, null],
    ['Killed\n137 12.34 .\n', 137, 9],
    ['137 12.34 .\n', 137, null],
    ['Segmentation fault (core dumped)\n139 12.34 .\n', 139, 11],
    ['holdfast: line 11: 7 Killed   ( "$@" ) 2>&3 3>&-\n137 1.0 .\n', 137, 9],
    ['143 12.34 .\n', 143, 15],
    ['130 12.34 .\n', 130, 2],
    ['255 12.34 .\n', 255, null],
  ])('%j', (text, status, signal) => {
    const file = parseExitFile(written(text));
    expect(file?.status).toBe(status);
    expect(file && signalOf(file)).toBe(signal);
  });

  it('is no end until the last line is complete', () => {
    for (const text of ['', 'Killed\n', '137', '137 12.', '137 12.34', '137 12.34 ']) {
      expect(parseExitFile(written(text)), text).toBeUndefined();
    }
  });

  it('does without the time where it is not told', () => {
    expect(parseExitFile(written('0 - .\n'))?.uptimeSec).toBeNull();
    expect(parseExitFile(written('0 12.34 .\n'))?.uptimeSec).toBe(12.34);
  });
});
