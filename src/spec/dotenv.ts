/**
 * Files of variables (`env_file`, `label_file`): `NAME=value`, `export NAME=value`, comments, quotes that may span
 * lines. Values are interpolated unless they stand in single quotes; a bare NAME takes its value from outside.
 */
import { interpolate, type Lookup } from './interpolate.ts';

export interface DotEnv {
  readonly values: ReadonlyMap<string, string>;
  /** Lines that are no assignment, 1-based. */
  readonly badLines: readonly number[];
}

const LINE =
  /[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_.-]*)[ \t]*(?:([=:])[ \t]*("(?:\\[\s\S]|[^"\\])*"|'[^']*'|[^\r\n]*))?[^\r\n]*/y;
const BLANK = /[ \t]*(?:#[^\r\n]*)?(?=[\r\n]|$)/y;

export function readDotEnv(source: string, outside: Lookup): DotEnv {
  const text = source.replace(/^\uFEFF/, '');
  const values = new Map<string, string>();
  const badLines: number[] = [];
  const lookup: Lookup = (name) => values.get(name) ?? outside(name);
  let at = 0;
  let line = 1;
  while (at < text.length) {
    const end = assignment(text, at, values, lookup) ?? blank(text, at);
    if (end === null) badLines.push(line);
    const stop = end ?? endOfLine(text, at);
    line += text.slice(at, stop).split('\n').length - 1;
    const newline = /\r?\n|\r/y;
    newline.lastIndex = stop;
    const length = newline.exec(text)?.[0].length ?? 0;
    at = stop + length;
    line += 1;
  }
  return { values, badLines };
}

function assignment(text: string, at: number, values: Map<string, string>, lookup: Lookup): number | null {
  LINE.lastIndex = at;
  const match = LINE.exec(text);
  if (match === null) return null;
  const [all, name, sign, raw = ''] = match as unknown as [string, string, string | undefined, string | undefined];
  const value = sign === undefined ? lookup(name) : unquoted(raw, lookup);
  if (sign === undefined && !/^[ \t]*(?:export[ \t]+)?[A-Za-z0-9_.-]+[ \t]*(?:#.*)?$/.test(all)) return null;
  if (value !== undefined) values.set(name, value);
  return at + all.length;
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };

function unquoted(raw: string, lookup: Lookup): string {
  if (raw.length > 1 && raw.startsWith("'") && raw.endsWith("'")) return raw.slice(1, -1);
  if (raw.length > 1 && raw.startsWith('"') && raw.endsWith('"')) {
    return interpolate(raw.slice(1, -1), lookup).text.replace(/\\([\s\S])/g, (_, c: string) => ESCAPES[c] ?? c);
  }
  return interpolate(raw.replace(/(^|\s)#.*$/, '').trim(), lookup).text;
}

function blank(text: string, at: number): number | null {
  BLANK.lastIndex = at;
  const match = BLANK.exec(text);
  return match === null ? null : at + match[0].length;
}

function endOfLine(text: string, at: number): number {
  const rest = /[\r\n]/.exec(text.slice(at));
  return rest === null ? text.length : at + rest.index;
}
