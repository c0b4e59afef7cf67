import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Cut } from '../../model/fault.ts';
import { SHAPES, type Shape } from '../../model/partition.ts';
import { cutsBetween, cutsOf, cutText, MOST_CUTS, type Place, unfit } from './index.ts';

type Single = Exclude<Shape, 'groups'>;
const SINGLE = SHAPES.filter((shape): shape is Single => shape !== 'groups');

const numbered = (word: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, n) => `${word}-${n + 1}`);
const placed = (instances: number, callers: number, primary: string | null = null): Place => ({
  service: 'store',
  instances: numbered('store', instances),
  callers: numbered('caller', callers),
  primary,
});

const places = fc.tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 7 })).map(([m, n]) => placed(m, n));
const seeds = fc.nat();

/** Whom a caller still sees. */
const seen = (cuts: readonly Cut[], { instances }: Place, caller: string): readonly string[] =>
  instances.filter((each) => !cuts.some(({ from, instance }) => instance === each && (from ?? caller) === caller));

/** Every place in which the shape can be made. */
function always(shape: Single, holds: (cuts: readonly Cut[], place: Place, seed: number) => void): void {
  fc.assert(
    fc.property(places, seeds, (place, seed) => {
      if (unfit(shape, place) === null) holds(cutsOf(shape, place, seed), place, seed);
    }),
  );
}

describe('the shape of a partition', () => {
  it.each([
    ['one', () => 1],
    ['minority', (count: number) => Math.ceil(count / 2) - 1],
    ['majority', (count: number) => Math.floor(count / 2) + 1],
  ] as const)('%s is so many instances that nobody reaches', (shape, size) => {
    always(shape, (cuts, { instances }) => {
      expect(cuts.every(({ from }) => from === null)).toBe(true);
      expect(new Set(cuts.map(({ instance }) => instance)).size).toBe(cuts.length);
      expect(cuts).toHaveLength(size(instances.length));
      if (shape === 'minority') expect(cuts.length * 2).toBeLessThan(instances.length);
      if (shape === 'majority') expect(cuts.length * 2).toBeGreaterThan(instances.length);
      if (shape !== 'one') expect(cuts.length).toBeLessThan(instances.length);
    });
  });

  it('halves: two views that have nothing in common and everything together', () => {
    always('halves', (cuts, place) => {
      const views = new Map(place.callers.map((caller) => [seen(cuts, place, caller).join(), caller]));
      const [first = [], second = []] = [...views.keys()].map((view) => view.split(','));
      expect(views.size).toBe(2);
      expect([...first, ...second].sort()).toEqual(place.instances);
      expect(Math.abs(first.length - second.length)).toBeLessThanOrEqual(1);
    });
  });

  it('ring: everybody sees a majority, and no two the same where there are enough instances', () => {
    always('ring', (cuts, place) => {
      const views = place.callers.map((caller) => seen(cuts, place, caller));
      for (const view of views) expect(view.length * 2).toBeGreaterThan(place.instances.length);
      const different = Math.min(place.callers.length, place.instances.length);
      expect(new Set(views.map((view) => view.join())).size).toBe(different);
      for (const instance of place.instances) expect(views.some((view) => view.includes(instance))).toBe(true);
    });
  });

  it('bridge: one caller sees all, the others one of two halves', () => {
    always('bridge', (cuts, place) => {
      const views = place.callers.map((caller) => seen(cuts, place, caller));
      const whole = views.filter(({ length }) => length === place.instances.length);
      const parts = new Set(views.filter((view) => !whole.includes(view)).map((view) => view.join()));
      expect(whole).toHaveLength(1);
      expect(parts.size).toBe(2);
      expect([...parts].flatMap((view) => view.split(',')).sort()).toEqual(place.instances);
    });
  });

  it('primary: the one that holds the token', () => {
    const cut = { from: null, service: 'store', instance: 'store-2' };
    expect(cutsOf('primary', placed(3, 1, 'store-2'), 1)).toEqual([cut]);
  });

  it('is the same for the same seed, in whatever order callers and instances come', () => {
    for (const shape of SINGLE) {
      always(shape, (cuts, place, seed) => {
        const turned = { ...place, instances: place.instances.toReversed(), callers: place.callers.toReversed() };
        expect(cutsOf(shape, turned, seed)).toEqual(cuts);
      });
    }
    const draws = new Set(
      Array.from({ length: 20 }, (_, seed) => cutText(cutsOf('one', placed(3, 1), seed)[0] as Cut, 'both')),
    );
    expect(draws.size).toBe(3);
  });

  it('never cuts a way twice', () => {
    for (const shape of SINGLE) {
      always(shape, (cuts) => expect(new Set(cuts.map((cut) => cutText(cut, 'both'))).size).toBe(cuts.length));
    }
  });

  it.each([
    ['one', placed(0, 1), 'one of store needs 1 instance, and there is none', 'No shape is possible'],
    ['majority', placed(2, 2), 'needs 3 instances, and there are 2', 'Possible for store now: one, halves.'],
    ['minority', placed(1, 0), 'needs 3 instances, and there is one', 'Possible for store now: one.'],
    ['halves', placed(3, 1), 'needs 2 callers, and there is one', 'one, minority, majority.'],
    ['ring', placed(2, 4), 'needs 3 instances', 'one, halves, bridge.'],
    ['bridge', placed(4, 2), 'needs 3 callers, and there are 2', 'one, minority, majority, halves, ring.'],
    ['primary', placed(3, 3), 'nobody holds a token', 'one, minority, majority, halves, ring, bridge.'],
  ] as const)('%s is refused with what is possible', (shape, place, message, remedy) => {
    expect(() => cutsOf(shape, place, 1)).toThrow(
      expect.objectContaining({
        code: 'HF8203',
        message: expect.stringContaining(message),
        remedy: expect.stringContaining(remedy),
      }),
    );
  });

  it('is refused beyond what the traffic layer takes', () => {
    expect(() => cutsOf('halves', placed(MOST_CUTS, 3), 1)).toThrow(/it would cut 300 ways, and 200 are the most/);
  });
});

describe('groups', () => {
  const names = numbered('s', 6);
  /** Who calls whom, and which group each is in; 0: none. */
  const system = fc.tuple(
    fc.array(fc.tuple(fc.constantFrom(...names, '(outside)'), fc.constantFrom(...names)), { maxLength: 20 }),
    fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 6, maxLength: 6 }),
  );

  it('cut all ways across, and only those', () => {
    fc.assert(
      fc.property(system, ([ways, memberships]) => {
        const groups = [1, 2, 3].map((group) => names.filter((_, n) => memberships[n] === group));
        const groupOf = (name: string): number => groups.findIndex((group) => group.includes(name));
        const callersOf = (callee: string): readonly string[] =>
          [...new Set(ways.filter((way) => way[1] === callee).map(([caller]) => caller))].filter(
            (one) => one !== callee,
          );
        const named = groups
          .flat()
          .map((service) => ({ service, instances: [], callers: callersOf(service), primary: null }));
        const across = (caller: string, callee: string): boolean =>
          groupOf(caller) >= 0 && groupOf(callee) >= 0 && groupOf(caller) !== groupOf(callee);
        const all = names.flatMap((callee) => callersOf(callee).map((caller) => [caller, callee] as const));
        if (!all.some((way) => across(...way))) {
          expect(() => cutsBetween(groups, named)).toThrow(/no service of one group calls one of another/);
          return;
        }
        const cuts = cutsBetween(groups, named);
        const isCut = (caller: string, callee: string): boolean =>
          cuts.some(
            ({ from, service, instance }) => instance === null && service === callee && (from ?? caller) === caller,
          );
        for (const way of all) expect(isCut(...way)).toBe(across(...way));
        // Paid for is whom nobody is left to reach.
        for (const { from, service } of cuts) {
          expect(from === null).toBe(callersOf(service).every((caller) => across(caller, service)));
        }
      }),
    );
  });
});

it('a cut is told with its direction', () => {
  const cut = { from: 'shop', service: 'store', instance: 'store-1' };
  expect(cutText(cut, 'both')).toBe('shop ↮ store-1');
  expect(cutText({ ...cut, from: null }, 'towards')).toBe('everybody ↛ store-1');
  expect(cutText({ ...cut, instance: null }, 'back')).toBe('shop ↚ store');
});
