/**
 * A connection to an instance with faults on it: both directions, and how it is opened. The connection's owner talks
 * to the line instead of the socket, and hears from the line instead of the socket; it cannot tell the difference
 * from a bad network. Connections without faults have no line.
 */
import type { Socket } from 'node:net';
import { NETWORK_FAULTS } from '../../model/network-fault-kinds.ts';
import type { Random } from '../../model/random.ts';
import type { Ms } from '../../model/time.ts';
import { monotonic } from '../clock.ts';
import type { ActiveFault } from './active.ts';
import { AnswerBody, RequestDelay } from './answer.ts';
import { delayOf } from './draw.ts';
import { Flow, type FlowClock } from './flow.ts';
import { answerOf, isFor, type RequestLine, requestLine } from './request.ts';
import { Part, type Stage } from './stage.ts';
import { stageOf } from './stages.ts';

/** What the owner hears, in the words of its socket. */
export interface LineOwner {
  /** False: no more until `Line.resume`. */
  lineData(bytes: Buffer): boolean;
  lineEnd(): void;
  /** `reset`: as an error of the socket; else the connection is just over. */
  lineOver(reset: boolean): void;
  /** `Line.send` may go on. */
  lineRoom(): void;
}

/**
 * go: as usual; refuse: answer ECONNREFUSED; swallow: nothing is sent and nothing comes (until `opens`); mute: it is
 * opened, but nobody hears of it; accept: it seems opened, with nothing behind it.
 */
export type Opening = 'go' | 'refuse' | 'swallow' | 'mute' | 'accept';

/** A lost first packet of a connection is sent again after this (Linux, RFC 6298 2.1). */
const CONNECT_RETRY_MS: Ms = 1_000;
const MAX_CONNECT_RETRIES = 6;
/** Longest that data is kept on its way after both ends have let go of the connection. */
const LONGEST_FAREWELL_MS: Ms = 60_000;

/** Below a millisecond a timer is too coarse: the next turn of the loop. */
export const FLOW_CLOCK: FlowClock = {
  now: monotonic,
  after(ms, work) {
    if (ms < 1) {
      const immediate = setImmediate(work);
      return () => clearImmediate(immediate);
    }
    const timer = setTimeout(work, Math.min(ms, 0x7fff_ffff));
    return () => clearTimeout(timer);
  },
};

export class Line {
  readonly #owner: LineOwner;
  readonly #towards: Flow;
  readonly #back: Flow;
  #parts: Part[] = [];
  #stages: { readonly part: Part; readonly towards: Stage | null; readonly back: Stage | null }[] = [];
  #socket: Socket | null = null;
  #over = false;
  #leaving = false;

  constructor(owner: LineOwner) {
    this.#owner = owner;
    this.#towards = new Flow(
      {
        data: (bytes) => this.#socket?.write(bytes) ?? true,
        end: () => this.#socket?.end(),
        close: () => this.#end(false),
        reset: () => this.#end(true),
        room: () => {
          if (!this.#over) owner.lineRoom();
        },
      },
      FLOW_CLOCK,
    );
    this.#back = new Flow(
      {
        data: (bytes) => owner.lineData(bytes),
        end: () => owner.lineEnd(),
        close: () => this.#end(false),
        reset: () => this.#end(true),
        room: () => this.#socket?.resume(),
      },
      FLOW_CLOCK,
    );
  }

  set socket(socket: Socket) {
    this.#socket = socket;
  }

  /** The faults that are in force on it from now on. `isOpen`: it is no new connection that they meet. */
  set(faults: readonly ActiveFault[], isOpen = false): void {
    this.#parts = faults.map(
      (active) => this.#parts.find((part) => part.active === active) ?? new Part(active, isOpen),
    );
    this.#stages = this.#parts.map(
      (part) =>
        this.#stages.find((stage) => stage.part === part) ?? {
          part,
          towards: stageOf(part, 'towards'),
          back: stageOf(part, 'back'),
        },
    );
    this.#towards.set(this.#stages.flatMap(({ towards }) => towards ?? []));
    if (!this.#over) this.#back.set(this.#stages.flatMap(({ back }) => back ?? []));
  }

  get parts(): readonly Part[] {
    return this.#parts;
  }

  /** Without faults, and with nothing held from earlier ones. */
  get idle(): boolean {
    return !this.#over && this.#parts.length === 0 && this.#towards.empty && this.#back.empty;
  }

  // Opening.

  opening(): Opening {
    for (const part of this.#parts) {
      const { kind, direction } = part.active.fault;
      if (!part.drawn) continue;
      const opening = OPENINGS[kind]?.(direction);
      if (opening === undefined) continue;
      part.touch(0);
      return opening;
    }
    return 'go';
  }

  /** How much later than the connection the owner is to hear of it. */
  handshakeMs(): Ms {
    let total = 0;
    for (const { active, drawn } of this.#parts) {
      const { kind, parameters, direction } = active.fault;
      if (!drawn) continue;
      const ways = direction === 'both' ? 2 : 1;
      if (kind === 'latency' && parameters.handshake === true)
        for (let way = 0; way < ways; way++) total += delayOf(parameters).draw(active.random);
      if (kind === 'loss') total += lostHandshakeMs(active.random, active.number('share'), ways);
    }
    return total;
  }

  // Requests, on HTTP.

  /**
   * A request is about to be sent. Returns the answer that the instance seems to give, when there is to be one: then
   * nothing of the request is sent.
   */
  request(head: Buffer, isHead: boolean): Buffer | null {
    let answer: Buffer | null = null;
    let line: RequestLine | null = null;
    for (const { part, towards, back } of this.#stages) {
      const { active, drawn } = part;
      const { kind, parameters } = active.fault;
      if (!NETWORK_FAULTS[kind].http) {
        active.seen.requests++;
        if (drawn) active.affected.requests++;
        continue;
      }
      line ??= requestLine(head);
      if (answer !== null || !isFor(active, line)) continue;
      if (back instanceof AnswerBody) back.arm(isHead);
      else {
        part.touch(0);
        active.affected.requests++;
      }
      if (towards instanceof RequestDelay) towards.hold(monotonic() + delayOf(parameters).draw(active.random));
      if (kind === 'http-status') answer = answerOf(active, isHead);
    }
    return answer;
  }

  // What the owner does.

  /** As a socket's `write`. */
  send(bytes: Buffer): boolean {
    return this.#towards.push(bytes);
  }

  end(): void {
    this.#towards.finish('end');
  }

  /** The owner takes data again. */
  resume(): void {
    this.#back.drained();
    this.#socket?.resume();
  }

  // What the socket does.

  /** The bytes are the socket's to use again. False: read no more until it is resumed. */
  received(bytes: Uint8Array): boolean {
    return this.#back.push(Buffer.from(bytes));
  }

  receivedEnd(): void {
    this.#back.finish('end');
  }

  receivedClose(reset: boolean): void {
    this.#back.finish(reset ? 'reset' : 'close');
  }

  socketDrained(): void {
    this.#towards.drained();
  }

  // Endings.

  #end(reset: boolean): void {
    if (this.#over) return;
    this.#stop();
    const socket = this.#socket;
    if (reset) socket?.resetAndDestroy();
    else socket?.destroySoon();
    if (!this.#leaving) this.#owner.lineOver(reset);
  }

  #stop(): void {
    this.#over = true;
    this.#towards.stop();
    this.#back.stop();
  }

  /** The owner is done with it, at once. */
  drop(): void {
    this.#stop();
  }

  /**
   * The owner is done with it in peace: what is on its way to the instance still arrives, then the socket is closed.
   * False when nothing is: the socket is the owner's to close.
   */
  farewell(): boolean {
    this.#back.stop();
    const socket = this.#socket;
    const wait = this.#towards.emptyAt - monotonic();
    if (this.#over || socket === null || this.#towards.empty || wait > LONGEST_FAREWELL_MS) {
      this.#stop();
      return false;
    }
    this.#leaving = true;
    this.#towards.finish('close');
    return true;
  }
}

const OPENINGS: Readonly<Record<string, (direction: string) => Opening>> = {
  refuse: () => 'refuse',
  'half-open': () => 'accept',
  blackhole: (direction) => (direction === 'back' ? 'mute' : 'swallow'),
};

function lostHandshakeMs(random: Random, share: number, ways: number): Ms {
  let total = 0;
  let timeoutMs = CONNECT_RETRY_MS;
  const arrives = (1 - share) ** ways;
  for (let attempt = 0; attempt < MAX_CONNECT_RETRIES && !random.chance(arrives); attempt++) {
    total += timeoutMs;
    timeoutMs *= 2;
  }
  return total;
}
