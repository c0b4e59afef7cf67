import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { type Rig, rig, WALL_MS } from '../testing/rig.ts';
import { takeLines } from './index.ts';
import { StatsdWindow } from './window.ts';

let open: Rig | undefined;
afterEach(() => open?.hub.close());

function tell(lines: string, limits = {}): Rig {
  open = rig(limits);
  const window = new StatsdWindow(open.hub);
  const batch = open.hub.batch('statsd');
  takeLines(lines, '10.0.0.1', window, open.hub, batch);
  window.flush(batch);
  batch.commit();
  return open;
}

describe('statsd lines', () => {
  it('are added up over a window', () => {
    const it = tell('a:1|c\na:2|c|@0.5\nb:3|g\nb:7|g|#env:prod,canary\nb:-4|g\nu:x|s\nu:y|s\nu:x|s\n');
    expect(it.points()).toEqual(['a{} 5', 'b{} -4', 'b{canary=true,env=prod} 7', 'u{} 2']);
    expect(it.batches[0]?.points.series.map(({ kind }) => kind)).toEqual(['delta', 'gauge', 'gauge', 'gauge']);
  });

  it('timers become count, sum, largest and quantiles', () => {
    const it = tell(Array.from({ length: 100 }, (_, n) => `t:${n + 1}|ms|#service:shop`).join('\n'));
    const values = Object.fromEntries(it.points().map((point) => point.split('{service=shop} ') as [string, string]));
    expect(values).toMatchObject({ t_count: '100', t_sum: '5050', t_max: '100' });
    expect(Number(values.t_p50)).toBeCloseTo(50, -1);
    expect(Number(values.t_p99)).toBeGreaterThan(90);
    expect(it.batches[0]?.points.series[0]?.source).toBe('shop');
    expect(tell('h:1:2:3|h|@0.1').points().slice(0, 2)).toEqual(['h_count{} 30', 'h_sum{} 60']);
  });

  it('points with a time keep it', () => {
    const it = tell('a:1|c|T1656581400|#k:v');
    expect(it.batches[0]?.points.wallMs).toEqual([1_656_581_400_000]);
  });

  it('events are changes, their lengths in bytes or, as some clients count, in UTF-16 units', () => {
    for (const length of [9, 8]) {
      const it = tell(`_e{${length},10}:Über-dep|two\\nlines|d:1700000000|h:web|t:error|s:ci|#service:shop,env:prod`);
      expect(it.batches[0]?.changes).toEqual([
        {
          wallMs: 1_700_000_000_000,
          title: 'Über-dep',
          text: 'two\nlines',
          who: 'ci',
          services: ['shop'],
          labels: { service: 'shop', env: 'prod', alert_type: 'error' },
        },
      ]);
    }
  });

  it('service checks are checks', () => {
    const it = tell('_sc|db.up|2|h:web|#service:db|m:no | answer\n_sc|db.up|0');
    expect(it.batches[0]?.checks).toMatchObject([
      { check: 'db.up', state: 'critical', subject: 'db', text: 'no | answer' },
      { check: 'db.up', state: 'ok', subject: '', wallMs: WALL_MS },
    ]);
  });

  it('that are wrong cost themselves only', () => {
    const it = tell('a:1|c\nb\n:1|c\nc:x|c\nd:1|q\ne:1|c|@0\nf:1|c|@7\n_sc|x|9\n_e{1}:a\ng:|c\nlast:2|c');
    expect(it.points()).toEqual(['a{} 1', 'last{} 2']);
    expect(it.hub.meter.total('points', 'malformed')).toBe(9);
  });

  it('that invent tags find an end', () => {
    const many = Array.from({ length: 50 }, (_, n) => `a:1|c|#user:${n}`).join('\n');
    const it = tell(many, { maxSeriesPerSource: 5 });
    expect(it.points()).toHaveLength(5);
    expect(it.hub.meter.total('points', 'too-many-series')).toBe(45);
  });

  it('never throw, whatever they are', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'_e{}sc|:@#T1,a.\nm'), maxLength: 30 }), (text) => {
        tell(text).hub.close();
      }),
      { numRuns: 1_000 },
    );
  });
});
