/** Tables of metrics (see csv.ts for their layouts). Blank cells are bins in which nothing was measured. */
import type { Measure } from '../contract.ts';
import type { Collector } from './collector.ts';
import { needTime, plainName, TIME_NAMES } from './csv.ts';
import { Unreadable } from './errors.ts';
import type { Row } from './lines.ts';
import { timeOf } from './names.ts';
import type { FamilyMeasure } from './series.ts';
import { beginsMetric, type Meaning, meaningOf } from './words.ts';

export interface Layout {
  /** Columns; −1: there is none. */
  readonly time: number;
  readonly service: number;
  readonly metric: number;
}

interface Draft {
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
    throw new Unreadable('no column that says which service and what it measures: see docs/diagnosis.md');
  const msPerUnit = latencyUnit(kept);
  for (const draft of kept) into.measure(measureOf(draft, msPerUnit));
  return `${kept.length} columns of ${new Set(kept.map(({ service }) => service)).size} services`;
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
        if (headers.length >= 6) throw new Unreadable(`line ${line}: no row that begins with a time`);
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
  return names.map((name, n) => {
    if (n === time || (n === 0 && TIME_NAMES.includes(plainName(name)))) return null;
    const split =
      more.length > 0 ? { service: name, metric: more.map((row) => row[n] ?? '').join(' ') } : splitName(name);
    const meaning = split && meaningOf(split.metric);
    if (!split || !meaning || split.service === '') return null;
    return { ...split, meaning, atMs: [], values: [] };
  });
}

/** `front-end_latency-90`: service and metric are parted where a word of metrics begins. */
function splitName(name: string): { service: string; metric: string } | null {
  for (const match of name.matchAll(/[_/:|. -]+/g)) {
    const [service, metric] = [name.slice(0, match.index), name.slice(match.index + match[0].length)];
    if (service !== '' && beginsMetric(metric)) return { service, metric };
  }
  return null;
}

function readLong(header: readonly string[], rows: Iterable<Row>, { time, service, metric }: Layout): Draft[] {
  const drafts = new Map<string, Draft | null>();
  const draftOf = (of: string, name: string): Draft | null => {
    const key = `${of}\u0000${name}`;
    let draft = drafts.get(key);
    if (draft === undefined) {
      const meaning = meaningOf(name);
      draft = meaning === null ? null : { service: of, metric: name, meaning, atMs: [], values: [] };
      drafts.set(key, draft);
    }
    return draft;
  };
  const value = header.findIndex((name) => ['value', 'val'].includes(plainName(name)));
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

function measureOf({ service, metric, meaning, atMs, values }: Draft, msPerUnit: number): FamilyMeasure {
  const { quantity, inverse, perSecond } = meaning;
  const percent = quantity === 'failedShare' && meaning.scale === null && values.some((value) => Math.abs(value) > 1.5);
  const scale = meaning.scale ?? (quantity === 'latencyMs' ? msPerUnit : percent ? 0.01 : 1);
  const sums = quantity === 'requests' || quantity === 'failed';
  const form: Measure['form'] = sums ? (perSecond ? 'rate' : 'added') : 'mean';
  return {
    service,
    callee: null,
    view: 'callee',
    quantity,
    resource: meaning.resource,
    instance: null,
    form,
    rank: meaning.rank,
    atMs,
    values: values.map((value) => (inverse ? 1 - value * scale : value * scale)),
    family: metric,
  };
}
