/** Folders laid out as public collections of recorded systems are. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Wanted } from '../assemble/recording.ts';
import type { Gathered, Measure } from '../contract.ts';
import { diagnoseRecorded, type RecordedReport } from '../diagnose.ts';
import { Collector } from './collector.ts';
import { readPath } from './files.ts';

const dir = mkdtempSync(join(tmpdir(), 'hf-shapes-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

type Files = Readonly<Record<string, string>>;

function folderOf(files: Files): string {
  const folder = mkdtempSync(join(dir, 'case-'));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

function gather(files: Files): Gathered {
  const collector = new Collector();
  readPath(folderOf(files), collector);
  return collector.finish();
}

function diagnose(files: Files, atMs: number | null = null): Promise<RecordedReport> {
  const wanted: Wanted = { atMs, untilMs: null, service: null, kind: null, baseline: null };
  return diagnoseRecorded({ from: [folderOf(files)], normal: [], wanted, range: { fromMs: 0, toMs: 0, stepMs: 0 } });
}

const told = ({ service, quantity, resource, form, values }: Measure): string =>
  `${service} ${quantity}${resource && ` ${resource}`} ${form}: ${values.map((value) => Math.round(100 * value) / 100).join(' ')}`;

const START = 1_700_000_000;
const ONSET = START + 300;
const SERVICES = ['front', 'cart', 'stock'];
const COLUMNS = ['cpu', 'mem', 'diskio', 'socket', 'workload', 'error', 'latency-50', 'latency-90'];

/** A column per service and metric; `stock` becomes slow and busy at ONSET, and `front`, whom it serves, slow. */
function wide(): string {
  const header = SERVICES.flatMap((service) => COLUMNS.map((metric) => `${service}_${metric}`));
  const rows = Array.from({ length: 96 }, (_, n) => {
    const at = START + 5 * n;
    const noise = 1 + 0.05 * Math.sin(n * 2.3);
    const cells = SERVICES.flatMap((service) => {
      const ill = at >= ONSET && service === 'stock';
      const slow = (at >= ONSET && service === 'front') || ill ? 0.3 : 0;
      const busy = (ill ? 0.9 : 0.1) * noise;
      return [busy, 1e8 * noise, 2e4 * noise, 8, 50, 0, 0.02 * noise + slow, 0.04 * noise + slow];
    });
    return [at, ...cells].join(',');
  });
  return [['time', ...header].join(','), ...rows, ''].join('\n');
}

function spans(): string {
  const header =
    'time,traceID,spanID,serviceName,methodName,operationName,startTimeMillis,startTime,duration,parentSpanID,statusCode';
  const rows = Array.from({ length: 480 }, (_, n) => {
    const at = (START + n) * 1_000;
    const ms = (at >= ONSET * 1_000 ? 300 : 0) + 20 + (n % 7);
    const span = (id: string, service: string, late: number, more: number, parent: string): string =>
      [
        new Date(at).toISOString(),
        `t${n}`,
        `${id}${n}`,
        service,
        'get',
        'get',
        at + late,
        (at + late) * 1_000,
        (ms + more) * 1_000,
        parent,
        200,
      ].join(',');
    return `${span('a', 'front', 0, 20, '')}\n${span('b', 'front', 2, 10, `a${n}`)}\n${span('c', 'stock', 4, 0, `b${n}`)}`;
  });
  return [header, ...rows, ''].join('\n');
}

function lines(): string {
  const rows = Array.from({ length: 240 }, (_, n) => {
    const at = START + 2 * n;
    return `${at},${at}000000000,${SERVICES[n % 3]},"served ${n}, in time",info`;
  });
  return ['time,timestamp,container_name,message,level', ...rows, ''].join('\n');
}

describe('metrics, log lines and spans of a case', () => {
  it.each([
    ['data.csv', { 'data.csv': wide() }],
    ['simple_metrics.csv', { 'simple_metrics.csv': wide(), 'logs.csv': lines() }],
    ['all three', { 'simple_metrics.csv': wide(), 'logs.csv': lines(), 'traces.csv': spans() }],
  ])('are understood, with when it began: %s', async (_, files) => {
    const report = await diagnose({ ...files, 'inject_time.txt': `${ONSET}\n` });
    expect(report.symptom).toMatchObject({ onsetAt: new Date(ONSET * 1_000).toISOString(), found: false });
    expect(report.symptom.onsetFile).toBe('inject_time.txt');
    expect(report.causes[0]?.name).toBe('stock');
    expect(report.read.join('\n')).not.toMatch(/left out|not understood/);
  });

  it('say with few columns as much as with many', () => {
    const { measures } = gather({
      'data.csv':
        'time,cart_cpu,cart_mem,cart_latency-50,cart_error,cart_workload,cart_diskio,cart_socket\n100,1,2,0.003,4,5,6,7\n',
    });
    expect(measures.map(told)).toEqual([
      'cart level cpu mean: 1',
      'cart level memory mean: 2',
      'cart latencyMs mean: 3',
      'cart failed rate: 4',
      'cart requests rate: 5',
      'cart level disk mean: 6',
      'cart level connections mean: 7',
    ]);
  });
});

describe('a file that says when it began', () => {
  it.each([
    ['inject_time.txt', `${ONSET}`],
    ['fault_time', `${ONSET}.000`],
    ['fault-start.txt', `${ONSET}000`],
    ['injection_time.txt', `${ONSET}000000`],
    ['onset', `${ONSET}000000000`],
    ['incident_start.txt', new Date(ONSET * 1_000).toISOString()],
    ['incident time.txt', new Date(ONSET * 1_000).toISOString().replace('T', ' ').slice(0, 19)],
  ])('%s: %s', (name, text) => {
    expect(gather({ [name]: text, 'data.csv': wide() }).onsets).toEqual([{ atMs: ONSET * 1_000, file: name }]);
  });

  it('counts for less than who asks', async () => {
    const atMs = (ONSET + 30) * 1_000;
    const { symptom } = await diagnose({ 'data.csv': wide(), 'inject_time.txt': `${ONSET}` }, atMs);
    expect(symptom).toMatchObject({ onsetAt: new Date(atMs).toISOString(), onsetFile: null });
  });

  it('counts for nothing when another says otherwise, or it holds no time', async () => {
    const two = { 'a/inject_time.txt': `${ONSET}`, 'b/inject_time.txt': `${ONSET + 60}` };
    const report = await diagnose({ 'data.csv': wide(), ...two });
    expect(report.symptom).toMatchObject({ found: true, onsetFile: null });
    expect(report.read.join()).toContain('do not agree on when it began');
    expect(gather({ 'data.csv': wide(), 'inject_time.txt': 'soon' }).notes).toContain(
      'inject_time.txt: not understood, left out',
    );
  });

  it('outside what was recorded is refused, with what to do', async () => {
    await expect(diagnose({ 'data.csv': wide(), 'inject_time.txt': '1500000000' })).rejects.toMatchObject({
      code: 'HF8405',
      remedy: expect.stringContaining('--at'),
    });
  });
});

describe('a file per metric', () => {
  it('is about whom it is called after', () => {
    const { measures } = gather({
      'dbservice1_0.0.0.4_docker_cpu_core_0_norm_pct_2021-07-01_2021-07-15.csv': 'timestamp,value\n1625068800000,0.5\n',
      'front_latency.csv': 'timestamp,value\n100,40\n110,50\n',
      'tiny_latency.csv': 'timestamp,value\n100,2\n110,3\n',
      'cart/memory_usage.csv': 'time,value\n100,7\n',
    });
    expect(measures.map(told).sort()).toEqual([
      'cart level memory mean: 7',
      'dbservice1 level cpu mean: 0.5',
      'front latencyMs mean: 40 50',
      'tiny latencyMs mean: 2 3',
    ]);
  });

  it('is left out when its name says nothing, and is of log lines when its values are words', () => {
    const { notes, logs } = gather({
      'colours.csv': 'timestamp,value\n100,0.5\n',
      'cart.csv': 'timestamp,value\n100,hello there\n',
    });
    expect(notes.join()).toContain('colours.csv: left out, its name does not say which service');
    expect(logs).toMatchObject([{ text: 'hello there' }]);
  });
});

describe('columns called totals', () => {
  const table = (name: string, values: readonly number[]): Files => ({
    'data.csv': `time,cart_${name},cart_cpu\n${values.map((value, n) => `${100 + n},${value},1`).join('\n')}\n`,
  });

  it.each([
    ['requests_total', [1, 5, 9, 9, 20], 'cart requests total: 1 5 9 9 20'],
    ['cpu-usage-seconds-total', [0.1, 0.2, 0.4, 0.5], 'cart level cpu total: 0.1 0.2 0.4 0.5'],
    ['request-duration-seconds-total', [1, 2, 4, 5], 'cart seconds total: 1 2 4 5'],
    ['requests_total', [5, 4, 6, 5, 7], 'cart requests added: 5 4 6 5 7'],
    ['requests', [1, 5, 9, 9, 20], 'cart requests added: 1 5 9 9 20'],
  ])('%s %j', (name, values, expected) => {
    expect(gather(table(name, values)).measures.map(told)).toContain(expected);
  });
});
