/**
 * Spans in tables. Units of times without a word for them in the header are found in the data: of ns, µs, ms and s,
 * the smallest duration in which nine of ten spans lie within their parents is meant.
 */
import type { ReadSpan } from '../contract.ts';
import type { Collector } from './collector.ts';
import { column, needTime, plainName } from './csv.ts';
import type { Row } from './lines.ts';
import { serviceOfName } from './names.ts';
import { kindOfWord } from './otlp.ts';
import { isFailure } from './series.ts';

export interface SpanColumns {
  readonly trace: number;
  readonly id: number;
  readonly parent: number;
  readonly service: number;
  readonly operation: number;
  readonly start: number;
  readonly end: number;
  readonly duration: number;
  /** Factor to ms; null: to be found in the data. */
  readonly durationMs: number | null;
  readonly status: number;
  readonly statusName: string;
  readonly kind: number;
  readonly peer: number;
}

export function spanColumns(header: readonly string[]): SpanColumns | null {
  const at = (...names: readonly string[]): number => column(header, ...names);
  const trace = at('traceid', 'trace');
  const id = at('spanid', 'span', 'id');
  const start = at(
    'startms',
    'startus',
    'startmicros',
    'startns',
    'startnanos',
    'starttimeunixnano',
    'starttimenano',
    'starttime',
    'starttimemillis',
    'start',
    'timestamp',
    'time',
    'ts',
  );
  const end = at(
    'endms',
    'endus',
    'endmicros',
    'endns',
    'endnanos',
    'endtimeunixnano',
    'endtimenano',
    'endtime',
    'endtimemillis',
    'end',
  );
  const duration = at(
    'durationms',
    'durationus',
    'durationmicros',
    'durationns',
    'durationnanos',
    'duration',
    'elapsedtime',
    'elapsed',
    'latency',
  );
  const parent = at('parentspanid', 'parentspan', 'parentid', 'parent', 'pid');
  const service = at(
    'servicename',
    'service',
    'cmdbid',
    'podname',
    'pod',
    'process',
    'app',
    'component',
    'containername',
  );
  // A log line may carry the ids of its span: only what lasts is one.
  if (trace < 0 || id < 0 || start < 0 || service < 0 || parent < 0 || (duration < 0 && end < 0)) return null;
  const unit = plainName(header[duration] ?? '').replace(/^duration/, '');
  const scale: Readonly<Record<string, number>> = { ms: 1, us: 1e-3, micros: 1e-3, ns: 1e-6, nanos: 1e-6 };
  const status = at('statuscode', 'status', 'resultcode', 'code', 'error', 'iserror', 'success');
  return {
    trace,
    id,
    parent,
    service,
    start,
    end,
    duration,
    durationMs: duration < 0 ? 1 : (scale[unit] ?? null),
    operation: at('operationname', 'operation', 'spanname', 'methodname', 'name', 'dsname', 'url'),
    status,
    statusName: plainName(header[status] ?? ''),
    kind: at('spankind', 'kind', 'type', 'calltype'),
    peer: at('peerservice', 'peer', 'remoteservice', 'callee'),
  };
}

export function readSpanTable(rows: Iterable<Row>, columns: SpanColumns, into: Collector): string {
  const spans: ReadSpan[] = [];
  for (const row of rows) spans.push(spanOf(row, columns));
  const scale = columns.durationMs ?? unitOf(spans);
  for (const span of spans) into.span(scale === 1 ? span : { ...span, durationMs: span.durationMs * scale });
  return `${spans.length} spans`;
}

function spanOf({ cells, line }: Row, of: SpanColumns): ReadSpan {
  const text = (at: number): string => (at < 0 ? '' : (cells[at] ?? '').trim());
  const startMs = needTime(cells[of.start], line);
  const durationMs = of.duration >= 0 ? Number(text(of.duration)) : needTime(cells[of.end], line) - startMs;
  const parent = text(of.parent);
  const peer = text(of.peer);
  const name = text(of.service);
  return {
    trace: text(of.trace),
    id: text(of.id),
    parent: /^(|root|null|none|nan|0+|-1)$/i.test(parent) ? null : parent,
    service: serviceOfName(name),
    instance: name,
    host: null,
    kind: kindOfWord(text(of.kind)),
    operation: text(of.operation),
    startMs,
    durationMs: Number.isFinite(durationMs) ? Math.max(0, durationMs) : 0,
    failed: failed(text(of.status), of.statusName),
    peer: peer === '' ? null : serviceOfName(peer),
    message: null,
  };
}

function failed(status: string, name: string): boolean {
  if (name === 'success') return /^(false|0)$/i.test(status);
  if (name === 'error' || name === 'iserror') return /^(true|1)$/i.test(status);
  // OpenTelemetry's status 2 and gRPC's codes of the callee's failures agree in most; HTTP's are three digits.
  return isFailure({ status }) || isFailure({ grpc_code: status.replace(/\.0$/, '') });
}

const UNITS = [1e-6, 1e-3, 1, 1e3];
const PAIRS = 5_000;

function unitOf(spans: readonly ReadSpan[]): number {
  const byId = new Map(spans.map((span) => [`${span.trace}/${span.id}`, span]));
  const pairs: { readonly offsetMs: number; readonly raw: number }[] = [];
  // Clocks of two services may differ by more than any call takes.
  const sameClock = spans.some(({ trace, parent, service }) => byId.get(`${trace}/${parent}`)?.service === service);
  for (const { trace, parent, service, startMs } of spans) {
    const above = parent === null ? undefined : byId.get(`${trace}/${parent}`);
    if (sameClock && above?.service !== service) continue;
    // Clocks of the same table may be coarse: offsets of nothing fit every unit.
    if (above && startMs - above.startMs >= 1) pairs.push({ offsetMs: startMs - above.startMs, raw: above.durationMs });
    if (pairs.length >= PAIRS) break;
  }
  if (pairs.length < 10) return spans.some(({ durationMs }) => durationMs >= 1e7) ? 1e-6 : 1e-3;
  for (const unit of UNITS) {
    const within = pairs.filter(({ offsetMs, raw }) => offsetMs <= raw * unit).length;
    if (within >= 0.9 * pairs.length) return unit;
  }
  return 1;
}
