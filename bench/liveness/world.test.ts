import { describe, expect, it } from 'vitest';
import type { PeerState } from '../../src/detect/liveness/contract.ts';
import { Random } from '../../src/model/random.ts';
import { AkkaPhi, CassandraPhi, type Detector, FixedTimeout } from './baselines.ts';
import { CLEAN, DIFFERING, Link, NOISY, type Profile } from './links.ts';
import { World } from './world.ts';

function statesOf(profile: Profile, seed: number, crashAt: number, until: number): [PeerState, number][] {
  const states: [PeerState, number][] = [];
  const world = new World(profile, Random.seeded(seed), [], {
    council: (state, at) => states.push([state, at]),
    detector: () => {},
  });
  world.run(crashAt);
  world.crash();
  world.run(until);
  return states;
}

describe('the simulated links', () => {
  it('gives the same run for the same seed', () => {
    expect(statesOf(NOISY, 7, 3_600_000, 3_700_000)).toEqual(statesOf(NOISY, 7, 3_600_000, 3_700_000));
  });

  it('loses and delays as the profile says', () => {
    const link = new Link({ ...CLEAN, loss: 0.3, delayMs: 10, jitterMs: 5 }, Random.seeded(1));
    const delays = Array.from({ length: 5_000 }, (_, n) => link.send(n * 1_000)).map((at, n) => at && at - n * 1_000);
    const arrived = delays.filter((delay) => delay !== null);
    expect(arrived.length / delays.length).toBeCloseTo(0.7, 1);
    expect(Math.min(...arrived)).toBeGreaterThanOrEqual(10);
  });

  it('sees a crash on clean links: alive, suspect, dead', () => {
    const states = statesOf(CLEAN, 1, 60_000, 90_000);
    expect(states.map(([state]) => state)).toEqual(['alive', 'suspect', 'dead']);
    expect((states[1] as [PeerState, number])[1]).toBeLessThanOrEqual(65_000);
    expect((states[2] as [PeerState, number])[1]).toBeLessThanOrEqual(72_000);
  });

  it('does not bury a peer whom one observer never hears', () => {
    const deaf = { ...CLEAN, loss: 1 };
    const oneDeaf: Profile = { ...CLEAN, differing: [deaf, CLEAN, CLEAN] };
    const states = new Set(statesOf(oneDeaf, 1, 600_000, 600_000).map(([state]) => state));
    expect(states.has('dead')).toBe(false);
    expect(states.has('suspect')).toBe(false);
  });

  it('still sees a crash when the links differ', () => {
    const states = statesOf(DIFFERING, 3, 600_000, 640_000);
    expect(states.at(-1)?.[0]).toBe('dead');
  });
});

describe('the peers among detectors', () => {
  it.each([
    [new FixedTimeout(10_000), 10_000],
    [new AkkaPhi(), 4_600],
    [new CassandraPhi(), 18_500],
  ] as [Detector, number][])('%s', (detector, expected) => {
    for (let at = 0; at <= 2_000_000; at += 1_000) detector.heartbeat(at);
    let at = 2_000_000;
    while (!detector.isDown(at)) at += 100;
    expect(Math.abs(at - 2_000_000 - expected)).toBeLessThan(300);
  });
});
