/**
 * What a history is about, told from its operations, and the same history in the one form that the checkers read.
 * Tools differ: Jepsen's `independent` puts the key into the value (`[3 nil]`, `[3 [1 2]]`), and a queue is emptied
 * with one `drain` that brings many values.
 */
import { HISTORY_KINDS, type HistoryKind } from '../../model/consistency.ts';
import { HoldfastError } from '../../model/errors.ts';
import type { HistoryEvent, Value } from '../history/event.ts';

export const isTransactional = (kind: HistoryKind): kind is 'list-append' | 'rw-register' =>
  kind === 'list-append' || kind === 'rw-register';

const MICRO = /^:?(?:r|read|w|write|append)$/;

/** Whether the values are runs of micro-operations: `[[:append 3 1] [:r 3 nil]]`. */
export function bringsTransactions(events: readonly HistoryEvent[]): boolean {
  const first = events.find(({ type, value }) => type === 'invoke' && Array.isArray(value) && value.length > 0);
  return first !== undefined && (first.value as readonly Value[]).every(isMicroOperation);
}

function isMicroOperation(value: Value): boolean {
  return Array.isArray(value) && value.length === 3 && typeof value[0] === 'string' && MICRO.test(value[0]);
}

/** Objects only: keys out of values, drains as dequeues. */
export function plain(events: readonly HistoryEvent[]): readonly HistoryEvent[] {
  return undrained(unkeyed(events));
}

/** `[key value]` in every value, when every read asks for `[key nil]`. */
function unkeyed(events: readonly HistoryEvent[]): readonly HistoryEvent[] {
  let reads = 0;
  for (const { type, f, key, value } of events) {
    if (key !== undefined) return events;
    if (type !== 'invoke') continue;
    if (!Array.isArray(value) || value.length !== 2) return events;
    if (f !== 'read') continue;
    if (value[1] !== null) return events;
    reads++;
  }
  if (reads === 0) return events;
  const open = new Map<number, Value>();
  return events.map((event) => {
    const { process, type, value } = event;
    if (Array.isArray(value) && value.length === 2) {
      if (type === 'invoke') open.set(process, value[0] as Value);
      return { ...event, key: value[0] as Value, value: value[1] as Value };
    }
    // A return that brings nothing belongs to the key that was asked for.
    return { ...event, key: open.get(process) ?? null };
  });
}

/** A drain that brought n values is n dequeues at once; one of unknown outcome may have taken anything: see below. */
function undrained(events: readonly HistoryEvent[]): readonly HistoryEvent[] {
  if (!events.some(({ f }) => f === 'drain')) return events;
  let fresh = 1 + events.reduce((most, { process }) => Math.max(most, process), 0);
  const parts = new Map<HistoryEvent, readonly HistoryEvent[]>();
  const open = new Map<number, HistoryEvent>();
  for (const event of events) {
    if (event.f !== 'drain') continue;
    if (event.type === 'invoke') {
      open.set(event.process, event);
      parts.set(event, []);
      continue;
    }
    const begun = open.get(event.process);
    open.delete(event.process);
    parts.set(event, []);
    if (!begun || event.type === 'fail') continue;
    if (event.type === 'info' || !Array.isArray(event.value)) {
      const why = 'a drain of unknown outcome may have taken any number of values: the history cannot be judged';
      throw new HoldfastError('HF8042', why);
    }
    // Each dequeue is a process of its own, so that they may overlap: a drain says nothing about their order.
    const all = (event.value as readonly Value[]).map((value) => ({ process: fresh++, value }));
    parts.set(
      begun,
      all.map(({ process }) => ({ ...begun, process, f: 'dequeue', value: null })),
    );
    parts.set(
      event,
      all.map(({ process, value }) => ({ ...event, process, f: 'dequeue', value })),
    );
  }
  return events.flatMap((event) => parts.get(event) ?? [event]);
}

export function kindNamed(text: string): HistoryKind {
  const plainName = text === 'cas-register' ? 'register' : text;
  const kind = HISTORY_KINDS.find((known) => known === plainName);
  if (!kind) throw new HoldfastError('HF8042', `no model "${text}"; there are ${HISTORY_KINDS.join(', ')}`);
  return kind;
}
