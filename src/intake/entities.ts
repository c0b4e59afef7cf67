/**
 * Services and their instances as small numbers, for folding. When it is nearly full (instances that restart with a
 * new random id, or a sender that invents services) it starts afresh: `reset` is called between requests, and whoever
 * holds ids lets go of them at the same time.
 */
import type { EntityRegistry } from './contract.ts';
import { HashIndex, hashBytes, hashHigh, hashLow, hashStart } from './wire/hash.ts';

interface Entity {
  readonly service: string;
  readonly instance: string | null;
}

const decoder = new TextDecoder();

export class Entities implements EntityRegistry {
  readonly #max: number;
  readonly #byName = new Map<string, number>();
  readonly #byBytes = new HashIndex();
  #entities: Entity[] = [{ service: '', instance: null }];

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#entities.length - 1;
  }

  get nearlyFull(): boolean {
    return this.size >= this.#max * 0.9;
  }

  /** Falls back to the service alone when there is no room for the instance. */
  id(service: string, instance: string | null): number {
    const key = instance === null ? service : `${service}\u0000${instance}`;
    const known = this.#byName.get(key);
    if (known !== undefined) return known;
    // Instances leave a tenth of the places to services.
    if (instance !== null && this.nearlyFull) return this.id(service, null);
    if (this.size >= this.#max) return 0;
    // Whoever knows an instance can always ask for its service.
    if (instance !== null) this.id(service, null);
    const id = this.#entities.push({ service, instance }) - 1;
    this.#byName.set(key, id);
    return id;
  }

  idOfBytes(bytes: Uint8Array, start: number, end: number, port = 0): number {
    hashStart(port);
    hashBytes(bytes, start, end);
    const low = hashLow();
    const high = hashHigh();
    const known = this.#byBytes.find(low, high);
    if (known >= 0) return known;
    const text = decoder.decode(bytes.subarray(start, end));
    const id = this.id(port === 0 ? text : `${text}:${port}`, null);
    if (id !== 0) this.#byBytes.set(low, high, id);
    return id;
  }

  service(id: number): string {
    return this.#entities[id]?.service ?? '';
  }

  instance(id: number): string | null {
    return this.#entities[id]?.instance ?? null;
  }

  reset(): void {
    this.#byName.clear();
    this.#byBytes.clear();
    this.#entities = [{ service: '', instance: null }];
  }
}
