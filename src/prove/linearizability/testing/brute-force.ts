/** For tests: linearizability by trying every order, written as plainly as the definition. Up to eight operations. */
import type { HistoryEvent, Value } from '../../history/event.ts';

export interface Done {
  readonly f: string;
  readonly input: Value;
  readonly output: Value;
  readonly outcome: 'ok' | 'fail' | 'info';
}

export interface Sequential {
  readonly initial: Value;
  /** The next state, wrapped, or null when the operation could not have ended like this. */
  step(state: Value, operation: Done): readonly [Value] | null;
}

interface Operation extends Done {
  readonly start: number;
  readonly end: number;
}

export function bruteForce(events: readonly HistoryEvent[], spec: Sequential): boolean {
  return from(spec, spec.initial, operations(events));
}

function from(spec: Sequential, state: Value, left: readonly Operation[]): boolean {
  if (left.every((operation) => operation.outcome === 'info')) return true;
  return left.some((operation) => {
    // Whatever had returned before it began must come before it.
    if (left.some((other) => other.end < operation.start)) return false;
    const next = spec.step(state, operation);
    return next !== null && from(spec, next[0], without(left, operation));
  });
}

function without(left: readonly Operation[], operation: Operation): Operation[] {
  return left.filter((other) => other !== operation);
}

function operations(events: readonly HistoryEvent[]): Operation[] {
  const all: Operation[] = [];
  events.forEach((event, start) => {
    if (event.type !== 'invoke') return;
    const end = events.findIndex((other, at) => at > start && other.process === event.process);
    const done = events[end];
    if (!done || done.type === 'info' || done.type === 'invoke') {
      all.push({ f: event.f, input: event.value, output: null, outcome: 'info', start, end: Number.POSITIVE_INFINITY });
    } else {
      all.push({ f: event.f, input: event.value, output: done.value, outcome: done.type, start, end });
    }
  });
  return all;
}
