/** ExportLogsServiceRequest → log lines. Field numbers: opentelemetry/proto/logs/v1/logs.proto. */
import type { LogSeverity } from '../../model/telemetry.ts';
import type { BatchBuilder, IntakeContext } from '../contract.ts';
import { severityOf } from '../severity.ts';
import { Cursor } from '../wire/protobuf.ts';
import { LEN1, LEN2, type Resource, readResource } from './resource.ts';
import { anyText, keyValue } from './value.ts';

const TIME = (1 << 3) | 1;
const SEVERITY = 2 << 3;
const SEVERITY_TEXT = (3 << 3) | 2;
const BODY = (5 << 3) | 2;
const ATTRIBUTE = (6 << 3) | 2;
const OBSERVED = (11 << 3) | 1;

/** SeverityNumber: 1–4 trace, 5–8 debug, … 21–24 fatal. */
const SEVERITIES: readonly LogSeverity[] = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'];

/** Throws Malformed; nothing is committed. */
export function decodeLogs(bytes: Uint8Array, context: IntakeContext, batch: BatchBuilder): void {
  const cursor = new Cursor(bytes);
  const end = bytes.length;
  while (cursor.at < end) {
    const tag = cursor.tag();
    if (tag === LEN1) resourceLogs(cursor, cursor.open(end), context, batch);
    else cursor.skip(tag, end);
  }
  cursor.close(end);
}

function resourceLogs(cursor: Cursor, end: number, context: IntakeContext, batch: BatchBuilder): void {
  const resource = readResource(cursor, end);
  while (cursor.at < end) {
    const tag = cursor.tag();
    if (tag !== LEN2) {
      cursor.skip(tag, end);
      continue;
    }
    const scope = cursor.open(end);
    while (cursor.at < scope) {
      const inner = cursor.tag();
      if (inner === LEN2) record(cursor, cursor.open(scope), resource, context, batch);
      else cursor.skip(inner, scope);
    }
    cursor.close(scope);
  }
  cursor.close(end);
}

function record(cursor: Cursor, end: number, resource: Resource, context: IntakeContext, batch: BatchBuilder): void {
  const { maxLabels, maxLineBytes } = context.limits;
  const attributes: Record<string, string> = {};
  let [wallMs, observedMs, severity, count] = [0, 0, 0, 0];
  let severityText = '';
  let text = '';
  while (cursor.at < end) {
    const tag = cursor.tag();
    if (tag === TIME) wallMs = cursor.nanosAsMs();
    else if (tag === OBSERVED) observedMs = cursor.nanosAsMs();
    else if (tag === SEVERITY) severity = cursor.varint();
    else if (tag === SEVERITY_TEXT) {
      const inner = cursor.open(end);
      severityText = cursor.text(cursor.at, inner);
      cursor.at = inner;
    } else if (tag === BODY) text = anyText(cursor, cursor.open(end));
    else if (tag === ATTRIBUTE) {
      const inner = cursor.open(end);
      if (count++ < maxLabels) keyValue(cursor, inner, attributes);
      else cursor.at = inner;
    } else cursor.skip(tag, end);
  }
  cursor.close(end);
  if (count > maxLabels || text.length > maxLineBytes) batch.drop('logs', 'cut');
  batch.log({
    wallMs: wallMs || observedMs || context.wallMs(),
    service: resource.service,
    instance: resource.instance ?? '',
    severity: SEVERITIES[Math.floor((severity - 1) / 4)] ?? severityOf(severityText),
    text: text.length > maxLineBytes ? text.slice(0, maxLineBytes) : text,
    attributes,
  });
}
