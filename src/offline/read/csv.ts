/**
 * Tables, by what their header says:
 *
 *   spans      a column for the trace's id and one for the span's
 *   log lines  a time and a message
 *   metrics    a time, then a column per service and metric (`carts_latency-90`, `checkout/requests`), or a time, a
 *              service and a column per metric, or a time, a service, a metric and a value, or a time and a value in a
 *              file that is called after service and metric
 *   headers    of several rows (service, metric, statistic), as PetShop has them: rows before the first with a time
 *   graph      a matrix (row calls column) or two columns, caller and callee
 *   changes    a time, a service, and a column `change`
 */
import { severityOf } from '../../intake/severity.ts';
import type { Collector } from './collector.ts';
import { Unreadable } from './errors.ts';
import type { Row } from './lines.ts';
import { serviceOfName, timeOf } from './names.ts';
import { readSpanTable, spanColumns } from './span-table.ts';
import { readNamedFile, readWideTable } from './wide.ts';
import { wordsOf } from './words.ts';

export function plainName(header: string): string {
  return header.toLowerCase().replace(/[^a-z0-9]/g, '');
}

/** The column that goes by one of these names, the first name first; −1. */
export function column(header: readonly string[], ...names: readonly string[]): number {
  const plain = header.map(plainName);
  for (const name of names) {
    const at = plain.indexOf(name);
    if (at >= 0) return at;
  }
  return -1;
}

const FEW_COLUMNS = 20;

/** By common names, else by a word in the name that is not one of `not`. */
function columnLike(header: readonly string[], names: readonly string[], like: RegExp, not: RegExp): number {
  const named = column(header, ...names);
  // Of many columns each names a service or a metric itself.
  return named >= 0 || header.length > FEW_COLUMNS
    ? named
    : header.findIndex((name) => like.test(wordsOf(name)) && !not.test(wordsOf(name)));
}

export const TIME_NAMES = [
  'timestampunixnano',
  'timeunixnano',
  'unixtimestamp',
  'timestamp',
  'time',
  'ts',
  'datetime',
  'date',
  'index',
  '',
];
const SERVICE_NAMES = [
  'servicename',
  'service',
  'cmdbid',
  'microservice',
  // A pod is named after its service; its containers may all be called alike.
  'podname',
  'pod',
  'containername',
  'container',
  'app',
  'component',
  'entity',
];
const MESSAGE_NAMES = ['message', 'log', 'body', 'text', 'msg', 'content', 'line', 'value'];
const LEVEL_NAMES = ['severity', 'level', 'loglevel', 'severitytext'];
export const VALUE_NAMES = ['value', 'val'];
const METRIC_NAMES = ['metric', 'metricname', 'kpiname', 'kpi', 'name'];

/** `cart_response-time` and `cart_cpu-time` are no clocks, `cart_time_total` neither. */
const METRIC_TIME = /\b(response|cpu|wait|request|idle|user|system|gc|total|up)\b/;
const NOT_SERVICE =
  /\b(id|ip|version|parent|cpu|mem|memory|latency|error|errors|requests?|workload|load|socket|diskio)\b|\d/;

/** What it was, for people. `name`: the file's, where it has one. */
export function readCsv(rows: Iterable<Row>, into: Collector, name = ''): string {
  const iterator = rows[Symbol.iterator]();
  const head = iterator.next();
  if (head.done) throw new Unreadable('the table is empty');
  const header = head.value.cells.map((cell) => cell.trim());
  const spans = spanColumns(header);
  if (spans !== null) return readSpanTable({ [Symbol.iterator]: () => iterator }, spans, into);
  const [caller, callee] = [
    column(header, 'caller', 'source', 'from', 'parent', 'client'),
    column(header, 'callee', 'destination', 'target', 'to', 'child', 'server'),
  ];
  const time = columnLike(header, TIME_NAMES, /\b(timestamp|time|datetime|date)\b/, METRIC_TIME);
  const first = iterator.next();
  const cells: readonly string[] = first.done ? [] : first.value.cells;
  const meant = columnLike(header, SERVICE_NAMES, /\b(service|container|pod|app|component)\b/, NOT_SERVICE);
  // `cart_container-memory` holds numbers, and no names.
  const service = isNumber(cells[meant]) ? -1 : meant;
  const change = column(header, 'change', 'deploy', 'deployment', 'event');
  const rest = (function* (): Generator<Row> {
    if (first.done) return;
    yield first.value;
    yield* { [Symbol.iterator]: () => iterator };
  })();
  const where = { time, service };
  if (caller >= 0 && callee >= 0) return readPairs(rest, caller, callee, into);
  if (time >= 0 && service >= 0 && change >= 0) return readChanges(rest, where, change, into);
  const metric = column(header, ...METRIC_NAMES);
  const value = column(header, ...VALUE_NAMES);
  if (time >= 0 && value >= 0 && service < 0 && metric < 0 && header.length <= 3 && isNumber(cells[value]))
    return readNamedFile(name, rest, time, value, into);
  const said = MESSAGE_NAMES.filter((name) => name !== 'value' || metric < 0);
  const message = columnLike(
    header,
    said,
    /\b(message|log|body|text|content)\b/,
    /\b(level|id|template|name|time|type)\b/,
  );
  if (time >= 0 && message >= 0 && header.length < 16) return readLines(rest, header, { ...where, message }, into);
  if (first.done) throw new Unreadable('the table has a header and no rows');
  if (isMatrix(header, cells)) return readMatrix(header, rest, into);
  return readWideTable(head.value, rest, { time, service, metric }, into);
}

const isNumber = (cell: string | undefined): boolean => /^-?[\d.]+(e[+-]?\d+)?$/i.test((cell ?? '').trim());

interface Where {
  readonly time: number;
  readonly service: number;
}

function readPairs(rows: Iterable<Row>, caller: number, callee: number, into: Collector): string {
  let calls = 0;
  for (const { cells } of rows) {
    const [from, to] = [cells[caller]?.trim() ?? '', cells[callee]?.trim() ?? ''];
    if (from === '' || to === '') continue;
    into.gathered.calls.push({ caller: from, callee: to });
    calls++;
  }
  return `a graph of ${calls} calls`;
}

/** Row = caller, column = callee: the same names along both sides, 0 and 1 between them. */
function isMatrix(header: readonly string[], cells: readonly string[]): boolean {
  const values = cells.slice(1);
  return (
    header.slice(1).includes(cells[0]?.trim() ?? '') &&
    values.every((cell) => /^(|0|1|0\.0|1\.0|true|false)$/i.test(cell.trim()))
  );
}

function readMatrix(header: readonly string[], rows: Iterable<Row>, into: Collector): string {
  let calls = 0;
  for (const { cells } of rows) {
    cells.slice(1).forEach((cell, n) => {
      if (!/^(1|1\.0|true)$/i.test(cell.trim())) return;
      into.gathered.calls.push({ caller: cells[0]?.trim() ?? '', callee: header[n + 1] as string });
      calls++;
    });
  }
  return `a graph of ${calls} calls`;
}

function readChanges(rows: Iterable<Row>, { time, service }: Where, change: number, into: Collector): string {
  let count = 0;
  for (const { cells, line } of rows) {
    const [kind = '', ...content] = (cells[change] ?? '').split(':').map((part) => part.trim());
    into.gathered.changes.push({
      atMs: needTime(cells[time], line),
      services: (cells[service] ?? '').split(/[;, ]+/).filter((name) => name !== ''),
      kind: kind || 'change',
      content: content.filter((part) => part !== ''),
    });
    count++;
  }
  return `${count} changes`;
}

function readLines(
  rows: Iterable<Row>,
  header: readonly string[],
  { time, service, message }: Where & { readonly message: number },
  into: Collector,
): string {
  const level = column(header, ...LEVEL_NAMES);
  const host = column(header, 'node', 'nodename', 'host', 'hostname');
  let count = 0;
  for (const { cells, line } of rows) {
    const text = cells[message] ?? '';
    const name = service < 0 ? '' : (cells[service] ?? '').trim();
    into.log({
      atMs: needTime(cells[time], line),
      service: serviceOfName(name),
      instance: name === '' ? null : name,
      host: host < 0 ? null : cells[host] || null,
      severity: level < 0 ? null : severityOf((cells[level] ?? '').trim()),
      text,
    });
    count++;
  }
  return `${count} log lines`;
}

export function needTime(cell: string | undefined, line: number): number {
  const at = timeOf(cell ?? '');
  if (Number.isNaN(at)) throw new Unreadable(`line ${line}: "${(cell ?? '').slice(0, 40)}" is no time`);
  return at;
}
