/** Tables of metrics (see csv.ts for their layouts). Blank cells are bins in which nothing was measured. */
import type { Measure } from '../contract.ts';
import type { Collector } from './collector.ts';
import { needTime, plainName, TIME_NAMES, VALUE_NAMES } from './csv.ts';
import { Meaningless } from './errors.ts';
import type { Row } from './lines.ts';
import { serviceOfName, timeOf } from './names.ts';
import type { FamilyMeasure } from './series.ts';
import { beginsMetric, type Meaning, meaningOf, wordsOf } from './words.ts';

export interface Layout {
  /** Columns; −1: there is none. */
  readonly time: number;
  readonly service: number;
  readonly metric: number;
}

/** A column whose unit is not settled yet. */
export interface Draft {
  readonly service: string;
  readonly metric: string;
  readonly meaning: Meaning;
  readonly atMs: number[];
  readonly values: number[];
}

export function readWideTable(head: Row, rows: Iterable<Row>, layout: Layout, into: Collector): string {
  const drafts =
    layout.service >= 0 && layout.time >= 0 ? readLong(head.cells, rows, layout) : readColumns(head, rows, layout.time);
  const kept = drafts.filter(({ values }) => values.length > 0);
  if (kept.length === 0)
    throw new Meaningless('no column that says which service and what it measures: see docs/diagnosis.md');
  for (const measure of measuresOfDrafts(kept)) into.measure(measure);
  return `${kept.length} columns of ${new Set(kept.map(({ service }) => service)).size} services`;
}

/** Latencies that belong together are in one unit. */
export function measuresOfDrafts(drafts: readonly Draft[]): FamilyMeasure[] {
  const msPerUnit = latencyUnit(drafts);
  return withRates(drafts).map((draft) => measureOf(draft, msPerUnit));
}

/** Failures are told as the calls beside them are: where those are rates, these are, unless they are called a count. */
function withRates(drafts: readonly Draft[]): readonly Draft[] {
  const requests = drafts.filter(({ meaning }) => meaning.quantity === 'requests');
  if (requests.length === 0 || requests.some(({ meaning }) => !meaning.perSecond)) return drafts;
  return drafts.map((draft) =>
    draft.meaning.quantity === 'failed' && !/\b(count|number|total|sum)\b/.test(wordsOf(draft.metric))
      ? { ...draft, meaning: { ...draft.meaning, perSecond: true } }
      : draft,
  );
}

/**
 * A time and a value, in a file that is called after both service and metric (`cart_docker_cpu_usage.csv`, with an address or
 * dates among them), or after the metric, in the folder of a service.
 */
export function readNamedFile(path: string, rows: Iterable<Row>, time: number, value: number, into: Collector): string {
  const split = splitOfPath(path);
  const meaning = split && meaningOf(split.metric);
  if (!split || !meaning) throw new Meaningless('its name does not say which service and what it measures');
  const draft: Draft = { service: rolled(split.service), metric: split.metric, meaning, atMs: [], values: [] };
  for (const { cells, line } of rows) {
    const number = cells[value] === '' ? Number.NaN : Number(cells[value]);
    const atMs = needTime(cells[time], line);
    if (Number.isNaN(number)) continue;
    draft.atMs.push(atMs);
    draft.values.push(number);
  }
  into.column(draft);
  return `${draft.values.length} values of ${draft.service}: ${draft.metric}`;
}

const ADDRESS_OR_DATE = /[_-](\d{1,3}(\.\d{1,3}){3}|\d{4}-?\d\d-?\d\d)(?=[_-]|$)/g;

function splitOfPath(path: string): Split | null {
  const [file = '', folder = ''] = path.split(/[\\/]/).reverse();
  const stem = file.replace(/(\.[a-z]+)+$/i, '').replaceAll(ADDRESS_OR_DATE, '');
  const split = beforeMetric(stem);
  if (split !== null) return split;
  return folder !== '' && meaningOf(stem) !== null ? { service: folder, metric: stem } : null;
}

/** A header of one or several rows; the column of the time is named so, or is the first. */
function readColumns(head: Row, rows: Iterable<Row>, named: number): Draft[] {
  const headers: (readonly string[])[] = [head.cells];
  let time = named;
  let columns: (Draft | null)[] | null = null;
  for (const { cells, line } of rows) {
    if (columns === null) {
      const isHeader = Number.isNaN(timeOf(cells[Math.max(0, time)] ?? ''));
      if (isHeader) {
        if (headers.length >= 6) throw new Meaningless(`line ${line}: no row that begins with a time`);
        // A row that only names the index says nothing of the columns.
        if (cells.slice(1).some((cell) => cell.trim() !== '')) headers.push(cells);
        continue;
      }
      time = Math.max(0, time);
      columns = columnsOf(headers, time);
    }
    const atMs = needTime(cells[time], line);
    for (let n = 0; n < columns.length; n++) {
      const cell = cells[n];
      const column = columns[n];
      if (!column || cell === undefined || cell === '') continue;
      const value = Number(cell);
      if (Number.isNaN(value)) continue;
      column.atMs.push(atMs);
      column.values.push(value);
    }
  }
  return (columns ?? []).filter((column) => column !== null);
}

function columnsOf(headers: readonly (readonly string[])[], time: number): (Draft | null)[] {
  const [names = [], ...more] = headers;
  const splitName = splitterOf(names.filter((_, n) => n !== time));
  const columns = names.map((name, n) => {
    if (n === time || (n === 0 && TIME_NAMES.includes(plainName(name)))) return null;
    const split =
      more.length > 0 ? { service: name, metric: more.map((row) => row[n] ?? '').join(' ') } : splitName(name);
    const meaning = split && meaningOf(split.metric);
    if (!split || !meaning || split.service === '') return null;
    return { ...split, meaning, atMs: [], values: [] };
  });
  const understood = columns.filter((column) => column !== null).length;
  return understood >= LEAST_UNDERSTOOD * (names.length - 1) ? columns : columns.map(() => null);
}

/** Where fewer of the columns mean something the table is about something else, and those are called so by chance. */
const LEAST_UNDERSTOOD = 0.4;

interface Split {
  readonly service: string;
  readonly metric: string;
}
type Splitter = (name: string) => Split | null;

const MARKS = /[_/:|. -]+/g;

/**
 * How names of columns are parted into service and metric: at the first or last of some mark, where a word of metrics
 * begins (`front-end_latency-90`), or after one (`cpu_front-end`). The table has the same metrics of many services, so
 * that way is meant by which the most columns mean something and the fewest different services and metrics come out.
 */
function splitterOf(names: readonly string[]): Splitter {
  const ways: Splitter[] = [
    beforeMetric,
    ...['_', '/', ':', '|', '.', ' ', '-'].flatMap((mark) => [atMark(mark, false), atMark(mark, true)]),
    labelled,
  ];
  const judged = [...ways, ...ways.slice(1).map(turned)].map((way) => {
    const parts = names
      .map(way)
      .filter((part) => part !== null && part.service !== '' && meaningOf(part.metric) !== null) as Split[];
    const kinds = new Set(parts.map(({ service }) => service)).size + new Set(parts.map(({ metric }) => metric)).size;
    return { way, parts: parts.length, kinds };
  });
  const most = Math.max(...judged.map(({ parts }) => parts));
  // A column or two may be about something else.
  const good = judged.filter(({ parts }) => parts >= 0.9 * most);
  return good.reduce((best, each) => (each.kinds < best.kinds ? each : best), good[0] as (typeof judged)[number]).way;
}

function beforeMetric(name: string): Split | null {
  for (const match of name.matchAll(MARKS)) {
    const [service, metric] = [name.slice(0, match.index), name.slice(match.index + match[0].length)];
    if (service !== '' && beginsMetric(metric)) return { service, metric };
  }
  return null;
}

function atMark(mark: string, last: boolean): Splitter {
  return (name) => {
    const at = last ? name.lastIndexOf(mark) : name.indexOf(mark);
    return at <= 0 ? null : { service: name.slice(0, at), metric: name.slice(at + 1) };
  };
}

/** `container_cpu_usage{pod="cart-0"}`: the first label that names something. */
function labelled(name: string): Split | null {
  const found = /^([\w:.-]+)\{(?:.*?\b(?:service|service_name|app|container|pod|workload|job)\w*="([^"]+)").*\}$/.exec(
    name,
  );
  return found === null ? null : { service: found[2] as string, metric: found[1] as string };
}

function turned(way: Splitter): Splitter {
  return (name) => {
    const parts = way(name);
    return parts === null ? null : { service: parts.metric, metric: parts.service };
  };
}

function readLong(header: readonly string[], rows: Iterable<Row>, { time, service, metric }: Layout): Draft[] {
  const drafts = new Map<string, Draft | null>();
  const draftOf = (of: string, name: string): Draft | null => {
    const key = `${of}\u0000${name}`;
    let draft = drafts.get(key);
    if (draft === undefined) {
      const meaning = meaningOf(name);
      draft = meaning === null ? null : { service: rolled(of), metric: name, meaning, atMs: [], values: [] };
      drafts.set(key, draft);
    }
    return draft;
  };
  const value = header.findIndex((name) => VALUE_NAMES.includes(plainName(name)));
  for (const { cells, line } of rows) {
    const atMs = needTime(cells[time], line);
    const of = (cells[service] ?? '').trim();
    const put = (name: string, cell: string | undefined): void => {
      const number = cell === undefined || cell === '' ? Number.NaN : Number(cell);
      const draft = Number.isNaN(number) || of === '' ? null : draftOf(of, name);
      draft?.atMs.push(atMs);
      draft?.values.push(number);
    };
    if (metric >= 0 && value >= 0) put(cells[metric] ?? '', cells[value]);
    else {
      header.forEach((name, n) => {
        if (n !== time && n !== service) put(name, cells[n]);
      });
    }
  }
  return [...drafts.values()].filter((draft) => draft !== null);
}

/** A pod of a deployment is its service; a number at the end may be part of a name, and is left (see assemble/aliases). */
function rolled(name: string): string {
  const plain = serviceOfName(name);
  return /-\d{1,3}$/.test(name) ? name : plain;
}

/** Of all latencies without a unit together: seconds, ms or µs, by the size of the middle one. */
function latencyUnit(drafts: readonly Draft[]): number {
  const values = drafts
    .filter(({ meaning }) => meaning.quantity === 'latencyMs' && meaning.scale === null)
    .flatMap((draft) => draft.values.slice(0, 500))
    .filter((value) => value > 0)
    .sort((a, b) => a - b);
  const middle = values[values.length >> 1] ?? 1;
  return middle < 5 ? 1_000 : middle < 20_000 ? 1 : 1e-3;
}

/** Of this part of the steps a counter may fall: it starts anew with its process. */
const FALLS = 0.05;

/** Called a total, and grows: rates that were taken of counters are often still called so. */
function isCounter(metric: string, values: readonly number[]): boolean {
  if (!/\b(total|cumulative)\b/.test(wordsOf(metric)) || values.length < 4) return false;
  let [falls, rises] = [0, 0];
  for (let n = 1; n < values.length; n++) {
    const step = (values[n] as number) - (values[n - 1] as number);
    if (step < 0) falls++;
    if (step > 0) rises++;
  }
  return rises > 0 && falls <= FALLS * (values.length - 1);
}

function measureOf({ service, metric, meaning, atMs, values }: Draft, msPerUnit: number): FamilyMeasure {
  const { quantity, inverse, perSecond } = meaning;
  const percent = quantity === 'failedShare' && meaning.scale === null && values.some((value) => Math.abs(value) > 1.5);
  const sums = quantity === 'requests' || quantity === 'failed';
  const counter = isCounter(metric, values);
  const form: Measure['form'] = counter ? 'total' : sums ? (perSecond ? 'rate' : 'added') : 'mean';
  const ofTime = counter && quantity === 'latencyMs';
  const given = meaning.scale ?? (quantity === 'latencyMs' ? (ofTime ? 1_000 : msPerUnit) : percent ? 0.01 : 1);
  const scale = ofTime ? given / 1_000 : given;
  return {
    service,
    callee: null,
    view: 'callee',
    quantity: ofTime ? 'seconds' : quantity,
    resource: meaning.resource,
    instance: null,
    form,
    rank: meaning.rank,
    atMs,
    values: values.map((value) => (inverse ? 1 - value * scale : value * scale)),
    family: metric,
  };
}
