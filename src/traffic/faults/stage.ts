/**
 * What a fault does to one direction of one connection. A stage first says which bytes pass at all (`admit`), then
 * when (`schedule`). Deciding needs no timer of its own, so stages are tested without waiting; the flow (flow.ts)
 * keeps the time. All stages of a flow admit before the first one schedules.
 */
import { NETWORK_FAULTS } from '../../model/network-fault-kinds.ts';
import type { Ms } from '../../model/time.ts';
import type { ActiveFault } from './active.ts';

/** end: no more data (FIN); close: the connection is over; reset: it is broken (RST). */
export type ItemKind = 'data' | 'end' | 'close' | 'reset';

export interface Item {
  readonly kind: ItemKind;
  /** Empty unless it is data. */
  readonly bytes: Buffer;
  readonly arrivedAt: Ms;
  /** When it may go on; Infinity: not while the fault lasts. */
  readonly at: Ms;
}

/** inOrder: after what was admitted so far; else at a time. */
export type Cut = { readonly how: 'close' | 'reset' } & (
  | { readonly inOrder: true }
  | { readonly inOrder: false; readonly at: Ms }
);

export type Cutter = (cut: Cut) => void;

/** A fault's part in one connection: shared by the stages of both directions. */
export class Part {
  readonly active: ActiveFault;
  /** Whether the dice fell on this connection. */
  readonly drawn: boolean;
  /** The connection was there before the fault. */
  readonly wasOpen: boolean;
  #touched = false;

  constructor(active: ActiveFault, wasOpen = false) {
    this.active = active;
    this.wasOpen = wasOpen;
    // On HTTP the dice are thrown for each request.
    this.drawn = NETWORK_FAULTS[active.fault.kind].http || active.hits();
    active.seen.connections++;
  }

  touch(bytes: number): void {
    if (this.active.over) return;
    if (!this.#touched) {
      this.#touched = true;
      this.active.affected.connections++;
    }
    this.active.affected.bytes += bytes;
  }
}

export class Stage {
  readonly part: Part;
  /** The flow takes no more while it holds as much. */
  readonly holdBytes: number = 4 * 1024 * 1024;
  /** What the end of the fault does to a connection it was active on. */
  get afterwards(): 'goes on' | 'close' | 'reset' {
    return 'goes on';
  }

  constructor(part: Part) {
    this.part = part;
  }

  /** It takes the place of another of its kind on the same connection (the fault was put again). */
  carry(_before: Stage): void {}

  begin(_now: Ms, _cut: Cutter): void {}

  /** What passes of the bytes. */
  admit(bytes: Buffer, _now: Ms, _cut: Cutter): Buffer {
    return bytes;
  }

  /** Whether the end of the stream passes. */
  admitEnd(_now: Ms, _cut: Cutter): boolean {
    return true;
  }

  schedule(item: Item, emit: (item: Item) => void): void {
    emit(item);
  }

  /** Held items are about to be scheduled anew: what was promised to them is void. */
  restart(_now: Ms): void {}

  /** It has gone on. */
  emitted(_item: Item, _now: Ms): void {}
}
