/**
 * Reads EDN, the notation in which Jepsen writes its histories (github.com/edn-format/edn), as far as data goes:
 * nil, booleans, numbers, strings, characters, keywords, symbols, lists, vectors, maps, sets, tagged values (the tag
 * is dropped), comments and discards. Maps become objects whose names are keywords without their colon; every other
 * keyword keeps it. Written by hand over character codes because a history is millions of small maps.
 */
import type { Value } from './event.ts';

const QUOTE = 34;
const BACKSLASH = 92;
/** Deeper nesting than any history has; stops a hostile file from overflowing the stack. */
const MAX_DEPTH = 200;

/** Native code from the first line on, which matters for a file that is read once. */
const TOKEN = /[^\0-\x20,;"()[\]{}]+/y;
const ESCAPED_STRING = /(?:[^"\\]|\\[\s\S])*"/y;

export class EdnError extends Error {
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.name = 'EdnError';
    this.offset = offset;
  }
}

export class EdnReader {
  readonly #text: string;
  #at: number;
  #depth = 0;

  constructor(text: string, at = 0) {
    this.#text = text;
    this.#at = at;
  }

  /** Where the next value begins, or the end of the text. */
  get offset(): number {
    return this.#at;
  }

  /** Whether another value follows. */
  more(): boolean {
    this.#skip();
    return this.#at < this.#text.length;
  }

  /** Steps over one delimiter: the opening bracket of a history that is one vector. */
  step(): void {
    this.#at++;
  }

  read(): Value {
    this.#skip();
    const code = this.#text.charCodeAt(this.#at);
    switch (code) {
      case 123: // {
        return this.#map();
      case 91: // [
        return this.#sequence(93);
      case 40: // (
        return this.#sequence(41);
      case QUOTE:
        return this.#string();
      case 35: // #
        return this.#dispatch();
      case BACKSLASH:
        return this.#character();
      case 93:
      case 125:
      case 41:
        throw new EdnError(`unexpected ${this.#text[this.#at]}`, this.#at);
      default:
        return this.#atom();
    }
  }

  #skip(): void {
    const text = this.#text;
    for (;;) {
      const code = text.charCodeAt(this.#at);
      if (code === 32 || code === 10 || code === 13 || code === 9 || code === 44 || code === 12) this.#at++;
      else if (code === 59) {
        const end = text.indexOf('\n', this.#at);
        this.#at = end < 0 ? text.length : end + 1;
      } else if (code === 35 && text.charCodeAt(this.#at + 1) === 95) {
        this.#at += 2;
        this.read();
      } else return;
    }
  }

  #enter(): void {
    if (++this.#depth > MAX_DEPTH) throw new EdnError(`nested deeper than ${MAX_DEPTH}`, this.#at);
  }

  #sequence(close: number): Value[] {
    this.#enter();
    this.#at++;
    const items: Value[] = [];
    for (;;) {
      this.#skip();
      if (this.#at >= this.#text.length) throw new EdnError('ends inside a collection', this.#at);
      if (this.#text.charCodeAt(this.#at) === close) break;
      items.push(this.read());
    }
    this.#at++;
    this.#depth--;
    return items;
  }

  #map(): Value {
    const start = this.#at;
    const items = this.#sequence(125);
    if (items.length % 2 === 1) throw new EdnError('a map with a name but no value', start);
    const map: Record<string, Value> = {};
    for (let n = 0; n < items.length; n += 2) {
      const field = name(items[n] as Value);
      if (field === '__proto__') Object.defineProperty(map, field, { value: items[n + 1], enumerable: true });
      else map[field] = items[n + 1] as Value;
    }
    return map;
  }

  #string(): string {
    const text = this.#text;
    const start = this.#at + 1;
    let end = text.indexOf('"', start);
    if (end < 0) throw new EdnError('ends inside a string', start);
    if (!text.slice(start, end).includes('\\')) {
      this.#at = end + 1;
      return text.slice(start, end);
    }
    ESCAPED_STRING.lastIndex = start;
    const found = ESCAPED_STRING.exec(text);
    if (!found) throw new EdnError('ends inside a string', start);
    end = ESCAPED_STRING.lastIndex - 1;
    this.#at = end + 1;
    return text.slice(start, end).replace(/\\(u[0-9a-fA-F]{4}|[\s\S])/g, unescaped);
  }

  #character(): string {
    const match = /\\(newline|return|space|tab|u[0-9a-fA-F]{4}|[\s\S])/y;
    match.lastIndex = this.#at;
    const found = match.exec(this.#text);
    if (!found) throw new EdnError('not a character', this.#at);
    this.#at = match.lastIndex;
    const word = found[1] as string;
    const named: Record<string, string> = { newline: '\n', return: '\r', space: ' ', tab: '\t' };
    return named[word] ?? (word.length === 5 ? String.fromCharCode(Number.parseInt(word.slice(1), 16)) : word);
  }

  /** `#{…}` a set, as its items; `#tag value` the value alone (an instant, a record of Jepsen's). */
  #dispatch(): Value {
    if (this.#text.charCodeAt(this.#at + 1) === 123) {
      this.#at++;
      return this.#sequence(125);
    }
    this.#at++;
    this.#token();
    return this.read();
  }

  #token(): string {
    TOKEN.lastIndex = this.#at;
    const found = TOKEN.exec(this.#text);
    if (!found) throw new EdnError(this.#at < this.#text.length ? 'not a value' : 'ends too early', this.#at);
    this.#at = TOKEN.lastIndex;
    return found[0];
  }

  #atom(): Value {
    const start = this.#at;
    const token = this.#token();
    const first = token.charCodeAt(0);
    if (first === 58) return token;
    if ((first >= 48 && first <= 57) || ((first === 45 || first === 43) && token.length > 1)) {
      return number(token, start);
    }
    if (token === 'nil') return null;
    if (token === 'true') return true;
    if (token === 'false') return false;
    return `:${token}`;
  }
}

/** Digits, fractions, exponents, ratios as their quotient; integers beyond 2⁵³ stay text, because they are names. */
function number(token: string, at: number): Value {
  if (/^\d{1,15}$/.test(token)) return Number(token);
  const plain = /[NM]$/.test(token) ? token.slice(0, -1) : token;
  const ratio = /^([-+]?\d+)\/(\d+)$/.exec(plain);
  if (ratio) return Number(ratio[1]) / Number(ratio[2]);
  const value = Number(plain);
  if (Number.isNaN(value)) {
    if (/^[-+][^\d]/.test(token)) return `:${token}`;
    throw new EdnError(`not a number: ${token}`, at);
  }
  return /^[-+]?\d+$/.test(plain) && !Number.isSafeInteger(value) ? plain : value;
}

function name(value: Value): string {
  if (typeof value !== 'string') return JSON.stringify(value);
  return value.startsWith(':') ? value.slice(1) : value;
}

function unescaped(_: string, code: string): string {
  if (code.length === 5) return String.fromCharCode(Number.parseInt(code.slice(1), 16));
  const named: Record<string, string> = { n: '\n', t: '\t', r: '\r', b: '\b', f: '\f' };
  return named[code] ?? code;
}
