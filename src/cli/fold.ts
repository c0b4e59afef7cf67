/**
 * Lines for a terminal's width: broken between words, and what goes on below begins where its column did. A terminal
 * alone would break through words and begin at the left margin, where a table's rows can no longer be told apart.
 */
import { stripVTControlCharacters } from 'node:util';

/** A last column narrower than this is not worth the height: its text goes below the row instead. */
const NARROWEST = 24;
const BELOW = 4;
/** Marks that a line may begin with: what goes on stands below the text after them. */
const BEGINNING = /^\s*(?:[^\s\p{L}\p{N}"'`(<[{/-] )?/u;

/** Columns that a text takes: escape sequences take none. */
export function visibleWidth(text: string): number {
  return [...stripVTControlCharacters(text)].length;
}

/** `width` Infinity (no terminal): the text as it is. A word longer than a line is left to the terminal. */
export function fold(text: string, width: number): string {
  if (width === Number.POSITIVE_INFINITY) return text;
  return text
    .split('\n')
    .map((line) => (visibleWidth(line) <= width ? line : foldLine(line, width)))
    .join('\n');
}

/** Columns of the terminal that a stream is; Infinity when it is none, so that files and pipes get whole lines. */
export function widthOf(stream: { readonly isTTY?: boolean; readonly columns?: number }): number {
  return stream.isTTY === true && stream.columns !== undefined && stream.columns > 2 * NARROWEST
    ? stream.columns
    : Number.POSITIVE_INFINITY;
}

function foldLine(line: string, width: number): string {
  const { hang: columns, below } = hangOf(stripVTControlCharacters(line), width);
  const hang = ' '.repeat(columns);
  const lines: string[] = [];
  let current = '';
  let taken = 0;
  for (const [, gap = '', word = ''] of line.matchAll(/(\s*)(\S+)/g)) {
    const wide = gap.length + visibleWidth(word);
    const first = lines.length === 0 && taken + gap.length === below;
    if (taken > 0 && (taken + wide > width || first)) {
      lines.push(current);
      current = hang + word;
      taken = hang.length + visibleWidth(word);
    } else {
      current += gap + word;
      taken += wide;
    }
  }
  return [...lines, current].join('\n');
}

/** Where the text goes on, and the column that begins there already because it has no room in its place. */
function hangOf(plain: string, width: number): { readonly hang: number; readonly below: number | null } {
  const begins = BEGINNING.exec(plain)?.[0].length ?? 0;
  const columns = [...plain.matchAll(/\S(\s{2,})(?=\S)/g)].map(({ index, 0: found }) => index + found.length);
  const last = columns.at(-1);
  if (last === undefined) return { hang: begins, below: null };
  return last <= width - NARROWEST ? { hang: last, below: null } : { hang: begins + BELOW, below: last };
}
