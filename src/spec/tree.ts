/**
 * The YAML tree with positions, after aliases, merge keys and interpolation. Every later stage reads this and never
 * the parser's own nodes, so that a message can always say where, also for values that came through an anchor, an
 * `extends` or another file.
 */
import type { SourcePosition } from '../model/errors.ts';

/** A file that was read, and the directory that relative paths in it mean. */
export interface Origin {
  readonly file: string;
  readonly dir: string;
  readonly position: (offset: number) => { readonly line: number; readonly column: number };
}

export interface Place {
  readonly origin: Origin;
  readonly offset: number;
}

/** Compose's tags for merging: `!reset` removes what a base file said, `!override` replaces instead of merging. */
export type MergeTag = 'reset' | 'override';

interface NodeBase extends Place {
  readonly tag: MergeTag | null;
}

export interface ScalarNode extends NodeBase {
  readonly kind: 'scalar';
  readonly value: string | number | boolean | null;
  /** As written, after interpolation: `1.10` stays `1.10`. Empty for null. */
  readonly text: string;
}

export interface ListNode extends NodeBase {
  readonly kind: 'list';
  readonly items: readonly SpecNode[];
}

export interface Entry {
  readonly key: Place;
  readonly value: SpecNode;
}

export interface MapNode extends NodeBase {
  readonly kind: 'map';
  readonly entries: ReadonlyMap<string, Entry>;
}

export type SpecNode = ScalarNode | ListNode | MapNode;

export function positionOf(place: Place): SourcePosition {
  const { line, column } = place.origin.position(place.offset);
  return { file: place.origin.file, line, column };
}

export function isNull(node: SpecNode | undefined): boolean {
  return node === undefined || (node.kind === 'scalar' && node.value === null);
}

/** The value of a key; undefined when the key is absent, null, or the node is no map. */
export function get(node: SpecNode | undefined, key: string): SpecNode | undefined {
  if (node?.kind !== 'map') return undefined;
  const value = node.entries.get(key)?.value;
  return isNull(value) ? undefined : value;
}

/** The value at the end of a path of keys. */
export function dig(node: SpecNode | undefined, ...path: readonly string[]): SpecNode | undefined {
  return path.reduce<SpecNode | undefined>((at, key) => get(at, key), node);
}

export function entriesOf(node: SpecNode | undefined): readonly (readonly [string, Entry])[] {
  return node?.kind === 'map' ? [...node.entries] : [];
}

/** Items of a list; a scalar counts as a list of one (Compose's string-or-list). */
export function itemsOf(node: SpecNode | undefined): readonly SpecNode[] {
  if (node === undefined || isNull(node)) return [];
  if (node.kind === 'list') return node.items.filter((item) => !isNull(item));
  return node.kind === 'scalar' ? [node] : [];
}

export function textOf(node: SpecNode | undefined): string | undefined {
  return node?.kind === 'scalar' && node.value !== null ? node.text : undefined;
}

export function mapNode(place: Place, entries: ReadonlyMap<string, Entry>, tag: MergeTag | null = null): MapNode {
  return { kind: 'map', origin: place.origin, offset: place.offset, tag, entries };
}

export function scalarNode(place: Place, text: string | null): ScalarNode {
  return { kind: 'scalar', origin: place.origin, offset: place.offset, tag: null, value: text, text: text ?? '' };
}

/**
 * Compose's list-or-map as a map: `KEY=value` becomes an entry, a bare `KEY` an entry of null. `separator` is the
 * first of the given characters that occurs (extra_hosts allow `:` too).
 */
export function asMap(node: SpecNode, separators = '='): SpecNode {
  if (node.kind !== 'list') return node;
  const entries = new Map<string, Entry>();
  for (const item of node.items) {
    const text = textOf(item);
    if (text === undefined) continue;
    const cut = [...text].findIndex((char) => separators.includes(char));
    const units = [...text];
    const key = cut < 0 ? text : units.slice(0, cut).join('');
    const value = cut < 0 ? null : units.slice(cut + 1).join('');
    entries.set(key, { key: item, value: scalarNode(item, value) });
  }
  return mapNode(node, entries, node.tag);
}
