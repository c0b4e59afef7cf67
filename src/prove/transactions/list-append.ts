/**
 * Dependencies of list-append transactions (Elle, VLDB 2020): values are appended once and reads bring whole lists,
 * so the longest read of a key is the order of its versions, and every read says which version it saw.
 *   ww  one appended right after the other       wr  one read a list that ends with what the other appended
 *   rw  one read the version right before the other's append
 * An acknowledged append that no read saw must come after the longest read: so that a lost write shows.
 */
import { FAIL, OK } from '../history/history.ts';
import type { Elements } from './elements.ts';
import { type Findings, name, showTransaction } from './findings.ts';
import { connect, type Graph, RW, WR, WW } from './graph.ts';
import { READ, type Transactions, WRITE } from './history.ts';

export class ListAppend {
  readonly #t: Transactions;
  readonly #elements: Elements;
  readonly #graph: Graph;
  readonly #findings: Findings;
  /** By key: the longest read (−1 for none), and where its versions begin in `#order`. */
  readonly #longest: Int32Array;
  readonly #start: Int32Array;
  /** Versions of all keys, each as the write that made it (−1 when nobody did). */
  #order = new Int32Array(0);
  /** By key: the first version whose transaction failed. */
  readonly #aborted: Int32Array;
  /** By key: who appended what no read saw, and who read the last version that any read saw. */
  readonly #unseen = new Map<number, { readonly appenders: number[]; readonly readers: number[] }>();
  /** Who read this version (by write, or by key for the empty list) and then appended to the key. */
  readonly #updated: Int32Array;
  readonly #updatedEmpty: Int32Array;
  readonly #observed: Uint8Array;

  constructor(t: Transactions, elements: Elements, graph: Graph, findings: Findings) {
    this.#t = t;
    this.#elements = elements;
    this.#graph = graph;
    this.#findings = findings;
    const keys = t.keys.values.length;
    this.#longest = new Int32Array(keys).fill(-1);
    this.#start = new Int32Array(keys);
    this.#aborted = new Int32Array(keys).fill(0x7fff_ffff);
    this.#updated = new Int32Array(t.what.length);
    this.#updatedEmpty = new Int32Array(keys);
    this.#observed = new Uint8Array(t.what.length);
  }

  infer(): void {
    this.#versions();
    this.#appends();
    const { count, first, outcome, what, listLength } = this.#t;
    for (let t = 0; t < count; t++) {
      if (outcome[t] !== OK) continue;
      const end = first[t + 1] as number;
      for (let m = first[t] as number; m < end; m++) {
        if (what[m] === READ && (listLength[m] as number) >= 0) this.#read(t, m);
      }
    }
    this.#connectUnseen();
  }

  #versions(): void {
    const { count, first, key, listLength, listStart, outcome, pool, what } = this.#t;
    const longest = this.#longest;
    for (let t = 0; t < count; t++) {
      if (outcome[t] !== OK) continue;
      for (let m = first[t] as number; m < (first[t + 1] as number); m++) {
        if (what[m] !== READ) continue;
        const k = key[m] as number;
        const best = longest[k] as number;
        if (best < 0 || (listLength[m] as number) > (listLength[best] as number)) longest[k] = m;
      }
    }
    let size = 0;
    for (let k = 0; k < longest.length; k++) {
      this.#start[k] = size;
      if ((longest[k] as number) >= 0) size += listLength[longest[k] as number] as number;
    }
    this.#order = new Int32Array(size);
    for (let k = 0; k < longest.length; k++) {
      const best = longest[k] as number;
      for (let n = 0; best >= 0 && n < (listLength[best] as number); n++) {
        this.#place(k, n, pool[(listStart[best] as number) + n] as number);
      }
    }
  }

  #place(k: number, position: number, value: number): void {
    const write = this.#elements.writer(k, value);
    this.#order[(this.#start[k] as number) + position] = write;
    const reader = this.#elements.transaction[this.#longest[k] as number] as number;
    const text = (): string => showTransaction(this.#t, reader);
    if (write < 0) {
      this.#findings.add('unwritten value', [reader], text);
      return;
    }
    if (this.#observed[write] === 1) this.#findings.add('duplicate elements', [reader], text);
    this.#observed[write] = 1;
    const writer = this.#elements.transaction[write] as number;
    const isAborted = this.#t.outcome[writer] === FAIL;
    if (isAborted && (this.#aborted[k] as number) > position) this.#aborted[k] = position;
    if (!isAborted && position > (this.#aborted[k] as number)) {
      this.#findings.add('dirty update', [writer, reader], () => `a committed append after an aborted one: ${text()}`);
    }
  }

  /** ww edges along each key's versions, and to what no read saw. */
  #appends(): void {
    const { count, first, key, outcome, what } = this.#t;
    const { transaction } = this.#elements;
    const graph = this.#graph;
    for (let k = 0; k < this.#start.length; k++) {
      let before = -1;
      const end = this.#end(k);
      for (let n = this.#start[k] as number; n < end; n++) {
        const write = this.#order[n] as number;
        if (write < 0 || outcome[transaction[write] as number] === FAIL) continue;
        if (before >= 0) graph.edge(transaction[before] as number, transaction[write] as number, WW);
        before = write;
      }
    }
    for (let t = 0; t < count; t++) {
      if (outcome[t] !== OK) continue;
      for (let m = first[t] as number; m < (first[t + 1] as number); m++) {
        if (what[m] === WRITE && this.#observed[m] === 0 && (this.#longest[key[m] as number] as number) >= 0) {
          this.#appendUnseen(key[m] as number, t);
        }
      }
    }
  }

  #appendUnseen(k: number, t: number): void {
    const unseen = this.#unseen.get(k);
    if (!unseen) this.#unseen.set(k, { appenders: [t], readers: [] });
    else if (unseen.appenders[unseen.appenders.length - 1] !== t) unseen.appenders.push(t);
  }

  #connectUnseen(): void {
    for (const [k, { appenders, readers }] of this.#unseen) {
      const last = this.#end(k) > (this.#start[k] as number) ? (this.#order[this.#end(k) - 1] as number) : -1;
      const writer = last < 0 ? -1 : (this.#elements.transaction[last] as number);
      if (writer >= 0 && this.#t.outcome[writer] !== FAIL) connect(this.#graph, [writer], appenders, WW);
      connect(this.#graph, readers, appenders, RW);
    }
  }

  #end(k: number): number {
    return k + 1 < this.#start.length ? (this.#start[k + 1] as number) : this.#order.length;
  }

  #read(t: number, m: number): void {
    const { first, key, what } = this.#t;
    const k = key[m] as number;
    let own = 0;
    let earlier = -1;
    for (let n = m - 1; n >= (first[t] as number); n--) {
      if (key[n] !== k) continue;
      if (what[n] === READ) {
        earlier = n;
        break;
      }
      own++;
    }
    if ((own > 0 || earlier >= 0) && !this.#continues(t, m, own, earlier)) {
      this.#findings.add('internal', [t], () => showTransaction(this.#t, t));
      return;
    }
    if (!this.#isPrefix(m, k)) {
      const other = this.#elements.transaction[this.#longest[k] as number] as number;
      const text = (): string => `${showTransaction(this.#t, other)}\n${showTransaction(this.#t, t)}`;
      this.#findings.add('incompatible order', [other, t], text);
      return;
    }
    if (earlier < 0) this.#depend(t, m, k, (this.#t.listLength[m] as number) - own);
  }

  /** Whether a read goes on from the same transaction's earlier read, or ends with its own appends. */
  #continues(t: number, m: number, own: number, earlier: number): boolean {
    const { first, key, listLength, listStart, pool, value, what } = this.#t;
    const length = listLength[m] as number;
    const start = listStart[m] as number;
    if (length < own || (earlier >= 0 && length !== (listLength[earlier] as number) + own)) return false;
    let at = start + length;
    for (let n = m - 1; n >= (first[t] as number) && n > earlier; n--) {
      if (key[n] === key[m] && what[n] === WRITE && pool[--at] !== value[n]) return false;
    }
    if (earlier < 0) return true;
    const before = listStart[earlier] as number;
    for (let n = 0; n < (listLength[earlier] as number); n++) if (pool[before + n] !== pool[start + n]) return false;
    return true;
  }

  #isPrefix(m: number, k: number): boolean {
    const { listLength, listStart, pool } = this.#t;
    const a = listStart[m] as number;
    const b = listStart[this.#longest[k] as number] as number;
    const length = listLength[m] as number;
    for (let n = length - 1; n >= 0; n--) if (pool[a + n] !== pool[b + n]) return false;
    return true;
  }

  /** Edges of an external read that saw the first `seen` versions. */
  #depend(t: number, m: number, k: number, seen: number): void {
    const { transaction, intermediate } = this.#elements;
    const order = this.#order;
    const start = this.#start[k] as number;
    const text = (): string => showTransaction(this.#t, t);
    if (seen > (this.#aborted[k] as number)) {
      const write = order[start + (this.#aborted[k] as number)] as number;
      const writer = transaction[write] as number;
      this.#findings.add('G1a', [writer, t], () => `${showTransaction(this.#t, writer)}, which failed\n${text()}`);
    }
    const last = seen > 0 ? (order[start + seen - 1] as number) : -1;
    if (last >= 0) {
      const writer = transaction[last] as number;
      if (writer !== t && intermediate[last] === 1) {
        this.#findings.add('G1b', [writer, t], () => `${showTransaction(this.#t, writer)}\n${text()}`);
      }
      if (this.#t.outcome[writer] !== FAIL) this.#graph.edge(writer, t, WR);
    }
    const after = start + seen;
    if (after < this.#end(k)) {
      const next = order[after] as number;
      const writer = next < 0 ? -1 : (transaction[next] as number);
      if (writer >= 0 && this.#t.outcome[writer] !== FAIL) this.#graph.edge(t, writer, RW);
    } else this.#unseen.get(k)?.readers.push(t);
    if (seen === 0 || last >= 0) this.#update(t, m, k, last);
  }

  /** Two transactions that read the same version and then both wrote: one of them did not see the other. */
  #update(t: number, m: number, k: number, last: number): void {
    const { first, key, what } = this.#t;
    let writes = false;
    for (let n = m + 1; n < (first[t + 1] as number); n++) if (key[n] === k && what[n] === WRITE) writes = true;
    if (!writes) return;
    const table = last < 0 ? this.#updatedEmpty : this.#updated;
    const at = last < 0 ? k : last;
    const other = (table[at] as number) - 1;
    if (other < 0) {
      table[at] = t + 1;
      return;
    }
    const on = name(this.#t.keys.values[k] as never);
    const text = (): string =>
      `both read the same version of ${on} and wrote:\n${[other, t].map((n) => showTransaction(this.#t, n)).join('\n')}`;
    this.#findings.add('lost update', [other, t], text);
  }
}
