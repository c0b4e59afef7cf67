/** Explore mode against make-believe systems that break by a rule which the explorer does not know. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ExploreFacts, Explorer, type Outcome, type Schedule, textOf } from './index.ts';
import { keyOf, LEAST_MS, smaller } from './schedule.ts';

const SERVICES = ['a', 'b', 'c', 'd'];
const KINDS = [
  ['kill', null],
  ['pause', 16_000],
] as const;
const ALL = SERVICES.flatMap((service) => KINDS.map(([kind, forMs]) => ({ kind, service, forMs })));

/** a → b → c, and d alone. */
const FACTS: ExploreFacts = {
  services: [
    { name: 'a', replicas: 2, dependsOn: ['b'] },
    { name: 'b', replicas: 2, dependsOn: ['c'] },
    { name: 'c', replicas: 1, dependsOn: [] },
    { name: 'd', replicas: 2, dependsOn: [] },
  ],
  faults: ALL,
  past: [],
};

interface Bug {
  readonly faults: readonly { readonly kind: string; readonly service: string }[];
  /** What lasts has to last this long. */
  readonly leastMs: number;
}

function fails(schedule: Schedule, { faults, leastMs }: Bug): boolean {
  return faults.every((needed) =>
    schedule.some(
      ({ kind, service, forMs }) =>
        kind === needed.kind && service === needed.service && (forMs === null || forMs >= leastMs),
    ),
  );
}

function walk(bug: Bug, seed: number, facts = FACTS, runs = 1_000): { explorer: Explorer; tried: Schedule[] } {
  const explorer = new Explorer(facts, { seed, runs, pairs: true });
  const tried: Schedule[] = [];
  for (let next = explorer.next(); next !== null; next = explorer.next()) {
    tried.push(next);
    explorer.tell(next, fails(next, bug) ? 'mismatch' : 'confirmed');
  }
  return { explorer, tried };
}

const bugs = fc.record({
  faults: fc
    .uniqueArray(fc.constantFrom(...ALL), { minLength: 1, maxLength: 2 })
    .filter((faults) => faults.length === 1 || faults.some(({ service }) => service !== 'c')),
  leastMs: fc.integer({ min: LEAST_MS, max: 16_000 }),
});
const seeds = fc.nat(10_000);

describe('explore mode', () => {
  it('finds every single bug of one or two faults and shrinks it to nothing but that', () => {
    fc.assert(
      fc.property(bugs, seeds, (bug, seed) => {
        const { explorer } = walk(bug, seed);
        expect(explorer.discoveries).toHaveLength(1);
        const smallest = explorer.discoveries[0]?.smallest ?? [];
        expect(fails(smallest, bug)).toBe(true);
        expect(smallest.map(({ kind, service }) => `${kind} ${service}`).sort()).toEqual(
          bug.faults.map(({ kind, service }) => `${kind} ${service}`).sort(),
        );
        // No step further down fails.
        for (const less of smaller(smallest)) expect(fails(less, bug)).toBe(false);
      }),
    );
  });

  it('never tries the same twice, singles before pairs', () => {
    fc.assert(
      fc.property(bugs, seeds, (bug, seed) => {
        const { tried } = walk(bug, seed);
        const keys = tried.map(keyOf);
        expect(new Set(keys).size).toBe(keys.length);
        const full = tried.filter((schedule) => schedule.every(({ forMs }) => forMs === null || forMs === 16_000));
        const firstPair = full.findIndex(({ length }) => length === 2);
        const lastSingle = full.findLastIndex(({ length }) => length === 1);
        if (firstPair >= 0) expect(firstPair).toBeGreaterThan(lastSingle);
      }),
    );
  });

  it('is the same walk for the same seed, and keeps to its runs', () => {
    fc.assert(
      fc.property(bugs, seeds, fc.nat(40), (bug, seed, runs) => {
        const one = walk(bug, seed, FACTS, runs).tried.map(keyOf);
        expect(one).toEqual(walk(bug, seed, FACTS, runs).tried.map(keyOf));
        expect(one.length).toBeLessThanOrEqual(runs);
      }),
    );
  });

  it('tries first what most hangs on, and what went wrong before', () => {
    const none: Bug = { faults: [{ kind: 'none', service: 'none' }], leastMs: 0 };
    expect(walk(none, 1).tried[0]?.[0]?.service).toBe('c');
    const past = [{ kind: 'kill', service: 'b', verdict: 'mismatch' }];
    const scores = walk(none, 1, { ...FACTS, past }).tried.slice(0, 3);
    expect(scores.map((schedule) => textOf(schedule))).toContain('kill on b');
  });

  it('pairs nothing that fails or proves nothing alone', () => {
    const explorer = new Explorer(FACTS, { seed: 3, runs: 1_000, pairs: true });
    const outcome = (schedule: Schedule): Outcome =>
      schedule.some(({ service }) => service === 'd') ? 'inconclusive' : 'confirmed';
    const tried: Schedule[] = [];
    for (let next = explorer.next(); next !== null; next = explorer.next()) {
      tried.push(next);
      explorer.tell(next, outcome(next));
    }
    const pairs = tried.filter(({ length }) => length === 2);
    // Of six that are borne fifteen; the two on the single instance of c are none.
    expect(pairs).toHaveLength(14);
    expect(pairs.some((pair) => pair.some(({ service }) => service === 'd'))).toBe(false);
  });
});
