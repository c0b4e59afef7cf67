/**
 * What each client does next: pure, and from a seed. A client's calls depend on its number, its own draws and what it
 * has seen, never on the other clients, so that a seed gives every client the same plan whatever the timing.
 *
 * Every value is written once (value = turn × clients + client), which lets most histories be judged without search.
 * Keys are left behind after a while (all clients move on at about the same turn), so that sets and lists stay short
 * and no key's history grows without end.
 */
import type { WorkloadKind } from '../model/consistency.ts';
import type { Value } from '../model/history.ts';
import { Random } from '../model/random.ts';
import type { Call, Outcome } from './contract.ts';

export interface GeneratorOptions {
  readonly kind: WorkloadKind;
  readonly seed: number;
  readonly clients: number;
  /** Objects in use at once. Default 4; fewer: more contention on each. */
  readonly keys?: number;
  /** Calls of one client before all move on to fresh objects. Default 100; more: longer lists, later judgement. */
  readonly turnsPerKeys?: number;
}

const KEYS = 4;
const TURNS_PER_KEYS = 100;
const MAX_MICRO_OPERATIONS = 4;
/** Share of calls that look. */
const LOOKS = 0.5;

/** Whether a call can change nothing: then it has certainly failed when its answer is lost. */
export function onlyLooks({ f, value }: Call): boolean {
  if (f === 'txn') return (value as readonly (readonly Value[])[]).every(([what]) => what === 'r');
  return f === 'read';
}

export class ClientPlan {
  readonly #options: Required<GeneratorOptions>;
  readonly #client: number;
  readonly #random: Random;
  readonly #seen = new Map<string, Value>();
  #turn = 0;

  constructor(options: GeneratorOptions, client: number) {
    this.#options = { keys: KEYS, turnsPerKeys: TURNS_PER_KEYS, ...options };
    this.#client = client;
    this.#random = Random.seeded((options.seed ^ Math.imul(client + 1, 0x9e37_79b1)) >>> 0);
  }

  next(): Call {
    const call = this.#next();
    this.#turn++;
    return call;
  }

  /** What became of a call, for plans that build on what they saw. */
  saw(call: Call, outcome: Outcome): void {
    if (this.#options.kind !== 'cas-register' || outcome.type !== 'ok' || call.key === undefined) return;
    this.#seen.set(call.key, call.f === 'cas' ? ((call.value as readonly Value[])[1] as Value) : outcome.value);
  }

  #next(): Call {
    const key = this.#key();
    const random = this.#random;
    switch (this.#options.kind) {
      case 'register':
        return random.chance(LOOKS) ? { f: 'read', key, value: null } : { f: 'write', key, value: this.#unique() };
      case 'cas-register':
        return this.#cas(key);
      case 'set':
        return random.chance(LOOKS / 2) ? { f: 'read', key, value: null } : { f: 'add', key, value: this.#unique() };
      case 'counter':
        return random.chance(LOOKS) ? { f: 'read', key, value: null } : { f: 'add', key, value: 1 };
      case 'queue':
        if (random.chance(LOOKS)) return { f: 'dequeue', key, value: null };
        return { f: 'enqueue', key, value: this.#unique() };
      case 'list-append': {
        const count = 1 + random.int(MAX_MICRO_OPERATIONS);
        return { f: 'txn', value: Array.from({ length: count }, (_, n) => this.#micro(n)) };
      }
    }
  }

  #cas(key: string): Call {
    const draw = this.#random.float();
    if (draw < 0.4) return { f: 'read', key, value: null };
    if (draw < 0.6) return { f: 'write', key, value: this.#unique() };
    // What this client saw last: right often enough to succeed, stale often enough to be refused.
    return { f: 'cas', key, value: [this.#seen.get(key) ?? null, this.#unique()] };
  }

  #micro(n: number): Value {
    const key = this.#key();
    return this.#random.chance(LOOKS) ? ['r', key, null] : ['append', key, this.#unique(n)];
  }

  #key(): string {
    const { keys, turnsPerKeys } = this.#options;
    return `k${Math.floor(this.#turn / turnsPerKeys) * keys + this.#random.int(keys)}`;
  }

  /** Never nil, never 0: what a missing object might be mistaken for. */
  #unique(part = 0): number {
    const { clients, kind } = this.#options;
    const turn = kind === 'list-append' ? this.#turn * MAX_MICRO_OPERATIONS + part : this.#turn;
    return 1 + turn * clients + this.#client;
  }
}

/** One last look at an object, when all is over: it shows what has been lost. A queue is emptied instead. */
export function lastLook(kind: WorkloadKind, key: string): Call {
  if (kind === 'list-append') return { f: 'txn', value: [['r', key, null]] };
  return kind === 'queue' ? { f: 'dequeue', key, value: null } : { f: 'read', key, value: null };
}

/** Objects that a call is about. */
export function keysOf(call: Call): readonly string[] {
  if (call.key !== undefined) return [call.key];
  return (call.value as readonly (readonly Value[])[]).map(([, key]) => key as string);
}
