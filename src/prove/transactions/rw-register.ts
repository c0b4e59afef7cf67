/**
 * Dependencies of transactions that read and write registers, every value written once. A read names its write (wr);
 * the order of versions is known only in part: nothing comes before the initial nil, and whoever reads a value and
 * then writes the key puts its own after it. Whatever is not known is not claimed: fewer anomalies show than with
 * lists, and none is invented.
 */
import type { Value } from '../history/event.ts';
import { FAIL, OK } from '../history/history.ts';
import type { Elements } from './elements.ts';
import { type Findings, name, showTransaction } from './findings.ts';
import { connect, type Graph, RW, WR, WW } from './graph.ts';
import { READ, type Transactions, WRITE } from './history.ts';

export class RwRegister {
  readonly #t: Transactions;
  readonly #elements: Elements;
  readonly #graph: Graph;
  readonly #findings: Findings;
  readonly #nil: number;
  /** By write, and by key for nil: who read this version, and who wrote after it. */
  readonly #versions = new Map<number, Version>();
  readonly #nilVersions = new Map<number, Version>();

  constructor(t: Transactions, elements: Elements, graph: Graph, findings: Findings) {
    this.#t = t;
    this.#elements = elements;
    this.#graph = graph;
    this.#findings = findings;
    this.#nil = t.values.idOf(null);
  }

  infer(): void {
    const committed = this.#committed();
    this.#eachRead((t, m, write) => this.#depend(t, m, write));
    const { count, first, key, what } = this.#t;
    for (let t = 0; t < count; t++) {
      if (committed[t] === 0) continue;
      for (let m = first[t] as number; m < (first[t + 1] as number); m++) {
        // Every version comes after nil.
        if (what[m] === WRITE) addOnce(version(this.#nilVersions, key[m] as number).next, t);
      }
    }
    for (const { readers, next } of this.#nilVersions.values()) connect(this.#graph, readers, next, RW);
    for (const [write, { readers, next }] of this.#versions) {
      connect(this.#graph, readers, next, RW);
      const writer = this.#elements.transaction[write] as number;
      if (this.#t.outcome[writer] !== FAIL) connect(this.#graph, [writer], next, WW);
    }
  }

  /** Succeeded, or seen by one that did. */
  #committed(): Uint8Array {
    const committed = new Uint8Array(this.#t.count);
    for (let t = 0; t < this.#t.count; t++) if (this.#t.outcome[t] === OK) committed[t] = 1;
    this.#eachRead((_, __, write) => {
      const writer = write < 0 ? -1 : (this.#elements.transaction[write] as number);
      if (writer >= 0 && this.#t.outcome[writer] !== FAIL) committed[writer] = 1;
    });
    return committed;
  }

  /** External reads of transactions that succeeded: the first of a key, before any write of it. −1 stands for nil. */
  #eachRead(visit: (t: number, m: number, write: number) => void): void {
    const { count, first, key, outcome, value, what } = this.#t;
    for (let t = 0; t < count; t++) {
      if (outcome[t] !== OK) continue;
      const start = first[t] as number;
      for (let m = start; m < (first[t + 1] as number); m++) {
        if (what[m] !== READ || this.#earlier(start, m) >= 0) continue;
        const seen = value[m] as number;
        const write = seen === this.#nil ? -1 : this.#elements.writer(key[m] as number, seen);
        if (seen === this.#nil || write >= 0) visit(t, m, write);
      }
    }
  }

  /** The same transaction's last operation on the same key before m, or −1. */
  #earlier(start: number, m: number): number {
    for (let n = m - 1; n >= start; n--) if (this.#t.key[n] === this.#t.key[m]) return n;
    return -1;
  }

  #depend(t: number, m: number, write: number): void {
    const seen = write < 0 ? version(this.#nilVersions, this.#t.key[m] as number) : version(this.#versions, write);
    seen.readers.push(t);
    if (this.#writesAfter(t, m)) this.#update(t, m, seen, write);
    if (write < 0) return;
    const writer = this.#elements.transaction[write] as number;
    if (writer === t) return;
    if (this.#t.outcome[writer] === FAIL) {
      this.#findings.add('G1a', [writer, t], () => `${this.#show(writer)}, which failed\n${this.#show(t)}`);
      return;
    }
    if (this.#elements.intermediate[write] === 1) this.#findings.add('G1b', [writer, t], () => this.#show(writer, t));
    this.#graph.edge(writer, t, WR);
  }

  #writesAfter(t: number, m: number): boolean {
    const { first, key, what } = this.#t;
    for (let n = m + 1; n < (first[t + 1] as number); n++) if (key[n] === key[m] && what[n] === WRITE) return true;
    return false;
  }

  /** Who reads a version and then writes puts its own after it; two who do so did not see each other. */
  #update(t: number, m: number, seen: Version, write: number): void {
    if (seen.updater >= 0) {
      const other = seen.updater;
      const on = name(this.#t.keys.values[this.#t.key[m] as number] as Value);
      const text = (): string => `both read the same version of ${on} and wrote:\n${this.#show(other, t)}`;
      this.#findings.add('lost update', [other, t], text);
    }
    seen.updater = t;
    if (write >= 0) addOnce(seen.next, t);
  }

  /** Reads against the same transaction's own earlier operations, and values that nobody wrote. */
  internal(): void {
    const { count, first, key, outcome, value, what } = this.#t;
    for (let t = 0; t < count; t++) {
      if (outcome[t] !== OK) continue;
      const start = first[t] as number;
      for (let m = start; m < (first[t + 1] as number); m++) {
        if (what[m] !== READ) continue;
        const earlier = this.#earlier(start, m);
        if (earlier >= 0 && value[earlier] !== value[m]) this.#findings.add('internal', [t], () => this.#show(t));
        if (value[m] === this.#nil || this.#elements.writer(key[m] as number, value[m] as number) >= 0) continue;
        this.#findings.add('unwritten value', [t], () => this.#show(t));
      }
    }
  }

  #show(...transactions: readonly number[]): string {
    return transactions.map((t) => showTransaction(this.#t, t)).join('\n');
  }
}

interface Version {
  readonly readers: number[];
  readonly next: number[];
  /** The last who read it and then wrote the key, or −1. */
  updater: number;
}

function version(map: Map<number, Version>, at: number): Version {
  let found = map.get(at);
  if (!found) {
    found = { readers: [], next: [], updater: -1 };
    map.set(at, found);
  }
  return found;
}

/** Transactions come in order: the same one only twice in a row. */
function addOnce(list: number[], t: number): void {
  if (list[list.length - 1] !== t) list.push(t);
}
