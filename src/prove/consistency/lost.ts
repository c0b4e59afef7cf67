/**
 * Acknowledged writes that are gone: the one promise that every store makes, also where nobody promised
 * linearizability. A write is lost when the last look at its object, begun after the write was acknowledged, does not
 * show it and nothing later explains that. Counted, not searched; never a loss that is none: what only might be lost
 * counts as unseen.
 */
import type { HistoryKind } from '../../model/consistency.ts';
import { HoldfastError } from '../../model/errors.ts';
import { type HistoryEvent, show, textOf, type Value } from '../history/event.ts';

export interface Losses {
  readonly acknowledged: number;
  readonly lost: number;
  /** Acknowledged, but nobody looked afterwards. */
  readonly unseen: number;
  readonly examples: readonly { readonly key: Value; readonly text: string }[];
}

interface Done {
  readonly f: string;
  readonly key: Value;
  readonly input: Value;
  readonly output: Value;
  readonly outcome: 'ok' | 'fail' | 'info';
  readonly start: number;
  readonly end: number;
}

const EXAMPLES = 5;

export function lostWrites(events: readonly HistoryEvent[], kind: HistoryKind): Losses {
  const operations = kind === 'list-append' ? elements(done(events)) : done(events);
  const tally = new Tally();
  for (const [key, all] of grouped(operations)) {
    if (kind === 'set' || kind === 'list-append') ofSet(key, all, tally);
    else if (kind === 'counter') ofCounter(key, all, tally);
    else if (kind === 'queue') ofQueue(key, all, tally);
    else if (kind === 'register') ofRegister(key, all, tally);
    else throw new HoldfastError('HF8042', `lost writes cannot be counted in histories of a ${kind}`);
  }
  return tally;
}

class Tally implements Losses {
  acknowledged = 0;
  lost = 0;
  unseen = 0;
  readonly examples: { key: Value; text: string }[] = [];

  lose(key: Value, count: number, text: string): void {
    this.lost += count;
    if (count > 0 && this.examples.length < EXAMPLES) this.examples.push({ key, text });
  }
}

function done(events: readonly HistoryEvent[]): Done[] {
  const open = new Map<number, { event: HistoryEvent; start: number }>();
  const all: Done[] = [];
  const close = (begun: { event: HistoryEvent; start: number }, returned: HistoryEvent | null, end: number): void => {
    const { f, key, value } = begun.event;
    const outcome = returned === null || returned.type === 'invoke' ? 'info' : returned.type;
    all.push({
      f,
      key: key ?? null,
      input: value,
      output: returned?.value ?? null,
      outcome,
      start: begun.start,
      end: outcome === 'info' ? Number.POSITIVE_INFINITY : end,
    });
  };
  events.forEach((event, at) => {
    const begun = open.get(event.process);
    if (begun) close(begun, event.type === 'invoke' ? null : event, at);
    if (event.type === 'invoke') open.set(event.process, { event, start: at });
    else open.delete(event.process);
  });
  for (const begun of open.values()) close(begun, null, Number.POSITIVE_INFINITY);
  return all.sort((a, b) => a.start - b.start);
}

/** Transactions on lists as adds and reads of each list. */
function elements(transactions: readonly Done[]): Done[] {
  return transactions.flatMap((txn) => {
    const asked = (txn.outcome === 'ok' && Array.isArray(txn.output) ? txn.output : txn.input) as readonly Value[];
    return asked.map((operation): Done => {
      const [f, key, value] = operation as [string, Value, Value];
      const reads = /^:?r/.test(f);
      return {
        ...txn,
        f: reads ? 'read' : 'add',
        key,
        input: reads ? null : value,
        output: reads ? (value ?? []) : value,
      };
    });
  });
}

function grouped(all: readonly Done[]): Map<Value, Done[]> {
  const byText = new Map<string, Done[]>();
  for (const one of all) {
    const name = textOf(one.key);
    const group = byText.get(name);
    if (group) group.push(one);
    else byText.set(name, [one]);
  }
  return new Map([...byText.values()].map((group) => [(group[0] as Done).key, group]));
}

const lastRead = (all: readonly Done[]): Done | undefined =>
  all.findLast(({ f, outcome }) => f === 'read' && outcome === 'ok');

function ofSet(key: Value, all: readonly Done[], tally: Tally): void {
  const last = lastRead(all);
  const present = new Set(last && Array.isArray(last.output) ? (last.output as readonly Value[]).map(textOf) : []);
  const removed = new Set(all.filter(({ f }) => f === 'remove').map(({ input }) => textOf(input)));
  for (const { f, outcome, input, end } of all) {
    if (f !== 'add' || outcome !== 'ok' || removed.has(textOf(input))) continue;
    tally.acknowledged++;
    if (!last || last.start < end) {
      // An earlier-begun look that shows it has seen it all the same.
      if (!present.has(textOf(input))) tally.unseen++;
    } else if (!present.has(textOf(input)))
      tally.lose(key, 1, `${show(input)} was added, and the last read does not bring it`);
  }
}

function ofCounter(key: Value, all: readonly Done[], tally: Tally): void {
  const last = lastRead(all);
  let least = 0;
  let writes = 0;
  let unseen = 0;
  for (const { f, outcome, input, start, end } of all) {
    if (f === 'read' || outcome === 'fail') continue;
    const amount = (typeof input === 'number' ? input : 1) * (f === 'decrement' ? -1 : 1);
    if (outcome === 'ok') writes++;
    const before = last !== undefined && end < last.start && outcome === 'ok';
    if (outcome === 'ok' && !before) unseen++;
    // What adds counts when it is certain, what takes away as soon as it is possible.
    if (amount > 0 ? before : last !== undefined && start < last.end) least += amount;
  }
  tally.acknowledged += writes;
  tally.unseen += unseen;
  const seen = typeof last?.output === 'number' ? last.output : least;
  if (seen < least)
    tally.lose(key, least - seen, `the last read brings ${seen}; acknowledged additions make at least ${least}`);
}

function ofQueue(key: Value, all: readonly Done[], tally: Tally): void {
  const taken = new Set<string>();
  let mayHaveTaken = 0;
  let empty = -1;
  for (const { f, outcome, output, start } of all) {
    if (f !== 'dequeue') continue;
    if (outcome === 'info') mayHaveTaken++;
    else if (outcome === 'ok' && output === null) empty = Math.max(empty, start);
    else if (outcome === 'ok') taken.add(textOf(output));
  }
  const gone: Value[] = [];
  for (const { f, outcome, input, end } of all) {
    if (f !== 'enqueue' || outcome !== 'ok') continue;
    tally.acknowledged++;
    if (taken.has(textOf(input))) continue;
    if (end < empty) gone.push(input);
    else tally.unseen++;
  }
  const certain = Math.max(0, gone.length - mayHaveTaken);
  tally.unseen += gone.length - certain;
  const among = certain < gone.length ? ` (${gone.length - certain} of them may have been taken)` : '';
  if (certain > 0) tally.lose(key, certain, `never taken out, and the queue is empty: ${shortList(gone)}${among}`);
}

/** The last read brings a value that an acknowledged write had replaced. Values must be written once. */
function ofRegister(key: Value, all: readonly Done[], tally: Tally): void {
  const written = (one: Done): Value => (one.f === 'cas' ? ((one.input as readonly Value[])[1] as Value) : one.input);
  const writes = all.filter(({ f, outcome }) => f !== 'read' && outcome !== 'fail');
  const last = lastRead(all);
  const texts = writes.map((one) => textOf(written(one)));
  if (new Set(texts).size < texts.length)
    throw new HoldfastError('HF8042', 'lost writes of a register can be counted only when every value is written once');
  const maker = last ? texts.indexOf(textOf(last.output)) : -1;
  const seenEnd = maker < 0 ? -1 : (writes[maker] as Done).end;
  for (const one of writes) {
    if (one.outcome !== 'ok') continue;
    tally.acknowledged++;
    if (!last || one.end > last.start) {
      if (writes[maker] !== one) tally.unseen++;
    } else if (one.start > seenEnd)
      tally.lose(key, 1, `${show(written(one))} was written after ${show(last.output)}, which the last read brings`);
  }
}

function shortList(values: readonly Value[]): string {
  const names = values.slice(0, EXAMPLES).map(show);
  return values.length > EXAMPLES ? `${names.join(', ')}, … (${values.length})` : names.join(', ');
}
