/**
 * What one element of a set can be, as far as its own additions and removals say: every combination of being there or
 * not and of which open changes have taken effect, closed under those that still may. Such a possibility is interned,
 * and so is what an event does to it, so that a history asks the same question once.
 */
import { WordTable } from './word-table.ts';

export const [ADDED, REMOVED] = [1, 0];
export const IMPOSSIBLE_ELEMENT = -1;

/** Changes of one element that may be open at once; more than that are left to another search. */
export const MOST_OPEN = 20;
/** Changes of unknown outcome are counted: so many of each kind at most. */
const MOST_LOST = 31;

/** Open changes by their return, which of them add; changes of unknown outcome; and the combinations. */
interface Possible {
  readonly open: readonly number[];
  readonly lost: readonly [removals: number, additions: number];
  /** Each: there or not, which open changes are done as bits, how many of unknown outcome are used of each kind. */
  readonly ways: readonly Way[];
}

interface Way {
  readonly there: number;
  readonly done: number;
  readonly used: readonly [removals: number, additions: number];
}

/** Something happens to an element: each a number of its own, from here on. */
const [BEGINS, IS_LOST, RETURNS, IS_SEEN] = [0, 64, 66, 67];
const ACTIONS = 128;

export class ElementStates {
  readonly #known: Possible[] = [];
  readonly #ids = new Map<string, number>();
  readonly #after = new WordTable();
  readonly #before = new WordTable();

  /** The element as it is at first. */
  start(there: number): number {
    return this.#intern({ open: [], lost: [0, 0], ways: [{ there, done: 0, used: [0, 0] }] });
  }

  /** A change is invoked: the one that will return after `place` other open ones. */
  begin(state: number, adds: number, place: number): number {
    return this.#step(state, BEGINS + 2 * place + adds, (from) => {
      if (from.open.length >= MOST_OPEN) throw new TooManyOpen();
      const open = [...from.open.slice(0, place), adds, ...from.open.slice(place)];
      const low = (1 << place) - 1;
      const moved = ({ done, ...way }: Way): Way => ({ ...way, done: (done & low) | ((done & ~low) << 1) });
      return { ...from, open, ways: from.ways.map(moved) };
    });
  }

  /** A change that will never return is invoked. */
  lose(state: number, adds: number): number {
    return this.#step(state, IS_LOST + adds, (from) => {
      const lost: [number, number] = [from.lost[0], from.lost[1]];
      if ((lost[adds] as number) >= MOST_LOST) throw new TooManyOpen();
      lost[adds] = (lost[adds] as number) + 1;
      return { ...from, lost };
    });
  }

  /** The open change that returns first, returns. */
  end(state: number): number {
    return this.#step(state, RETURNS, (from) => ({
      ...from,
      open: from.open.slice(1),
      ways: from.ways.flatMap((way) => ((way.done & 1) === 1 ? [{ ...way, done: way.done >> 1 }] : [])),
    }));
  }

  /** A read has it, or lacks it. */
  see(state: number, there: number): number {
    return this.#step(state, IS_SEEN + there, (from) => ({
      ...from,
      ways: from.ways.filter((way) => way.there === there),
    }));
  }

  /** Whether some read must come before the next return and cannot as well come after it. */
  mattersBefore(state: number): boolean {
    const known = this.#before.get(state, 0);
    if (known >= 0) return known === 1;
    let matters = false;
    const seen = new Set([state]);
    for (const at of seen) {
      for (const there of [0, 1]) {
        const looked = this.see(at, there);
        if (looked === IMPOSSIBLE_ELEMENT) continue;
        seen.add(looked);
        const ended = this.end(at);
        const later = ended === IMPOSSIBLE_ELEMENT ? ended : this.see(ended, there);
        if (!this.#within(this.end(looked), later)) matters = true;
      }
    }
    this.#before.set(state, 0, matters ? 1 : 0);
    return matters;
  }

  /** Whether it can only be there, or can only be missing; −1 for either. */
  certain(state: number): number {
    const { ways } = this.#known[state] as Possible;
    const there = (ways[0] as Way).there;
    return ways.every((way) => way.there === there) ? there : -1;
  }

  #within(a: number, b: number): boolean {
    if (a === b || a === IMPOSSIBLE_ELEMENT) return true;
    if (b === IMPOSSIBLE_ELEMENT) return false;
    const [few, many] = [this.#known[a] as Possible, this.#known[b] as Possible];
    return few.ways.every((way) => many.ways.some((other) => standsIn(other, way)));
  }

  #step(state: number, action: number, next: (from: Possible) => Possible): number {
    const known = this.#after.get(state * ACTIONS + action, 0);
    if (known !== WordTable.NONE) return known;
    const to = next(this.#known[state] as Possible);
    const id = to.ways.length === 0 ? IMPOSSIBLE_ELEMENT : this.#intern({ ...to, ways: closed(to) });
    this.#after.set(state * ACTIONS + action, 0, id);
    return id;
  }

  #intern(possible: Possible): number {
    const { open, lost, ways } = possible;
    const words = ways.map(({ there, done, used }) => `${there},${done},${used}`).sort();
    const name = `${open.join('')}/${lost}/${words.join(' ')}`;
    const known = this.#ids.get(name);
    if (known !== undefined) return known;
    this.#ids.set(name, this.#known.length);
    return this.#known.push(possible) - 1;
  }
}

/** Thrown by `begin` and `lose`: a set that is changed by so many at once is for another search. */
export class TooManyOpen extends Error {}

/** The one can do whatever the other can: it has used up no more. */
function standsIn(a: Way, b: Way): boolean {
  return a.there === b.there && a.done === b.done && a.used[0] <= b.used[0] && a.used[1] <= b.used[1];
}

/** With every open change taking effect or not. Of equal changes the one that returns first goes first. */
function closed({ open, lost, ways }: Possible): Way[] {
  const all: Way[] = [];
  const add = (way: Way): void => {
    if (!all.some((other) => standsIn(other, way))) all.push(way);
  };
  for (const way of ways) add(way);
  for (let n = 0; n < all.length; n++) {
    const way = all[n] as Way;
    for (const kind of [REMOVED, ADDED]) {
      const at = open.findIndex((adds, place) => adds === kind && ((way.done >> place) & 1) === 0);
      if (at >= 0) add({ ...way, there: kind, done: way.done | (1 << at) });
      if (way.there === kind || (way.used[kind] as number) >= (lost[kind] as number)) continue;
      const used: [number, number] = [way.used[0], way.used[1]];
      used[kind] = (used[kind] as number) + 1;
      add({ ...way, there: kind, used });
    }
  }
  return all.filter((way) => !all.some((other) => other !== way && standsIn(other, way)));
}
