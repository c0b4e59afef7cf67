/**
 * A query at one moment, or at many. Each step is evaluated by itself; series are selected once. Bounded: so many
 * series, steps and samples, so that one question cannot keep everything else waiting.
 */

import { aggregate } from './aggregate.ts';
import type { CallExpr, Expr, Labels, RangeExpr, SelectorExpr } from './ast.ts';
import { scalars, vectorScalar, vectors } from './binary.ts';
import { executionError, QueryError } from './errors.ts';
import { distinct, histogramQuantile, labelJoin, labelReplace, NUMBER_FUNCTIONS, TIME_FUNCTIONS } from './functions.ts';
import { parse } from './parse.ts';
import { predictLinear, quantileOverTime, RANGE_FUNCTIONS } from './ranges.ts';
import { lastUntil, type SampledSeries, type SampleSource } from './source.ts';
import { Subqueries } from './subquery.ts';
import { typeOf } from './types.ts';
import { keyOf, type Sample, type Vector, type Window, withoutName } from './values.ts';

/** An instant vector shows a sample until it is older than this. Prometheus 2 counts the very end as well. */
export const LOOKBACK_MS = 300_000;
/** Prometheus' own limit. */
export const MAX_STEPS = 11_000;
/** Samples that one query may look at. */
const MAX_SAMPLES = 20_000_000;

export type QueryResult =
  | { readonly type: 'scalar'; readonly value: number; readonly timeMs: number }
  | { readonly type: 'string'; readonly value: string; readonly timeMs: number }
  | { readonly type: 'vector'; readonly samples: Vector; readonly timeMs: number }
  | { readonly type: 'matrix'; readonly series: readonly ResultSeries[] };

export interface ResultSeries {
  readonly labels: Labels;
  readonly points: readonly (readonly [timeMs: number, value: number])[];
}

export function queryInstant(query: string, timeMs: number, source: SampleSource): QueryResult {
  const expr = parse(query);
  const evaluation = new Evaluation(source, timeMs, timeMs);
  if (expr.kind === 'string') return { type: 'string', value: expr.value, timeMs };
  if (typeOf(expr) === 'matrix') return { type: 'matrix', series: evaluation.raw(expr as RangeExpr, timeMs) };
  if (typeOf(expr) === 'scalar') return { type: 'scalar', value: evaluation.scalar(expr, timeMs), timeMs };
  const samples = distinct(evaluation.vector(expr, timeMs));
  return { type: 'vector', samples: isSorted(expr) ? samples : byLabels(samples), timeMs };
}

export function queryRange(
  query: string,
  fromMs: number,
  toMs: number,
  stepMs: number,
  source: SampleSource,
): QueryResult {
  const expr = parse(query);
  const type = typeOf(expr);
  if (type !== 'scalar' && type !== 'vector') {
    const what = type === 'matrix' ? 'range vector' : 'string';
    throw new QueryError(
      'bad_data',
      `invalid parameter "query": invalid expression type "${what}" for range query, must be Scalar or instant Vector`,
    );
  }
  if ((toMs - fromMs) / stepMs > MAX_STEPS) {
    throw new QueryError(
      'bad_data',
      'exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)',
    );
  }
  const evaluation = new Evaluation(source, fromMs, toMs);
  const found = new Map<string, { labels: Labels; points: [number, number][] }>();
  for (let timeMs = fromMs; timeMs <= toMs; timeMs += stepMs) {
    const samples =
      type === 'scalar'
        ? [{ labels: {}, value: evaluation.scalar(expr, timeMs) }]
        : distinct(evaluation.vector(expr, timeMs));
    for (const { labels, value } of samples) {
      const key = keyOf(labels);
      const series = found.get(key);
      if (series) series.points.push([timeMs, value]);
      else found.set(key, { labels, points: [[timeMs, value]] });
    }
  }
  const sorted = [...found].sort(([a], [b]) => (a < b ? -1 : 1));
  return { type: 'matrix', series: sorted.map(([, series]) => series) };
}

function byLabels(samples: Vector): Vector {
  return [...samples]
    .map((sample) => [keyOf(sample.labels), sample] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, sample]) => sample);
}

/** Some expressions are asked for because of their order. */
function isSorted(expr: Expr): boolean {
  if (expr.kind === 'call') return expr.name === 'sort' || expr.name === 'sort_desc';
  return expr.kind === 'aggregate' && (expr.op === 'topk' || expr.op === 'bottomk');
}

class Evaluation {
  readonly #source: SampleSource;
  readonly #selected = new Map<SelectorExpr, readonly SampledSeries[]>();
  readonly #subqueries = new Subqueries((expr, timeMs) => {
    const vector = distinct(this.vector(expr, timeMs));
    this.#charge(vector.length);
    return vector;
  });
  readonly #startMs: number;
  readonly #endMs: number;
  #samples = 0;

  /** `startMs` and `endMs`: the first and the last moment that are asked for. */
  constructor(source: SampleSource, startMs: number, endMs: number) {
    this.#source = source;
    this.#startMs = startMs;
    this.#endMs = endMs;
  }

  /** The moment that a selector or subquery means. */
  #moment({ at, offsetMs }: RangeExpr, timeMs: number): number {
    const from = at === null ? timeMs : at === 'start' ? this.#startMs : at === 'end' ? this.#endMs : at;
    return from - offsetMs;
  }

  scalar(expr: Expr, timeMs: number): number {
    switch (expr.kind) {
      case 'number':
        return expr.value;
      case 'negate':
        return -this.scalar(expr.of, timeMs);
      case 'binary':
        return scalars(expr.op, this.scalar(expr.left, timeMs), this.scalar(expr.right, timeMs));
      case 'call':
        if (expr.name === 'time') return timeMs / 1_000;
        if (expr.name === 'pi') return Math.PI;
        return this.#onlyValue(this.vector(expr.args[0] as Expr, timeMs));
      default:
        throw executionError('this is no number');
    }
  }

  vector(expr: Expr, timeMs: number): Vector {
    switch (expr.kind) {
      case 'selector':
        return this.#instant(expr, timeMs);
      case 'negate':
        return this.vector(expr.of, timeMs).map(({ labels, value }) => ({
          labels: withoutName(labels),
          value: -value,
        }));
      case 'aggregate': {
        const { parameter } = expr;
        const given =
          parameter === null ? null : parameter.kind === 'string' ? parameter.value : this.scalar(parameter, timeMs);
        return aggregate(expr.op, expr.grouping, this.vector(expr.of, timeMs), given);
      }
      case 'binary': {
        const scalarLeft = typeOf(expr.left) === 'scalar';
        const scalarRight = typeOf(expr.right) === 'scalar';
        if (scalarLeft)
          return vectorScalar(expr, this.vector(expr.right, timeMs), this.scalar(expr.left, timeMs), true);
        if (scalarRight)
          return vectorScalar(expr, this.vector(expr.left, timeMs), this.scalar(expr.right, timeMs), false);
        return vectors(expr, this.vector(expr.left, timeMs), this.vector(expr.right, timeMs));
      }
      case 'call':
        return this.#call(expr, timeMs);
      default:
        throw executionError('this is no instant vector');
    }
  }

  /** The samples themselves: a range vector asked for by itself. */
  raw(expr: RangeExpr, timeMs: number): ResultSeries[] {
    const series = this.#windows(expr, timeMs).map(({ labels, series: from, first, end }) => {
      const points: [number, number][] = [];
      for (let at = first; at < end; at++) points.push([from.timeAt(at), from.valueAt(at)]);
      return { labels, points };
    });
    return series
      .map((one) => [keyOf(one.labels), one] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, one]) => one);
  }

  #onlyValue(vector: Vector): number {
    return vector.length === 1 ? (vector[0] as Sample).value : Number.NaN;
  }

  #select(expr: SelectorExpr): readonly SampledSeries[] {
    const known = this.#selected.get(expr);
    if (known) return known;
    const found = [...this.#source.select(expr.matchers)];
    this.#selected.set(expr, found);
    return found;
  }

  #charge(samples: number): void {
    this.#samples += samples;
    if (this.#samples > MAX_SAMPLES) {
      throw executionError('query processing would load too many samples into memory in query execution');
    }
  }

  #instant(expr: SelectorExpr, timeMs: number): Sample[] {
    const at = this.#moment(expr, timeMs);
    const found: Sample[] = [];
    const all = this.#select(expr);
    this.#charge(all.length);
    for (const series of all) {
      const index = lastUntil(series, at);
      if (index < 0 || at - series.timeAt(index) > LOOKBACK_MS) continue;
      found.push({ labels: series.labels, value: series.valueAt(index) });
    }
    return found;
  }

  #windows(expr: RangeExpr, timeMs: number): Window[] {
    const to = this.#moment(expr, timeMs);
    const from = to - (expr.rangeMs ?? 0);
    if (expr.kind === 'subquery') {
      const made = this.#subqueries.windows(expr, from, to);
      this.#charge(made.reduce((sum, { end }) => sum + end, 0));
      return made;
    }
    const found: Window[] = [];
    for (const series of this.#select(expr)) {
      const end = lastUntil(series, to) + 1;
      // Prometheus 2 counts a sample at the very beginning of the window as well.
      const first = lastUntil(series, from - 1) + 1;
      this.#charge(end - first);
      if (first < end) found.push({ labels: series.labels, series, first, end });
    }
    return found;
  }

  #call(expr: CallExpr, timeMs: number): Vector {
    const { name, args } = expr;
    const overRange = args.find((arg): arg is RangeExpr => typeOf(arg) === 'matrix');
    if (overRange) return this.#rangeCall(expr, overRange, timeMs);
    const text = (index: number): string => (args[index]?.kind === 'string' ? args[index].value : '');
    const number = NUMBER_FUNCTIONS[name];
    if (number) {
      const more = args.slice(1).map((arg) => this.scalar(arg, timeMs));
      if (name === 'clamp' && (more[0] as number) > (more[1] as number)) return [];
      return this.vector(args[0] as Expr, timeMs).map(({ labels, value }) => ({
        labels: withoutName(labels),
        value: number(value, ...more),
      }));
    }
    const part = TIME_FUNCTIONS[name];
    if (part) {
      const of = args[0] ? this.vector(args[0], timeMs) : [{ labels: {}, value: timeMs / 1_000 }];
      return of.map(({ labels, value }) => ({ labels: withoutName(labels), value: part(new Date(value * 1_000)) }));
    }
    const last = args.at(-1) as Expr;
    switch (name) {
      case 'vector':
        return [{ labels: {}, value: this.scalar(last, timeMs) }];
      case 'absent':
        return this.vector(last, timeMs).length > 0 ? [] : [{ labels: labelsOf(last), value: 1 }];
      case 'sort':
        return [...this.vector(last, timeMs)].sort((a, b) => a.value - b.value);
      case 'sort_desc':
        return [...this.vector(last, timeMs)].sort((a, b) => b.value - a.value);
      case 'timestamp':
        return this.#timestamps(last, timeMs);
      case 'histogram_quantile':
        return histogramQuantile(this.scalar(args[0] as Expr, timeMs), this.vector(last, timeMs));
      case 'label_replace':
        return labelReplace(this.vector(args[0] as Expr, timeMs), text(1), text(2), text(3), text(4));
      case 'label_join':
        return labelJoin(
          this.vector(args[0] as Expr, timeMs),
          text(1),
          text(2),
          args.slice(3).map((_, at) => text(at + 3)),
        );
      default:
        throw executionError(`${name} is not supported here`);
    }
  }

  #timestamps(expr: Expr, timeMs: number): Vector {
    if (expr.kind !== 'selector')
      return this.vector(expr, timeMs).map(({ labels }) => ({ labels: withoutName(labels), value: timeMs / 1_000 }));
    const at = this.#moment(expr, timeMs);
    return this.#select(expr).flatMap((series) => {
      const index = lastUntil(series, at);
      if (index < 0 || at - series.timeAt(index) > LOOKBACK_MS) return [];
      return [{ labels: withoutName(series.labels), value: series.timeAt(index) / 1_000 }];
    });
  }

  #rangeCall({ name, args }: CallExpr, range: RangeExpr, timeMs: number): Vector {
    const windows = this.#windows(range, timeMs);
    if (name === 'absent_over_time') return windows.length > 0 ? [] : [{ labels: labelsOf(range), value: 1 }];
    const context = { toMs: this.#moment(range, timeMs), rangeMs: range.rangeMs ?? 0 };
    const given = args.find((arg) => typeOf(arg) === 'scalar');
    const parameter = given ? this.scalar(given, timeMs) : 0;
    return windows.flatMap((window) => {
      const value =
        name === 'quantile_over_time'
          ? quantileOverTime(parameter, window)
          : name === 'predict_linear'
            ? predictLinear(window, parameter, timeMs)
            : (RANGE_FUNCTIONS[name] as (typeof RANGE_FUNCTIONS)[string])(window, context);
      if (value === null) return [];
      return [{ labels: name === 'last_over_time' ? window.labels : withoutName(window.labels), value }];
    });
  }
}

/** absent() names what it looked for, as far as that is certain. */
function labelsOf(expr: Expr): Labels {
  if (expr.kind !== 'selector') return {};
  const labels: Record<string, string> = {};
  for (const { label, op, value } of expr.matchers) {
    if (label === '__name__') continue;
    if (op === '=' && !(label in labels)) labels[label] = value;
    else delete labels[label];
  }
  return labels;
}
