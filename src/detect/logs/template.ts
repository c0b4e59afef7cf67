/** What the miner remembers of one template. */
import { textOf } from './columns.ts';
import { WILD } from './mask.ts';

export interface Template {
  /** That of the oldest of those it was made of. */
  readonly id: number;
  readonly columns: readonly string[];
  readonly spaced: readonly boolean[];
  /** Where a word was learnt to be a variable: anything may stand there. */
  readonly open: readonly number[];
  readonly key: number;
  lines: number;
  /** The line it was last seen at, counted from the stream's beginning. */
  lastLine: number;
  /** Set when it became part of another. */
  into: Template | null;
}

/** For those who look from outside. */
export interface TemplateInfo {
  readonly id: number;
  /** With `<*>` for values. */
  readonly text: string;
  readonly lines: number;
}

export function infoOf({ id, columns, spaced, lines }: Template): TemplateInfo {
  return { id, text: textOf({ words: columns, spaced }), lines };
}

/** The template under which it goes on. */
export function living(template: Template): Template {
  let at = template;
  while (at.into !== null) at = at.into;
  return at;
}

/** Does a line with these columns belong to it? Only meant for templates with open columns. */
export function fits({ columns, open }: Template, line: readonly string[]): boolean {
  for (let at = 0; at < columns.length; at++) {
    if (columns[at] !== line[at] && !(columns[at] === WILD && open.includes(at))) return false;
  }
  return true;
}

/** Wildcards where they differ and in these places. */
export function commonColumns(parts: readonly Template[], places: readonly number[]): string[] {
  const first = parts[0] as Template;
  return first.columns.map((column, at) =>
    places.includes(at) || parts.some(({ columns }) => columns[at] !== column) ? WILD : column,
  );
}

/** One of several: the oldest id, and all their lines. */
export function united(parts: readonly Template[], columns: readonly string[], key: number): Template {
  const first = parts[0] as Template;
  const open = columns.flatMap((column, at) =>
    column === WILD && parts.some((part) => part.columns[at] !== WILD || part.open.includes(at)) ? [at] : [],
  );
  return {
    id: Math.min(...parts.map(({ id }) => id)),
    columns,
    spaced: first.spaced,
    open,
    key,
    lines: parts.reduce((sum, { lines }) => sum + lines, 0),
    lastLine: Math.max(...parts.map(({ lastLine }) => lastLine)),
    into: null,
  };
}
