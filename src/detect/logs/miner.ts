/**
 * Templates of one log stream, learnt on line. Most lines are known by their masked form (mask.ts) and cost one
 * look-up. A form that is new becomes a template of its own, unless a learnt variable column covers it.
 *
 * Which words are variables although they look like words (users, domains, modules)? Other miners answer with a
 * similarity threshold and a tree depth, set by hand for each kind of log. Here the stream answers, place by place: a
 * *slot* is everything a line says but one word, and the different words seen there are counted. Messages come with
 * few alternatives in one place (opened or closed), values with many; from `distinctWords` on the place is a variable,
 * and the templates that differ only there become one, under the oldest one's id. A place is a variable, too, when a
 * value by shape has been seen there, or when all its words are known as values from other places of this stream. So
 * the granularity follows each stream's own vocabulary, and there is nothing to set per stream.
 *
 * Memory is bounded: forms, templates and slots each have a limit, and what was not seen for longest goes first.
 */
import { ColumnKey, type Columns, columnsOf, isWordy } from './columns.ts';
import { Masker, WILD } from './mask.ts';
import { pairWith } from './pairs.ts';
import { commonColumns, fits, infoOf, living, type Template, type TemplateInfo, united } from './template.ts';

export type { TemplateInfo } from './template.ts';

export interface MinerOptions {
  /**
   * So many different words make a place a variable. Fewer merges messages that differ in one word; more leaves a
   * template for each user until enough have come by. 3 to 6 differ little.
   */
  readonly distinctWords: number;
  /** Templates kept; the ones not seen for longest are forgotten first. About 1 KiB each with their slots. */
  readonly maxTemplates: number;
}

export const DEFAULTS: MinerOptions = { distinctWords: 4, maxTemplates: 2_000 };

/** Words besides the place in question that a line needs: fewer do not say that it is the same message. */
const FRAME_WORDS = 2;
/** They must also be this share of its words and values: a line that is mostly values says little with the rest. */
const FRAME_SHARE = 0.3;
/** A frame this small needs twice as many different words. */
const SMALL_FRAME = 2;
/** Known forms per generation; two generations are kept. */
const FORMS = 8_192;
/** Places with a single word seen, per template: most of the slots there are. */
const SLOTS_PER_TEMPLATE = 24;
/** Merges that are remembered for those who still hold an old id. */
const MERGES = 4_096;
/** Values of the stream that are remembered. */
const VALUES = 4_096;

interface Slot {
  readonly position: number;
  readonly words: Map<string, Template>;
}

export class TemplateMiner {
  readonly #options: MinerOptions;
  readonly #masker = new Masker();
  #recent = new Map<number, Template>();
  #older = new Map<number, Template>();
  /** Live templates by the key of their columns. */
  readonly #byKey = new Map<number, Template>();
  /** The same by their number of columns, oldest first; and of these the ones with open columns. */
  readonly #alike = new Map<number, Template[]>();
  readonly #open = new Map<number, Template[]>();
  readonly #slots = new Map<number, Slot>();
  readonly #values = new Set<string>();
  readonly #merges = new Map<number, number>();
  #mergedCount = 0;
  #nextId = 1;
  #lines = 0;

  constructor(options: Partial<MinerOptions> = {}) {
    this.#options = { ...DEFAULTS, ...options };
  }

  /** The id of the line's template. Ids are never given twice; a merged one is found by `current`. */
  take(line: string): number {
    this.#lines++;
    this.#masker.take(line);
    let template = this.#recent.get(this.#masker.key);
    if (template === undefined || template.into !== null) {
      template = this.#lookUp();
      this.#remember(this.#masker.key, template);
    }
    template.lines++;
    template.lastLine = this.#lines;
    return template.id;
  }

  /** The id under which an earlier one goes on: itself, or that of the template it was merged into. */
  current(id: number): number {
    let at = id;
    for (let next = this.#merges.get(at); next !== undefined; next = this.#merges.get(at)) at = next;
    return at;
  }

  /** How many templates have become part of another, so far. */
  get merged(): number {
    return this.#mergedCount;
  }

  get size(): number {
    return this.#byKey.size;
  }

  templates(): TemplateInfo[] {
    return [...this.#byKey.values()].map((template) => infoOf(template));
  }

  text(id: number): string | null {
    const wanted = this.current(id);
    for (const template of this.#byKey.values()) if (template.id === wanted) return infoOf(template).text;
    return null;
  }

  #lookUp(): Template {
    const known = this.#older.get(this.#masker.key) ?? this.#recent.get(this.#masker.key);
    if (known) return living(known);
    const columns = columnsOf(this.#masker.text());
    const keys = new ColumnKey(columns.words);
    return this.#byKey.get(keys.key) ?? this.#covering(columns.words) ?? this.#create(columns, keys);
  }

  #remember(key: number, template: Template): void {
    if (this.#recent.size >= FORMS) {
      this.#older = this.#recent;
      this.#recent = new Map();
    }
    this.#recent.set(key, template);
  }

  /** Of the templates with open columns that fit, the one that says most. */
  #covering(columns: readonly string[]): Template | undefined {
    let best: Template | undefined;
    for (const template of this.#open.get(columns.length) ?? []) {
      if (fits(template, columns) && (best === undefined || template.open.length < best.open.length)) best = template;
    }
    return best;
  }

  #create({ words, spaced }: Columns, keys: ColumnKey): Template {
    if (this.#byKey.size >= this.#options.maxTemplates) this.#forgetSome();
    const template: Template = {
      id: this.#nextId++,
      columns: words,
      spaced,
      open: [],
      key: keys.key,
      lines: 0,
      lastLine: this.#lines,
      into: null,
    };
    this.#enter(template);
    // It has a value by its shape where others had words.
    const slot = this.#slots.get(template.key);
    if (slot) this.#mergeSlot(slot, template.key, template);
    else this.#enterSlots(template, keys);
    if (template.into === null) this.#seekPair(template);
    return living(template);
  }

  #enter(template: Template): void {
    const size = template.columns.length;
    this.#byKey.set(template.key, template);
    push(this.#alike, size, template);
    if (template.open.length > 0) push(this.#open, size, template);
  }

  #leave(template: Template): void {
    const size = template.columns.length;
    this.#byKey.delete(template.key);
    drop(this.#alike, size, template);
    if (template.open.length > 0) drop(this.#open, size, template);
  }

  #seekPair(template: Template): void {
    const words = template.columns.filter(isWordy).length - 2;
    if (!isFrame(words, template.columns)) return;
    const needed = this.#options.distinctWords * 2;
    const pair = pairWith(template, this.#alike.get(template.columns.length) ?? [], needed);
    if (pair) this.#merge(pair.members, pair.places);
  }

  /** Notes each word of a template in the slot that the other words make. */
  #enterSlots(template: Template, keys: ColumnKey): void {
    const wordy = template.columns.map(isWordy);
    const words = wordy.filter(Boolean).length;
    for (let position = 0; position < template.columns.length; position++) {
      const word = template.columns[position] as string;
      if (word === WILD) continue;
      const frame = words - (wordy[position] ? 1 : 0);
      if (!isFrame(frame, template.columns)) continue;
      const key = keys.without(position);
      const slot = this.#slotAt(key, position);
      slot.words.set(word, template);
      const twin = this.#byKey.get(key);
      if (twin !== undefined || this.#isVariable(slot, frame)) {
        this.#mergeSlot(slot, key, twin);
        // What is left of it is entered under its new form.
        return;
      }
    }
  }

  #slotAt(key: number, position: number): Slot {
    let slot = this.#slots.get(key);
    if (slot) this.#slots.delete(key);
    else {
      slot = { position, words: new Map() };
      if (this.#slots.size >= this.#options.maxTemplates * SLOTS_PER_TEMPLATE) dropOldest(this.#slots);
    }
    this.#slots.set(key, slot);
    return slot;
  }

  #isVariable({ words }: Slot, frame: number): boolean {
    const needed = this.#options.distinctWords * (frame <= SMALL_FRAME ? 2 : 1);
    if (words.size >= needed) return true;
    if (words.size < 2) return false;
    for (const word of words.keys()) if (!this.#values.has(word)) return false;
    return true;
  }

  #mergeSlot(slot: Slot, key: number, twin: Template | undefined): void {
    const parts = new Set([...slot.words.values()].map(living));
    if (twin) parts.add(living(twin));
    this.#slots.delete(key);
    this.#merge([...parts], [slot.position]);
    if (slot.words.size >= this.#options.distinctWords) this.#learnValues(slot);
  }

  /** They become one, with wildcards in these places. */
  #merge(parts: readonly Template[], places: readonly number[]): void {
    const columns = commonColumns(parts, places);
    const keys = new ColumnKey(columns);
    const twin = this.#byKey.get(keys.key);
    const some = twin && !parts.includes(twin) ? [...parts, twin] : parts;
    // A line like theirs would now be taken for this: those that have come before are no different.
    const open = united(some, columns, keys.key);
    const covered = (this.#alike.get(columns.length) ?? []).filter(
      (other) => !some.includes(other) && fits(open, other.columns),
    );
    const all = [...some, ...covered];
    const whole = covered.length === 0 ? open : united(all, columns, keys.key);
    for (const part of all) this.#absorb(part, whole);
    this.#enter(whole);
    this.#enterSlots(whole, keys);
  }

  #absorb(part: Template, whole: Template): void {
    part.into = whole;
    this.#leave(part);
    if (part.id === whole.id) return;
    this.#mergedCount++;
    if (this.#merges.size >= MERGES) dropOldest(this.#merges);
    this.#merges.set(part.id, whole.id);
  }

  /** Words that are values in one place are values in others, which may have been waiting for that. */
  #learnValues(slot: Slot): void {
    let news = false;
    for (const word of slot.words.keys()) {
      if (this.#values.has(word)) continue;
      if (this.#values.size >= VALUES) dropOldest(this.#values);
      this.#values.add(word);
      news = true;
    }
    if (!news) return;
    for (const [key, waiting] of [...this.#slots]) {
      if (waiting.words.size < 2 || this.#slots.get(key) !== waiting) continue;
      if (this.#isVariable(waiting, Number.MAX_SAFE_INTEGER)) {
        this.#mergeSlot(waiting, key, this.#byKey.get(key));
      }
    }
  }

  /** An eighth of the templates, those not seen for longest, so that this is rare. */
  #forgetSome(): void {
    const oldest = [...this.#byKey.values()].sort((a, b) => a.lastLine - b.lastLine);
    for (const template of oldest.slice(0, Math.ceil(oldest.length / 8))) {
      this.#leave(template);
    }
    const isLive = (template: Template): boolean => this.#byKey.get(template.key) === template;
    for (const forms of [this.#recent, this.#older]) {
      for (const [key, template] of forms) if (!isLive(living(template))) forms.delete(key);
    }
    for (const [key, { words }] of this.#slots) {
      for (const [word, template] of words) if (!isLive(living(template))) words.delete(word);
      if (words.size === 0) this.#slots.delete(key);
    }
  }
}

/** Punctuation is neither a word nor a value: however much of it there is, it makes a line say no less. */
function isFrame(words: number, columns: readonly string[]): boolean {
  if (words < FRAME_WORDS) return false;
  if (words >= FRAME_SHARE * columns.length) return true;
  const telling = columns.reduce((sum, column) => (column.includes(WILD) || isWordy(column) ? sum + 1 : sum), 0);
  return words >= FRAME_SHARE * telling;
}

function push(lists: Map<number, Template[]>, size: number, template: Template): void {
  const list = lists.get(size);
  if (list) list.push(template);
  else lists.set(size, [template]);
}

function drop(lists: Map<number, Template[]>, size: number, template: Template): void {
  const list = lists.get(size);
  const at = list?.indexOf(template) ?? -1;
  if (at >= 0) list?.splice(at, 1);
}

/** Maps and sets keep the order in which things came in. */
function dropOldest<K>(entries: { keys(): Iterator<K>; delete(key: K): boolean }): void {
  const { value, done } = entries.keys().next();
  if (!done) entries.delete(value);
}
