/**
 * Columns of a masked line: its words by position, and the keys under which they are remembered. Besides at spaces a
 * line is split around the punctuation that sets values off (`user=root`, `(root)`, `a: b`), so that a word is the same
 * word wherever it stands.
 */
import { WILD } from './mask.ts';

export interface Columns {
  readonly words: readonly string[];
  /** Whether a space was before the column: to write the line down as it was. */
  readonly spaced: readonly boolean[];
}

/**
 * What is quoted is one column, whatever is in it, so that `tag="View Lock"` and `tag="Lock"` have equally many; but
 * not what the line has to say (`msg="…"`, `"message":"…"`): that is read word by word. A list in brackets without
 * spaces in its parts (`[a, b]`, `{x=1}`, `{}`) is one column too, however long. A quote or bracket that nothing closes
 * is an ordinary character.
 */
export function columnsOf(masked: string): Columns {
  const words: string[] = [];
  const spaced: boolean[] = [];
  let start = 0;
  let space = false;
  let wholeUntil = -1;
  const end = (at: number): void => {
    if (at > start) {
      words.push(masked.slice(start, at));
      spaced.push(space);
      space = false;
    }
    start = at;
  };
  for (let at = 0; at < masked.length; at++) {
    if (at <= wholeUntil) continue;
    const code = masked.charCodeAt(at);
    if (code === QUOTE || code === APOSTROPHE) {
      const close = quoteEnd(masked, at, code);
      if (close > 0) wholeUntil = close;
    } else if (code === SPACE) {
      end(at);
      start = at + 1;
      space = true;
    } else if (code === 91 || code === 123) {
      const close = listEnd(masked, at);
      if (close > 0) {
        end(at);
        wholeUntil = close;
        end(close + 1);
      } else end(at + 1);
    } else if (isClosing(code) || (code === COLON && masked.charCodeAt(at + 1) !== WILD_CODE)) {
      end(at);
      if (code === COLON) end(at + 1);
    } else if (isOpening(code)) end(at + 1);
  }
  end(masked.length);
  return { words, spaced };
}

/** Keys whose value is what the line says. */
const SAYS = /\b(msg|message|event|log|text|body|err|error|reason|description|detail)"?[=:]$/i;

/** Where the quote that opens at `at` closes; 0: it is none, or what is in it is the message itself. */
function quoteEnd(masked: string, at: number, quote: number): number {
  const close = masked.indexOf(quote === QUOTE ? '"' : "'", at + 1);
  if (close < 0) return 0;
  if (quote === APOSTROPHE) {
    // `can't`, `users' names`: only after a space or a mark, and before one.
    const [before, after] = [at === 0 ? ' ' : masked.charAt(at - 1), masked.charAt(close + 1)];
    if (!/[\s=:(,[{]/.test(before) || /[\p{L}\d]/u.test(after)) return 0;
  }
  return SAYS.test(masked.slice(Math.max(0, at - LONGEST_KEY), at)) ? 0 : close;
}

const LONGEST_KEY = 16;
const LONGEST_LIST = 512;
/** Parts without spaces, between commas; an object of JSON is no list. */
const LIST = /^[[{](?:[^\s,;:[\]{}()]+(?:, ?[^\s,;:[\]{}()]+)*)?[\]}]$/;

function listEnd(masked: string, at: number): number {
  const close = masked.indexOf(masked.charAt(at) === '[' ? ']' : '}', at + 1);
  if (close < 0 || close - at > LONGEST_LIST) return 0;
  return LIST.test(masked.slice(at, close + 1)) ? close : 0;
}

const SPACE = 32;
const QUOTE = 34;
const APOSTROPHE = 39;
const COLON = 58;
const WILD_CODE = WILD.charCodeAt(0);

/** `= ( [ { ,`: what comes next is another column. */
function isOpening(code: number): boolean {
  return code === 61 || code === 40 || code === 91 || code === 123 || code === 44;
}

/** `) ] } , ;`: another column than what came before. A name before a port (`db:5432`) stays with it. */
function isClosing(code: number): boolean {
  return code === 41 || code === 93 || code === 125 || code === 44 || code === 59;
}

/** As the line was written, with `<*>` for values. */
export function textOf({ words, spaced }: Columns): string {
  return words
    .map((word, at) => (spaced[at] && at > 0 ? ` ${word}` : word))
    .join('')
    .replaceAll(WILD, '<*>');
}

/** Two letters next to each other: a column that says something. */
export function isWordy(column: string): boolean {
  return /[\p{L}]{2}/u.test(column);
}

/**
 * A hash of columns to which one column's share can be exchanged without touching the others: that gives the keys
 * of all lines that differ in one place only, in one pass.
 */
export class ColumnKey {
  readonly #low: number[] = [];
  readonly #high: number[] = [];
  #a = 0;
  #b = 0;

  constructor(columns: readonly string[]) {
    this.#a = columns.length;
    columns.forEach((column, position) => {
      const [low, high] = shares(column, position);
      this.#low.push(low);
      this.#high.push(high);
      this.#a = (this.#a + low) | 0;
      this.#b = (this.#b + high) | 0;
    });
  }

  get key(): number {
    return join(this.#a, this.#b);
  }

  /** The key with a wildcard in place of one column. */
  without(position: number): number {
    const [low, high] = shares(WILD, position);
    const a = (this.#a - (this.#low[position] as number) + low) | 0;
    const b = (this.#b - (this.#high[position] as number) + high) | 0;
    return join(a, b);
  }
}

function shares(column: string, position: number): [number, number] {
  let a = 0x811c9dc5 ^ Math.imul(position + 1, 0x9e3779b1);
  let b = 0x165667b1 ^ Math.imul(position + 1, 0x27d4eb2f);
  for (let at = 0; at < column.length; at++) {
    const code = column.charCodeAt(at);
    a = Math.imul(a ^ code, 0x01000193);
    b = Math.imul(b ^ code, 0x5bd1e995) + (a >>> 13);
  }
  return [Math.imul(a ^ (a >>> 15), 0x2c1b3c6d), Math.imul(b ^ (b >>> 13), 0xc2b2ae35)];
}

/** 53 bits of the two sums: what a number holds exactly. */
function join(a: number, b: number): number {
  return (a >>> 0) * 0x20_0000 + ((b ^ (b >>> 17)) & 0x1f_ffff);
}
