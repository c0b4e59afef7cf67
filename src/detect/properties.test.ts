import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Scenario } from '../../test/support/scenario.ts';

const SYSTEM = [
  'service ledger',
  'service payments replicas=3 calls=ledger',
  'service shop replicas=2 calls=payments published',
];
const IDS = ['ledger-1', 'payments-1', 'payments-2', 'payments-3', 'shop-1', 'shop-2'];

function begin(seed: number): Scenario {
  const scenario = new Scenario(seed);
  for (const line of SYSTEM) scenario.obey(line);
  return scenario;
}

describe('detection', () => {
  it('raises nothing in 20 healthy minutes of varied load and up to 1 % of failing calls', () => {
    let minutes = 0;
    for (let seed = 1; seed <= 4; seed++) {
      const scenario = begin(seed);
      for (let minute = 0; minute < 5; minute++) {
        const rate = [60, 6, 200, 20, 120][(minute + seed) % 5];
        scenario.obey(`run 60 rate=${rate} noise=${[0, 0.001, 0.005, 0.01][seed % 4]}`);
        minutes += 1;
      }
      expect(scenario.raised, `seed ${seed}`).toEqual([]);
    }
    expect(minutes).toBe(20);
  }, 60_000);

  it('raises each symptom before it clears it, and never twice while it is open; well again, everything clears', () => {
    const trouble = fc.record({
      what: fc.constantFrom('kill', 'exit', 'stop', 'deaf', 'refuse', 'slow', 'fail', 'leak', 'lag'),
      id: fc.constantFrom(...IDS),
      seconds: fc.integer({ min: 1, max: 12 }),
    });
    fc.assert(
      fc.property(
        fc.array(trouble, { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 1, max: 99 }),
        (troubles, seed) => {
          const scenario = begin(seed);
          scenario.obey('run 20');
          for (const { what, id, seconds } of troubles) {
            const dead = scenario.view.get(id).phase === 'exited';
            if (what === 'lag') scenario.obey('lag 2');
            else if (!dead) scenario.obey(`${what} ${id}`);
            scenario.obey(`run ${seconds}`);
          }
          for (const id of IDS) {
            if (scenario.view.get(id).phase === 'exited') scenario.start(id);
            else scenario.obey(`heal ${id}`);
          }
          scenario.obey('run 90');
          const open = new Set<string>();
          for (const { kind, symptom } of scenario.raised) {
            if (kind === 'raised') expect(open.has(symptom.id)).toBe(false);
            else expect(open.has(symptom.id)).toBe(true);
            if (kind === 'cleared') open.delete(symptom.id);
            else open.add(symptom.id);
            expect(symptom.onsetAt).toBeLessThanOrEqual(symptom.detectedAt);
          }
          expect([...open]).toEqual([]);
          expect(scenario.detection.open()).toEqual([]);
        },
      ),
      { numRuns: 25 },
    );
  }, 60_000);

  it('notices every kind of trouble of a busy instance within its time', () => {
    const within = { kill: 0, exit: 0, stop: 1_500, deaf: 1_500, refuse: 2_500, slow: 6_000, fail: 3_500 };
    for (const [what, limit] of Object.entries(within)) {
      for (let offset = 0; offset < 4; offset++) {
        const scenario = begin(offset + 1);
        scenario.obey(`run ${30 + offset * 0.25}`);
        const struck = scenario.now;
        scenario.obey(`${what} payments-2`);
        scenario.obey('run 10');
        const first = scenario.raised.find(({ symptom }) => symptom.entity.name === 'payments-2')?.symptom;
        expect(first, what).toBeDefined();
        expect((first?.detectedAt ?? 0) - struck, what).toBeLessThanOrEqual(limit);
      }
    }
  }, 60_000);

  it('takes a level that lasts for the norm after ten minutes, and is not stuck for ever', () => {
    const scenario = begin(1);
    scenario.obey('run 40');
    scenario.obey('slow ledger-1');
    scenario.obey('run 500');
    expect(scenario.detection.open().map(({ kind }) => kind)).toContain('slow');
    scenario.obey('run 700');
    expect(scenario.detection.open()).toEqual([]);
  }, 60_000);

  it('ignores what is said of an earlier life', () => {
    const scenario = begin(1);
    scenario.obey('run 20');
    const exit = { at: scenario.now, reason: 'code', code: 1, signal: null, detail: null, lastOutput: [] } as const;
    const old = { kind: 'exit', instance: 'ledger-1', incarnation: 0, at: scenario.now, exit } as const;
    expect(scenario.detection.ingest(old, scenario.view, scenario.now)).toEqual([]);
    expect(scenario.detection.open()).toEqual([]);
  });
});
