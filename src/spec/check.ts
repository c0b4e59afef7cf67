/** Holds a tree to the grammar: unknown keys with a suggestion, wrong kinds, bad values. It never stops at the first. */

import { nearest } from '../model/suggest.ts';
import type { Problems } from './problems.ts';
import type { MapShape, Shape } from './shape.ts';
import type { MapNode, Place, ScalarNode, SpecNode } from './tree.ts';

/** Checks `node`, found at `path` (for messages, and to say on which level a misplaced key belongs). */
export function checkShape(root: SpecNode, rootShape: Shape, problems: Problems): void {
  visit(root, rootShape, [], { problems, rootShape });
}

interface Checking {
  readonly problems: Problems;
  readonly rootShape: Shape;
}

function visit(node: SpecNode, shape: Shape, path: readonly string[], checking: Checking): void {
  // What is reset is thrown away; an empty value is as if the key were not there.
  if (node.tag === 'reset' || (node.kind === 'scalar' && node.value === null)) return;
  if (node.kind === 'scalar') visitScalar(node, shape, path, checking);
  else if (node.kind === 'list' && shape.list) {
    const { list } = shape;
    for (const [index, item] of node.items.entries()) visit(item, list, [...path, String(index)], checking);
  } else if (node.kind === 'map' && shape.map) visitMap(node, shape.map, path, checking);
  else wrongKind(node, shape, path, checking.problems);
}

function visitScalar(node: ScalarNode, shape: Shape, path: readonly string[], checking: Checking): void {
  if (!shape.scalar) {
    wrongKind(node, shape, path, checking.problems);
    return;
  }
  const fault = node.text.includes('\0') ? { code: 'HF1004' as const, expected: 'a text without NUL' } : null;
  const found = fault ?? shape.scalar(node);
  if (found === null) return;
  const message = `${label(path)} is ${quote(node.text)}, expected ${found.expected}`;
  checking.problems.error(found.code, message, node);
}

function wrongKind(node: SpecNode, shape: Shape, path: readonly string[], problems: Problems): void {
  const is = node.kind === 'scalar' ? quote(node.text) : `a ${node.kind}`;
  problems.error('HF1004', `${label(path)} is ${is}, expected ${shape.what}`, node, `Write ${shape.what}.`);
}

function visitMap(node: MapNode, shape: MapShape, path: readonly string[], checking: Checking): void {
  for (const [key, { key: place, value }] of node.entries) {
    const known = Object.hasOwn(shape.keys, key) ? shape.keys[key] : undefined;
    const below = [...path, key];
    if (known) visit(value, known, below, checking);
    else if (key.startsWith('x-')) continue;
    else if (shape.rest === null) unknownKey(key, place, shape, path, checking);
    else if (shape.name && !shape.name.test(key)) {
      const remedy = 'Use letters, digits, dots, dashes and underscores; begin with a letter or a digit.';
      checking.problems.error('HF1004', `${quote(key)} is not a name that ${label(path)} can have`, place, remedy);
    } else visit(value, shape.rest, below, checking);
  }
  for (const key of shape.required) {
    if (node.entries.has(key)) continue;
    checking.problems.error('HF1004', `${label(path)} has no ${key}`, node, `Add \`${key}\`.`);
  }
}

function unknownKey(key: string, place: Place, shape: MapShape, path: readonly string[], checking: Checking): void {
  const where = path.length === 0 ? 'at the top level' : `in ${label(path)}`;
  const shown = key.length > 60 ? `${key.slice(0, 60)}…` : key;
  checking.problems.error(
    'HF1003',
    `unknown key ${shown} ${where}`,
    place,
    advice(key, shape, path, checking.rootShape),
  );
}

/** One slip is a slip; else the key may be right but stand on the wrong level; else something farther away. */
function advice(key: string, shape: MapShape, path: readonly string[], rootShape: Shape): string {
  const here = Object.keys(shape.keys);
  const slip = nearest(key, here, 1);
  if (slip !== null) return `Did you mean \`${slip}\`?`;
  const elsewhere = homeOf(levelsOf(rootShape).get(key) ?? [], path);
  if (elsewhere !== null) return `\`${key}\` belongs ${elsewhere}.`;
  const near = nearest(key, here);
  if (near !== null) return `Did you mean \`${near}\`?`;
  return 'Remove it, or put it under a key that begins with x-.';
}

/** Where a key is known: the keys above it, `*` for any name. */
type Level = readonly string[];

/** Walked once for each grammar, and only when something is unknown. */
const LEVELS = new WeakMap<Shape, ReadonlyMap<string, readonly Level[]>>();

function levelsOf(root: Shape): ReadonlyMap<string, readonly Level[]> {
  const known = LEVELS.get(root);
  if (known) return known;
  const levels = new Map<string, Level[]>();
  LEVELS.set(root, levels);
  const walk = (shape: Shape, path: Level): void => {
    if (path.length > 8 || shape.what === 'anything') return;
    if (shape.list) walk(shape.list, path);
    for (const [key, below] of Object.entries(shape.map?.keys ?? {})) {
      levels.set(key, [...(levels.get(key) ?? []), path]);
      walk(below, [...path, key]);
    }
    if (shape.map?.rest) walk(shape.map.rest, [...path, '*']);
  };
  walk(root, []);
  return levels;
}

/** The level nearest to where the key was found: least steps up and down. */
function homeOf(levels: readonly Level[], path: readonly string[]): string | null {
  let best: { readonly level: Level; readonly steps: number } | null = null;
  for (const level of levels) {
    let common = 0;
    while (common < level.length && (level[common] === path[common] || (level[common] === '*' && path[common])))
      common++;
    const steps = level.length - common + (path.length - common);
    if (best === null || steps < best.steps) best = { level, steps };
  }
  if (best === null) return null;
  const { level } = best;
  if (level.length === 0) return 'at the top level';
  if (level.length === 2 && level[0] === 'services') return 'directly under a service';
  const inside = level[0] === 'services' ? level.slice(2) : level;
  return `under \`${inside.filter((key) => key !== '*').join('.')}\``;
}

function label(path: readonly string[]): string {
  return path.length === 0 ? 'the file' : path.map((key) => (key.length > 60 ? `${key.slice(0, 60)}…` : key)).join('.');
}

export function quote(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}
