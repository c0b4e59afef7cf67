/**
 * Histories from text, whatever wrote them: an EDN history (one map a line, or one vector of maps), JSON lines, a
 * JSON array, the log that Jepsen prints while it runs or its history.txt, or whole operations with their times (see
 * operations.ts). The format is recognised by how the text begins.
 */
import { HoldfastError } from '../../model/errors.ts';
import { EdnError, EdnReader } from './edn.ts';
import type { EventType, HistoryEvent, Value } from './event.ts';
import { isOperation, Operations } from './operations.ts';

export type HistoryFormat = 'edn' | 'json' | 'log';

export interface ParseOptions {
  /** For errors. */
  readonly name?: string;
  /** Default: recognised. */
  readonly format?: HistoryFormat;
}

const TYPES: ReadonlySet<string> = new Set(['invoke', 'ok', 'fail', 'info']);
/** `INFO  jepsen.util - 2 :invoke :cas [2 4]`, with or without a time stamp before and a thread's name. */
const LOG_LINE = /jepsen\.util\s+(?:-\s+)?(\d+)\s+:(invoke|ok|fail|info)\s+:([\w-]+)\s+(\S.*)$/;
/** `2 :invoke :cas [2 4]`, as Jepsen's history.txt has it: a reason may follow behind another tab. */
const TEXT_LINE = /^\s*(\d+)\s+:(invoke|ok|fail|info)\s+:([\w-]+)(?:\s+(\S.*))?$/;
const NEMESIS_LINE = /^\s*:[\w-]+\s+:(?:invoke|ok|fail|info)\s/;
const TIMED_OUT = ':timed-out';

/** Events in the order of the text, which is the order of time. Throws HF8041 with the line that cannot be read. */
export function parseHistory(given: string, options: ParseOptions = {}): HistoryEvent[] {
  // What editors and other systems put around text: a mark of byte order, returns before line feeds.
  const marked = given.charCodeAt(0) === 0xfeff ? given.slice(1) : given;
  const text = marked.includes('\r') ? marked.replaceAll('\r\n', '\n') : marked;
  const format = options.format ?? recognise(text);
  if (format === 'log') return parseLog(text, options.name);
  return format === 'json' ? parseJson(text, options.name) : parseEdn(text, options.name);
}

function recognise(text: string): HistoryFormat {
  const start = /\S/.exec(text)?.index ?? 0;
  const line = text.slice(start, start + 400).split('\n', 1)[0] as string;
  if (/^\[?\s*\{\s*(?:"|\})/.test(line) || (line.trim() === '[' && /^\[\s*\{\s*"/.test(text.slice(start))))
    return 'json';
  return /^(?:[[{;]|#[\w{])/.test(line) ? 'edn' : 'log';
}

function parseEdn(text: string, name: string | undefined): HistoryEvent[] {
  const taken = new Taken(name);
  const reader = new EdnReader(text);
  try {
    const vector = reader.more() && text.charCodeAt(reader.offset) === 91;
    if (vector) reader.step();
    while (reader.more()) {
      const at = reader.offset;
      if (vector && text.charCodeAt(at) === 93) break;
      taken.add(reader.read(), () => lineAt(text, at));
    }
  } catch (error) {
    if (error instanceof EdnError) throw unreadable(error.message, name, lineAt(text, error.offset));
    throw error;
  }
  return taken.events();
}

function parseJson(text: string, name: string | undefined): HistoryEvent[] {
  const taken = new Taken(name);
  const parse = (part: string, line: number): Value => {
    try {
      return JSON.parse(part) as Value;
    } catch (error) {
      throw unreadable((error as Error).message, name, line);
    }
  };
  if (text.trimStart().startsWith('[')) {
    const all = parse(text, 1) as readonly Value[];
    for (const item of all) taken.add(item, () => 1);
    return taken.events();
  }
  text.split('\n').forEach((line, index) => {
    if (line.trim() !== '') taken.add(parse(line, index + 1), () => index + 1);
  });
  return taken.events();
}

function parseLog(text: string, name: string | undefined): HistoryEvent[] {
  const events: HistoryEvent[] = [];
  let line = 0;
  let strange = 0;
  for (const content of text.split('\n')) {
    line++;
    const match = LOG_LINE.exec(content) ?? TEXT_LINE.exec(content);
    if (!match) {
      if (strange === 0 && content.trim() !== '' && !NEMESIS_LINE.test(content)) strange = line;
      continue;
    }
    const [, process, type, f, written = 'nil'] = match as unknown as [string, string, EventType, string, string?];
    const value = logValue(written, name, line);
    // The log has one place for result and reason: a keyword after a failure is the reason.
    const failed = (type === 'fail' || type === 'info') && typeof value === 'string' && value.startsWith(':');
    events.push(event(Number(process), type, f, undefined, failed ? null : value, failed ? value : undefined));
  }
  // A log has lines of other kinds too; a text that has nothing else is no log.
  if (events.length === 0 && strange > 0) throw unreadable(FORMS, name, strange);
  return events;
}

const FORMS =
  'no history: it takes EDN maps, JSON lines or a JSON array with process, type, f and value, a log of Jepsen, or whole operations with call and return';

function logValue(written: string, name: string | undefined, line: number): Value {
  if (/^\d{1,9}\s*$/.test(written)) return Number(written);
  try {
    return new EdnReader(written).read();
  } catch (error) {
    throw unreadable((error as Error).message, name, line);
  }
}

/** Events, or whole operations with their times: a text has the one or the other. */
class Taken {
  readonly #events: HistoryEvent[] = [];
  readonly #operations = new Operations();
  readonly #name: string | undefined;

  constructor(name: string | undefined) {
    this.#name = name;
  }

  add(item: Value, line: () => number): void {
    if (!isOperation(item)) {
      if (this.#operations.count > 0) throw unreadable('an event among whole operations', this.#name, line());
      add(this.#events, item, line, this.#name);
      return;
    }
    const wrong = this.#events.length > 0 ? 'a whole operation among events' : this.#operations.add(item);
    if (wrong !== null) throw unreadable(wrong, this.#name, line());
  }

  events(): HistoryEvent[] {
    return this.#operations.count > 0 ? this.#operations.events() : this.#events;
  }
}

/** One map of EDN or JSON; what the nemesis did is not the clients' history and is left out. */
function add(events: HistoryEvent[], item: Value, line: () => number, name: string | undefined): void {
  if (item === null || typeof item !== 'object' || Array.isArray(item)) throw unreadable('not an event', name, line());
  const map = item as { readonly [field: string]: Value | undefined };
  const type = word(map.type);
  const f = word(map.f);
  if (type === undefined || !TYPES.has(type)) throw unreadable('type is not invoke, ok, fail or info', name, line());
  if (typeof map.process !== 'number') {
    if (typeof map.process === 'string') return;
    throw unreadable('process is not a number', name, line());
  }
  if (f === undefined) throw unreadable('f is missing', name, line());
  events.push(event(map.process, type as EventType, f, map.key, map.value ?? null, map.error));
}

function event(
  process: number,
  type: EventType,
  f: string,
  key: Value | undefined,
  value: Value,
  error: Value | undefined,
): HistoryEvent {
  // Whoever waits in vain does not know: a time-out is never proof that nothing happened.
  const kind = type === 'fail' && error === TIMED_OUT ? 'info' : type;
  return {
    process,
    type: kind,
    f,
    value,
    ...(key === undefined ? {} : { key }),
    ...(error === undefined || error === null ? {} : { error }),
  };
}

function word(value: Value | undefined): string | undefined {
  if (typeof value !== 'string') return undefined;
  return value.startsWith(':') ? value.slice(1) : value;
}

function lineAt(text: string, offset: number): number {
  let line = 1;
  for (let at = text.indexOf('\n'); at >= 0 && at < offset; at = text.indexOf('\n', at + 1)) line++;
  return line;
}

function unreadable(why: string, name: string | undefined, line: number): HoldfastError {
  const where = name === undefined ? `line ${line}: ` : '';
  const at = name === undefined ? {} : { at: { file: name, line, column: 1 } };
  return new HoldfastError('HF8041', `${where}${why}`, at);
}
