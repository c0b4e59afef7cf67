/** Words of a query. */
import { parseError } from './errors.ts';

export interface Token {
  readonly kind: 'number' | 'string' | 'duration' | 'word' | 'sign' | 'end';
  readonly text: string;
  readonly at: number;
}

const SPACE = /(?:\s+|#[^\n]*)+/y;
const WORD = /[a-zA-Z_:][a-zA-Z0-9_:]*/y;
const DURATION = /(?:\d+(?:ms|[smhdwy]))+(?![a-zA-Z0-9_])/y;
const NUMBER = /0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?/y;
const SIGN = /=~|!~|!=|==|>=|<=|[-+*/%^<>=(){}[\],:@]/y;

/** In this order: `5m` is a duration before it is a number. */
const PATTERNS = [
  ['duration', DURATION],
  ['number', NUMBER],
  ['word', WORD],
  ['sign', SIGN],
] as const;

export function lex(query: string): readonly Token[] {
  const tokens: Token[] = [];
  let at = 0;
  /** Within brackets a colon parts range and step; elsewhere it is part of a name. */
  let bracketed = false;
  const take = (pattern: RegExp): string | null => {
    pattern.lastIndex = at;
    return pattern.exec(query)?.[0] ?? null;
  };
  const add = (kind: Token['kind'], raw: string, text = raw): void => {
    tokens.push({ kind, text, at });
    at += raw.length;
    if (kind === 'sign' && (raw === '[' || raw === ']')) bracketed = raw === '[';
  };
  while (at < query.length) {
    const space = take(SPACE);
    if (space !== null) {
      at += space.length;
      continue;
    }
    const first = query[at] as string;
    if (first === '"' || first === "'" || first === '`') {
      const raw = quoted(query, at);
      add('string', raw, unquote(raw, at));
      continue;
    }
    if (first === ':' && bracketed) {
      add('sign', first);
      continue;
    }
    let found: readonly [Token['kind'], string] | null = null;
    for (const [kind, pattern] of PATTERNS) {
      const text: string | null = found === null ? take(pattern) : null;
      if (text !== null) found = [kind, text];
    }
    if (found === null) throw parseError(at, `unexpected character: '${first}'`);
    add(found[0], found[1]);
  }
  tokens.push({ kind: 'end', text: '', at });
  return tokens;
}

function quoted(query: string, from: number): string {
  const quote = query[from];
  for (let at = from + 1; at < query.length; at++) {
    if (query[at] === '\\' && quote !== '`') at++;
    else if (query[at] === quote) return query.slice(from, at + 1);
    else if (query[at] === '\n' && quote !== '`') break;
  }
  throw parseError(from, 'unterminated quoted string');
}

const ESCAPES: Readonly<Record<string, string>> = {
  a: '\u0007',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  "'": "'",
  '"': '"',
};

function unquote(raw: string, at: number): string {
  const inner = raw.slice(1, -1);
  if (raw.startsWith('`')) return inner;
  return inner.replace(/\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|[0-7]{3}|.)/gs, (_all, code: string) => {
    if (code.length > 1)
      return String.fromCodePoint(Number.parseInt(code.replace(/^[xu]/, ''), /^[xu]/.test(code) ? 16 : 8));
    const plain = ESCAPES[code];
    if (plain === undefined)
      throw parseError(
        at,
        `unknown escape sequence U+${code.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')} '${code}'`,
      );
    return plain;
  });
}

const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  y: 31_536_000_000,
};

/** `1h30m` in ms. */
export function durationOf(text: string): number {
  let total = 0;
  for (const [, count, unit] of text.matchAll(/(\d+)(ms|[smhdwy])/g))
    total += Number(count) * (UNITS[unit as string] as number);
  return total;
}
