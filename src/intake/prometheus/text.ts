/**
 * The text that Prometheus targets show: format 0.0.4, and OpenMetrics 1.0. Line by line over the bytes; a line whose
 * series is known costs a hash and a number.
 *
 * Accepted beyond both: names in quotes within the braces (Prometheus 3). As Prometheus does, one bad line refuses the
 * whole text. Formats: prometheus.io/docs/instrumenting/exposition_formats, github.com/prometheus/OpenMetrics.
 */
import type { BatchBuilder, IntakeContext, KnownSeries } from '../contract.ts';
import { hashBytes, hashHigh, hashLow, hashStart, hashText } from '../wire/hash.ts';
import { decodeText, Malformed } from '../wire/protobuf.ts';
import { kindOfName } from './names.ts';

export interface TextOptions {
  readonly openMetrics: boolean;
  /** Of the target: in the series' identity. */
  readonly source: string;
  /** Added to every series; a label of the same name in the text is kept as `exported_…`, as Prometheus does. */
  readonly labels: Readonly<Record<string, string>>;
  /** Time of points that carry none. */
  readonly wallMs: number;
}

const [LF, CR, SPACE, TAB, HASH, OPEN, CLOSE, QUOTE, BACKSLASH, EQUALS, COMMA] = [...'\n\r \t#{}"\\=,'].map((char) =>
  char.charCodeAt(0),
) as [number, number, number, number, number, number, number, number, number, number, number];

/** Throws Malformed with the line; nothing is committed. Returns how many points the text had. */
export function parseText(
  bytes: Uint8Array,
  options: TextOptions,
  context: IntakeContext,
  batch: BatchBuilder,
): number {
  return new Text(bytes, options, context, batch).parse();
}

class Text {
  readonly #bytes: Uint8Array;
  readonly #options: TextOptions;
  readonly #context: IntakeContext;
  readonly #batch: BatchBuilder;
  readonly #types = new Map<string, string>();
  readonly #units = new Map<string, string>();
  readonly #seedLow: number;
  readonly #seedHigh: number;
  #line = 0;
  #points = 0;
  #ended = false;

  constructor(bytes: Uint8Array, options: TextOptions, context: IntakeContext, batch: BatchBuilder) {
    this.#bytes = bytes;
    this.#options = options;
    this.#context = context;
    this.#batch = batch;
    hashStart();
    hashText(options.source);
    for (const [name, value] of Object.entries(options.labels)) hashText(`${name}=${value}`);
    this.#seedLow = hashLow();
    this.#seedHigh = hashHigh();
  }

  parse(): number {
    const bytes = this.#bytes;
    for (let at = 0; at < bytes.length; ) {
      let end = bytes.indexOf(LF, at);
      const next = end < 0 ? bytes.length : end + 1;
      if (end < 0) end = bytes.length;
      if (end > at && bytes[end - 1] === CR) end--;
      this.#line++;
      if (this.#ended) this.#bad('text after # EOF');
      const start = this.#blanks(at, end);
      if (start < end) {
        if (bytes[start] === HASH) this.#comment(start, end);
        else this.#sample(start, end);
      }
      at = next;
    }
    if (this.#options.openMetrics && !this.#ended) this.#bad('no # EOF at the end');
    return this.#points;
  }

  #comment(start: number, end: number): void {
    const [, what, name, rest] =
      /^#[ \t]+(TYPE|UNIT|EOF)(?:[ \t]+(\S+)[ \t]*(\S*))?/.exec(this.#text(start, Math.min(end, start + 300))) ?? [];
    if (what === 'EOF' && this.#options.openMetrics) this.#ended = true;
    else if (name === undefined) return;
    else if (what === 'TYPE') this.#types.set(name.replace(/^"|"$/g, ''), rest ?? '');
    else if (what === 'UNIT') this.#units.set(name, rest ?? '');
  }

  #sample(start: number, end: number): void {
    const nameEnd = this.#seriesEnd(start, end);
    const numberAt = this.#blanks(nameEnd, end);
    const numberEnd = this.#word(numberAt, end);
    if (numberEnd === numberAt) this.#bad('no value');
    const value = this.#number(numberAt, numberEnd);
    this.#points++;
    const wallMs = this.#time(this.#blanks(numberEnd, end), end);
    hashStart(this.#seedLow, this.#seedHigh);
    hashBytes(this.#bytes, start, nameEnd);
    const low = hashLow();
    const high = hashHigh();
    const known = this.#context.series.find(low, high) ?? this.#create(start, nameEnd, low, high);
    if (known) this.#batch.point(known.series, wallMs, value);
  }

  /** Name and braces; a brace within quotes does not count. */
  #seriesEnd(start: number, end: number): number {
    const bytes = this.#bytes;
    let at = start;
    while (at < end && bytes[at] !== OPEN && bytes[at] !== SPACE && bytes[at] !== TAB) at++;
    if (bytes[at] !== OPEN || at >= end) return at;
    for (let quoted = false; at < end; at++) {
      const byte = bytes[at];
      if (quoted && byte === BACKSLASH) at++;
      else if (byte === QUOTE) quoted = !quoted;
      else if (byte === CLOSE && !quoted) return at + 1;
    }
    return this.#bad('braces are not closed');
  }

  #create(start: number, end: number, low: number, high: number): KnownSeries | undefined {
    const { series, limits } = this.#context;
    const { source } = this.#options;
    if (!series.room(source)) return this.#refuse('too-many-series');
    const labels: Record<string, string> = {};
    const name = this.#nameAndLabels(start, end, labels);
    const sizes = [name, ...Object.values(labels)].map((text) => text.length);
    if (sizes.length - 1 > limits.maxLabels || Math.max(...sizes) > limits.maxLabelBytes)
      return this.#refuse('too-many-labels');
    for (const [label, value] of Object.entries(this.#options.labels)) {
      if (Object.hasOwn(labels, label)) labels[`exported_${label}`] = labels[label] as string;
      labels[label] = value;
    }
    const kind = kindOfName(name, labels, this.#types);
    const unit = this.#units.get(name) ?? this.#units.get(name.replace(/_(total|sum)$/, '')) ?? '';
    return series.add(low, high, { name, labels, kind, unit, source }) ?? this.#refuse('too-many-series');
  }

  #nameAndLabels(start: number, end: number, labels: Record<string, string>): string {
    const bytes = this.#bytes;
    let at = start;
    while (at < end && bytes[at] !== OPEN) at++;
    let name = this.#text(start, at);
    if (at === end) return this.#checked(name);
    for (at = this.#blanks(at + 1, end); bytes[at] !== CLOSE; at = this.#blanks(at, end)) {
      const quoted = bytes[at] === QUOTE;
      const keyAt = at;
      if (quoted) at = this.#quoteEnd(at, end);
      else
        while (at < end && bytes[at] !== EQUALS && bytes[at] !== COMMA && bytes[at] !== CLOSE && bytes[at] !== SPACE)
          at++;
      const key = quoted ? this.#unquoted(keyAt, at) : this.#text(keyAt, at);
      at = this.#blanks(at, end);
      if (bytes[at] === EQUALS) {
        at = this.#blanks(at + 1, end);
        if (bytes[at] !== QUOTE) this.#bad('a label without quotes');
        const valueAt = at;
        at = this.#quoteEnd(at, end);
        if (key === '' || key === '__proto__') this.#bad('a label without a name');
        labels[key] = this.#unquoted(valueAt, at);
      } else if (quoted && name === '') name = key;
      else this.#bad('a label without a value');
      at = this.#blanks(at, end);
      if (bytes[at] === COMMA) at++;
      else if (bytes[at] !== CLOSE) this.#bad('labels are not separated by commas');
    }
    return this.#checked(name);
  }

  #checked(name: string): string {
    return name === '' ? this.#bad('no name') : name;
  }

  #quoteEnd(at: number, end: number): number {
    for (let n = at + 1; n < end; n++) {
      if (this.#bytes[n] === BACKSLASH) n++;
      else if (this.#bytes[n] === QUOTE) return n + 1;
    }
    return this.#bad('quotes are not closed');
  }

  #unquoted(start: number, end: number): string {
    const text = this.#text(start + 1, end - 1);
    return text.includes('\\')
      ? text.replace(/\\(.)/gs, (all, char) => (char === 'n' ? '\n' : char === '\\' || char === '"' ? char : all))
      : text;
  }

  /** What follows the value: nothing, a time (ms, in OpenMetrics seconds), an exemplar. */
  #time(at: number, end: number): number {
    if (at === end) return this.#options.wallMs;
    if (this.#bytes[at] === HASH && this.#options.openMetrics) return this.#options.wallMs;
    const wordEnd = this.#word(at, end);
    const time = this.#number(at, wordEnd);
    const rest = this.#blanks(wordEnd, end);
    if (rest < end && !(this.#options.openMetrics && this.#bytes[rest] === HASH)) this.#bad('text after the time');
    return this.#options.openMetrics ? time * 1_000 : time;
  }

  #number(start: number, end: number): number {
    const text = this.#text(start, end);
    const number = Number(text);
    if (!Number.isNaN(number) && /^[-+.\d]/.test(text)) return number;
    const infinite = /^([-+]?)inf(?:inity)?$/i.exec(text);
    if (infinite) return infinite[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
    return /^nan$/i.test(text) ? Number.NaN : this.#bad(`"${text.slice(0, 40)}" is not a number`);
  }

  #blanks(from: number, end: number): number {
    let at = from;
    while (at < end && (this.#bytes[at] === SPACE || this.#bytes[at] === TAB)) at++;
    return at;
  }

  #word(from: number, end: number): number {
    let at = from;
    while (at < end && this.#bytes[at] !== SPACE && this.#bytes[at] !== TAB) at++;
    return at;
  }

  #text(start: number, end: number): string {
    return decodeText(this.#bytes, start, end);
  }

  #refuse(reason: 'too-many-series' | 'too-many-labels'): undefined {
    this.#batch.drop('points', reason);
    return undefined;
  }

  #bad(what: string): never {
    throw new Malformed(`line ${this.#line}: ${what}`);
  }
}
