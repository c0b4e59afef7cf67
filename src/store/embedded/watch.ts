/**
 * One watch: a position in history that only moves forward. It pulls what comes next when its reader asks, so a slow
 * reader holds no memory and can lose nothing but its place, which is then an error and not a gap.
 */
import { HoldfastError } from '../../model/errors.ts';
import type { Revision, WatchBatch } from '../contract.ts';

/** Revisions looked at before others get a turn. */
const PAGE = 256;

export interface History {
  readonly revision: Revision;
  readonly compacted: Revision;
  /** Why nothing more comes, or undefined. */
  readonly ended: HoldfastError | undefined;
  changes(from: Revision, limit: number): readonly WatchBatch[];
  /** Calls back once, after the next revision or the end. Returns how to take it back. */
  onNext(wake: () => void): () => void;
}

export class Watch implements AsyncIterableIterator<WatchBatch> {
  readonly #history: History;
  readonly #prefix: string;
  readonly #signal: AbortSignal | undefined;
  #next: Revision;
  #ready: WatchBatch[] = [];
  #done = false;
  #stopWaiting: (() => void) | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(history: History, prefix: string, from: Revision, signal: AbortSignal | undefined) {
    this.#history = history;
    this.#prefix = prefix;
    this.#next = from;
    this.#signal = signal;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<WatchBatch, undefined>> {
    const result = this.#turn.then(() => this.#advance());
    this.#turn = result.catch(() => undefined);
    return result;
  }

  async return(): Promise<IteratorResult<WatchBatch, undefined>> {
    this.#done = true;
    this.#stopWaiting?.();
    return { done: true, value: undefined };
  }

  async #advance(): Promise<IteratorResult<WatchBatch, undefined>> {
    for (;;) {
      if (this.#done || this.#signal?.aborted) return this.return();
      const batch = this.#ready.shift();
      if (batch) return { done: false, value: batch };
      await this.#fill();
    }
  }

  async #fill(): Promise<void> {
    const history = this.#history;
    if (history.ended) throw this.#fail(history.ended);
    if (this.#next > history.revision) return this.#wait();
    if (this.#next <= history.compacted) {
      const kept = history.compacted + 1;
      const message = `changes from revision ${this.#next} on are compacted; the oldest still known is ${kept}`;
      throw this.#fail(new HoldfastError('HF2006', message));
    }
    const page = history.changes(this.#next, PAGE);
    this.#next = (page.at(-1)?.revision ?? history.revision) + 1;
    for (const batch of page) {
      const events = batch.events.filter((event) => keyOf(event).startsWith(this.#prefix));
      if (events.length > 0) this.#ready.push({ revision: batch.revision, events });
    }
    // A narrow watch may look through much that is not its own.
    if (this.#ready.length === 0 && page.length === PAGE) await new Promise((resolve) => setImmediate(resolve));
  }

  #wait(): Promise<void> {
    return new Promise((resolve) => {
      const finish = (): void => {
        cancel();
        this.#signal?.removeEventListener('abort', finish);
        this.#stopWaiting = undefined;
        resolve();
      };
      const cancel = this.#history.onNext(finish);
      this.#signal?.addEventListener('abort', finish);
      this.#stopWaiting = finish;
    });
  }

  #fail(error: HoldfastError): HoldfastError {
    this.#done = true;
    return error;
  }
}

function keyOf(event: WatchBatch['events'][number]): string {
  return event.type === 'put' ? event.item.key : event.key;
}
