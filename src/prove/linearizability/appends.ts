/**
 * Text that is put, appended to and got whole: a get then names every write since the last put, in order, and
 * `Chains` decides without search. It needs texts that can be told apart when they are joined: all different, none
 * empty, none the beginning of another (a prefix code). Otherwise a key is left to the search.
 */
import { FAIL, type History, OK } from '../history/history.ts';
import type { Chains } from './chains.ts';
import type { Evidence } from './evidence.ts';
import type { KeyAnswer } from './registers.ts';

export interface TextFunctions {
  readonly get: number;
  readonly put: number;
  readonly append: number;
}

/** What follows one put (or the empty beginning): the longest text that was got, and which version ends where. */
interface Segment {
  readonly text: string;
  readonly row: number;
  readonly ends: Map<number, number>;
}

export class UniqueAppends {
  readonly #history: History;
  readonly #chains: Chains;
  readonly #f: TextFunctions;

  constructor(history: History, chains: Chains, f: TextFunctions) {
    this.#history = history;
    this.#chains = chains;
    this.#f = f;
  }

  /** Rows of one key in the order of invocation. */
  key(key: number, rows: Int32Array): KeyAnswer {
    const writers = this.#writers(rows);
    if (!writers) return 'search';
    const reads = this.#reads(rows);
    if (!reads) return 'search';
    const seen = new Uint8Array(rows.length === 0 ? 0 : (rows[rows.length - 1] as number) + 1);
    const segments = new Map<number, Segment>();
    // Longest first: every shorter text of a segment is then a beginning of the longest.
    for (const read of [...reads].sort((a, b) => b.text.length - a.text.length)) {
      const broken = this.#place(read, key, writers, segments, seen);
      if (broken) return broken;
    }
    for (const read of reads) this.#chains.read(read.version, read.row);
    return this.#close(key, rows, seen);
  }

  #textOf(id: number): string | null {
    const value = this.#history.values.values[id] as unknown;
    if (value === null) return '';
    return typeof value === 'string' ? value : null;
  }

  #writers(rows: Int32Array): Writers | null {
    const { f, input, outcome } = this.#history;
    const byText = new Map<string, number>();
    const lengths = new Set<number>();
    for (const row of rows) {
      if (f[row] === this.#f.get || outcome[row] === FAIL) continue;
      const text = this.#textOf(input[row] as number);
      if (text === null || text === '' || byText.has(text)) return null;
      byText.set(text, row);
      lengths.add(text.length);
    }
    const sorted = [...byText.keys()].sort();
    for (let n = 1; n < sorted.length; n++) {
      if ((sorted[n] as string).startsWith(sorted[n - 1] as string)) return null;
    }
    return { byText, lengths: [...lengths] };
  }

  #reads(rows: Int32Array): Read[] | null {
    const { f, outcome, output } = this.#history;
    const reads: Read[] = [];
    for (const row of rows) {
      if (f[row] !== this.#f.get || outcome[row] !== OK) continue;
      const text = this.#textOf(output[row] as number);
      if (text === null) return null;
      reads.push({ row, text, version: -1 });
    }
    return reads;
  }

  /** Finds the version that a read saw, and learns the order of its segment from the longest read. */
  #place(read: Read, key: number, writers: Writers, segments: Map<number, Segment>, seen: Uint8Array): Evidence | null {
    if (read.text === '') {
      read.version = key;
      return null;
    }
    const { row, text } = read;
    const first = writerAt(writers, text, 0);
    if (first < 0) return { rows: [row], failed: row, why: 'nobody ever wrote how its text begins' };
    const root = this.#history.f[first] === this.#f.put ? this.#chains.versionOf(first) : key;
    const known = segments.get(root);
    if (!known) {
      const learned = this.#learn(read, root, writers, seen);
      if ('why' in learned) return learned;
      segments.set(root, learned);
      read.version = learned.ends.get(text.length) as number;
      return null;
    }
    const version = known.ends.get(text.length);
    if (version === undefined || !known.text.startsWith(text)) {
      const rows = [known.row, row].sort((a, b) => a - b);
      return { rows, failed: rows[1] as number, why: 'two reads disagree about the order of writes' };
    }
    read.version = version;
    return null;
  }

  #learn({ row, text }: Read, root: number, writers: Writers, seen: Uint8Array): Segment | Evidence {
    const ends = new Map<number, number>();
    const chains = this.#chains;
    let version = root;
    for (let at = 0; at < text.length; ) {
      const writer = writerAt(writers, text, at);
      if (writer < 0) return { rows: [row], failed: row, why: 'nobody ever wrote a part of its text' };
      const isPut = this.#history.f[writer] === this.#f.put;
      if (seen[writer] === 1 || (isPut && at > 0)) {
        const why = isPut ? 'a put is seen after other writes' : 'one append is seen twice';
        return { rows: [writer, row].sort((a, b) => a - b), failed: row, why };
      }
      seen[writer] = 1;
      const made = chains.versionOf(writer);
      if (made !== root) chains.build(version, made);
      version = made;
      at += this.#textOf(this.#history.input[writer] as number)?.length ?? 0;
      ends.set(at, version);
    }
    return { text, row, ends };
  }

  /** Appends that no read saw come after all that was seen of some segment: each is a chain of its own. */
  #close(key: number, rows: Int32Array, seen: Uint8Array): Evidence | null {
    const { f, outcome } = this.#history;
    const broken = this.#chains.close(key, key);
    if (broken) return broken;
    for (const row of rows) {
      if (f[row] === this.#f.get || outcome[row] === FAIL) continue;
      if (seen[row] === 1 ? f[row] !== this.#f.put : outcome[row] !== OK) continue;
      const broken = this.#chains.close(this.#chains.versionOf(row), key);
      if (broken) return broken;
    }
    return null;
  }
}

interface Read {
  readonly row: number;
  readonly text: string;
  version: number;
}

interface Writers {
  readonly byText: ReadonlyMap<string, number>;
  /** The different lengths of texts: few, so that looking for the next part is a few look-ups. */
  readonly lengths: readonly number[];
}

function writerAt({ byText, lengths }: Writers, text: string, at: number): number {
  for (const length of lengths) {
    const row = byText.get(text.substr(at, length));
    if (row !== undefined) return row;
  }
  return -1;
}
