import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { launchOf } from '../../../test/support/runtime.ts';
import { isSafeId, type LifeRecord, parseRecord } from './record.ts';

const RECORD: LifeRecord = {
  format: 1,
  launchId: 'web-1.1.abcd',
  launch: launchOf(['true']),
  startedAt: 1,
  bootId: 'b',
  logOffset: 0,
  verdict: null,
  exit: null,
};

describe('parseRecord', () => {
  it('reads what was written', () => {
    expect(parseRecord(JSON.stringify(RECORD), 'web-1')).toEqual(RECORD);
  });

  it('says what is wrong, whatever is missing or of another type', () => {
    expect(parseRecord(JSON.stringify(RECORD), 'web-2')).toMatch(/names "web-1"/);
    for (const field of Object.keys(RECORD)) {
      const { [field as keyof LifeRecord]: _, ...rest } = RECORD;
      expect(parseRecord(JSON.stringify(rest), 'web-1'), field).toBeTypeOf('string');
    }
    expect(parseRecord(JSON.stringify({ ...RECORD, launchId: '../../etc/x' }), 'web-1')).toBeTypeOf('string');
  });

  it('never throws: cut off anywhere it is corrupt', () => {
    const text = JSON.stringify(RECORD);
    const isRefused = (broken: string): void => {
      expect(parseRecord(broken, 'web-1')).toBeTypeOf('string');
    };
    fc.assert(fc.property(fc.nat(text.length - 1), (end) => isRefused(text.slice(0, end))));
    fc.assert(fc.property(fc.json(), isRefused));
  });
});

it('ids that are file names and nothing else are safe', () => {
  for (const id of ['web-1', 'a', 'A.b_c-9']) expect(isSafeId(id)).toBe(true);
  for (const id of ['', '.', '..', '.lives', '../x', 'a/b', 'a\0', '-x', 'a b']) expect(isSafeId(id), id).toBe(false);
});
