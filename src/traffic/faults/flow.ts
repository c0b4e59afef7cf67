/**
 * One direction of a connection with faults on it: bytes go in, pass the stages, wait in one queue until their time
 * has come, and go out. It holds a bounded amount; whoever fills it is told to stop, as a socket would tell.
 */
import type { Ms } from '../../model/time.ts';
import type { Cut, Item, ItemKind, Stage } from './stage.ts';

export interface FlowSink {
  /** False: no more until `drained`. */
  data(bytes: Buffer): boolean;
  end(): void;
  close(): void;
  reset(): void;
  /** There is room again after `push` has said no. */
  room(): void;
}

export interface FlowClock {
  now(): Ms;
  /** Returns how to call it off. */
  after(ms: Ms, work: () => void): () => void;
}

const NOTHING = Buffer.alloc(0);
const HOLD_BYTES = 4 * 1024 * 1024;
const HOLD_ITEMS = 65_536;
/** Timers of Node fire up to a millisecond early. */
const EARLY_MS: Ms = 0.5;

export class Flow {
  readonly #sink: FlowSink;
  readonly #clock: FlowClock;
  #stages: readonly Stage[] = [];
  #queue: Item[] = [];
  #first = 0;
  #heldBytes = 0;
  #lastAt: Ms = 0;
  /** The sink takes no more for now. */
  #blocked = false;
  #refused = false;
  /** Nothing more is taken: the end is queued, or has come. */
  #closed = false;
  readonly #cuts = new Map<Stage, { readonly how: 'close' | 'reset'; readonly at: Ms }>();
  #cancel: (() => void) | null = null;

  constructor(sink: FlowSink, clock: FlowClock) {
    this.#sink = sink;
    this.#clock = clock;
  }

  get empty(): boolean {
    return this.#first === this.#queue.length;
  }

  /** When what is held will have gone. */
  get emptyAt(): Ms {
    return this.empty ? 0 : this.#lastAt;
  }

  /** New stages in place of the present ones; what is held is scheduled anew by them. */
  set(stages: readonly Stage[]): void {
    const now = this.#clock.now();
    const before = this.#stages;
    this.#stages = stages;
    const added = stages.filter((stage) => !before.includes(stage));
    const removed = before.filter((stage) => !stages.includes(stage));
    const afterwards = removed.filter((stage) => !this.#carries(stage, added)).map((stage) => stage.afterwards);
    for (const stage of removed) this.#cuts.delete(stage);
    for (const stage of added) stage.begin(now, (cut) => this.#cut(stage, cut, now));
    const held = this.#queue.slice(this.#first);
    this.#clear();
    for (const stage of stages) stage.restart(now);
    for (const item of held) this.#schedule({ ...item, at: item.arrivedAt });
    if (afterwards.includes('reset')) this.#over('reset');
    else if (afterwards.includes('close')) this.#over('close');
    else this.#pump();
  }

  #carries(old: Stage, added: readonly Stage[]): boolean {
    const { fault } = old.part.active;
    const next = added.find(({ part }) => part.active.fault.id === fault.id && part.active.fault.kind === fault.kind);
    next?.carry(old);
    return next !== undefined;
  }

  /** False: no more until the sink's `room`. */
  push(bytes: Buffer): boolean {
    if (this.#closed) return true;
    const now = this.#clock.now();
    let rest = bytes;
    let last: 'close' | 'reset' | null = null;
    for (const stage of this.#stages) {
      stage.part.active.seen.bytes += bytes.length;
      rest = stage.admit(rest, now, (cut) => {
        if (cut.inOrder) last = cut.how;
        else this.#cut(stage, cut, now);
      });
    }
    if (rest.length > 0) this.#schedule({ kind: 'data', bytes: rest, arrivedAt: now, at: now });
    if (last !== null) this.#last(last, now);
    this.#pump();
    this.#refused = !this.#closed && this.#full;
    return !this.#refused;
  }

  /** No more data; `close`, `reset`: nor anything else. In order after what is held. */
  finish(kind: 'end' | 'close' | 'reset'): void {
    if (this.#closed) return;
    const now = this.#clock.now();
    for (const stage of this.#stages) if (!stage.admitEnd(now, (cut) => this.#cut(stage, cut, now))) return;
    if (kind === 'end') this.#schedule({ kind, bytes: NOTHING, arrivedAt: now, at: now });
    else this.#last(kind, now);
    this.#pump();
  }

  /** The sink takes data again. */
  drained(): void {
    this.#blocked = false;
    this.#pump();
  }

  /** Forgets what is held and does nothing more. */
  stop(): void {
    this.#closed = true;
    this.#cuts.clear();
    this.#clear();
    this.#arm();
  }

  get #full(): boolean {
    const bytes = this.#stages.reduce((least, { holdBytes }) => Math.min(least, holdBytes), HOLD_BYTES);
    return this.#blocked || this.#heldBytes >= bytes || this.#queue.length - this.#first >= HOLD_ITEMS;
  }

  #last(kind: ItemKind, now: Ms): void {
    this.#schedule({ kind, bytes: NOTHING, arrivedAt: now, at: now });
    this.#closed = true;
  }

  #schedule(item: Item, from = 0): void {
    const stage = this.#stages[from];
    if (stage !== undefined) {
      stage.schedule(item, (next) => this.#schedule(next, from + 1));
      return;
    }
    this.#lastAt = Math.max(this.#lastAt, item.at);
    this.#heldBytes += item.bytes.length;
    this.#queue.push(item.at === this.#lastAt ? item : { ...item, at: this.#lastAt });
  }

  #clear(): void {
    this.#queue = [];
    this.#first = 0;
    this.#heldBytes = 0;
    this.#lastAt = 0;
  }

  #cut(stage: Stage, cut: Cut, now: Ms): void {
    this.#cuts.set(stage, { how: cut.how, at: cut.inOrder ? now : cut.at });
    this.#arm();
  }

  /** Lets go what may go, and waits for the next. */
  #pump(): void {
    for (;;) {
      const now = this.#clock.now();
      for (const { how, at } of this.#cuts.values()) {
        if (at > now + EARLY_MS) continue;
        this.#over(how);
        return;
      }
      const item = this.#queue[this.#first];
      if (item === undefined || this.#blocked || item.at > now + EARLY_MS) break;
      this.#first++;
      this.#heldBytes -= item.bytes.length;
      this.#emit(item, now);
    }
    if (this.#first === this.#queue.length || this.#first > 1_024) {
      this.#queue = this.#queue.slice(this.#first);
      this.#first = 0;
      if (this.#queue.length === 0) this.#lastAt = 0;
    }
    this.#arm();
    if (this.#refused && !this.#full) {
      this.#refused = false;
      this.#sink.room();
    }
  }

  #emit(item: Item, now: Ms): void {
    for (const stage of this.#stages) stage.emitted(item, now);
    if (item.kind === 'data') this.#blocked = !this.#sink.data(item.bytes);
    else if (item.kind === 'end') this.#sink.end();
    else this.#over(item.kind);
  }

  #over(how: 'close' | 'reset'): void {
    this.stop();
    if (how === 'reset') this.#sink.reset();
    else this.#sink.close();
  }

  #arm(): void {
    this.#cancel?.();
    this.#cancel = null;
    const item = this.#blocked ? undefined : this.#queue[this.#first];
    let next = item?.at ?? Number.POSITIVE_INFINITY;
    for (const { at } of this.#cuts.values()) next = Math.min(next, at);
    if (next === Number.POSITIVE_INFINITY) return;
    this.#cancel = this.#clock.after(Math.max(0, next - this.#clock.now()), () => {
      this.#cancel = null;
      this.#pump();
    });
  }
}
