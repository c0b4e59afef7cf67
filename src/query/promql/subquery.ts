/**
 * Subqueries: an expression at every step of a range, as if it were a series. Steps lie at multiples of their length,
 * whatever moment is asked for, so that neighbouring moments of a range query share all but one of them.
 */
import type { Expr, Labels, SubqueryExpr } from './ast.ts';
import { executionError } from './errors.ts';
import type { SampledSeries } from './source.ts';
import { keyOf, type Vector, type Window } from './values.ts';

/** Prometheus' default evaluation interval. */
export const DEFAULT_STEP_MS = 60_000;
/** Of one subquery at one moment. Prometheus has no such limit; a day by the second is 86,400. */
const MAX_STEPS = 100_000;
/** Moments kept for the next one; older ones are evaluated again. */
const MAX_KEPT = 20_000;

interface Keyed {
  readonly key: string;
  readonly labels: Labels;
  readonly value: number;
}

export class Subqueries {
  readonly #evaluate: (expr: Expr, timeMs: number) => Vector;
  readonly #kept = new Map<SubqueryExpr, Map<number, readonly Keyed[]>>();

  constructor(evaluate: (expr: Expr, timeMs: number) => Vector) {
    this.#evaluate = evaluate;
  }

  /** Within [from, to]: Prometheus 2 counts both ends. */
  windows(expr: SubqueryExpr, fromMs: number, toMs: number): Window[] {
    const step = expr.stepMs ?? DEFAULT_STEP_MS;
    if ((toMs - fromMs) / step > MAX_STEPS) throw executionError('the subquery has too many steps');
    const found = new Map<string, Points>();
    for (let at = Math.ceil(fromMs / step) * step; at <= toMs; at += step) {
      for (const { key, labels, value } of this.#at(expr, at)) {
        let series = found.get(key);
        if (!series) {
          series = new Points(labels);
          found.set(key, series);
        }
        series.add(at, value);
      }
    }
    return [...found.values()].map((series) => ({ labels: series.labels, series, first: 0, end: series.length }));
  }

  #at(expr: SubqueryExpr, timeMs: number): readonly Keyed[] {
    let kept = this.#kept.get(expr);
    if (!kept) {
      kept = new Map();
      this.#kept.set(expr, kept);
    }
    const known = kept.get(timeMs);
    if (known) return known;
    const made = this.#evaluate(expr.of, timeMs).map(({ labels, value }) => ({ key: keyOf(labels), labels, value }));
    if (kept.size >= MAX_KEPT) kept.delete(kept.keys().next().value as number);
    kept.set(timeMs, made);
    return made;
  }
}

class Points implements SampledSeries {
  readonly labels: Labels;
  readonly #times: number[] = [];
  readonly #values: number[] = [];

  constructor(labels: Labels) {
    this.labels = labels;
  }

  get length(): number {
    return this.#times.length;
  }

  add(timeMs: number, value: number): void {
    this.#times.push(timeMs);
    this.#values.push(value);
  }

  timeAt(index: number): number {
    return this.#times[index] as number;
  }

  valueAt(index: number): number {
    return this.#values[index] as number;
  }
}
