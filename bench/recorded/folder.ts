/** A town as a folder of tables, laid out in one of the ways in which recorded systems are passed around. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Sample, Span, Town } from './town.ts';

export type Part = 'metrics' | 'logs' | 'traces';

/** Names of columns, by the tool that wrote them. */
interface Style {
  readonly metrics: string;
  readonly cpu: string;
  readonly mem: string;
  readonly diskio: string;
  readonly socket: string;
  /** Of latencies: their mean or their median. */
  readonly middle: string;
  readonly isMean: boolean;
  readonly p90: string;
  readonly calls: string;
  readonly errors: string;
  readonly logs: readonly [time: string, service: string, message: string];
  readonly spans: readonly string[];
  /** The service as it stands in log lines. */
  readonly pod: (name: string) => string;
  readonly hasKind: boolean;
  /** Calls and failures are told as rates, not as counts. */
  readonly perSecond: boolean;
}

const STYLES: readonly Style[] = [
  {
    metrics: 'data.csv',
    cpu: '_cpu',
    mem: '_mem',
    diskio: '_diskio',
    socket: '_socket',
    middle: '_latency-50',
    isMean: false,
    p90: '_latency-90',
    calls: '_workload',
    errors: '_error',
    logs: ['timestamp', 'container_name', 'message'],
    spans: [
      'time',
      'traceID',
      'spanID',
      'serviceName',
      'methodName',
      'operationName',
      'startTimeMillis',
      'startTime',
      'duration',
      'statusCode',
      'parentSpanID',
    ],
    pod: (name) => name,
    hasKind: false,
    perSecond: true,
  },
  {
    metrics: 'metrics.csv',
    cpu: '_container-cpu-usage-seconds-total',
    mem: '_container-memory-working-set-bytes',
    diskio: '_container-fs-writes-bytes-total',
    socket: '_container-sockets',
    middle: '_request-duration-seconds-avg',
    isMean: true,
    p90: '_request-duration-seconds-p90',
    calls: '_request-count',
    errors: '_request-errors',
    logs: ['time', 'pod', 'log'],
    spans: [
      'trace_id',
      'span_id',
      'parent_span_id',
      'service_name',
      'span_kind',
      'operation',
      'start_time_us',
      'duration_us',
      'status',
    ],
    pod: (name) => `${name}-5d8f7c9b6d-x7k2p`,
    hasKind: true,
    perSecond: false,
  },
];

export function writeTown(town: Town, dir: string, style: number, parts: readonly Part[]): void {
  mkdirSync(dir, { recursive: true });
  const of = STYLES[style % STYLES.length] as Style;
  if (parts.includes('metrics')) writeFileSync(join(dir, of.metrics), metrics(town, of));
  if (parts.includes('logs')) writeFileSync(join(dir, 'logs.csv'), logs(town, of));
  if (parts.includes('traces')) writeFileSync(join(dir, 'traces.csv'), traces(town, of));
}

function metrics({ samples, levels, services, startMs, habits }: Town, of: Style): string {
  const columns: [string, (bin: number) => number | string][] = [];
  const { stepMs, windowMs } = habits;
  const wide = Math.max(1, windowMs / stepMs);
  for (const { name } of services) {
    const own = over(samples.get(name) as readonly Sample[], wide);
    const at = (bin: number): Sample => own[bin] as Sample;
    const level = levels.get(name);
    if (level === undefined) continue;
    // Of processor and disk the time or bytes since before are known, of memory and sockets what is there now.
    const mean = (values: readonly number[], bin: number): number => {
      const past = values.slice(Math.max(0, bin + 1 - wide), bin + 1);
      return past.reduce((sum, value) => sum + value, 0) / past.length;
    };
    const seconds = (stepMs * wide) / 1_000;
    const counted = (value: number): number | string => (of.perSecond ? (value / seconds).toFixed(4) : value / wide);
    columns.push([name + of.cpu, (bin) => mean(level.cpu, bin).toFixed(4)]);
    columns.push([name + of.mem, (bin) => Math.round(level.mem[bin] as number)]);
    columns.push([name + of.diskio, (bin) => Math.round(mean(level.diskio, bin))]);
    columns.push([name + of.socket, (bin) => level.socket[bin] as number]);
    columns.push([name + of.calls, (bin) => counted(at(bin).calls)]);
    columns.push([name + of.errors, (bin) => counted(at(bin).failed)]);
    const middle = of.isMean ? meanOf : (values: readonly number[]) => quantile(values, 0.5);
    columns.push([name + of.middle, (bin) => middle(at(bin).latencies)]);
    columns.push([name + of.p90, (bin) => quantile(at(bin).latencies, 0.9)]);
  }
  const bins = (samples.values().next().value as readonly Sample[]).length;
  const rows = Array.from({ length: bins }, (_, bin) =>
    [(startMs + bin * stepMs) / 1_000, ...columns.map(([, value]) => value(bin))].join(','),
  );
  return [['time', ...columns.map(([name]) => name)].join(','), ...rows, ''].join('\n');
}

/** Every sample with those of so many bins up to it. */
function over(samples: readonly Sample[], bins: number): readonly Sample[] {
  if (bins <= 1) return samples;
  return samples.map((_, bin) => {
    const of = samples.slice(Math.max(0, bin + 1 - bins), bin + 1);
    return {
      calls: of.reduce((sum, { calls }) => sum + calls, 0),
      failed: of.reduce((sum, { failed }) => sum + failed, 0),
      latencies: of.flatMap(({ latencies }) => latencies),
    };
  });
}

function meanOf(values: readonly number[]): number | string {
  if (values.length === 0) return '';
  return (values.reduce((sum, value) => sum + value, 0) / values.length / 1_000).toFixed(5);
}

/** In seconds; blank where there was no call. */
function quantile(values: readonly number[], q: number): number | string {
  if (values.length === 0) return '';
  const sorted = [...values].sort((a, b) => a - b);
  return ((sorted[Math.floor(q * (sorted.length - 1))] as number) / 1_000).toFixed(5);
}

const quoted = (text: string): string => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

function logs({ lines }: Town, { logs: header, pod }: Style): string {
  const rows = lines.map(({ atMs, service, level, text }) =>
    [Math.round(atMs * 1e3) * 1e3, pod(service), quoted(`${level} ${text}`)].join(','),
  );
  return [header.join(','), ...rows, ''].join('\n');
}

function traces({ spans }: Town, { spans: header, hasKind, pod }: Style): string {
  const row = (span: Span): string => {
    const { trace, id, parent, service, operation, startMs, ms, failed, kind } = span;
    const us = Math.round(startMs * 1_000);
    const above = parent === null ? '' : hex(parent);
    const cells = hasKind
      ? [hex(trace), hex(id), above, pod(service), kind, operation, us, Math.round(ms * 1_000), failed ? 'ERROR' : 'OK']
      : [
          new Date(startMs).toISOString(),
          hex(trace),
          hex(id),
          service,
          operation,
          operation,
          Math.round(startMs),
          us,
          Math.round(ms * 1_000),
          failed ? 500 : 200,
          above,
        ];
    return cells.join(',');
  };
  return [header.join(','), ...spans.map(row), ''].join('\n');
}

const hex = (id: number): string => id.toString(16).padStart(16, '0');
