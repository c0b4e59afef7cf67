/** Lines of a log: the last few, and then whatever comes. */
import type { LogOptions } from '../../contract.ts';
import type { LogFile } from './log-file.ts';

const READ_BYTES = 64 * 1024;
/** Longer lines are cut into pieces, so that a service which never ends one does not fill the memory. */
const MAX_LINE_BYTES = 64 * 1024;
/** How often a follower looks for more. Lower shows lines sooner, and costs a stat each time. */
const FOLLOW_MS = 100;

/** Splits bytes into lines; keeps what is not ended yet. */
export class LineSplitter {
  #rest: Buffer = Buffer.alloc(0);

  push(data: Buffer): string[] {
    const all = this.#rest.length === 0 ? data : Buffer.concat([this.#rest, data]);
    const lines: string[] = [];
    let from = 0;
    for (let end = all.indexOf(10); end !== -1; end = all.indexOf(10, from)) {
      lines.push(all.toString('utf8', from, end).replace(/\r$/, ''));
      from = end + 1;
    }
    for (; all.length - from > MAX_LINE_BYTES; from += MAX_LINE_BYTES) {
      lines.push(all.toString('utf8', from, from + MAX_LINE_BYTES));
    }
    this.#rest = all.subarray(from);
    return lines;
  }

  /** The last line, when it was not ended. */
  flush(): string[] {
    const rest = this.#rest.toString('utf8');
    this.#rest = Buffer.alloc(0);
    return rest === '' ? [] : [rest];
  }
}

export async function* readLines(log: LogFile, options: LogOptions): AsyncGenerator<string> {
  let position = await findTail(log, options.tail);
  const splitter = new LineSplitter();
  while (!options.signal.aborted) {
    const { data, next } = await log.read(position, READ_BYTES);
    position = next;
    for (const line of splitter.push(data)) {
      yield line;
      if (options.signal.aborted) return;
    }
    if (data.length > 0) continue;
    if (!options.follow) {
      yield* splitter.flush();
      return;
    }
    await pause(FOLLOW_MS, options.signal);
  }
}

/** The position at which the last `count` lines begin. */
export async function findTail(log: LogFile, count: number): Promise<number> {
  const end = await log.end();
  let found = 0;
  let position = end;
  while (position > log.start) {
    const from = Math.max(log.start, position - READ_BYTES);
    const data = await readAll(log, from, position);
    for (let at = data.length - 1; at >= 0; at--) {
      // The newline that ends the last line begins no further one.
      if (data[at] !== 10 || from + at === end - 1) continue;
      found += 1;
      if (found === count) return from + at + 1;
    }
    position = from;
  }
  return count === 0 ? end : position;
}

/** Everything between two positions; gaps in between are filled with nothing, so the length stays true. */
async function readAll(log: LogFile, from: number, to: number): Promise<Buffer> {
  const whole = Buffer.alloc(to - from);
  for (let at = from; at < to; ) {
    const { data, next } = await log.read(at, to - at);
    if (data.length === 0) break;
    data.copy(whole, next - data.length - from);
    at = next;
  }
  return whole;
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    const finish = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', finish);
      done();
    };
    const timer = setTimeout(finish, ms);
    signal.addEventListener('abort', finish, { once: true });
  });
}
