/**
 * Compose's variables in text: `$NAME`, `${NAME}`, `${NAME:-default}` and its relatives, `$$` for a dollar sign.
 * One pass over the text: a branch that is not taken is read for its end only, so `${A:-${B:?needed}}` asks for B
 * only when A is missing.
 */

export type Lookup = (name: string) => string | undefined;

export type InterpolationFault =
  | { readonly kind: 'syntax'; readonly near: string }
  | { readonly kind: 'missing'; readonly name: string; readonly message: string }
  | { readonly kind: 'too-long' };

export interface Interpolated {
  readonly text: string;
  /** Variables that were empty because nobody set them. */
  readonly unset: readonly string[];
  readonly fault: InterpolationFault | null;
}

const NAME = /[A-Za-z_][A-Za-z0-9_]*/y;
const OPERATOR = /:?[-?+]/y;
const MAX_DEPTH = 32;
/** Variables repeated in a small text could make an enormous one. */
const MAX_LENGTH = 1 << 20;

class Fault extends Error {
  readonly fault: InterpolationFault;
  constructor(fault: InterpolationFault) {
    super(fault.kind);
    this.fault = fault;
  }
}

export function interpolate(text: string, lookup: Lookup): Interpolated {
  if (!text.includes('$')) return { text, unset: [], fault: null };
  const reader = new Reader(text, lookup);
  try {
    return { text: reader.read(false, true, 0), unset: [...reader.unset], fault: null };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return { text: '', unset: [], fault: error.fault };
  }
}

class Reader {
  readonly #text: string;
  readonly #lookup: Lookup;
  #at = 0;
  #written = 0;
  readonly unset = new Set<string>();

  constructor(text: string, lookup: Lookup) {
    this.#text = text;
    this.#lookup = lookup;
  }

  /** Up to the end, or (nested) up to the closing brace. `live`: its value is wanted. */
  read(nested: boolean, live: boolean, depth: number): string {
    const out: string[] = [];
    while (this.#at < this.#text.length) {
      const char = this.#text[this.#at] as string;
      if (nested && char === '}') return out.join('');
      if (char !== '$') {
        out.push(char);
        this.#at += 1;
        continue;
      }
      const start = this.#at;
      this.#at += 1;
      const value = this.#variable(start, live, depth);
      this.#written += value.length;
      if (this.#written > MAX_LENGTH) throw new Fault({ kind: 'too-long' });
      out.push(value);
    }
    if (nested) throw this.#syntax(0);
    return out.join('');
  }

  #variable(start: number, live: boolean, depth: number): string {
    if (this.#take(/\$/y) !== null) return '$';
    const bare = this.#take(NAME);
    if (bare !== null) return live ? this.#value(bare) : '';
    if (this.#take(/\{/y) === null || depth >= MAX_DEPTH) throw this.#syntax(start);
    const name = this.#take(NAME);
    if (name === null) throw this.#syntax(start);
    const operator = this.#take(OPERATOR);
    const value = this.#lookup(name);
    const given = value !== undefined && !(operator?.startsWith(':') && value === '');
    const action = operator?.at(-1);
    const wordLive = live && operator !== null && given === (action === '+');
    const word = operator === null ? '' : this.read(true, wordLive, depth + 1);
    if (this.#take(/\}/y) === null) throw this.#syntax(start);
    if (!live) return '';
    if (operator === null) return this.#value(name);
    if (action === '+') return given ? word : '';
    if (given) return value;
    if (action === '-') return word;
    throw new Fault({ kind: 'missing', name, message: word });
  }

  #value(name: string): string {
    const value = this.#lookup(name);
    if (value === undefined) this.unset.add(name);
    return value ?? '';
  }

  #take(pattern: RegExp): string | null {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text)?.[0] ?? null;
    if (match !== null) this.#at += match.length;
    return match;
  }

  #syntax(start: number): Fault {
    return new Fault({ kind: 'syntax', near: this.#text.slice(start, start + 20) });
  }
}
