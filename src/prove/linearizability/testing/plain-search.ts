/**
 * For tests and benchmarks: the search that everybody has (Wing & Gong with Lowe's memory, as Porcupine does it), with
 * none of our refinements: whatever it decides within a budget, the checkers have to decide too. Configurations are
 * remembered by 53 bits of hash: it is a yardstick, not a checker.
 */
import { IMPOSSIBLE, type Machine } from '../machine.ts';
import { OPTIONAL, type Problem } from '../problem.ts';

export type PlainAnswer = 'linearizable' | 'not linearizable' | 'unknown';

interface Node {
  readonly op: number;
  readonly isCall: boolean;
  prev: Node | null;
  next: Node | null;
  match: Node | null;
}

/** Steps are attempts to let one operation take effect. */
export function plainSearch(problem: Problem, machine: Machine, maxSteps: number): PlainAnswer {
  const head = entries(problem);
  const { code, count, kind } = problem;
  const zobrist = hashes(count);
  const seen = new Set<number>();
  const taken: { readonly node: Node; readonly state: number }[] = [];
  let state = machine.initial;
  let [low, high] = [0, 0];
  let steps = 0;
  const mark = (op: number): void => {
    low ^= zobrist[2 * op] as number;
    high ^= zobrist[2 * op + 1] as number;
  };
  for (let at = head.next; ; ) {
    if (!at) return 'linearizable';
    if (at.isCall) {
      if (++steps > maxSteps) return 'unknown';
      const next = machine.step(state, code[at.op] as number);
      if (next !== IMPOSSIBLE) {
        mark(at.op);
        const mixed = Math.imul(next, 0x9e3779b1) ^ low;
        const key = (mixed >>> 0) * 2 ** 21 + (((high ^ Math.imul(next, 0x85ebca6b)) >>> 0) & 0x1f_ffff);
        if (!seen.has(key)) {
          seen.add(key);
          taken.push({ node: at, state });
          state = next;
          lift(at);
          at = head.next;
          continue;
        }
        mark(at.op);
      }
      at = at.next;
      continue;
    }
    // What never returned may as well not happen: its return is at the end.
    if (kind[at.op] === OPTIONAL) return 'linearizable';
    const last = taken.pop();
    if (!last) return 'not linearizable';
    state = last.state;
    mark(last.node.op);
    unlift(last.node);
    at = last.node.next;
  }
}

function entries({ count, events, kind }: Problem): Node {
  const head: Node = { op: -1, isCall: false, prev: null, next: null, match: null };
  const calls: Node[] = [];
  let last = head;
  const add = (op: number, isCall: boolean): Node => {
    const node: Node = { op, isCall, prev: last, next: null, match: null };
    last.next = node;
    last = node;
    return node;
  };
  for (const event of events) {
    if (event >= 0) calls[event] = add(event, true);
    else (calls[~event] as Node).match = add(~event, false);
  }
  for (let op = 0; op < count; op++) if (kind[op] === OPTIONAL) (calls[op] as Node).match = add(op, false);
  return head;
}

function lift(node: Node): void {
  for (const one of [node, node.match as Node]) {
    (one.prev as Node).next = one.next;
    if (one.next) one.next.prev = one.prev;
  }
}

function unlift(node: Node): void {
  for (const one of [node.match as Node, node]) {
    (one.prev as Node).next = one;
    if (one.next) one.next.prev = one;
  }
}

function hashes(count: number): Int32Array {
  const all = new Int32Array(2 * count);
  let x = 0x2545f491;
  for (let n = 0; n < all.length; n++) {
    x = (x + 0x9e3779b9) | 0;
    let z = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    all[n] = z ^ (z >>> 16);
  }
  return all;
}
