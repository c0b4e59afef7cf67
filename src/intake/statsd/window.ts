/**
 * Adds up a window's metrics, as every StatsD server does: a thousand increments are one point. Counters become what
 * was added, gauges the last level, timers and histograms a count, a sum, the largest, and two quantiles (±6.25 %, see
 * model/histogram.ts), sets the number of different members.
 */
import { Histogram } from '../../model/histogram.ts';
import type { BatchBuilder, IntakeContext, KnownSeries, SeriesDraft } from '../contract.ts';
import { hashHigh, hashLow, hashStart, hashText } from '../wire/hash.ts';
import { labelsOf, type MetricLine } from './lines.ts';

interface Cell {
  readonly known: KnownSeries;
  readonly type: MetricLine['type'];
  sum: number;
  count: number;
  max: number;
  last: number;
  readonly histogram: Histogram | null;
  readonly members: Set<string> | null;
}

/** Members of one set that are told apart in one window; beyond it the number stays here. */
const MAX_MEMBERS = 10_000;
/** Histograms count in whole thousandths: a timer of 0.5 ms is 500. */
const SCALE = 1_000;

export class StatsdWindow {
  readonly #context: IntakeContext;
  #cells = new Map<KnownSeries, Cell>();

  constructor(context: IntakeContext) {
    this.#context = context;
  }

  /** Points with a time of their own go straight into the batch. */
  add(line: MetricLine, remote: string, batch: BatchBuilder): void {
    const known = this.#series(line, remote, batch);
    if (!known) return;
    if (line.wallMs !== null && (line.type === 'c' || line.type === 'g')) {
      for (const value of line.values)
        batch.point(known.series, line.wallMs, Number(value) / (line.type === 'c' ? line.rate : 1));
      return;
    }
    const cell = this.#cells.get(known) ?? this.#begin(known, line.type);
    for (const value of line.values) this.#count(cell, value, 1 / line.rate);
  }

  /** Ends the window. */
  flush(batch: BatchBuilder): void {
    const wallMs = this.#context.wallMs();
    for (const cell of this.#cells.values()) {
      const { series, parts } = cell.known;
      if (cell.type === 'c') batch.point(series, wallMs, cell.sum);
      else if (cell.type === 'g') batch.point(series, wallMs, cell.last);
      else if (cell.type === 's') batch.point(series, wallMs, cell.members?.size ?? 0);
      else {
        batch.point(series, wallMs, cell.count);
        const quantile = (q: number): number => Math.min(cell.max, (cell.histogram?.quantileUs(q) ?? 0) / SCALE);
        const values = [cell.sum, cell.max, quantile(0.5), quantile(0.99)];
        for (const [n, part] of parts.entries()) batch.point(part, wallMs, values[n] as number);
      }
    }
    this.#cells = new Map();
  }

  #begin(known: KnownSeries, type: MetricLine['type']): Cell {
    const distribution = type === 'ms' || type === 'h' || type === 'd';
    const cell: Cell = {
      known,
      type,
      sum: 0,
      count: 0,
      max: Number.NEGATIVE_INFINITY,
      last: 0,
      histogram: distribution ? new Histogram() : null,
      members: type === 's' ? new Set() : null,
    };
    this.#cells.set(known, cell);
    return cell;
  }

  #count(cell: Cell, text: string, weight: number): void {
    if (cell.members) {
      if (cell.members.size < MAX_MEMBERS) cell.members.add(text);
      return;
    }
    const value = Number(text);
    cell.sum += cell.type === 'g' ? 0 : value * weight;
    cell.count += weight;
    cell.last = value;
    if (value > cell.max) cell.max = value;
    cell.histogram?.record(value * SCALE, weight);
  }

  #series({ name, type, tags, values }: MetricLine, remote: string, batch: BatchBuilder): KnownSeries | undefined {
    hashStart();
    hashText(type);
    hashText(name);
    hashText(tags);
    hashText(remote);
    const low = hashLow();
    const high = hashHigh();
    const { series, limits } = this.#context;
    const found = series.find(low, high);
    if (found) return found;
    const labels = labelsOf(tags);
    const texts = [name, ...Object.values(labels)];
    if (texts.length - 1 > limits.maxLabels || texts.some((text) => text.length > limits.maxLabelBytes)) {
      batch.drop('points', 'too-many-labels', values.length);
      return undefined;
    }
    const made = series.add(low, high, draftOf(name, type, labels, labels.service ?? remote));
    if (!made) batch.drop('points', 'too-many-series', values.length);
    return made;
  }
}

function draftOf(name: string, type: MetricLine['type'], labels: Record<string, string>, source: string): SeriesDraft {
  if (type === 'c') return { name, labels, kind: 'delta', unit: '', source };
  if (type === 'g' || type === 's') return { name, labels, kind: 'gauge', unit: '', source };
  const unit = type === 'ms' ? 'ms' : '';
  const part = (suffix: string, kind: 'delta' | 'gauge') => ({ name: name + suffix, labels, kind, unit });
  const parts = [part('_sum', 'delta'), part('_max', 'gauge'), part('_p50', 'gauge'), part('_p99', 'gauge')];
  return { name: `${name}_count`, labels, kind: 'delta', unit: '', source, parts };
}
