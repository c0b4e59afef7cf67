/** A parsed query. Grammar: prometheus.io/docs/prometheus/latest/querying. */
import type { Ms } from '../../model/time.ts';

export type Labels = Readonly<Record<string, string>>;

export interface Matcher {
  readonly label: string;
  readonly op: '=' | '!=' | '=~' | '!~';
  readonly value: string;
  matches(value: string): boolean;
}

export type ValueType = 'scalar' | 'vector' | 'matrix' | 'string';

export type Expr =
  | NumberExpr
  | StringExpr
  | SelectorExpr
  | SubqueryExpr
  | CallExpr
  | AggregateExpr
  | BinaryExpr
  | NegateExpr;

/** `@`: a moment of its own (ms since 1970), or the first or last one that is asked for. */
export type At = number | 'start' | 'end';

export interface NumberExpr {
  readonly kind: 'number';
  readonly value: number;
}

export interface StringExpr {
  readonly kind: 'string';
  readonly value: string;
}

export interface SelectorExpr {
  readonly kind: 'selector';
  /** The name's among them, as `__name__`. */
  readonly matchers: readonly Matcher[];
  /** null: an instant vector. */
  readonly rangeMs: Ms | null;
  readonly offsetMs: Ms;
  /** null: the moment of evaluation. */
  readonly at: At | null;
}

/** An expression evaluated at every step of a range: `rate(x[5m])[1h:1m]`. */
export interface SubqueryExpr {
  readonly kind: 'subquery';
  readonly of: Expr;
  readonly rangeMs: Ms;
  /** null: the default one. */
  readonly stepMs: Ms | null;
  readonly offsetMs: Ms;
  readonly at: At | null;
}

/** What yields a range vector. */
export type RangeExpr = SelectorExpr | SubqueryExpr;

export interface CallExpr {
  readonly kind: 'call';
  readonly name: string;
  readonly args: readonly Expr[];
}

export interface Grouping {
  readonly without: boolean;
  readonly labels: readonly string[];
}

export interface AggregateExpr {
  readonly kind: 'aggregate';
  readonly op: string;
  readonly grouping: Grouping;
  readonly of: Expr;
  /** topk's k, quantile's φ, the label of count_values. */
  readonly parameter: Expr | null;
}

export interface Matching {
  /** on(…) or ignoring(…). */
  readonly on: boolean;
  readonly labels: readonly string[];
  /** Which side may have several partners; the labels are copied from the other side. */
  readonly group: 'left' | 'right' | null;
  readonly include: readonly string[];
}

export interface BinaryExpr {
  readonly kind: 'binary';
  readonly op: string;
  readonly left: Expr;
  readonly right: Expr;
  /** A comparison that yields 0 or 1 instead of leaving out. */
  readonly bool: boolean;
  readonly matching: Matching;
}

export interface NegateExpr {
  readonly kind: 'negate';
  readonly of: Expr;
}
