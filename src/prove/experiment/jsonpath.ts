/**
 * JSON paths for tolerances, in the dialect that Chaos Toolkit's files use: `$.a.b`, `['a']`, `[0]`, `[-1]`, `[1:3]`,
 * `[*]`, `..name`, unions, and filters `[?(@.ready == true && @.n > 1)]`. Parsed once, evaluated by walking; a filter
 * is a small expression of its own and never code.
 */
import { isList, isMap, type Json, own } from './json.ts';
import { type FilterExpression, parseFilter, test } from './jsonpath-filter.ts';

export type Selector =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'index'; readonly index: number }
  | { readonly kind: 'all' }
  | { readonly kind: 'slice'; readonly from: number | null; readonly to: number | null; readonly step: number }
  | { readonly kind: 'filter'; readonly filter: FilterExpression };

export interface Segment {
  /** True after `..`: here and everywhere below. */
  readonly deep: boolean;
  readonly selectors: readonly Selector[];
}

export type JsonPath = readonly Segment[];

/** Throws SyntaxError with what is wrong and where. */
export function parseJsonPath(text: string): JsonPath {
  const reader = new Reader(text.trim());
  if (!reader.take('$')) reader.fail('a path begins with $');
  const segments = reader.segments();
  if (!reader.done) reader.fail(`unexpected ${JSON.stringify(reader.rest.slice(0, 8))}`);
  return segments;
}

export function matches(path: JsonPath, root: Json): readonly Json[] {
  return walk(path, [root]);
}

export function walk(path: JsonPath, from: readonly Json[]): readonly Json[] {
  let values = from;
  for (const { deep, selectors } of path) {
    const places = deep ? values.flatMap(selfAndBelow) : values;
    values = places.flatMap((place) => selectors.flatMap((selector) => select(selector, place)));
  }
  return values;
}

function selfAndBelow(value: Json): readonly Json[] {
  const below = isList(value) ? value : isMap(value) ? Object.values(value) : [];
  return [value, ...below.flatMap(selfAndBelow)];
}

function select(selector: Selector, value: Json): readonly Json[] {
  const children = isList(value) ? value : isMap(value) ? Object.values(value) : [];
  if (selector.kind === 'all') return children;
  if (selector.kind === 'filter') return children.filter((child) => test(selector.filter, child));
  if (selector.kind === 'name') {
    const child = isMap(value) ? own(value, selector.name) : undefined;
    return child === undefined ? [] : [child];
  }
  if (!isList(value)) return [];
  if (selector.kind === 'index') {
    const child = value.at(selector.index);
    return child === undefined ? [] : [child];
  }
  return slice(value, selector.from, selector.to, selector.step);
}

/** Python's slices: negative ends count from behind, a negative step walks backwards. */
function slice(list: readonly Json[], from: number | null, to: number | null, step: number): readonly Json[] {
  const length = list.length;
  const clamp = (at: number, low: number, high: number): number =>
    Math.min(high, Math.max(low, at < 0 ? at + length : at));
  const found: Json[] = [];
  if (step > 0) {
    const end = to === null ? length : clamp(to, 0, length);
    for (let n = from === null ? 0 : clamp(from, 0, length); n < end; n += step) found.push(list[n] as Json);
  } else {
    const end = to === null ? -1 : clamp(to, -1, length - 1);
    for (let n = from === null ? length - 1 : clamp(from, -1, length - 1); n > end; n += step)
      found.push(list[n] as Json);
  }
  return found;
}

/** Characters of the text, with the position for complaints; the filter's parser shares it. */
export class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get rest(): string {
    return this.#text.slice(this.#at);
  }

  get done(): boolean {
    return this.#at >= this.#text.length;
  }

  fail(what: string): never {
    throw new SyntaxError(`${what} (column ${this.#at + 1})`);
  }

  take(token: string): boolean {
    if (!this.#text.startsWith(token, this.#at)) return false;
    this.#at += token.length;
    return true;
  }

  expect(token: string): void {
    if (!this.take(token)) this.fail(`expected ${token}`);
  }

  match(pattern: RegExp): string | null {
    const found = pattern.exec(this.rest);
    if (found === null || found.index !== 0) return null;
    this.#at += found[0].length;
    return found[0];
  }

  space(): void {
    this.match(/^\s*/);
  }

  segments(): JsonPath {
    const segments: Segment[] = [];
    for (;;) {
      const deep = this.take('..');
      if (this.take('[')) segments.push({ deep, selectors: this.#bracket() });
      else if (deep || this.take('.')) segments.push({ deep, selectors: [this.#bare()] });
      else return segments;
    }
  }

  #bare(): Selector {
    if (this.take('*')) return { kind: 'all' };
    const name = this.match(/^[\p{L}_$][\p{L}\p{N}_$-]*/u);
    if (name === null) this.fail('expected a name or *');
    return { kind: 'name', name: name as string };
  }

  #bracket(): readonly Selector[] {
    const selectors: Selector[] = [];
    do {
      this.space();
      selectors.push(this.#selector());
      this.space();
    } while (this.take(','));
    this.expect(']');
    return selectors;
  }

  #selector(): Selector {
    if (this.take('*')) return { kind: 'all' };
    if (this.take('?')) return { kind: 'filter', filter: parseFilter(this) };
    const quoted = this.quoted();
    if (quoted !== null) return { kind: 'name', name: quoted };
    const numbers = this.match(/^-?\d*(?:\s*:\s*-?\d*){0,2}/);
    if (numbers === null || numbers.trim() === '' || numbers === '-') this.fail('expected an index, a name or ?');
    const parts = (numbers as string).split(':').map((part) => (part.trim() === '' ? null : Number(part)));
    if (parts.length === 1) return { kind: 'index', index: parts[0] as number };
    const step = parts[2] ?? 1;
    if (step === 0) this.fail('a step of 0 never arrives');
    return { kind: 'slice', from: parts[0] ?? null, to: parts[1] ?? null, step };
  }

  quoted(): string | null {
    const text = this.match(/^'(?:[^'\\]|\\.)*'/) ?? this.match(/^"(?:[^"\\]|\\.)*"/);
    if (text === null) return null;
    return text.slice(1, -1).replace(/\\(.)/g, (_, letter: string) => ({ n: '\n', t: '\t' })[letter] ?? letter);
  }
}
