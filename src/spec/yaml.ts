/**
 * YAML text → tree.ts. Aliases and merge keys are expanded here (under a limit), duplicate keys are found here (the
 * parser's own check is quadratic), and every string is interpolated, as Compose does before it looks at meanings.
 */
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseAllDocuments,
  type Scalar,
  type YAMLMap,
} from 'yaml';
import { interpolate, type Lookup } from './interpolate.ts';
import { excess, MAX_DEPTH, MAX_NODES } from './limits.ts';
import type { Problems } from './problems.ts';
import { type Entry, type MergeTag, mapNode, type Origin, type Place, type ScalarNode, type SpecNode } from './tree.ts';

export interface YamlSource {
  readonly file: string;
  readonly dir: string;
  readonly text: string;
  readonly lookup: Lookup;
  /** Called for each variable that is not set, with the service it stands in. */
  readonly unset: (name: string, place: Place, service: string | null) => void;
}

export interface YamlTree {
  readonly origin: Origin;
  /** One per document of the file that is not empty. */
  readonly roots: readonly SpecNode[];
}

export function readYaml(source: YamlSource, problems: Problems): YamlTree {
  const lines = new LineCounter();
  const origin: Origin = {
    file: source.file,
    dir: source.dir,
    position: (offset) => {
      const { line, col } = lines.linePos(offset);
      return { line: Math.max(1, line), column: Math.max(1, col) };
    },
  };
  const tooMuch = excess(source.text);
  if (tooMuch !== null) {
    problems.error('HF1014', tooMuch, { origin, offset: 0 });
    return { origin, roots: [] };
  }
  const documents = parseDocuments(source.text, lines);
  if (documents === null) {
    problems.error('HF1014', 'the file is nested too deep to be read', { origin, offset: 0 });
    return { origin, roots: [] };
  }
  let broken = false;
  for (const document of documents) {
    for (const error of document.errors) {
      broken = true;
      problems.error('HF1002', oneLine(error.message), { origin, offset: error.pos[0] });
    }
  }
  if (broken) return { origin, roots: [] };
  const reader = new TreeReader(source, origin, problems);
  const roots = documents.flatMap((document) => {
    const node = reader.document(document);
    return node === null ? [] : [node];
  });
  return { origin, roots };
}

function parseDocuments(text: string, lineCounter: LineCounter): readonly Document[] | null {
  const options = { lineCounter, uniqueKeys: false, prettyErrors: false, merge: false, resolveKnownTags: false };
  try {
    return [...parseAllDocuments(text, { ...options, logLevel: 'silent' })] as Document[];
  } catch (error) {
    // The depth was looked at before; should the parser's stack still end, that too is the text's doing.
    if (error instanceof RangeError) return null;
    throw error;
  }
}

function oneLine(message: string): string {
  const line = message.split('\n')[0] as string;
  return line.charAt(0).toLowerCase() + line.slice(1);
}

class LimitReached extends Error {}

interface Anchor {
  readonly node: SpecNode | null;
  readonly size: number;
}

class TreeReader {
  readonly #source: YamlSource;
  readonly #origin: Origin;
  readonly #problems: Problems;
  /** Anchor → what it stands for; null while it is still open (an alias inside itself). */
  #anchors = new Map<string, Anchor>();
  #nodes = 0;

  constructor(source: YamlSource, origin: Origin, problems: Problems) {
    this.#source = source;
    this.#origin = origin;
    this.#problems = problems;
  }

  document(document: Document): SpecNode | null {
    this.#anchors = new Map();
    if (document.contents === null) return null;
    try {
      return this.#node(document.contents as Node, []);
    } catch (error) {
      if (!(error instanceof LimitReached)) throw error;
      this.#problems.error('HF1014', error.message, { origin: this.#origin, offset: 0 });
      return null;
    }
  }

  #place(node: unknown): Place {
    const range = (node as { range?: readonly number[] | null } | null)?.range;
    return { origin: this.#origin, offset: range?.[0] ?? 0 };
  }

  #count(by: number): void {
    this.#nodes += by;
    if (this.#nodes > MAX_NODES)
      throw new LimitReached(`more than ${MAX_NODES.toLocaleString('en')} values once aliases are expanded`);
  }

  #node(node: Node | null, path: readonly string[]): SpecNode {
    if (path.length > MAX_DEPTH) throw new LimitReached(`values are nested more than ${MAX_DEPTH} deep`);
    const place = this.#place(node);
    if (node === null) return empty(place);
    if (isAlias(node)) return this.#alias(node.source, place);
    const anchor = 'anchor' in node ? node.anchor : undefined;
    if (anchor) this.#anchors.set(anchor, { node: null, size: 0 });
    const before = this.#nodes;
    this.#count(1);
    const made = this.#content(node, place, path);
    if (anchor) this.#anchors.set(anchor, { node: made, size: this.#nodes - before });
    return made;
  }

  #content(node: Node, place: Place, path: readonly string[]): SpecNode {
    const tag = this.#tag(node.tag, place);
    if (isMap(node)) return mapNode(place, this.#entries(node, path), tag);
    if (isSeq(node)) {
      const items = node.items.map((item, index) => this.#node(item as Node | null, [...path, String(index)]));
      return { kind: 'list', ...place, tag, items };
    }
    return isScalar(node) ? this.#scalar(node, place, tag, path) : empty(place);
  }

  #alias(name: string, place: Place): SpecNode {
    const anchor = this.#anchors.get(name);
    if (anchor?.node) {
      this.#count(anchor.size);
      return anchor.node;
    }
    const why = anchor ? 'stands inside what it names' : 'names no anchor before it';
    this.#problems.error('HF1002', `alias *${name} ${why}`, place);
    return empty(place);
  }

  #tag(tag: string | undefined, place: Place): MergeTag | null {
    if (tag === '!reset') return 'reset';
    if (tag === '!override') return 'override';
    if (tag?.startsWith('!'))
      this.#problems.error('HF1002', `unknown tag ${tag}`, place, 'Remove it; the tags are !reset and !override.');
    return null;
  }

  #scalar(node: Scalar, place: Place, tag: MergeTag | null, path: readonly string[]): ScalarNode {
    const value = plainValue(node);
    if (typeof value !== 'string') return { kind: 'scalar', ...place, tag, value, text: textOfPlain(value, node) };
    const { text, unset, fault } = interpolate(value, this.#source.lookup);
    const service = path[0] === 'services' ? (path[1] ?? null) : null;
    for (const name of unset) this.#source.unset(name, place, service);
    if (fault?.kind === 'missing') {
      const said = fault.message === '' ? 'is not set' : fault.message;
      this.#problems.error('HF1009', `variable ${fault.name}: ${said}`, place);
    } else if (fault?.kind === 'syntax') {
      const remedy = 'Write $NAME, or the name in braces; a dollar sign that is meant as such is written $$.';
      this.#problems.error('HF1004', `not a variable: ${JSON.stringify(fault.near)}`, place, remedy);
    } else if (fault !== null) {
      this.#problems.error('HF1014', 'the text is longer than 1 MiB once variables are filled in', place);
    }
    return { kind: 'scalar', ...place, tag, value: text, text };
  }

  #entries(map: YAMLMap, path: readonly string[]): ReadonlyMap<string, Entry> {
    const own = new Map<string, Entry>();
    const merged: SpecNode[] = [];
    for (const pair of map.items as Pair<Node | null, Node | null>[]) {
      const place = this.#place(pair.key);
      const key = this.#key(pair.key, place);
      if (key === null) continue;
      if (key === '<<') {
        merged.push(...this.#mergeSources(pair.value, place, path));
        continue;
      }
      const earlier = own.get(key);
      if (earlier) {
        const { line } = this.#origin.position(earlier.key.offset);
        this.#problems.error('HF1002', `key ${key} is given twice, first in line ${line}`, place, 'Keep one of them.');
      }
      const value = pair.value === null ? empty(place) : this.#node(pair.value, [...path, key]);
      own.set(key, { key: place, value });
    }
    // Own keys win over merged ones; among merged maps the earlier wins (YAML's merge key).
    for (const source of merged) {
      if (source.kind !== 'map') continue;
      for (const [key, entry] of source.entries) if (!own.has(key)) own.set(key, entry);
    }
    return own;
  }

  #mergeSources(value: Node | null, place: Place, path: readonly string[]): readonly SpecNode[] {
    const node = this.#node(value, path);
    const sources = node.kind === 'list' ? node.items : [node];
    for (const source of sources) {
      if (source.kind === 'map' || (source.kind === 'scalar' && source.value === null)) continue;
      this.#problems.error('HF1002', 'only maps can be merged with <<', place, 'Write <<: *anchor of a map.');
    }
    return sources;
  }

  #key(key: Node | null, place: Place): string | null {
    if (isScalar(key)) return key.source === '<<' ? '<<' : String(key.value ?? key.source ?? '');
    if (key === null) return '';
    const alias = isAlias(key) ? this.#alias(key.source, place) : null;
    if (alias?.kind === 'scalar') return alias.text;
    this.#problems.error('HF1002', 'a key must be a text', place, 'Quote the key if it is meant as text.');
    return null;
  }
}

function empty(place: Place): ScalarNode {
  return { kind: 'scalar', origin: place.origin, offset: place.offset, tag: null, value: null, text: '' };
}

/** Anything that is not plain data (as an old YAML version may give) is taken as its text. */
function plainValue(node: Scalar): ScalarNode['value'] {
  const { value } = node;
  if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
    return value;
  return node.source ?? String(value);
}

/** Numbers keep the digits they were written with, so that a version `1.10` does not become 1.1. */
function textOfPlain(value: number | boolean | null, node: Scalar): string {
  if (value === null) return '';
  if (typeof value === 'number' && node.source !== undefined && /^[-+]?[0-9]+(?:\.[0-9]+)?$/.test(node.source))
    return node.source;
  return String(value);
}
