/**
 * One question to an instance on the way that a caller's calls take: what its health check asks, or where that is not
 * known, a connection. A connection of its own each time, because one that is kept shows neither how long opening takes
 * nor whether it is possible.
 */
import type { Socket } from 'node:net';
import type { PoolQuestion } from '../model/routes.ts';
import type { Ms } from '../model/time.ts';
import { monotonic } from './clock.ts';
import { connectTo, Door } from './faults/door.ts';
import type { Line, LineOwner } from './faults/line.ts';
import type { Member, Open } from './member.ts';
import { isOwnError } from './own-errors.ts';
import type { Pool } from './pool.ts';

export interface WayAnswer {
  readonly connectMs: Ms | null;
  readonly answerMs: Ms | null;
  readonly error: string | null;
}

/** Longest wait for an answer, from the begin. Longer than health checks usually allow, so that slow is not silent. */
const ANSWER_MS: Ms = 2_500;
/** A connection that nothing can be asked on is watched for so long: one that is accepted and dropped shows by then. */
const WATCH_MS: Ms = 200;
const READ_BYTES = 4_096;
const MAX_BYTES = 256 * 1024;

/** `done` with null: we ourselves could not ask. */
export class WayProbe implements LineOwner, Open {
  readonly #pool: Pool;
  readonly #member: Member;
  readonly #caller: string;
  readonly #question: PoolQuestion | null;
  readonly #done: (answer: WayAnswer | null) => void;
  readonly #beganAt = monotonic();
  readonly #socket: Socket;
  #line: Line | null;
  #door: Door | null = null;
  #connectMs: Ms | null = null;
  #text = '';
  #over = false;
  #timer: NodeJS.Timeout;

  constructor(
    pool: Pool,
    member: Member,
    caller: string,
    question: PoolQuestion | null,
    done: (answer: WayAnswer | null) => void,
  ) {
    this.#pool = pool;
    this.#member = member;
    this.#caller = caller;
    this.#question = question;
    this.#done = done;
    member.open.add(this);
    this.#line = pool.faults.line(member, caller, this);
    this.#timer = setTimeout(() => this.#finish('timeout'), pool.policy.connectTimeoutMs);
    this.#socket = this.#open();
    this.#socket.on('error', (error: NodeJS.ErrnoException) => {
      if (this.#line !== null && this.#connectMs !== null) this.#line.receivedClose(true);
      else this.#failed(error.code ?? error.message);
    });
    this.#socket.on('end', () => (this.#line === null ? this.lineEnd() : this.#line.receivedEnd()));
    this.#socket.on('close', () => {
      if (this.#line !== null && this.#connectMs !== null) this.#line.receivedClose(false);
      else this.lineEnd();
    });
    this.#socket.on('drain', () => this.#line?.socketDrained());
  }

  #open(): Socket {
    const onread = {
      buffer: Buffer.allocUnsafeSlow(READ_BYTES),
      callback: (count: number, bytes: Uint8Array): boolean => {
        const copy = Buffer.from(bytes.subarray(0, count));
        return this.#line === null ? this.lineData(copy) : this.#line.received(copy);
      },
    };
    if (this.#line === null) return connectTo(this.#member, onread).once('connect', () => this.#connected());
    this.#door = new Door(this.#member, this.#line, onread, {
      opened: () => this.#connected(),
      refused: (code) => this.#failed(code),
    });
    return this.#door.socket;
  }

  refault(): void {
    if (this.#over) return;
    const line = this.#pool.faults.again(this.#line, this.#member, this.#caller, this);
    if (this.#over) return;
    this.#line = line;
    if (line !== null) line.socket = this.#socket;
    this.#door?.refault(line);
  }

  cut(): void {
    this.#end(null);
  }

  #connected(): void {
    if (this.#over) return;
    this.#connectMs = monotonic() - this.#beganAt;
    clearTimeout(this.#timer);
    const question = this.#question;
    if (question === null) {
      this.#timer = setTimeout(() => this.#finish(null), WATCH_MS);
      return;
    }
    this.#timer = setTimeout(() => this.#finish('timeout'), Math.max(0, ANSWER_MS - this.#connectMs));
    const head = Buffer.from(textOf(question, this.#member));
    const answer = this.#line?.request(head, false) ?? null;
    if (answer !== null) setImmediate(() => this.#line?.received(answer));
    else if (this.#line !== null) this.#line.send(head);
    else this.#socket.write(head);
  }

  lineData(bytes: Buffer): boolean {
    if (this.#over) return true;
    this.#text += bytes.toString('latin1');
    this.#judge(false);
    return true;
  }

  lineEnd(): void {
    if (!this.#over) this.#judge(true);
  }

  lineOver(reset: boolean): void {
    if (reset) this.#finish('reset');
    else this.lineEnd();
  }

  lineRoom(): void {}

  /** `ended`: nothing more will come. */
  #judge(ended: boolean): void {
    const { status, complete } = responseOf(this.#text, ended);
    if (status !== null && complete) {
      const [low, high] = this.#question?.expectStatus ?? [0, 999];
      this.#finish(status < low || status > high ? `status ${status}` : null, true);
    } else if (ended || this.#text.length > MAX_BYTES) this.#finish('closed');
  }

  #failed(code: string): void {
    if (isOwnError(code)) this.#end(null);
    else this.#finish(code === 'ECONNREFUSED' ? 'refused' : code === 'ECONNRESET' ? 'reset' : code);
  }

  #finish(error: string | null, answered = false): void {
    const tookMs = monotonic() - this.#beganAt;
    this.#end({ connectMs: this.#connectMs, answerMs: answered ? tookMs : null, error });
  }

  #end(answer: WayAnswer | null): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#timer);
    this.#member.open.delete(this);
    this.#line?.drop();
    this.#socket.removeAllListeners();
    this.#socket.on('error', () => undefined);
    this.#socket.destroy();
    this.#done(answer);
  }
}

/** Line ends in a path would make it several: they are dropped. */
function textOf({ path }: PoolQuestion, { host, port }: Member): string {
  const target = path.replace(/[\r\n ]+/g, '');
  return [
    `GET ${target.startsWith('/') ? target : `/${target}`} HTTP/1.1`,
    `Host: ${host}:${port}`,
    'User-Agent: holdfast-check',
    'Accept: */*',
    'Connection: close',
    '',
    '',
  ].join('\r\n');
}

/** The final status, and whether all of the body is there as far as it says how long it is. */
export function responseOf(
  text: string,
  ended: boolean,
): { readonly status: number | null; readonly complete: boolean } {
  let rest = text;
  for (;;) {
    const match = /^HTTP\/1\.[01] (\d{3})[ \r\n]/.exec(rest);
    const end = rest.indexOf('\r\n\r\n');
    if (!match || end === -1) return { status: null, complete: false };
    const status = Number(match[1]);
    const body = rest.slice(end + 4);
    if (status < 200) {
      rest = body;
      continue;
    }
    const length = /\r\ncontent-length: *(\d+)/i.exec(rest.slice(0, end))?.[1];
    if (length !== undefined) return { status, complete: body.length >= Number(length) };
    const chunked = /\r\ntransfer-encoding:[^\r]*chunked/i.test(rest.slice(0, end));
    return { status, complete: chunked ? body.endsWith('0\r\n\r\n') : ended };
  }
}
