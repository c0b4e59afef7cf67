import { describe, expect, it } from 'vitest';
import { Random } from '../../model/random.ts';
import type { EntityRef } from '../../model/symptom.ts';
import type { Series, SeriesKind } from '../../model/telemetry.ts';
import { SeriesWatch } from './series.ts';

const WEB: EntityRef = { kind: 'instance', name: 'web-1', service: 'web' };
const START = 1_700_000_000_000;
const STEP = 10_000;
const same = (at: number): number => at;

function series(id: number, name: string, kind: SeriesKind = 'gauge', labels: Record<string, string> = {}): Series {
  return { id, name, kind, labels, unit: '', source: 'web' };
}

/** Noise around 10, then `odd` for a minute and a half. */
function feed(watch: SeriesWatch, one: Series, odd: number, samples = 1_500): number {
  const random = Random.seeded(one.id);
  let total = 0;
  for (let n = 0; n < samples; n++) {
    const value = n < samples - 9 ? 10 + random.float() : odd;
    total += value * (STEP / 1_000);
    watch.take(WEB, one, START + n * STEP, one.kind === 'counter' ? total : value);
  }
  return START + (samples - 1) * STEP;
}

describe('series of many senders', () => {
  it.each(['gauge', 'counter'] as const)(
    'an odd %s is claimed with its series and what it was compared with',
    (kind) => {
      const watch = new SeriesWatch();
      const now = feed(watch, series(1, 'depth', kind, { queue: 'orders', job: 'web' }), 300);
      const [found] = watch.candidates(now, same);
      expect(found?.claim).toMatchObject({ kind: 'anomalous', entity: WEB, resource: 'metrics', standing: 'advisory' });
      expect(found?.claim.summary).toBe('web-1: depth{queue="orders"} is unlike its past');
      expect(found?.claim.evidence[0]).toMatch(/times as far as usual/);
      expect(found?.claim.logP).toBeGreaterThan(3);
      expect(Math.max(...(found?.claim.figure?.recent ?? []))).toBeCloseTo(300, 0);
      expect(Math.max(...(found?.claim.figure?.baseline ?? []))).toBeLessThan(12);
      expect(found?.claim.onsetAt).toBeGreaterThan(now - 100_000);
    },
  );

  it('says nothing of what is usual, of buckets, and of what was odd long ago', () => {
    const watch = new SeriesWatch();
    const now = feed(watch, series(1, 'depth'), 10.5);
    feed(watch, series(2, 'latency_bucket', 'gauge', { le: '5' }), 300);
    expect(watch.size).toBe(1);
    expect(watch.candidates(now, same)).toEqual([]);
    feed(watch, series(3, 'other'), 300);
    expect(watch.candidates(now, same)).toHaveLength(1);
    expect(watch.candidates(now + 700_000, same)).toEqual([]);
  });

  it('several odd series of one instance are one claim, weakened by how many were looked at', () => {
    const watch = new SeriesWatch();
    feed(watch, series(1, 'a'), 300);
    const alone = watch.candidates(START + 1_499 * STEP, same)[0]?.claim.logP ?? 0;
    for (let id = 2; id <= 10; id++) feed(watch, series(id, `quiet${id}`), 10.5);
    const now = feed(watch, series(11, 'b'), 300);
    const found = watch.candidates(now, same);
    expect(found).toHaveLength(1);
    expect(found[0]?.claim.summary).toMatch(/^web-1: [ab] is unlike its past, and 1 more of its 11 series$/);
    expect(found[0]?.claim.logP).toBeLessThan(alone + 2);
  });

  it('judges so many and no more, and gives places back', () => {
    const watch = new SeriesWatch({ maxSeries: 2 });
    for (let id = 1; id <= 3; id++) watch.take(WEB, series(id, `s${id}`), START, 1);
    expect([watch.size, watch.unjudged]).toEqual([2, 1]);
    watch.candidates(START + 1_000_000, same);
    expect(watch.size).toBe(0);
  });

  it('judges so many of one instance, and leaves places for the others', () => {
    const watch = new SeriesWatch({ maxSeries: 5, maxPerEntity: 2 });
    for (let id = 1; id <= 4; id++) watch.take(WEB, series(id, `s${id}`), START, 1);
    watch.take({ kind: 'instance', name: 'web-2', service: 'web' }, series(9, 's'), START, 1);
    expect([watch.size, watch.unjudged]).toEqual([3, 2]);
  });

  it('a counter that begins anew, and numbers that are none, are no anomaly', () => {
    const watch = new SeriesWatch();
    const one = series(1, 'requests', 'counter');
    const now = feed(watch, one, 10.5);
    watch.take(WEB, one, now + STEP, 0);
    watch.take(WEB, one, now + 2 * STEP, Number.NaN);
    watch.take(WEB, one, now + 3 * STEP, 105);
    expect(watch.candidates(now + 3 * STEP, same)).toEqual([]);
  });
});
