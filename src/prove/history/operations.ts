/**
 * Histories of whole operations, each with the times of its call and its return, as Porcupine keeps them and as many
 * loggers write them: `{"client": 0, "f": "write", "key": "x", "input": 1, "output": null, "call": 10, "return": 25}`.
 * Names may begin with capitals, as Go writes them; `Input` may be an object with the function, the key and the value
 * in it. Without a return the outcome is unknown. Where times are equal, calls come before returns: the operations
 * overlap, which promises less.
 */
import type { HistoryEvent, Value } from './event.ts';

type Fields = { readonly [name: string]: Value | undefined };

interface Timed {
  readonly time: number;
  readonly returns: boolean;
  readonly event: HistoryEvent;
}

export function isOperation(item: Value): item is Value & Fields {
  const fields = fieldsOf(item);
  return fields !== null && pick(fields, 'type', 'Type') === undefined && pick(fields, ...CALL) !== undefined;
}

const CALL = ['call', 'Call', 'start', 'invoke'];
const RETURN = ['return', 'Return', 'end', 'complete'];
const CLIENT = ['client', 'ClientId', 'clientId', 'process'];
const FUNCTION = ['f', 'op', 'Op', 'F'];
const KEY = ['key', 'Key'];
const VALUE = ['value', 'Value'];

export class Operations {
  readonly #timed: Timed[] = [];
  count = 0;

  /** What is wrong with it, or null. */
  add(item: Fields): string | null {
    const call = pick(item, ...CALL);
    const end = pick(item, ...RETURN) ?? null;
    const client = pick(item, ...CLIENT);
    if (typeof call !== 'number') return 'call is not a number';
    if (end !== null && typeof end !== 'number') return 'return is not a number';
    if (end !== null && end < call) return 'it returned before it was called';
    if (typeof client !== 'number') return 'client is not a number';
    const given = pick(item, 'input', 'Input', ...VALUE) ?? null;
    const brought = pick(item, 'output', 'Output') ?? null;
    const input = fieldsOf(given) ?? {};
    const f = pick(item, ...FUNCTION) ?? pick(input, ...FUNCTION);
    if (typeof f !== 'string') return 'f is missing, or no text';
    const key = pick(item, ...KEY) ?? pick(input, ...KEY);
    const on = key === undefined ? {} : { key };
    const name = f.replace(/^:/, '').toLowerCase();
    const process = this.count++;
    this.#timed.push({
      time: call,
      returns: false,
      event: { process, type: 'invoke', f: name, value: plainValue(given), ...on },
    });
    if (end === null) return null;
    const type = pick(item, 'ok') === false || pick(fieldsOf(brought) ?? {}, 'ok', 'Ok') === false ? 'fail' : 'ok';
    this.#timed.push({
      time: end,
      returns: true,
      event: { process, type, f: name, value: plainValue(brought), ...on },
    });
    return null;
  }

  /** In the order of time. Every operation is a process of its own: a client may have had several open. */
  events(): HistoryEvent[] {
    return this.#timed
      .sort((a, b) => a.time - b.time || Number(a.returns) - Number(b.returns))
      .map(({ event }) => event);
  }
}

function fieldsOf(value: Value): Fields | null {
  return value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as Fields) : null;
}

/** The value itself, or what an object calls its value. */
function plainValue(value: Value): Value {
  const fields = fieldsOf(value);
  return fields === null ? value : (pick(fields, ...VALUE) ?? null);
}

function pick(fields: Fields, ...names: readonly string[]): Value | undefined {
  for (const name of names) if (Object.hasOwn(fields, name)) return fields[name];
  return undefined;
}
