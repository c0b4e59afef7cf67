/**
 * What all elements of a set can be, as one number: a binary tree over the elements whose equal parts are one node
 * (hash consing). Changing one element makes as many nodes as the tree is deep; what a read rules out is asked once for
 * every pair of parts.
 */
import { type ElementStates, IMPOSSIBLE_ELEMENT } from './element-states.ts';
import { WordTable } from './word-table.ts';

export const IMPOSSIBLE_SET = -1;

export class SetTree {
  readonly depth: number;
  readonly #states: ElementStates;
  readonly #nodes = new WordTable();
  #left = new Int32Array(256);
  #right = new Int32Array(256);
  #count = 0;
  /** By level: what is left of a part when a read has seen it. */
  readonly #seen: readonly WordTable[];
  /** Steps taken, for the budget. */
  steps = 0;

  constructor(elements: number, states: ElementStates) {
    this.depth = Math.max(0, Math.ceil(Math.log2(Math.max(1, elements))));
    this.#states = states;
    this.#seen = Array.from({ length: this.depth + 1 }, () => new WordTable());
  }

  get bytes(): number {
    return this.#nodes.bytes + this.#left.length * 8 + this.#seen.reduce((sum, one) => sum + one.bytes, 0);
  }

  /** Every element the same. */
  all(leaf: number): number {
    let node = leaf;
    for (let level = 0; level < this.depth; level++) node = this.#node(node, node);
    return node;
  }

  get(root: number, element: number): number {
    let node = root;
    for (let level = this.depth - 1; level >= 0; level--)
      node = (((element >> level) & 1) === 1 ? this.#right[node] : this.#left[node]) as number;
    return node;
  }

  set(root: number, element: number, leaf: number): number {
    return this.#set(root, element, leaf, this.depth);
  }

  /** What is left of a set when a read has brought `read`, a tree of 0 and 1; IMPOSSIBLE_SET when it cannot have. */
  see(root: number, read: number): number {
    return this.#see(root, read, this.depth);
  }

  #set(node: number, element: number, leaf: number, level: number): number {
    this.steps++;
    if (level === 0) return leaf;
    const [left, right] = [this.#left[node] as number, this.#right[node] as number];
    if (((element >> (level - 1)) & 1) === 0) return this.#node(this.#set(left, element, leaf, level - 1), right);
    return this.#node(left, this.#set(right, element, leaf, level - 1));
  }

  #see(node: number, read: number, level: number): number {
    this.steps++;
    if (level === 0) {
      const leaf = this.#states.see(node, read);
      return leaf === IMPOSSIBLE_ELEMENT ? IMPOSSIBLE_SET : leaf;
    }
    const seen = this.#seen[level] as WordTable;
    const known = seen.get(node, read);
    if (known !== WordTable.NONE) return known;
    const left = this.#see(this.#left[node] as number, this.#left[read] as number, level - 1);
    const right =
      left === IMPOSSIBLE_SET ? left : this.#see(this.#right[node] as number, this.#right[read] as number, level - 1);
    const found = left === IMPOSSIBLE_SET || right === IMPOSSIBLE_SET ? IMPOSSIBLE_SET : this.#node(left, right);
    seen.set(node, read, found);
    return found;
  }

  #node(left: number, right: number): number {
    const known = this.#nodes.get(left, right);
    if (known !== WordTable.NONE) return known;
    const node = this.#count++;
    if (node === this.#left.length) {
      this.#left = doubled(this.#left);
      this.#right = doubled(this.#right);
    }
    this.#left[node] = left;
    this.#right[node] = right;
    this.#nodes.set(left, right, node);
    return node;
  }
}

function doubled(from: Int32Array): Int32Array<ArrayBuffer> {
  const to = new Int32Array(from.length * 2);
  to.set(from);
  return to;
}
