/**
 * A query's text to its tree, by precedence climbing.
 */
import type {
  AggregateExpr,
  At,
  BinaryExpr,
  CallExpr,
  Expr,
  Grouping,
  Matcher,
  Matching,
  SelectorExpr,
  ValueType,
} from './ast.ts';
import { parseError, QueryError } from './errors.ts';
import { durationOf, lex, type Token } from './lex.ts';
import { matcher } from './matcher.ts';
import { SIGNATURES } from './signatures.ts';
import { typeOf, WORDS } from './types.ts';

const AGGREGATIONS = new Set([
  'sum',
  'avg',
  'min',
  'max',
  'count',
  'group',
  'stddev',
  'stdvar',
  'topk',
  'bottomk',
  'quantile',
  'count_values',
]);
const WITH_PARAMETER = new Set(['topk', 'bottomk', 'quantile', 'count_values']);

/** Higher binds tighter. */
const PRECEDENCE: Readonly<Record<string, number>> = {
  or: 1,
  and: 2,
  unless: 2,
  '==': 3,
  '!=': 3,
  '<=': 3,
  '<': 3,
  '>=': 3,
  '>': 3,
  '+': 4,
  '-': 4,
  '*': 5,
  '/': 5,
  '%': 5,
  atan2: 5,
  '^': 6,
};
const COMPARISONS = new Set(['==', '!=', '<=', '<', '>=', '>']);
export const SET_OPERATORS = new Set(['and', 'or', 'unless']);
/** A unary minus binds weaker than `^` and tighter than `*`. */
const UNARY = 6;
const MAX_QUERY = 20_000;
const MAX_DEPTH = 100;

/** QueryError `bad_data` with the place of what is wrong. */
export function parse(query: string): Expr {
  if (query.length > MAX_QUERY) throw new QueryError('bad_data', `the query is longer than ${MAX_QUERY} characters`);
  const parser = new Parser(lex(query));
  const expr = parser.expression(0);
  parser.end();
  return expr;
}

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  get #token(): Token {
    return this.#tokens[this.#at] as Token;
  }

  end(): void {
    if (this.#token.kind !== 'end') throw this.#unexpected();
  }

  expression(least: number): Expr {
    if (++this.#depth > MAX_DEPTH) throw parseError(this.#token.at, 'the query is nested too deeply');
    let left = this.#unary();
    for (;;) {
      const { text, at, kind } = this.#token;
      const op = kind === 'word' ? text.toLowerCase() : text;
      const precedence =
        (kind === 'word' || kind === 'sign') && Object.hasOwn(PRECEDENCE, op) ? PRECEDENCE[op] : undefined;
      if (precedence === undefined || precedence <= least) break;
      this.#at++;
      const bool = this.#skipWord('bool');
      if (bool && !COMPARISONS.has(op)) throw parseError(at, 'bool modifier can only be used on comparison operators');
      const matching = this.#matching();
      const right = this.expression(op === '^' ? precedence - 1 : precedence);
      left = checked({ kind: 'binary', op, left, right, bool, matching }, at);
    }
    this.#depth--;
    return left;
  }

  #unary(): Expr {
    const { text, kind, at } = this.#token;
    if (kind !== 'sign' || (text !== '-' && text !== '+')) return this.#postfix();
    this.#at++;
    const of = this.expression(UNARY - 0.5);
    const type = typeOf(of);
    if (type !== 'scalar' && type !== 'vector')
      throw parseError(
        at,
        `unary expression only allowed on expressions of type scalar or instant vector, got "${WORDS[type]}"`,
      );
    return text === '-' ? { kind: 'negate', of } : of;
  }

  #postfix(): Expr {
    let expr = this.#primary();
    for (;;) {
      const { text, kind, at } = this.#token;
      if (kind === 'sign' && text === '[') expr = this.#ranged(expr, at);
      else if (kind === 'word' && text.toLowerCase() === 'offset') expr = this.#offset(expr, at);
      else if (kind === 'sign' && text === '@') expr = this.#atModifier(expr, at);
      else return expr;
    }
  }

  #ranged(expr: Expr, at: number): Expr {
    this.#at++;
    const rangeMs = this.#duration();
    if (this.#skipSign(':')) {
      const stepMs = this.#token.text === ']' ? null : this.#duration();
      this.#sign(']');
      if (typeOf(expr) !== 'vector')
        throw parseError(at, `subquery is only allowed on instant vector, got ${WORDS[typeOf(expr)]} instead`);
      return { kind: 'subquery', of: expr, rangeMs, stepMs, offsetMs: 0, at: null };
    }
    this.#sign(']');
    if (expr.kind !== 'selector' || expr.rangeMs !== null)
      throw parseError(at, 'ranges only allowed for vector selectors');
    if (expr.offsetMs !== 0) throw parseError(at, 'no offset modifiers allowed before range');
    if (expr.at !== null) throw parseError(at, 'no @ modifiers allowed before range');
    return { ...expr, rangeMs };
  }

  #offset(expr: Expr, at: number): Expr {
    this.#at++;
    const back = this.#skipSign('-');
    const offsetMs = this.#duration() * (back ? -1 : 1);
    if (expr.kind !== 'selector' && expr.kind !== 'subquery')
      throw parseError(
        at,
        'offset modifier must be preceded by an instant vector selector or range vector selector or a subquery',
      );
    if (expr.offsetMs !== 0) throw parseError(at, 'offset may not be set multiple times');
    return { ...expr, offsetMs };
  }

  #atModifier(expr: Expr, at: number): Expr {
    this.#at++;
    const moment = this.#moment();
    if (expr.kind !== 'selector' && expr.kind !== 'subquery')
      throw parseError(
        at,
        '@ modifier must be preceded by an instant vector selector or range vector selector or a subquery',
      );
    if (expr.at !== null) throw parseError(at, '@ <timestamp> may not be set multiple times');
    return { ...expr, at: moment };
  }

  /** `1700000000.5`, `start()`, `end()`. */
  #moment(): At {
    for (const word of ['start', 'end'] as const) {
      if (!this.#skipWord(word)) continue;
      this.#sign('(');
      this.#sign(')');
      return word;
    }
    const sign = this.#skipSign('-') ? -1 : 1;
    if (sign === 1) this.#skipSign('+');
    const { kind, text, at } = this.#token;
    const ms = kind === 'number' ? Math.round(Number(text) * 1_000) * sign : Number.NaN;
    if (!Number.isSafeInteger(ms)) throw parseError(at, 'timestamp out of bounds for @ modifier');
    this.#at++;
    return ms;
  }

  #primary(): Expr {
    const token = this.#token;
    if (token.kind === 'number') {
      this.#at++;
      return { kind: 'number', value: Number(token.text) };
    }
    if (token.kind === 'string') {
      this.#at++;
      return { kind: 'string', value: token.text };
    }
    if (token.kind === 'sign' && token.text === '(') {
      this.#at++;
      const inner = this.expression(0);
      this.#sign(')');
      return inner;
    }
    if (token.kind === 'sign' && token.text === '{') return this.#selector(null);
    if (token.kind === 'word') return this.#word(token);
    throw this.#unexpected();
  }

  #word({ text, at }: Token): Expr {
    const lower = text.toLowerCase();
    if (lower === 'inf' || lower === 'nan') {
      this.#at++;
      return { kind: 'number', value: lower === 'inf' ? Number.POSITIVE_INFINITY : Number.NaN };
    }
    const next = this.#tokens[this.#at + 1] as Token;
    const opens = next.text === '(' && next.kind === 'sign';
    if (AGGREGATIONS.has(lower) && (opens || next.text === 'by' || next.text === 'without')) {
      this.#at++;
      return this.#aggregate(lower, at);
    }
    this.#at++;
    if (opens) return this.#call(text, at);
    return this.#selector(text);
  }

  #selector(name: string | null): SelectorExpr {
    const at = this.#token.at;
    const matchers: Matcher[] = name === null ? [] : [matcher('__name__', '=', name, at)];
    if (this.#skipSign('{')) {
      while (!this.#skipSign('}')) {
        const label = this.#token;
        if (label.kind !== 'word' || label.text.includes(':'))
          throw this.#unexpected('in label matching, expected identifier or "}"');
        this.#at++;
        const op = this.#token;
        if (!['=', '!=', '=~', '!~'].includes(op.text))
          throw this.#unexpected('in label matching, expected label matching operator');
        this.#at++;
        const value = this.#token;
        if (value.kind !== 'string') throw this.#unexpected('in label matching, expected string');
        this.#at++;
        if (label.text === '__name__' && name !== null)
          throw parseError(label.at, `metric name must not be set twice: "${name}" or "${value.text}"`);
        matchers.push(matcher(label.text, op.text as Matcher['op'], value.text, value.at));
        if (!this.#skipSign(',') && this.#token.text !== '}')
          throw this.#unexpected('in label matching, expected "," or "}"');
      }
    }
    if (matchers.every((one) => one.matches('')))
      throw parseError(at, 'vector selector must contain at least one non-empty matcher');
    return { kind: 'selector', matchers, rangeMs: null, offsetMs: 0, at: null };
  }

  #aggregate(op: string, at: number): AggregateExpr {
    let grouping = this.#grouping();
    this.#sign('(');
    const args = this.#arguments();
    grouping ??= this.#grouping();
    const wanted = WITH_PARAMETER.has(op) ? 2 : 1;
    if (args.length !== wanted)
      throw parseError(
        at,
        `wrong number of arguments for aggregate expression provided, expected ${wanted}, got ${args.length}`,
      );
    const of = args.at(-1) as Expr;
    if (typeOf(of) !== 'vector')
      throw parseError(at, `expected type instant vector in aggregation expression, got ${WORDS[typeOf(of)]}`);
    const parameter = wanted === 2 ? (args[0] as Expr) : null;
    const type = op === 'count_values' ? 'string' : 'scalar';
    if (parameter && typeOf(parameter) !== type)
      throw parseError(at, `expected type ${type} in aggregation parameter, got ${WORDS[typeOf(parameter)]}`);
    return { kind: 'aggregate', op, of, parameter, grouping: grouping ?? { without: false, labels: [] } };
  }

  #grouping(): Grouping | null {
    const { text, kind } = this.#token;
    const word = text.toLowerCase();
    if (kind !== 'word' || (word !== 'by' && word !== 'without')) return null;
    this.#at++;
    return { without: word === 'without', labels: this.#names() };
  }

  #call(name: string, at: number): CallExpr {
    const signature = Object.hasOwn(SIGNATURES, name) ? SIGNATURES[name] : undefined;
    if (!signature) throw parseError(at, `unknown function with name "${name}"`);
    this.#sign('(');
    const args = this.#arguments();
    const { takes, optional = 0, variadic = false } = signature;
    if (args.length < takes.length - optional)
      throw parseError(
        at,
        `expected at least ${takes.length - optional} argument(s) in call to "${name}", got ${args.length}`,
      );
    if (args.length > takes.length && !variadic)
      throw parseError(at, `expected at most ${takes.length} argument(s) in call to "${name}", got ${args.length}`);
    args.forEach((arg, index) => {
      const wanted = takes[Math.min(index, takes.length - 1)] as ValueType;
      if (typeOf(arg) !== wanted)
        throw parseError(at, `expected type ${WORDS[wanted]} in call to function "${name}", got ${WORDS[typeOf(arg)]}`);
    });
    return { kind: 'call', name, args };
  }

  #arguments(): Expr[] {
    const args: Expr[] = [];
    while (!this.#skipSign(')')) {
      args.push(this.expression(0));
      if (!this.#skipSign(',') && this.#token.text !== ')') throw this.#unexpected();
    }
    return args;
  }

  #matching(): Matching {
    const { text, kind } = this.#token;
    const word = kind === 'word' ? text.toLowerCase() : '';
    if (word !== 'on' && word !== 'ignoring') return { on: false, labels: [], group: null, include: [] };
    this.#at++;
    const labels = this.#names();
    const side = this.#token.kind === 'word' ? this.#token.text.toLowerCase() : '';
    if (side !== 'group_left' && side !== 'group_right') return { on: word === 'on', labels, group: null, include: [] };
    this.#at++;
    const include = this.#token.text === '(' ? this.#names() : [];
    return { on: word === 'on', labels, group: side === 'group_left' ? 'left' : 'right', include };
  }

  #names(): string[] {
    this.#sign('(');
    const names: string[] = [];
    while (!this.#skipSign(')')) {
      if (this.#token.kind !== 'word') throw this.#unexpected('in grouping opts, expected label');
      names.push(this.#token.text);
      this.#at++;
      if (!this.#skipSign(',') && this.#token.text !== ')')
        throw this.#unexpected('in grouping opts, expected "," or ")"');
    }
    return names;
  }

  #duration(): number {
    const { kind, text, at } = this.#token;
    if (kind !== 'duration') throw parseError(at, `unexpected ${describe(this.#token)}, expected duration`);
    const ms = durationOf(text);
    if (ms <= 0) throw parseError(at, 'duration must be greater than 0');
    this.#at++;
    return ms;
  }

  #sign(text: string): void {
    if (!this.#skipSign(text)) throw this.#unexpected(`expected "${text}"`);
  }

  #skipSign(text: string): boolean {
    const found = this.#token.kind === 'sign' && this.#token.text === text;
    if (found) this.#at++;
    return found;
  }

  #skipWord(word: string): boolean {
    const found = this.#token.kind === 'word' && this.#token.text.toLowerCase() === word;
    if (found) this.#at++;
    return found;
  }

  #unexpected(more = ''): QueryError {
    return parseError(this.#token.at, `unexpected ${describe(this.#token)}${more === '' ? '' : ` ${more}`}`);
  }
}

function describe({ kind, text }: Token): string {
  return kind === 'end' ? 'end of input' : `${kind} "${text}"`;
}

function checked(expr: BinaryExpr, at: number): BinaryExpr {
  const { op, left, right, bool, matching } = expr;
  for (const side of [typeOf(left), typeOf(right)]) {
    if (side !== 'scalar' && side !== 'vector')
      throw parseError(at, `binary expression must contain only scalar and instant vector types`);
  }
  const scalars = [left, right].filter((side) => typeOf(side) === 'scalar').length;
  if (SET_OPERATORS.has(op) && scalars > 0)
    throw parseError(at, `set operator "${op}" not allowed in binary scalar expression`);
  if (SET_OPERATORS.has(op) && matching.group !== null)
    throw parseError(at, `no grouping allowed for "${op}" operation`);
  if (COMPARISONS.has(op) && scalars === 2 && !bool)
    throw parseError(at, 'comparisons between scalars must use BOOL modifier');
  if (scalars > 0 && (matching.on || matching.labels.length > 0))
    throw parseError(at, 'vector matching only allowed between instant vectors');
  return expr;
}
