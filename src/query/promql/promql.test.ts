import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SeriesStore } from '../series-store.ts';
import { QueryError } from './errors.ts';
import { queryInstant, queryRange } from './evaluate.ts';
import { parse } from './parse.ts';

const NOW = 1_700_000_000_000;

function store(): SeriesStore {
  const kept = new SeriesStore();
  for (let n = 0; n <= 60; n++) {
    const at = NOW - (60 - n) * 15_000;
    for (const [job, slope] of [
      ['api', 30],
      ['db', 3],
    ] as const) {
      // The counter of db begins anew in the middle.
      kept.put('calls_total', { job }, 'counter', at, (job === 'db' && n >= 30 ? n - 30 : n) * slope);
      kept.put('queue', { job, zone: 'a' }, 'gauge', at, slope);
    }
    kept.put('limit', { job: 'api', team: 'red' }, 'gauge', at, 60);
    for (const [le, share] of [
      ['0.1', 0.5],
      ['1', 0.9],
      ['+Inf', 1],
    ] as const)
      kept.put('seconds_bucket', { le }, 'counter', at, n * share * 10);
  }
  return kept;
}

/** `{labels} value` of each sample. */
function ask(query: string, at = NOW): string[] {
  const result = queryInstant(query, at, store());
  if (result.type === 'scalar') return [String(result.value)];
  if (result.type !== 'vector') throw new Error(result.type);
  return result.samples.map(({ labels: { __name__ = '', ...labels }, value }) => {
    const text = Object.entries(labels).map(([key, label]) => `${key}=${label}`);
    return `${__name__}{${text.sort().join(',')}} ${Number(value.toPrecision(6))}`;
  });
}

describe('queries', () => {
  it.each([
    ['queue', ['queue{job=api,zone=a} 30', 'queue{job=db,zone=a} 3']],
    ['queue{job=~"a.*"}', ['queue{job=api,zone=a} 30']],
    ['queue{job!="api"} offset 5m', ['queue{job=db,zone=a} 3']],
    ['rate(calls_total[5m])', ['{job=api} 2', '{job=db} 0.2']],
    ['increase(calls_total{job="db"}[15m])', ['{job=db} 177']],
    ['sum(rate(calls_total[5m]))', ['{} 2.2']],
    ['sum by (job) (queue) / on (job) limit', ['{job=api} 0.5']],
    ['queue * on (job) group_left (team) limit', ['{job=api,team=red,zone=a} 1800']],
    ['topk(1, queue)', ['queue{job=api,zone=a} 30']],
    ['queue > 10', ['queue{job=api,zone=a} 30']],
    ['queue > bool 10', ['{job=api,zone=a} 1', '{job=db,zone=a} 0']],
    ['queue unless on (job) limit', ['queue{job=db,zone=a} 3']],
    ['histogram_quantile(0.5, rate(seconds_bucket[5m]))', ['{} 0.1']],
    ['histogram_quantile(0.7, rate(seconds_bucket[5m]))', ['{} 0.55']],
    ['max_over_time(queue{job="db"}[1m])', ['{job=db,zone=a} 3']],
    ['count without (zone) (queue)', ['{job=api} 1', '{job=db} 1']],
    ['absent(nothing{job="x"})', ['{job=x} 1']],
    ['-2 ^ 2 + 10 % 4', ['-2']],
    ['2 ^ 3 ^ 2', ['512']],
    ['label_replace(limit, "kind", "$1!", "team", "(r.*)")', ['limit{job=api,kind=red!,team=red} 60']],
  ])('%s', (query, expected) => {
    expect(ask(query)).toEqual(expected);
  });

  it('over a range are asked at every step, and an old sample is not shown for ever', () => {
    const result = queryRange('queue{job="db"}', NOW, NOW + 600_000, 60_000, store());
    expect(result.type === 'matrix' && result.series[0]?.points.map(([at]) => (at - NOW) / 60_000)).toEqual([
      0, 1, 2, 3, 4, 5,
    ]);
    expect(ask('queue', NOW + 300_001)).toEqual([]);
  });

  it('within others are asked at multiples of their step, and @ holds them to a moment', () => {
    const at = (query: string): unknown[] => {
      const result = queryInstant(query, NOW + 7_000, store());
      return result.type === 'matrix' ? result.series.map(({ points }) => points.map(([time]) => time)) : [];
    };
    const tens = [-20, -10, 0].map((seconds) => Math.floor((NOW + 7_000) / 10_000) * 10_000 + seconds * 1_000);
    expect(at('queue{job="db"}[27s:10s]')).toEqual([tens]);
    expect(at(`queue{job="db"}[27s:10s] @ ${(NOW + 7_000) / 1_000}`)).toEqual([tens]);
    expect(ask(`queue @ ${NOW / 1_000}`, NOW + 9_000_000)).toEqual(ask('queue'));
    expect(() => queryInstant('sum_over_time(vector(1)[1y:1s])', NOW, store())).toThrow(/too many steps/);
  });

  it.each([
    ['sum(', /^invalid parameter "query": 1:5: parse error: /],
    ['rate(queue)', /expected type range vector in call to function "rate", got instant vector/],
    ['nope(queue)', /unknown function with name "nope"/],
    ['constructor(queue)', /unknown function with name "constructor"/],
    ['queue constructor queue', /unexpected word "constructor"/],
    ['{job=~".*"}', /at least one non-empty matcher/],
    ['time()[5m:1m]', /subquery is only allowed on instant vector, got scalar instead/],
    ['queue[5m:0s]', /duration must be greater than 0/],
    ['queue @ 5 @ 6', /may not be set multiple times/],
    ['sum(queue) @ 5', /@ modifier must be preceded by/],
    ['queue @ start', /expected "\("/],
    ['1 == 1', /comparisons between scalars must use BOOL modifier/],
    ['queue{job=~"(a+)+"}', /repetitions within repetitions/],
    ['"open', /unterminated quoted string/],
  ])('%s is refused with a reason', (query, reason) => {
    expect(() => parse(query)).toThrow(QueryError);
    expect(() => parse(query)).toThrow(reason);
  });

  it.each([
    ['limit + on (zone) queue', /many-to-many matching not allowed/],
    ['queue - on (zone) sum by (zone) (queue)', /many-to-one matching must be explicit/],
    ['label_replace(sum by (job) (queue), "job", "same", "job", ".*")', /same labelset/],
  ])('%s fails while it is carried out', (query, reason) => {
    const run = (): unknown => queryInstant(query, NOW, store());
    expect(run).toThrow(QueryError);
    expect(run).toThrow(reason);
  });

  it('too many points are refused, and nothing but an error of ours comes of any text', () => {
    expect(() => queryRange('queue', 0, NOW, 1_000, store())).toThrow(/exceeded maximum resolution of 11,000 points/);
    const words = [
      'sum',
      'by',
      '(',
      ')',
      'queue',
      '{',
      '}',
      'job',
      '=',
      '=~',
      '"x"',
      '[5m]',
      'offset',
      '1m',
      '-',
      '^',
      '1',
      ',',
      'rate',
      'on',
      'bool',
      '>',
      'and',
    ];
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(fc.constantFrom(...words)).map((all) => all.join(' ')),
        ),
        (text) => {
          try {
            queryInstant(text, NOW, store());
          } catch (error) {
            expect(error).toBeInstanceOf(QueryError);
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('the series that are kept', () => {
  it('have names that Prometheus allows, and say whose they are', () => {
    const kept = new SeriesStore();
    const labels = { 'service.name': 'books', 'service.instance.id': 'books-1', 'http.route': '/a' };
    kept.add({ id: 1, name: 'http.server.duration', labels, kind: 'gauge', unit: 's', source: 'books' }, NOW, 5);
    const [series] = [...kept.select([])];
    expect(series?.labels).toEqual({
      __name__: 'http_server_duration',
      http_route: '/a',
      instance: 'books-1',
      job: 'books',
      service_instance_id: 'books-1',
      service_name: 'books',
    });
    expect(kept.describe('http_server_duration')).toEqual([{ name: 'http_server_duration', kind: 'gauge', unit: 's' }]);
  });

  it('forget what is old, keep one sample a step, and are bounded', () => {
    const kept = new SeriesStore({ keepMs: 60_000, stepMs: 5_000, maxSamples: 1_000 });
    for (let ms = 0; ms < 120_000; ms += 1_000) kept.put('a', {}, 'gauge', NOW + ms, ms);
    const [series] = [...kept.select([])];
    expect(series?.length).toBeLessThanOrEqual(26);
    expect(series?.valueAt((series?.length ?? 0) - 1)).toBe(119_000);
    kept.sweep(NOW + 120_000);
    expect(series?.timeAt(0)).toBeGreaterThanOrEqual(NOW + 60_000);
    for (let n = 0; n < 2_000; n++) kept.put(`b${n}`, {}, 'gauge', NOW + 120_000, 1);
    expect(kept.refused).toBeGreaterThan(900);
    // A series costs more than its samples: names that are invented one by one do not fill the memory.
    expect(kept.size).toBeLessThan(1_000 / 40);
    kept.sweep(NOW + 400_000);
    expect([kept.size, kept.describe()]).toEqual([0, []]);
    kept.put('c', {}, 'gauge', NOW + 400_000, 1);
    expect(kept.size).toBe(1);
  });
});
