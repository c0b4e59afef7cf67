/** Calls of one window by caller and callee: counts, errors and a latency histogram each. */
import { bucketOf, HISTOGRAM_BUCKETS } from '../../model/histogram.ts';
import { OUTSIDE } from '../../model/signal.ts';
import type { SpanEdge } from '../../model/telemetry.ts';
import type { EntityRegistry } from '../contract.ts';

class Cell {
  count = 0;
  errors = 0;
  readonly buckets = new Uint32Array(HISTOGRAM_BUCKETS);
}

/** Caller id in a key of the cells; entity ids stay below it (see IntakeLimits.maxEntities). */
const CALLER = 65_536;

export class EdgeCells {
  readonly #entities: EntityRegistry;
  readonly #max: number;
  readonly #cells = new Map<number, Cell>();
  /** Calls that found no room in this window. */
  refused = 0;
  #lastKey = -1;
  #last: Cell | undefined;

  constructor(entities: EntityRegistry, max: number) {
    this.#entities = entities;
    this.#max = max;
  }

  /** `caller` is a service's id (no instance), 0 for OUTSIDE. */
  record(caller: number, callee: number, durationUs: number, error: boolean): void {
    const key = caller * CALLER + callee;
    const cell = key === this.#lastKey && this.#last ? this.#last : this.#find(key);
    if (!cell) {
      this.refused++;
      return;
    }
    cell.count++;
    if (error) cell.errors++;
    const bucket = bucketOf(durationUs);
    cell.buckets[bucket] = (cell.buckets[bucket] as number) + 1;
  }

  /** The window's edges; begins a new window. Cells are kept for edges that go on, and dropped for those that ended. */
  take(): SpanEdge[] {
    const edges: SpanEdge[] = [];
    for (const [key, cell] of this.#cells) {
      if (cell.count === 0) {
        this.#cells.delete(key);
        continue;
      }
      edges.push(this.#edge(key, cell));
      cell.count = 0;
      cell.errors = 0;
      cell.buckets.fill(0);
    }
    this.#lastKey = -1;
    this.#last = undefined;
    return edges;
  }

  /** Ids are about to change their meaning. Call take() before. */
  clear(): void {
    this.#cells.clear();
    this.#lastKey = -1;
    this.#last = undefined;
  }

  #find(key: number): Cell | undefined {
    let cell = this.#cells.get(key);
    if (!cell) {
      if (this.#cells.size >= this.#max) return undefined;
      cell = new Cell();
      this.#cells.set(key, cell);
    }
    this.#lastKey = key;
    this.#last = cell;
    return cell;
  }

  #edge(key: number, { count, errors, buckets }: Cell): SpanEdge {
    const caller = Math.floor(key / CALLER);
    const callee = key % CALLER;
    const latency: [number, number][] = [];
    for (let bucket = 0; bucket < HISTOGRAM_BUCKETS; bucket++)
      if (buckets[bucket] !== 0) latency.push([bucket, buckets[bucket] as number]);
    return {
      caller: caller === 0 ? OUTSIDE : this.#entities.service(caller),
      callee: this.#entities.service(callee),
      instance: this.#entities.instance(callee),
      count,
      errors,
      latency,
    };
  }
}
