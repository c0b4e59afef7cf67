/**
 * Spans → edges. For every call between services exactly one record, whichever halves of it were seen:
 *
 * | seen | recorded |
 * | --- | --- |
 * | exit and entry | caller → callee, the caller's duration, an error when either says so |
 * | entry under another service's internal or entry span (caller has no client instrumentation) | the callee's own duration and error |
 * | exit with a certain peer (peer.service, a database) | caller → peer, at once |
 * | exit, nobody answered within joinMs | caller → the service that this address was last seen to be, else the address |
 * | exit that failed, to an address whose service is known | the same, at once: a dead callee sends no span |
 * | entry without a parent, or whose parent never came | outside → callee |
 *
 * The idea of pairing by parent id is that of Zipkin's DependencyLinker and of OpenTelemetry's servicegraph connector.
 */
import type { Ms } from '../../model/time.ts';
import type { EntityRegistry } from '../contract.ts';
import { SPAN_ENTRY, SPAN_EXIT } from '../contract.ts';
import { CERTAIN, ERROR, KIND_MASK, type SpanBuffer, STRIDE } from './columns.ts';
import type { EdgeCells } from './edges.ts';
import { DONE, DURATION, ENTITY, FLAGS, Generation, PEER, SLOT, TOLD, WAITS } from './join.ts';

export interface FoldLimits {
  readonly joinSpans: number;
  readonly joinMs: Ms;
  readonly maxEntities: number;
}

export class SpanFold {
  readonly #entities: EntityRegistry;
  readonly #edges: EdgeCells;
  readonly #joinMs: Ms;
  #current: Generation;
  #older: Generation;
  #since: Ms;
  /** Entity → its service without instance. */
  readonly #services: Uint16Array;
  /** Address (an entity by its name) → service that answered there; 0 unknown. */
  readonly #aliases: Uint16Array;
  /** Spans whose other half never came, that were given less time than joinMs, or none. Read and reset by the hub. */
  unmatched = 0;
  shortened = 0;
  crowded = 0;

  constructor(entities: EntityRegistry, edges: EdgeCells, limits: FoldLimits, now: Ms) {
    this.#entities = entities;
    this.#edges = edges;
    this.#joinMs = limits.joinMs;
    this.#current = new Generation(limits.joinSpans);
    this.#older = new Generation(limits.joinSpans);
    this.#since = now;
    this.#services = new Uint16Array(limits.maxEntities + 1);
    this.#aliases = new Uint16Array(limits.maxEntities + 1);
  }

  add(batch: SpanBuffer, now: Ms): void {
    const { rows } = batch;
    for (let at = 0, end = batch.length * STRIDE; at < end; at += STRIDE) {
      if (this.#current.full) this.#rotate(now);
      this.#span(rows, at);
    }
  }

  tick(now: Ms): void {
    if (now - this.#since >= this.#joinMs) this.#rotate(now);
  }

  /** Tells everything that waits as unmatched and forgets all ids: they are about to change their meaning. */
  flush(now: Ms): void {
    this.#rotate(now);
    this.#rotate(now);
    this.#services.fill(0);
    this.#aliases.fill(0);
  }

  #span(rows: Int32Array, at: number): void {
    const low = rows[at + 2] as number;
    const high = rows[at + 3] as number;
    const flags = rows[at + 7] as number;
    const kind = flags & KIND_MASK;
    if (kind === SPAN_ENTRY) this.#entry(rows, at, flags);
    if (low === 0 && high === 0) return;
    let own = flags & (KIND_MASK | ERROR | CERTAIN);
    if (kind === SPAN_EXIT && this.#certain(rows, at, flags)) own |= TOLD;
    if (this.#current.waiting > 0) own |= this.#answer(this.#current, rows, at, own);
    if (this.#older.waiting > 0) own |= this.#answer(this.#older, rows, at, own);
    const slot = this.#current.add(low, high, own);
    if (slot < 0) {
      this.crowded++;
      return;
    }
    const { slots } = this.#current;
    slots[slot + ENTITY] = rows[at] as number;
    slots[slot + DURATION] = rows[at + 6] as number;
    slots[slot + PEER] = rows[at + 1] as number;
  }

  /** A call that can be told without waiting. */
  #certain(rows: Int32Array, at: number, flags: number): boolean {
    const peer = rows[at + 1] as number;
    if (peer === 0) return false;
    const callee = flags & CERTAIN ? peer : flags & ERROR ? (this.#aliases[peer] as number) : 0;
    if (callee === 0) return false;
    this.#edges.record(this.#serviceOf(rows[at] as number), callee, rows[at + 6] as number, (flags & ERROR) !== 0);
    return true;
  }

  /** Those who wait for this span as their parent. */
  #answer(generation: Generation, rows: Int32Array, at: number, own: number): number {
    const low = rows[at + 2] as number;
    const high = rows[at + 3] as number;
    const { slots } = generation;
    let answered = 0;
    for (let slot = generation.find(low, high, WAITS); slot >= 0; slot = generation.find(low, high, WAITS, slot)) {
      const flags = slots[slot + FLAGS] as number;
      if (flags & DONE) continue;
      slots[slot + FLAGS] = flags | DONE;
      const callee = slots[slot + ENTITY] as number;
      const error = (flags & ERROR) !== 0;
      this.#call(
        rows[at] as number,
        own,
        rows[at + 6] as number,
        rows[at + 1] as number,
        callee,
        slots[slot + DURATION] as number,
        error,
      );
      answered = DONE;
    }
    return answered;
  }

  #entry(rows: Int32Array, at: number, flags: number): void {
    const low = rows[at + 4] as number;
    const high = rows[at + 5] as number;
    const callee = rows[at] as number;
    const durationUs = rows[at + 6] as number;
    const error = (flags & ERROR) !== 0;
    if (low === 0 && high === 0) {
      this.#edges.record(0, callee, durationUs, error);
      return;
    }
    let found = this.#current;
    let slot = found.find(low, high, 0);
    if (slot < 0) {
      found = this.#older;
      slot = found.find(low, high, 0);
    }
    if (slot >= 0) {
      const { slots } = found;
      const caller = slots[slot + FLAGS] as number;
      this.#call(
        slots[slot + ENTITY] as number,
        caller,
        slots[slot + DURATION] as number,
        slots[slot + PEER] as number,
        callee,
        durationUs,
        error,
      );
      slots[slot + FLAGS] = caller | DONE;
      return;
    }
    const waiting = this.#current.add(low, high, WAITS | (flags & ERROR));
    if (waiting < 0) {
      this.crowded++;
      this.#edges.record(0, callee, durationUs, error);
      return;
    }
    this.#current.slots[waiting + ENTITY] = callee;
    this.#current.slots[waiting + DURATION] = durationUs;
  }

  /** Both halves of a call are known. `caller` are the flags of the caller's half. */
  #call(
    from: number,
    caller: number,
    fromUs: number,
    peer: number,
    callee: number,
    ownUs: number,
    error: boolean,
  ): void {
    const service = this.#serviceOf(from);
    const target = this.#serviceOf(callee);
    if ((caller & KIND_MASK) !== SPAN_EXIT) {
      if (service !== target) this.#edges.record(service, callee, ownUs, error);
      return;
    }
    if (peer !== 0 && !(caller & CERTAIN)) this.#aliases[peer] = target;
    // A second callee of one exit (a message with several consumers) is a call of its own.
    if (caller & TOLD) return;
    this.#edges.record(service, callee, fromUs, error || (caller & ERROR) !== 0);
  }

  #rotate(now: Ms): void {
    if (now - this.#since < this.#joinMs) this.shortened += this.#older.size;
    this.#since = now;
    const { slots } = this.#older;
    if (this.#older.size > 0)
      for (let at = 0; at < slots.length; at += SLOT) {
        const flags = slots[at + FLAGS] as number;
        if (flags !== 0 && !(flags & (DONE | TOLD))) this.#alone(slots, at, flags);
      }
    this.#older.clear();
    [this.#current, this.#older] = [this.#older, this.#current];
  }

  /** The other half never came. */
  #alone(slots: Int32Array, at: number, flags: number): void {
    const entity = slots[at + ENTITY] as number;
    const durationUs = slots[at + DURATION] as number;
    const error = (flags & ERROR) !== 0;
    if (flags & WAITS) {
      this.unmatched++;
      this.#edges.record(0, entity, durationUs, error);
    } else if ((flags & KIND_MASK) === SPAN_EXIT) {
      this.unmatched++;
      const peer = slots[at + PEER] as number;
      if (peer === 0) return;
      const callee = (this.#aliases[peer] as number) || peer;
      this.#edges.record(this.#serviceOf(entity), callee, durationUs, error);
    }
  }

  #serviceOf(entity: number): number {
    let service = this.#services[entity] as number;
    if (service === 0) {
      service = this.#entities.id(this.#entities.service(entity), null);
      this.#services[entity] = service;
    }
    return service;
  }
}
