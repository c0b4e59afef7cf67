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
import { wordsOf } from './words.ts';

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

/** Names that are common, then what words in other names mean. */
export function spanColumns(header: readonly string[]): SpanColumns | null {
  const words = header.map(wordsOf);
  const named = (...names: readonly string[]): number => column(header, ...names);
  /** The first column with these words and without those; earlier patterns first. */
  const meant = (not: RegExp, ...patterns: readonly RegExp[]): number => {
    for (const pattern of patterns) {
      const at = words.findIndex((text) => pattern.test(text) && !not.test(text));
      if (at >= 0) return at;
    }
    return -1;
  };
  const trace = either(named('traceid', 'trace'), meant(/\b(flags|state|parent)\b/, /\btrace ?id\b/, /\btrace\b/));
  const id = either(
    named('spanid', 'span', 'id'),
    meant(/\b(parent|trace|kind|type|name|ref)/, /\bspan ?id\b/, /\bsegment ?id\b/),
  );
  const parent = either(
    named('parentspanid', 'parentspan', 'parentid', 'parent', 'pid'),
    meant(/\b(service|name|operation|trace)\b/, /\bparent.*\bid\b/, /\bparent\b/, /\breferences?\b/),
  );
  const start = either(
    named('starttimeunixnano', 'starttimenano', 'startns', 'startus', 'startms', 'starttime', 'start'),
    meant(/\b(end|finish|duration)\b/, /\bstart/, /\bbegin/, /\btimestamp\b/, /\b(time|ts|datetime)\b/),
  );
  const end = meant(
    /\b(start|begin|parent|friend)/,
    /\b(end|finish(ed)?)\b.*\b(time|at|us|ms|ns|nano|unix)/,
    /^(end|finish)\b/,
  );
  const duration = meant(/\bparent\b/, /\bduration/, /\belapsed/, /\b(latency|took|response time)\b/);
  const service = either(
    named('servicename', 'service', 'cmdbid'),
    meant(
      /\b(parent|peer|remote|caller|callee|client|target|version|namespace|kind|id|ip)\b/,
      /\bservice\b/,
      /\b(pod|container|process|app|application|component|microservice|workload)\b/,
    ),
  );
  // A log line may carry the ids of its span: only what lasts is one.
  if (trace < 0 || id < 0 || start < 0 || service < 0 || parent < 0 || (duration < 0 && end < 0)) return null;
  const status = either(
    named('statuscode', 'status', 'resultcode', 'code', 'error', 'iserror', 'success'),
    meant(
      /\b(message|text|description)\b/,
      /\bstatus\b/,
      /\b(http|grpc|response) ?code\b/,
      /\b(is )?error\b/,
      /\bsuccess\b/,
    ),
  );
  return {
    trace,
    id,
    parent,
    service,
    start,
    end,
    duration,
    durationMs: duration < 0 ? 1 : unitIn(words[duration] as string),
    operation: either(
      named('operationname', 'operation', 'spanname', 'methodname', 'name', 'dsname', 'url'),
      meant(/\b(service|status|kind|parent|pod|container)\b/, /\b(operation|method|span name|endpoint|route|url)\b/),
    ),
    status,
    statusName: plainName(header[status] ?? ''),
    kind: either(named('spankind', 'kind', 'type', 'calltype'), meant(/\bstatus\b/, /\bkind\b/)),
    peer: either(
      named('peerservice', 'peer', 'remoteservice', 'callee'),
      meant(/\b(ip|port|parent)\b/, /\b(peer|remote|target|callee)\b/),
    ),
  };
}

const either = (first: number, second: number): number => (first >= 0 ? first : second);

/** Factor to ms; null: the name does not say. */
function unitIn(words: string): number | null {
  if (/(ms|millis|milliseconds|msec)$/.test(words)) return 1;
  if (/(\bus|micros|microseconds|usec)$/.test(words)) return 1e-3;
  if (/(\bns|nanos?|nanoseconds)$/.test(words)) return 1e-6;
  return /\b(s|sec|secs|seconds)$/.test(words) ? 1e3 : null;
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
