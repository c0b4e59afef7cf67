/**
 * Who must come before whom: transactions, and helper nodes that stand for "everything before this moment" or "the
 * next version of this key", which keep the number of edges linear. Edges are collected flat and sorted by source
 * once; strongly connected components by Tarjan (SIAM J. Comput. 1, 1972), without recursion.
 */
import { Ints } from './history.ts';

/** Kinds of edges, as bits. */
export const WW = 1;
export const WR = 2;
export const RW = 4;
/** Real time: one returned before the other was invoked. */
export const RT = 8;
/** From a helper node onwards: belongs to the edge that led into it. */
export const ON = 16;

export class Graph {
  #nodes: number;
  readonly #from = new Ints();
  readonly #to = new Ints();
  readonly #kind = new Ints();
  /** After `seal`: edges of node n are offsets[n] … offsets[n + 1] − 1. */
  offsets = new Int32Array(0);
  targets = new Int32Array(0);
  kinds = new Uint8Array(0);

  constructor(nodes: number) {
    this.#nodes = nodes;
  }

  get nodes(): number {
    return this.#nodes;
  }

  helper(): number {
    return this.#nodes++;
  }

  edge(from: number, to: number, kind: number): void {
    if (from === to) return;
    this.#from.push(from);
    this.#to.push(to);
    this.#kind.push(kind);
  }

  seal(): void {
    const from = this.#from.view();
    const to = this.#to.view();
    const kind = this.#kind.view();
    const offsets = new Int32Array(this.#nodes + 1);
    for (let e = 0; e < from.length; e++) {
      const at = (from[e] as number) + 1;
      offsets[at] = (offsets[at] as number) + 1;
    }
    for (let n = 1; n <= this.#nodes; n++) offsets[n] = (offsets[n] as number) + (offsets[n - 1] as number);
    const next = offsets.slice();
    this.targets = new Int32Array(from.length);
    this.kinds = new Uint8Array(from.length);
    for (let e = 0; e < from.length; e++) {
      const node = from[e] as number;
      const at = next[node] as number;
      next[node] = at + 1;
      this.targets[at] = to[e] as number;
      this.kinds[at] = kind[e] as number;
    }
    this.offsets = offsets;
  }

  /**
   * Components of more than one node, using only edges whose kind is in `mask`, among `within` (all nodes if not
   * given). Each is the list of its nodes.
   */
  components(mask: number, within?: readonly number[]): number[][] {
    return new Tarjan(this, mask | ON, within).run();
  }
}

class Tarjan {
  readonly #graph: Graph;
  readonly #mask: number;
  readonly #roots: readonly number[] | null;
  /** 0: not seen; otherwise order of discovery. Nodes that are done get DONE, which no low link can beat. */
  readonly #index: Int32Array;
  readonly #low: Int32Array;
  readonly #at: Int32Array;
  readonly #stack = new Stack();
  readonly #path = new Stack();
  #discovered = 0;

  constructor(graph: Graph, mask: number, within: readonly number[] | undefined) {
    this.#graph = graph;
    this.#mask = mask;
    this.#roots = within ?? null;
    this.#index = new Int32Array(graph.nodes);
    this.#low = new Int32Array(graph.nodes);
    this.#at = new Int32Array(graph.nodes);
    if (within) {
      this.#index.fill(DONE);
      for (const node of within) this.#index[node] = 0;
    }
  }

  run(): number[][] {
    const found: number[][] = [];
    const count = this.#roots?.length ?? this.#graph.nodes;
    for (let n = 0; n < count; n++) {
      const root = this.#roots ? (this.#roots[n] as number) : n;
      if (this.#index[root] === 0) this.#walk(root, found);
    }
    return found;
  }

  #enter(node: number): void {
    this.#index[node] = ++this.#discovered;
    this.#low[node] = this.#discovered;
    this.#at[node] = this.#graph.offsets[node] as number;
    this.#stack.push(node);
    this.#path.push(node);
  }

  #walk(root: number, found: number[][]): void {
    const { kinds, offsets, targets } = this.#graph;
    const index = this.#index;
    const low = this.#low;
    const cursor = this.#at;
    const path = this.#path;
    const mask = this.#mask;
    this.#enter(root);
    while (path.length > 0) {
      const node = path.last();
      const at = cursor[node] as number;
      if (at < (offsets[node + 1] as number)) {
        cursor[node] = at + 1;
        if (((kinds[at] as number) & mask) === 0) continue;
        const target = targets[at] as number;
        const seen = index[target] as number;
        if (seen === 0) this.#enter(target);
        else if (seen < (low[node] as number)) low[node] = seen;
        continue;
      }
      path.pop();
      if (path.length > 0) {
        const parent = path.last();
        if ((low[node] as number) < (low[parent] as number)) low[parent] = low[node] as number;
      }
      if (low[node] === index[node]) this.#leave(node, found);
    }
  }

  #leave(root: number, found: number[][]): void {
    const stack = this.#stack;
    if (stack.last() === root) {
      stack.pop();
      this.#index[root] = DONE;
      return;
    }
    const members: number[] = [];
    for (let node = -1; node !== root; ) {
      node = stack.pop();
      this.#index[node] = DONE;
      members.push(node);
    }
    found.push(members.reverse());
  }
}

const DONE = 0x7fff_ffff;

/** Up to so many edges are drawn one by one; more go through helper nodes. */
const DIRECT = 16;

/**
 * An edge from every source to every target but itself, in a linear number of edges: helper i leads to the targets
 * up to i, another to those from i on, and a source that is a target itself uses the two beside its own place.
 */
export function connect(graph: Graph, sources: readonly number[], targets: readonly number[], kind: number): void {
  if (sources.length * targets.length <= DIRECT) {
    for (const source of sources) for (const target of targets) graph.edge(source, target, kind);
    return;
  }
  const place = new Map(targets.map((target, n) => [target, n]));
  const upTo = targets.map(() => graph.helper());
  const since = targets.map(() => graph.helper());
  targets.forEach((target, n) => {
    graph.edge(upTo[n] as number, target, ON);
    graph.edge(since[n] as number, target, ON);
    if (n > 0) graph.edge(upTo[n] as number, upTo[n - 1] as number, ON);
    if (n + 1 < targets.length) graph.edge(since[n] as number, since[n + 1] as number, ON);
  });
  for (const source of sources) {
    const own = place.get(source);
    if (own === undefined) graph.edge(source, since[0] as number, kind);
    else {
      if (own > 0) graph.edge(source, upTo[own - 1] as number, kind);
      if (own + 1 < targets.length) graph.edge(source, since[own + 1] as number, kind);
    }
  }
}

/** A stack of integers. */
class Stack {
  #array = new Int32Array(1 << 10);
  length = 0;

  push(value: number): void {
    if (this.length === this.#array.length) {
      const wider = new Int32Array(this.length * 2);
      wider.set(this.#array);
      this.#array = wider;
    }
    this.#array[this.length++] = value;
  }

  pop(): number {
    return this.#array[--this.length] as number;
  }

  last(): number {
    return this.#array[this.length - 1] as number;
  }
}
