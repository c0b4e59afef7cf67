import { describe, expect, it } from 'vitest';
import type { PlanResult } from '../api/resources.ts';
import { noticeText, planText } from './plan-text.ts';
import { styleFor } from './terminal.ts';
import { ago, bytes, millis, percent, plural, rate } from './text.ts';

const PLAIN = styleFor(false);

describe('text', () => {
  it('keeps small shares visible and large ones short', () => {
    expect([0, 0.00004, 0.004, 0.012, 0.5, 1].map(percent)).toEqual(['0%', '<0.01%', '0.40%', '1.2%', '50%', '100%']);
  });

  it('writes sizes, rates and times with three digits at most', () => {
    expect([null, 512, 1536, 52_428_800, 3 * 2 ** 40].map(bytes)).toEqual(['-', '512B', '1.5K', '50M', '3.0T']);
    expect([0.44, 12.5, 1234.4].map(rate)).toEqual(['0.4', '13', '1234']);
    expect([0.2, 12.4, 1500].map(millis)).toEqual(['0.2ms', '12ms', '1.5s']);
    expect(ago('2026-01-01T00:00:00Z', Date.parse('2026-01-01T01:05:00Z'))).toBe('1h5m');
    expect([plural(1, 'entry', 'entries'), plural(2, 'entry', 'entries')]).toEqual(['1 entry', '2 entries']);
  });
});

describe('a plan', () => {
  const plan: PlanResult = {
    index: 3,
    system: 'shop',
    notices: [],
    policy: ['mode: auto → observe'],
    empty: false,
    changes: [
      { service: 'cart', change: 'none', fields: [], effect: 'nothing' },
      { service: 'mailer', change: 'add', fields: [], effect: 'start 1 instance' },
      { service: 'payments', change: 'update', fields: ['environment.RATE: "5" → "0"'], effect: 'replace 3 instances' },
    ],
  };

  it('lists what changes and how, and leaves out what does not', () => {
    expect(planText(plan, PLAIN)).toBe(`shop: 1 to add, 1 to change, policy to change (3 services)
~ policy: mode: auto → observe
+ mailer: start 1 instance
~ payments: replace 3 instances
    environment.RATE: "5" → "0"`);
  });

  it('says so when nothing would change', () => {
    expect(planText({ ...plan, empty: true }, PLAIN)).toBe('shop is as the file says: nothing would change.');
  });

  it('places a notice and says what happens instead', () => {
    const notice = {
      code: 'HF1',
      file: 'c.yaml',
      line: 3,
      column: 5,
      service: 'a',
      what: '`gpus` is ignored',
      instead: 'none',
    };
    expect(noticeText(notice, PLAIN)).toBe('note c.yaml:3:5: `gpus` is ignored; none');
  });
});
