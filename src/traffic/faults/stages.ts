/** The stages: one for each kind of fault that works on bytes, and a line in the table at the end. */
import type { NetworkFaultKind } from '../../model/network-fault-kinds.ts';
import type { Ms } from '../../model/time.ts';
import { AnswerBody, RequestDelay } from './answer.ts';
import { type Delay, delayOf } from './draw.ts';
import { type Cutter, type Item, type Part, Stage } from './stage.ts';

const NOTHING = Buffer.alloc(0);

class Latency extends Stage {
  readonly #delay: Delay;

  constructor(part: Part) {
    super(part);
    this.#delay = delayOf(part.active.fault.parameters);
  }

  override schedule(item: Item, emit: (item: Item) => void): void {
    this.part.touch(item.bytes.length);
    emit({ ...item, at: item.at + this.#delay.draw(this.part.active.random) });
  }

  override emitted(item: Item, now: Ms): void {
    if (item.kind === 'data') this.part.active.measured(now - item.arrivedAt);
  }
}

/** Pieces of at most this much time, so that a limit feels like a slow link rather than like bursts. */
const PIECE_MS: Ms = 20;
const LEAST_PIECE_BYTES = 16;

class Bandwidth extends Stage {
  override readonly holdBytes = 64 * 1024;
  #freeAt: Ms = 0;
  #emittedAt: Ms = 0;

  override schedule(item: Item, emit: (item: Item) => void): void {
    this.part.touch(item.bytes.length);
    const perMs = this.part.active.number('bytesPerSec') / 1_000;
    if (perMs === 0) {
      emit({ ...item, at: Number.POSITIVE_INFINITY });
      return;
    }
    const { bytes } = item;
    const piece = Math.max(LEAST_PIECE_BYTES, Math.floor(perMs * PIECE_MS));
    let at = Math.max(item.at, this.#freeAt);
    if (bytes.length === 0) emit({ ...item, at });
    for (let from = 0; from < bytes.length; from += piece) {
      const part = bytes.subarray(from, from + piece);
      at += part.length / perMs;
      emit({ ...item, bytes: part, at });
    }
    this.#freeAt = at;
  }

  override restart(now: Ms): void {
    this.#freeAt = now;
  }

  override emitted(item: Item, now: Ms): void {
    const tookMs = now - Math.max(item.arrivedAt, this.#emittedAt);
    this.#emittedAt = now;
    if (item.kind === 'data') this.part.active.measured(item.bytes.length, tookMs / 1_000);
  }
}

const SEGMENT_BYTES = 1_460;
/** After as many losses of the same segment the next transmission arrives: the wait is a minute by then. */
const MAX_ROUNDS = 8;

/**
 * Each read is a window of segments, sent at once. Those that are lost are sent again after the retransmission
 * timeout, together, and it doubles with every round (RFC 6298, 5.5); whatever follows waits for them.
 */
class Loss extends Stage {
  override schedule(item: Item, emit: (item: Item) => void): void {
    const { active } = this.part;
    const share = active.number('share');
    const segments = Math.max(1, Math.ceil(item.bytes.length / SEGMENT_BYTES));
    const draw = (count: number): number => {
      let lost = 0;
      for (let i = 0; i < count; i++) if (active.random.chance(share)) lost++;
      active.measured(lost, count);
      return lost;
    };
    let waitMs = 0;
    let timeoutMs = active.number('retransmitMs');
    let lost = draw(segments);
    if (lost > 0) this.part.touch(item.bytes.length);
    for (let round = 0; lost > 0 && round < MAX_ROUNDS; round++) {
      waitMs += timeoutMs;
      timeoutMs *= 2;
      lost = draw(lost);
    }
    emit({ ...item, at: item.at + waitMs });
  }
}

class Blackhole extends Stage {
  override schedule(item: Item, emit: (item: Item) => void): void {
    this.part.touch(item.bytes.length);
    emit({ ...item, at: Number.POSITIVE_INFINITY });
  }
}

class Slicer extends Stage {
  override readonly holdBytes = 256 * 1024;
  #freeAt: Ms = 0;

  override schedule(item: Item, emit: (item: Item) => void): void {
    const { active } = this.part;
    const { bytes } = item;
    let at = Math.max(item.at, this.#freeAt);
    if (bytes.length === 0) emit({ ...item, at });
    else this.part.touch(bytes.length);
    for (let from = 0; from < bytes.length; ) {
      const variation = active.number('variationBytes') * (2 * active.random.float() - 1);
      const size = Math.max(1, Math.round(active.number('averageBytes') + variation));
      emit({ ...item, bytes: bytes.subarray(from, from + size), at });
      from += size;
      at += active.number('delayMs');
    }
    this.#freeAt = at;
  }

  override restart(now: Ms): void {
    this.#freeAt = now;
  }

  override emitted(item: Item): void {
    if (item.kind === 'data') this.part.active.measured(item.bytes.length);
  }
}

class SlowClose extends Stage {
  override schedule(item: Item, emit: (item: Item) => void): void {
    if (item.kind === 'data') {
      emit(item);
      return;
    }
    this.part.touch(0);
    emit({ ...item, at: item.at + this.part.active.number('delayMs') });
  }

  override emitted(item: Item, now: Ms): void {
    if (item.kind !== 'data') this.part.active.measured(now - item.arrivedAt);
  }
}

class Limit extends Stage {
  #passed = 0;

  override carry(before: Stage): void {
    if (before instanceof Limit) this.#passed = before.#passed;
  }

  override admit(bytes: Buffer, _now: Ms, cut: Cutter): Buffer {
    const passes = bytes.subarray(0, Math.max(0, this.part.active.number('bytes') - this.#passed));
    this.#passed += passes.length;
    if (this.#passed >= this.part.active.number('bytes')) {
      this.part.touch(bytes.length - passes.length);
      cut({ how: 'close', inOrder: true });
    }
    return passes;
  }
}

class Timeout extends Stage {
  override get afterwards(): 'close' {
    return 'close';
  }

  #began: Ms | null = null;

  override carry(before: Stage): void {
    if (before instanceof Timeout) this.#began = before.#began;
  }

  override begin(now: Ms, cut: Cutter): void {
    this.#began ??= now;
    const afterMs = this.part.active.number('afterMs');
    if (afterMs > 0) cut({ how: 'close', inOrder: false, at: this.#began + afterMs });
  }

  override admit(bytes: Buffer): Buffer {
    this.part.touch(bytes.length);
    return NOTHING;
  }
}

class HalfOpen extends Stage {
  override get afterwards(): 'reset' {
    return 'reset';
  }

  override admit(bytes: Buffer): Buffer {
    this.part.touch(bytes.length);
    return NOTHING;
  }

  override admitEnd(): boolean {
    return false;
  }
}

class Reset extends Stage {
  #cut = false;

  override carry(before: Stage): void {
    if (before instanceof Reset) this.#cut = before.#cut;
  }

  override admit(bytes: Buffer, now: Ms, cut: Cutter): Buffer {
    this.#begin(bytes.length, now, cut);
    return NOTHING;
  }

  override admitEnd(now: Ms, cut: Cutter): boolean {
    this.#begin(0, now, cut);
    return false;
  }

  override get afterwards(): 'goes on' | 'reset' {
    return this.#cut ? 'reset' : 'goes on';
  }

  #begin(bytes: number, now: Ms, cut: Cutter): void {
    this.part.touch(bytes);
    if (this.#cut) return;
    this.#cut = true;
    cut({ how: 'reset', inOrder: false, at: now + this.part.active.number('afterMs') });
  }
}

/** So soon that it is at once, and after whoever puts the fault on a connection has done so. */
const AT_ONCE_MS: Ms = 1;

/** New connections are refused where they are opened (line.ts); this is for those that are open, when they are meant too. */
class Refuse extends Stage {
  override begin(now: Ms, cut: Cutter): void {
    const { active, wasOpen } = this.part;
    if (!wasOpen || active.fault.parameters.cutOpen !== true) return;
    this.part.touch(0);
    cut({ how: 'reset', inOrder: false, at: now + AT_ONCE_MS });
  }
}

/** Kinds that are not here do their work elsewhere: when a connection is opened (line.ts), or when a request is sent (line.ts). */
const STAGES: Readonly<Partial<Record<NetworkFaultKind, new (part: Part) => Stage>>> = {
  latency: Latency,
  bandwidth: Bandwidth,
  loss: Loss,
  reset: Reset,
  'half-open': HalfOpen,
  slicer: Slicer,
  limit: Limit,
  'slow-close': SlowClose,
  blackhole: Blackhole,
  timeout: Timeout,
  refuse: Refuse,
  'http-delay': RequestDelay,
  'http-body': AnswerBody,
};

/** The stage for one direction; null when the fault does nothing to the bytes that go there. */
export function stageOf(part: Part, direction: 'towards' | 'back'): Stage | null {
  const { fault } = part.active;
  const Kind = STAGES[fault.kind];
  if (Kind === undefined || !part.drawn) return null;
  return fault.direction === 'both' || fault.direction === direction ? new Kind(part) : null;
}
