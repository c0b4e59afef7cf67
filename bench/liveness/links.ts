/**
 * What can go wrong between a peer and its observers, drawn from a seed: pauses of processes, outages of one link, loss
 * in bursts, delays with a long tail. Each process and each link has its own fate, so observers see different things.
 */
import type { Random } from '../../src/model/random.ts';

const DAY_MS = 86_400_000;

/** Rates are per day, of each process or link. */
export interface Profile {
  readonly name: string;
  /** Pauses of a process: log-normal, median and spread (of the logarithm). */
  readonly pauses: number;
  readonly pauseMedianMs: number;
  readonly pauseSpread: number;
  /** Times in which a link carries nothing, exponential. */
  readonly outages: number;
  readonly outageMeanMs: number;
  /** Times in which a link loses most, exponential; and what it loses otherwise. */
  readonly lossy: number;
  readonly lossyMeanMs: number;
  readonly lossInBurst: number;
  readonly loss: number;
  /** Usual delay, exponential beyond a fixed part; and the share of packets that are held up for up to 5 s. */
  readonly delayMs: number;
  readonly jitterMs: number;
  readonly heldUp: number;
  /** Each observer's own, where they differ. */
  readonly differing?: readonly Profile[];
}

export const CLEAN: Profile = {
  name: 'clean',
  pauses: 0,
  pauseMedianMs: 0,
  pauseSpread: 0,
  outages: 0,
  outageMeanMs: 0,
  lossy: 0,
  lossyMeanMs: 0,
  lossInBurst: 0,
  loss: 0,
  delayMs: 0.5,
  jitterMs: 0.5,
  heldUp: 0,
};

/** Garbage collection and hosts that are oversold: 7 % of 50 pauses a day are longer than 3 s, 0.5 % than 10 s. */
export const PAUSING: Profile = { ...CLEAN, name: 'pausing', pauses: 50, pauseMedianMs: 600, pauseSpread: 1.1 };

/** A bad day in a cloud: each link fails 300 times, 41 of them for longer than 10 s. */
export const NOISY: Profile = {
  ...PAUSING,
  name: 'noisy',
  outages: 300,
  outageMeanMs: 5_000,
  lossy: 20,
  lossyMeanMs: 20_000,
  lossInBurst: 0.6,
  loss: 0.01,
  delayMs: 2,
  jitterMs: 30,
  heldUp: 0.001,
};

/** The first observer loses four of five, the second gets everything a second late or more, the third is as noisy. */
export const DIFFERING: Profile = {
  ...NOISY,
  name: 'differing',
  differing: [{ ...NOISY, loss: 0.8, lossInBurst: 0.95 }, { ...NOISY, delayMs: 1_000, jitterMs: 300 }, NOISY],
};

export const PROFILES: readonly Profile[] = [CLEAN, PAUSING, NOISY, DIFFERING];

/** Spans of time in which something is wrong, drawn as time goes on. */
export class Spells {
  readonly #random: Random;
  readonly #perDay: number;
  readonly #lengthMs: () => number;
  #from = Number.POSITIVE_INFINITY;
  #to = Number.POSITIVE_INFINITY;

  constructor(random: Random, perDay: number, lengthMs: (random: Random) => number) {
    this.#random = random;
    this.#perDay = perDay;
    this.#lengthMs = () => lengthMs(random);
    if (perDay > 0) this.#draw(0);
  }

  /** Times must not go backwards. */
  isOn(at: number): boolean {
    while (at >= this.#to) this.#draw(this.#to);
    return at >= this.#from;
  }

  /** While it is on: when it ends. */
  get endsAt(): number {
    return this.#to;
  }

  #draw(after: number): void {
    this.#from = after + this.#random.exponential(DAY_MS / this.#perDay);
    this.#to = this.#from + this.#lengthMs();
  }
}

export function pausesOf(profile: Profile, random: Random): Spells {
  const { pauseMedianMs, pauseSpread } = profile;
  return new Spells(random, profile.pauses, (own) => pauseMedianMs * Math.exp(pauseSpread * normal(own)));
}

export class Link {
  readonly #profile: Profile;
  readonly #random: Random;
  readonly #outages: Spells;
  readonly #lossy: Spells;

  constructor(profile: Profile, random: Random) {
    this.#profile = profile;
    this.#random = random;
    this.#outages = new Spells(random.fork(), profile.outages, (own) => own.exponential(profile.outageMeanMs));
    this.#lossy = new Spells(random.fork(), profile.lossy, (own) => own.exponential(profile.lossyMeanMs));
  }

  /** When what is sent now arrives; null: it is lost. */
  send(at: number): number | null {
    const { loss, lossInBurst, delayMs, jitterMs, heldUp } = this.#profile;
    if (this.#outages.isOn(at)) return null;
    if (this.#random.chance(this.#lossy.isOn(at) ? lossInBurst : loss)) return null;
    const held = heldUp > 0 && this.#random.chance(heldUp) ? this.#random.between(500, 5_000) : 0;
    return at + delayMs + this.#random.exponential(jitterMs) + held;
  }
}

/** Standard normal (Box and Muller). */
function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.float())) * Math.cos(2 * Math.PI * random.float());
}
