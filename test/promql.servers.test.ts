/**
 * Queries against Prometheus itself (Debian's): the same samples in both, the same questions to both, the same answers.
 * And promtool, its own client, against a running Holdfast.
 */
import { execFile, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { ApiFile } from '../src/api/resources.ts';
import { processesOf } from '../src/cli/leftovers.ts';
import { Random } from '../src/model/random.ts';
import { SeriesStore } from '../src/query/series-store.ts';
import { answer } from '../src/server/prometheus-api.ts';
import { cli } from './support/cli.ts';
import { ensureDebian } from './support/debian.ts';
import { ensureBuilt } from './support/paths.ts';
import { freePort } from './support/system.ts';

const run = promisify(execFile);
let directory: string;

beforeAll(async () => {
  ensureBuilt();
  await ensureDebian(['prometheus']);
  directory = realpathSync(mkdtempSync(join(tmpdir(), 'hf-promql-')));
}, 300_000);

afterAll(async () => {
  const stateDir = join(directory, '.holdfast');
  if (existsSync(join(stateDir, 'api.json'))) await cli(['down', '--yes'], { cwd: directory, timeoutMs: 60_000 });
  const left = processesOf(stateDir);
  for (const { pid } of left) process.kill(pid, 'SIGKILL');
  rmSync(directory, { recursive: true, force: true });
  expect(left).toEqual([]);
});

// The same moment in every run: where samples lie within a step decides about answers to the last digit.
const END = 1_772_366_400;
const KEPT = '--storage.tsdb.retention.time=100y';
const START = END - 3_600;

/** An hour of gauges with gaps, counters that begin anew, and a histogram; as OpenMetrics and in our store. */
function samples(): { readonly text: string; readonly store: SeriesStore } {
  const store = new SeriesStore({ stepMs: 1, keepMs: 1e12 });
  const random = Random.seeded(1);
  const lines: string[] = [];
  const family = (
    name: string,
    suffix: string,
    type: 'gauge' | 'counter',
    sets: readonly Readonly<Record<string, string>>[],
    value: (n: number, labels: Readonly<Record<string, string>>) => number,
  ): void => {
    lines.push(`# TYPE ${name} ${type}`);
    for (const labels of sets) {
      const text = Object.entries(labels).map(([key, label]) => `${key}="${label}"`);
      for (let n = 0; START + n * 15 <= END; n++) {
        if (labels.gap && n % 40 > 30) continue;
        const at = START + n * 15 + (labels.instance === 'b' ? 3 : 0);
        const now = value(n, labels);
        lines.push(`${name}${suffix}{${text.join(',')}} ${now} ${at}`);
        store.put(name + suffix, labels, type, at * 1_000, now);
      }
    }
  };
  const a = { job: 'x', instance: 'a' };
  const b = { job: 'x', instance: 'b' };
  const y = { job: 'y', instance: 'a', gap: '1' };
  family('temp', '', 'gauge', [a, b, y], (n) => 20 + 5 * Math.sin(n / 9) + Math.round(3_000 * random.float()) / 1_000);
  family(
    'limit',
    '',
    'gauge',
    [
      { job: 'x', team: 'red' },
      { job: 'y', team: 'blue' },
    ],
    () => 30,
  );
  let total = 0;
  const codes = [
    { ...a, code: '200' },
    { ...b, code: '200' },
    { ...a, code: '500' },
  ];
  family('reqs', '_total', 'counter', codes, (n) => {
    total = n % 97 === 0 ? 0 : total + Math.floor(20 * random.float());
    return total;
  });
  const shares: Readonly<Record<string, number>> = { '0.1': 3, '0.5': 7, '1': 9, '+Inf': 10 };
  const bounds = Object.keys(shares).flatMap((le) => [
    { job: 'x', le },
    { job: 'y', le },
  ]);
  family('lat', '_bucket', 'gauge', bounds, (n, { le = '' }) => n * (shares[le] as number));
  return { text: `${lines.join('\n')}\n# EOF\n`, store };
}

const QUERIES = [
  ...['temp', 'temp{job=~"x|y",instance!="b"}', '{__name__=~"te.*"}', 'temp{nope=""}', 'reqs_total[1m]'],
  ...[
    'temp offset 5m',
    'temp offset -1m',
    'rate(reqs_total[5m])',
    'increase(reqs_total[10m])',
    'irate(reqs_total[2m])',
  ],
  ...[
    'idelta(temp[2m])',
    'delta(temp[10m])',
    'deriv(temp[10m])',
    'predict_linear(temp[10m], 600)',
    'resets(reqs_total[1h])',
  ],
  ...['avg', 'min', 'max', 'sum', 'count', 'last', 'present', 'stddev', 'stdvar'].map(
    (fn) => `${fn}_over_time(temp[7m])`,
  ),
  ...['quantile_over_time(0.9, temp[7m])', 'changes(limit[10m])', 'absent_over_time(nope[5m])'],
  ...['sum', 'avg', 'min', 'max', 'count', 'group', 'stddev', 'stdvar'].map((op) => `${op} by (job) (temp)`),
  ...[
    'sum(temp)',
    'sum without (instance) (temp)',
    'avg(temp) by (instance)',
    'quantile(0.5, temp)',
    'count_values("v", limit)',
  ],
  ...['topk(2, reqs_total)', 'bottomk(1, temp)', 'sort(temp)', 'sort_desc(reqs_total)'],
  ...['histogram_quantile(0.9, lat_bucket)', 'histogram_quantile(0.9, sum by (le) (rate(lat_bucket[5m])))'],
  ...[
    'temp > 22',
    'temp > bool 22',
    '22 < temp',
    'temp + 1',
    '-temp',
    '2 ^ 3 ^ 2',
    '-2 ^ 2',
    '1 / 0',
    '0 / 0',
    '7 % 3',
  ],
  ...['temp * on (job) group_left (team) limit', 'limit * on (job) group_right temp', 'temp == temp', 'temp != 0'],
  ...['temp and on (job) limit{team="red"}', 'temp unless on (job) limit{team="red"}', 'temp or limit'],
  'sum(rate(reqs_total{code="500"}[5m])) / sum(rate(reqs_total[5m]))',
  'temp{job="x"} - on (instance) temp{job="y"}',
  ...[
    'abs(temp - 22)',
    'round(temp, 0.5)',
    'exp(limit)',
    'ln(temp)',
    'sgn(temp - 22)',
    'clamp(temp, 20, 22)',
    'clamp_min(temp, 21)',
  ],
  ...['scalar(limit{job="x"})', 'vector(3)', 'time()', 'timestamp(temp)', 'absent(nope{a="b",c=~"d"})', 'absent(temp)'],
  'label_replace(temp, "host", "$1-x", "instance", "(.*)")',
  'label_join(temp, "both", "/", "job", "instance")',
  ...['hour()', 'day_of_week(vector(1700000000))', 'minute(temp)', 'month()', '"text"', '0x1F', '1e3'],
  // Subqueries and @.
  ...[
    'max_over_time(rate(reqs_total[2m])[20m:1m])',
    'avg_over_time(temp[10m:])',
    'min_over_time((temp > 22)[10m:30s])',
    'last_over_time(temp[10m:2m] offset 5m)',
    'sum_over_time(sum by (job) (temp)[5m:1m])',
    'quantile_over_time(0.9, (temp * 2)[10m:45s])',
    'max_over_time(avg_over_time(temp[5m:1m])[10m:2m])',
    'rate(reqs_total[5m:30s])',
    'absent_over_time(nope[10m:1m])',
    'predict_linear(temp[10m:1m], 600)',
    'temp[5m:1m]',
    'temp[5m:7s] offset 1m',
    'count_over_time(vector(1)[5m:1m])',
    `temp @ ${END - 600}`,
    `temp @ ${END - 600}.5 offset 1m`,
    'temp @ start()',
    'temp @ end() - temp',
    'rate(reqs_total[5m] @ end())',
    `max_over_time(temp[10m:1m] @ ${END - 900})`,
    'sum_over_time(temp[5m:1m] offset 2m @ start())',
    'temp offset -5m @ start()',
    `timestamp(temp @ ${END - 60})`,
  ],
  // What both refuse.
  ...[
    'time()[5m:1m]',
    'temp[5m][5m:1m]',
    'temp[5m:1m][5m]',
    'temp @ start() @ end()',
    'sum(temp) @ 1',
    'sum(temp) offset 1m',
    'temp @ 1[5m]',
    'temp @ foo',
    'temp @ start',
    'temp[5m:0s]',
    'rate(temp)[5m:1m]',
  ],
  ...[
    'sum(',
    'temp{',
    'rate(temp)',
    'foo(temp)',
    'temp[5m] + 1',
    'sum(temp, 1)',
    '{job=~".*"}',
    '1 == 1',
    'temp offset',
  ],
  ...[
    'rate(temp[5m]) by (job)',
    'count(temp{job=~"("})',
    'topk("a", temp)',
    'temp + on (job) temp',
    'temp - on (job) limit',
  ],
];

interface Answer {
  readonly status: string;
  readonly errorType?: string;
  readonly data?: { readonly resultType: string; readonly result: unknown };
}

/** Series in a fixed order, numbers to nine digits: summing in another order may change the tenth. */
function comparable({ status, errorType, data }: Answer): unknown {
  if (!data) return { status, errorType };
  const number = (text: string): string => {
    const value = Number(text.replace('Inf', 'Infinity'));
    return Number.isNaN(value) ? text : String(Number(value.toPrecision(9)));
  };
  const points = (list: readonly [number, string][]) => list.map(([at, text]) => [at, number(text)]);
  if (data.resultType === 'scalar' || data.resultType === 'string')
    return { ...data, result: points([data.result as [number, string]]) };
  const series = data.result as { metric: object; value?: [number, string]; values?: [number, string][] }[];
  const rows = series.map(({ metric, value, values }) => [
    JSON.stringify(Object.entries(metric).sort()),
    points(values ?? (value ? [value] : [])),
  ]);
  return { type: data.resultType, rows: rows.sort(([a], [b]) => (String(a) < String(b) ? -1 : 1)) };
}

it('answers as Prometheus does', async () => {
  const { text, store } = samples();
  const at = (name: string): string => join(directory, name);
  writeFileSync(at('data.om'), text);
  execFileSync('promtool', ['tsdb', 'create-blocks-from', 'openmetrics', at('data.om'), at('data')], {
    stdio: 'ignore',
  });
  writeFileSync(at('prometheus.yml'), 'global: {}\n');
  const port = await freePort();
  const options = [`--config.file=${at('prometheus.yml')}`, `--storage.tsdb.path=${at('data')}`, KEPT];
  const prometheus = spawn('prometheus', [...options, `--web.listen-address=127.0.0.1:${port}`], { stdio: 'ignore' });
  const ended = new Promise((resolve) => prometheus.once('close', resolve));
  try {
    await vi.waitFor(async () => expect((await fetch(`http://127.0.0.1:${port}/-/ready`)).status).toBe(200), {
      timeout: 60_000,
      interval: 200,
    });
    const moment = { time: String(END) };
    const stretch = { start: String(END - 1_800), end: String(END), step: '60' };
    for (const query of QUERIES) {
      for (const [kind, when] of [
        ['query', moment],
        ['query_range', stretch],
      ] as const) {
        const body = new URLSearchParams({ query, ...when });
        const theirs = (await (
          await fetch(`http://127.0.0.1:${port}/api/v1/${kind}`, { method: 'POST', body })
        ).json()) as Answer;
        const ours = answer(kind, body, store, { version: '0', wallMs: Date.now })?.body as Answer;
        expect(comparable(ours), `${kind} ${query}`).toEqual(comparable(theirs));
      }
    }
  } finally {
    prometheus.kill('SIGKILL');
    await ended;
  }
}, 120_000);

it('what Grafana asks besides has the shape that Prometheus gives it', async () => {
  const { store } = samples();
  const port = await freePort();
  const config = join(directory, 'shape.yml');
  writeFileSync(config, 'global: {}\n');
  const options = [`--config.file=${config}`, `--storage.tsdb.path=${join(directory, 'data')}`, KEPT];
  const prometheus = spawn('prometheus', [...options, `--web.listen-address=127.0.0.1:${port}`], { stdio: 'ignore' });
  const ended = new Promise((resolve) => prometheus.once('close', resolve));
  /** Kinds of values, by name: of objects the keys, of lists the first one. */
  const shape = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.length === 0 ? [] : [shape(value[0])];
    if (typeof value !== 'object' || value === null) return value === null ? 'null' : typeof value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, shape(inner)]));
  };
  const span = `start=${END - 600}&end=${END}`;
  try {
    await vi.waitFor(async () => expect((await fetch(`http://127.0.0.1:${port}/-/ready`)).status).toBe(200), {
      timeout: 60_000,
      interval: 200,
    });
    const ask = async (path: string): Promise<[theirs: unknown, ours: unknown]> => {
      const [name = '', query = ''] = path.split('?');
      const theirs: unknown = await (await fetch(`http://127.0.0.1:${port}/api/v1/${path}`)).json();
      return [theirs, answer(name, new URLSearchParams(query), store, { version: '0', wallMs: Date.now })?.body];
    };
    // The same values, not only the same shape.
    for (const path of [
      `labels?${span}`,
      `labels?${span}&match[]=temp`,
      `label/__name__/values?${span}`,
      `label/job/values?${span}&match[]=temp{instance="b"}`,
      `label/nope/values?${span}`,
      `series?${span}&match[]=limit&match[]=temp{job="y"}`,
      'query_exemplars?query=temp&start=1&end=2',
      'rules',
      'alerts',
      'series',
      'label/a-b/values',
    ]) {
      const [theirs, ours] = (await ask(path)) as [Record<string, unknown>, Record<string, unknown>];
      const sorted = ({ status, data, errorType }: Record<string, unknown>): unknown => ({
        status,
        errorType,
        data: Array.isArray(data) ? data.map((one) => JSON.stringify(Object.entries(one).sort())).sort() : data,
      });
      expect(sorted(ours), path).toEqual(sorted(theirs));
    }
    for (const path of ['status/buildinfo', 'status/config', 'status/runtimeinfo', 'targets', 'alertmanagers']) {
      const [theirs, ours] = await ask(path);
      expect(shape(ours), path).toMatchObject(shape(theirs) as object);
    }
    for (const path of ['status/flags', 'metadata', 'metadata?metric=temp&limit=1', 'status/tsdb']) {
      const [, ours] = await ask(path);
      expect(ours, path).toMatchObject({ status: 'success', data: expect.any(Object) });
    }
  } finally {
    prometheus.kill('SIGKILL');
    await ended;
  }
}, 120_000);

it('promtool asks a running Holdfast for its own figures', async () => {
  const spec = [
    'name: asked',
    'services:',
    '  sleeper:',
    '    command: ["sleep", "1000"]',
    '    deploy: { replicas: 2 }',
  ];
  writeFileSync(join(directory, 'compose.yaml'), `${spec.join('\n')}\n`);
  const up = await cli(['up'], { cwd: directory, timeoutMs: 60_000 });
  expect(up.code, up.stderr).toBe(0);
  const api = JSON.parse(readFileSync(join(directory, '.holdfast', 'api.json'), 'utf8')) as ApiFile;
  const url = `${api.url}/prometheus`;
  const promtool = async (...args: string[]): Promise<string> => (await run('promtool', ['query', ...args])).stdout;
  // Our own figures are kept every few seconds, and the first ones may be from before the system was there.
  const ready = 'sum by (service) (holdfast_instances_ready)';
  await vi.waitFor(async () => expect(await promtool('instant', url, ready)).toMatch(/service="sleeper"} => 2 @/), {
    timeout: 90_000,
    interval: 1_000,
  });
  expect(await promtool('instant', url, 'holdfast_up')).toContain('=> 1 @[');
  expect(await promtool('range', '--step=15s', url, 'holdfast_instance_memory_bytes')).toMatch(/instance="sleeper-2"/);
  expect(await promtool('series', '--match=holdfast_up', url)).toContain('__name__="holdfast_up"');
  expect(await promtool('labels', url, 'instance')).toMatch(/sleeper-1\nsleeper-2/);
  await expect(promtool('instant', url, 'sum(')).rejects.toThrow(
    /bad_data: invalid parameter "query": 1:5: parse error/,
  );
  const build = (await (await fetch(`${url}/api/v1/status/buildinfo`)).json()) as { data: { version: string } };
  expect(build.data.version).toMatch(/^2\./);
  expect((await fetch(`${url}/api/v1/nothing`)).status).toBe(404);
}, 180_000);
