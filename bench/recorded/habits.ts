/**
 * How a system is recorded, how its users behave, and what services use: drawn apart from the system itself, so that the
 * same system can be told in different ways.
 */
import { Random } from '../../src/model/random.ts';
import type { Ms } from '../../src/model/time.ts';
import type { Fault } from './plan.ts';

export interface Habits {
  /** Whose view the latencies of metrics are: a mesh reports calls where they are made or where they are answered. */
  readonly view: 'caller' | 'callee';
  /** From value to value. */
  readonly stepMs: Ms;
  /** Every value is of this long before it, as rates over a window are; 0: of its step alone. */
  readonly windowMs: Ms;
  /** Users wait for their answer before they ask again, so that load falls while all is slow; else it comes as it comes. */
  readonly closed: boolean;
  /** There is a limit at which memory that fills gets its process killed. */
  readonly limited: boolean;
}

const STEPS: readonly (readonly [stepMs: Ms, windowMs: Ms])[] = [
  [5_000, 0],
  [1_000, 30_000],
  [5_000, 60_000],
  [15_000, 0],
];
const ANOTHER = 7_919;

export function habitsOf(seed: number): Habits {
  const random = Random.seeded(seed + ANOTHER);
  const [stepMs, windowMs] = random.pick(STEPS);
  const view = random.chance(0.5) ? 'caller' : 'callee';
  return { view, stepMs, windowMs, closed: random.chance(0.5), limited: random.chance(0.5) };
}

export type Level = 'cpu' | 'mem' | 'diskio' | 'socket';

/** What a service uses in one bin, by how busy it is: 1 is as usual. */
export interface Used {
  readonly busy: number;
  /** null: well. */
  readonly fault: Fault | null;
  /** 0–1: how far memory has filled by the fault. */
  readonly filled: number;
  /** 0–1: how hard the fault strikes. */
  readonly size: number;
}

/** Draws what one service uses, bin after bin. Stress takes processor time as well, whatever it is made for. */
export class Levels {
  readonly #random: Random;
  readonly #cpu: number;
  readonly #memory: number;
  readonly #io: number;
  /** Caches grow. */
  readonly #growth: number;
  #wander = 0;

  constructor(cpu: number, memory: number, random: Random) {
    this.#random = random;
    this.#cpu = cpu;
    this.#memory = memory;
    this.#io = (1e4 + 1e5 * random.float()) * (random.chance(0.3) ? 0 : 1);
    this.#growth = random.chance(0.3) ? 0.15 * random.float() : 0;
  }

  /** `age`: 0–1, from the beginning to the end of the recording. */
  next(age: number, { busy, fault, filled, size }: Used): Record<Level, number> {
    const normal = (): number => normally(this.#random);
    this.#wander = 0.95 * this.#wander + 0.02 * normal();
    const cpu = this.#cpu * (0.4 + 0.6 * busy) * Math.exp(0.12 * normal());
    const stress = fault === 'cpu' ? 0.5 + 0.5 * size : (TAKES[fault ?? 'delay'] ?? 0) * size * (filled || 1);
    const burst = this.#random.chance(0.03) ? 4 : 1;
    return {
      cpu: cpu + stress,
      mem: this.#memory * (1 + this.#wander + this.#growth * age + (0.5 + 3 * size) * filled),
      diskio: this.#io * burst * Math.exp(0.4 * normal()) + (fault === 'disk' ? 2e6 * (0.3 + size) : 0),
      socket: Math.round(8 + 2 * normal() ** 2 + (fault === 'sockets' ? 60 * size + 20 : 0)),
    };
  }
}

/** Cores beside what the fault is about. */
const TAKES: Partial<Record<Fault, number>> = { memory: 0.15, disk: 0.1, sockets: 0.15 };

/** Box and Muller. */
export function normally(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.float())) * Math.cos(2 * Math.PI * random.float());
}
