/**
 * Cycles, from the worst to the mildest: among the strongly connected parts of the graph, the shortest cycle of each
 * kind as its witness. A cycle of writes alone is G0; with reads-from, G1c; with exactly one anti-dependency,
 * G-single; with several, none beside another, G-nonadjacent (what snapshot isolation forbids); any others G2-item.
 * Cycles that need real time to close say that the order is right but stale: only strict serializability is lost.
 */
import type { AnomalyName } from './anomalies.ts';
import { type Graph, ON, RT, RW, WR, WW } from './graph.ts';

export interface Cycle {
  readonly anomaly: AnomalyName;
  /** Transactions and helper nodes, each once. */
  readonly nodes: readonly number[];
  /** kinds[i] is the edge from nodes[i] to the next one, the last back to the first. */
  readonly kinds: readonly number[];
}

export interface CycleSearch {
  readonly cycles: readonly Cycle[];
  /** True when the budget ended before every anti-dependency was followed: what was found holds, more may be there. */
  readonly partial: boolean;
}

/** Edges followed in all: a few seconds. A history this broken has its verdict long before. */
export const CYCLE_BUDGET = 50_000_000;
/** Components in which a witness of each kind is looked for. */
const COMPONENTS = 32;

interface Kind {
  readonly anomaly: AnomalyName;
  readonly mask: number;
  /** The cycle must begin with an edge of this kind. */
  readonly through: number;
  /** Edges that may follow, before `mask` is closed: for exactly one of a kind. */
  readonly rest: number;
  /** No anti-dependency right after another. */
  readonly apart?: true;
  /** Not looked for when one of these was found: it would be the same trouble under a milder name. */
  readonly milder?: readonly AnomalyName[];
}

const KINDS: readonly Kind[] = [
  { anomaly: 'G0', mask: WW, through: WW, rest: WW },
  { anomaly: 'G1c', mask: WW | WR, through: WR, rest: WW | WR },
  { anomaly: 'G-single', mask: WW | WR | RW, through: RW, rest: WW | WR },
  { anomaly: 'G-nonadjacent', mask: WW | WR | RW, through: RW, rest: WW | WR | RW, apart: true, milder: ['G-single'] },
  { anomaly: 'G2-item', mask: WW | WR | RW, through: RW, rest: WW | WR | RW, milder: ['G-single', 'G-nonadjacent'] },
  { anomaly: 'G0-realtime', mask: WW | RT, through: WW, rest: WW | RT },
  { anomaly: 'G1c-realtime', mask: WW | WR | RT, through: WR, rest: WW | WR | RT },
  { anomaly: 'G-single-realtime', mask: WW | WR | RW | RT, through: RW, rest: WW | WR | RT },
  { anomaly: 'G2-item-realtime', mask: WW | WR | RW | RT, through: RW, rest: WW | WR | RW | RT },
];

export function findCycles(graph: Graph, budget: number = CYCLE_BUDGET): CycleSearch {
  const all = graph.components(WW | WR | RW | RT);
  if (all.length === 0) return { cycles: [], partial: false };
  const members = all.flat();
  const walker = new Walker(graph, budget);
  const cycles: Cycle[] = [];
  const found = new Set<AnomalyName>();
  for (const kind of KINDS) {
    if (kind.milder?.some((worse) => found.has(worse))) continue;
    if ((kind.mask & RT) !== 0 && found.size > 0) break;
    for (const part of graph.components(kind.mask, members).slice(0, COMPONENTS)) {
      const cycle = walker.shortest(kind, part);
      if (!cycle) continue;
      cycles.push(cycle);
      found.add(kind.anomaly);
    }
  }
  return { cycles, partial: walker.exhausted };
}

class Walker {
  readonly #graph: Graph;
  readonly #part: Int32Array;
  readonly #seen: Int32Array;
  readonly #via: Int32Array;
  readonly #from: Int32Array;
  readonly #queue: Int32Array;
  #round = 0;
  #stamp = 0;
  #left: number;
  exhausted = false;

  constructor(graph: Graph, budget: number) {
    this.#graph = graph;
    this.#left = budget;
    this.#part = new Int32Array(graph.nodes);
    // Twice as many states as nodes: whether the last dependency was an anti-dependency.
    this.#seen = new Int32Array(graph.nodes * 2);
    this.#via = new Int32Array(graph.nodes * 2);
    this.#from = new Int32Array(graph.nodes * 2);
    this.#queue = new Int32Array(graph.nodes * 2);
  }

  /** The shortest cycle of a kind within one component, or null. */
  shortest(kind: Kind, part: readonly number[]): Cycle | null {
    this.#round++;
    const mark = this.#round;
    for (const node of part) this.#part[node] = mark;
    const { kinds, offsets, targets } = this.#graph;
    let best: Cycle | null = null;
    for (const node of part) {
      for (let e = offsets[node] as number; e < (offsets[node + 1] as number); e++) {
        if (((kinds[e] as number) & kind.through) === 0 || this.#part[targets[e] as number] !== mark) continue;
        if (this.#left <= 0) {
          this.exhausted = true;
          return best;
        }
        const cycle = this.#close(kind, node, e, best ? best.nodes.length : Number.POSITIVE_INFINITY, mark);
        if (cycle) best = cycle;
        if (best && best.nodes.length <= 2) return best;
      }
    }
    return best;
  }

  /** Breadth first from the end of edge `first` back to its source, shorter than `limit`. */
  #close(kind: Kind, source: number, first: number, limit: number, mark: number): Cycle | null {
    const { kinds, offsets, targets } = this.#graph;
    const stamp = ++this.#stamp;
    const apart = kind.apart === true;
    let head = 0;
    let tail = 0;
    const start = (targets[first] as number) * 2 + (apart ? 1 : 0);
    this.#queue[tail++] = start;
    this.#seen[start] = stamp;
    this.#via[start] = -1;
    for (let depth = 2; head < tail && depth < limit; depth++) {
      for (const level = tail; head < level; head++) {
        const state = this.#queue[head] as number;
        const node = state >> 1;
        for (let e = offsets[node] as number; e < (offsets[node + 1] as number); e++) {
          const edge = kinds[e] as number;
          this.#left--;
          if ((edge & (kind.rest | ON)) === 0) continue;
          const target = targets[e] as number;
          if (this.#part[target] !== mark) continue;
          const wasRw = (state & 1) === 1;
          if (apart && edge === RW && wasRw) continue;
          const isRw = apart && (edge === RW || (edge === ON && wasRw));
          if (target === source && !isRw) return this.#trace(kind, source, first, state, e);
          const next = target * 2 + (isRw ? 1 : 0);
          if (this.#seen[next] === stamp) continue;
          this.#seen[next] = stamp;
          this.#via[next] = e;
          this.#from[next] = state;
          this.#queue[tail++] = next;
        }
      }
      if (this.#left <= 0) {
        this.exhausted = true;
        return null;
      }
    }
    return null;
  }

  #trace(kind: Kind, source: number, first: number, last: number, closing: number): Cycle {
    const { kinds } = this.#graph;
    const nodes: number[] = [];
    const edges: number[] = [kinds[closing] as number];
    for (let state = last; ; state = this.#from[state] as number) {
      nodes.push(state >> 1);
      const via = this.#via[state] as number;
      edges.push(kinds[via < 0 ? first : via] as number);
      if (via < 0) break;
    }
    nodes.push(source);
    return { anomaly: kind.anomaly, nodes: nodes.reverse(), kinds: edges.reverse() };
  }
}
