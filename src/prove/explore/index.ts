/**
 * Explore mode: single faults, then pairs of those that were borne alone; a schedule that fails is shrunk to a smallest
 * one that still fails before anything else is tried. Pure: it says what to try next and is told what came of it, so a
 * seed and the same verdicts give the same walk.
 */
import { type ExploreFacts, pairs, singles } from './order.ts';
import { keyOf, type Schedule, type ScheduledFault, smaller } from './schedule.ts';

export type { ExploreFacts } from './order.ts';
export { type Schedule, type ScheduledFault, textOf } from './schedule.ts';

export type Outcome = 'confirmed' | 'mismatch' | 'inconclusive';

export interface Discovery {
  readonly found: Schedule;
  /** Nothing smaller that was tried fails. */
  readonly smallest: Schedule;
}

export interface ExploreOptions {
  readonly seed: number;
  /** Most runs, shrinking included. */
  readonly runs: number;
  /** False: single faults only. */
  readonly pairs: boolean;
}

export class Explorer {
  readonly #facts: ExploreFacts;
  readonly #options: ExploreOptions;
  readonly #known = new Map<string, Outcome>();
  readonly #discoveries: Discovery[] = [];
  #waiting: Schedule[];
  #paired = false;
  /** What is being shrunk: as it was found, as small as it got, and what is still to be tried below it. */
  #shrinking: { readonly found: Schedule; smallest: Schedule; below: Schedule[] } | null = null;
  #runs = 0;

  constructor(facts: ExploreFacts, options: ExploreOptions) {
    this.#facts = facts;
    this.#options = options;
    this.#waiting = [...singles(facts, options.seed)];
    this.#paired = !options.pairs;
  }

  get discoveries(): readonly Discovery[] {
    return this.#discoveries;
  }

  /** null: there is nothing left, or no more runs. */
  next(): Schedule | null {
    if (this.#runs >= this.#options.runs) {
      this.#endShrinking();
      return null;
    }
    const schedule = this.#nextBelow() ?? this.#nextWaiting();
    if (schedule !== null) this.#runs += 1;
    return schedule;
  }

  tell(schedule: Schedule, outcome: Outcome): void {
    this.#known.set(keyOf(schedule), outcome);
    if (outcome !== 'mismatch') return;
    if (this.#shrinking) {
      this.#shrinking.smallest = schedule;
      this.#shrinking.below = [...smaller(schedule)];
    } else this.#shrinking = { found: schedule, smallest: schedule, below: [...smaller(schedule)] };
  }

  #nextBelow(): Schedule | null {
    for (let shrinking = this.#shrinking; shrinking; shrinking = this.#shrinking) {
      const candidate = shrinking.below.shift();
      if (candidate === undefined) this.#endShrinking();
      else {
        const known = this.#known.get(keyOf(candidate));
        if (known === undefined) return candidate;
        if (known === 'mismatch') this.tell(candidate, known);
      }
    }
    return null;
  }

  #endShrinking(): void {
    if (!this.#shrinking) return;
    const { found, smallest } = this.#shrinking;
    this.#shrinking = null;
    this.#discoveries.push({ found, smallest });
  }

  #nextWaiting(): Schedule | null {
    for (;;) {
      const schedule = this.#waiting.shift();
      if (schedule !== undefined) {
        if (this.#known.has(keyOf(schedule)) || this.#explained(schedule)) continue;
        return schedule;
      }
      if (this.#paired) return null;
      this.#paired = true;
      this.#waiting = [...pairs(this.#facts, this.#options.seed, (fault) => this.#borne(fault))];
    }
  }

  /** What fails alone fails together with anything, and what proved nothing alone proves nothing in company. */
  #borne(fault: ScheduledFault): boolean {
    return this.#known.get(keyOf([fault])) === 'confirmed';
  }

  /** It holds a smallest failing schedule: it would be found again. */
  #explained(schedule: Schedule): boolean {
    return this.#discoveries.some(({ smallest }) =>
      smallest.every((fault) => schedule.some(({ kind, service }) => kind === fault.kind && service === fault.service)),
    );
  }
}
