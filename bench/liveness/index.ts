/**
 * Liveness between nodes, simulated on virtual time: how fast a crash is suspected and the peer declared dead, and how
 * often a peer that lives is accused, on clean, pausing and noisy links. In the same run, on the same heartbeats of the
 * first observer: a fixed timeout and two φ detectors with the defaults of Akka and Cassandra.
 *
 * A verdict is false when the peer had sent a heartbeat shortly before (within 8 s for dead, 3 s for suspect): then
 * it lived, and somebody's link or pause deceived. Otherwise it was a true stall, which nobody can tell from death.
 */
import { Random } from '../../src/model/random.ts';
import type { Bench, BenchOptions, BenchRow } from '../contract.ts';
import { AkkaPhi, CassandraPhi, type Detector, FixedTimeout } from './baselines.ts';
import { PROFILES, type Profile } from './links.ts';
import { World } from './world.ts';

const DAY_MS = 86_400_000;
const SUSPECT_S = 5;
const DEAD_S = 12;
const FALSE_DEAD = 0.01;
/** A peer that sent nothing for so long is truly stalled, as far as a verdict of this kind goes. */
const STALLED_DEAD_MS = 8_000;
const STALLED_SUSPECT_MS = 3_000;
/** Time to learn the links before a crash, and what is waited for after it. */
const LEARN_MS = 300_000;
const WAIT_MS = 60_000;

export const bench: Bench = {
  name: 'liveness',
  what: 'time to suspect and to dead, false verdicts per peer and day, on simulated links; beside single observers',
  run: async (options) => {
    const rows: BenchRow[] = [];
    for (const profile of PROFILES) {
      options.log(`${profile.name}: crashes`);
      rows.push(...crashRows(profile, options));
      options.log(`${profile.name}: days without a crash`);
      rows.push(...quietRows(profile, options));
    }
    return rows;
  },
};

function peers(): Detector[] {
  return [new FixedTimeout(5_000), new FixedTimeout(10_000), new AkkaPhi(), new CassandraPhi()];
}

function crashRows(profile: Profile, { quick }: BenchOptions): BenchRow[] {
  const trials = quick ? 60 : 1_000;
  const suspect: number[] = [];
  const dead: number[] = [];
  const down = peers().map((): number[] => []);
  for (let trial = 0; trial < trials; trial++) {
    const random = Random.seeded(1_000 + trial);
    const crashAt = LEARN_MS + random.int(10_000);
    const since = (at: number): number => (at - crashAt) / 1_000;
    let suspectAt: number | null = null;
    let deadAt: number | null = null;
    const downAt: (number | null)[] = down.map(() => null);
    let isCrashed = false;
    const world = new World(profile, random, peers(), {
      council: (state, at) => {
        if (!isCrashed) return;
        if (state === 'suspect' || state === 'dead') suspectAt ??= since(at);
        if (state === 'dead') deadAt ??= since(at);
      },
      detector: (index, at) => {
        if (isCrashed) downAt[index] ??= since(at);
      },
    });
    world.run(crashAt);
    isCrashed = true;
    world.crash();
    world.run(crashAt + WAIT_MS);
    suspect.push(suspectAt ?? Number.POSITIVE_INFINITY);
    dead.push(deadAt ?? Number.POSITIVE_INFINITY);
    downAt.forEach((at, index) => {
      down[index]?.push(at ?? Number.POSITIVE_INFINITY);
    });
  }
  const { name } = profile;
  return [
    timeRow(`${name}.suspect.p99`, `${name} links: crash to suspect, p99`, suspect, SUSPECT_S),
    timeRow(`${name}.dead.p99`, `${name} links: crash to dead, p99`, dead, DEAD_S),
    ...peers().map((detector, index) =>
      timeRow(`${name}.down.${idOf(detector)}`, `${detector.name}: crash to down, p99`, down[index] ?? [], null),
    ),
  ];
}

function quietRows(profile: Profile, { quick }: BenchOptions): BenchRow[] {
  // As many as it takes for a rate of 0.01 to be seen, except where nothing can happen.
  const days = quick ? 2 : profile.outages + profile.pauses === 0 ? 20 : 300;
  const count = { falseSuspect: 0, trueSuspect: 0, falseDead: 0, trueDead: 0, gray: 0 };
  const falseDown = peers().map(() => 0);
  const trueDown = peers().map(() => 0);
  for (let day = 0; day < days; day++) {
    const world = new World(profile, Random.seeded(day + 1), peers(), {
      council: (state, _, sentNothingForMs) => {
        if (state === 'suspect') count[sentNothingForMs < STALLED_SUSPECT_MS ? 'falseSuspect' : 'trueSuspect']++;
        if (state === 'dead') count[sentNothingForMs < STALLED_DEAD_MS ? 'falseDead' : 'trueDead']++;
        if (state === 'gray') count.gray++;
      },
      detector: (index, _, sentNothingForMs) => {
        const counts = sentNothingForMs < STALLED_SUSPECT_MS ? falseDown : trueDown;
        counts[index] = (counts[index] as number) + 1;
      },
    });
    world.run(DAY_MS);
  }
  const { name } = profile;
  const each = (total: number): number => total / days;
  return [
    {
      ...info(`${name}.false-dead`, `${name} links: declared dead while it lived`, each(count.falseDead), '1/peer/day'),
      target: FALSE_DEAD,
      pass: each(count.falseDead) <= FALSE_DEAD,
      note: `${count.falseDead} in ${days} peer-days; stalled for 8 s or longer and declared dead: ${count.trueDead}`,
    },
    {
      ...info(
        `${name}.false-suspect`,
        `${name} links: suspected while it lived`,
        each(count.falseSuspect),
        '1/peer/day',
      ),
      note: `only reversible actions follow; truly stalled: ${each(count.trueSuspect).toFixed(2)} a day, gray: ${each(count.gray).toFixed(2)} a day`,
    },
    ...peers().map((detector, index) => ({
      ...info(
        `${name}.false-down.${idOf(detector)}`,
        `${detector.name}: down while it lived`,
        each(falseDown[index] as number),
        '1/peer/day',
      ),
      note: `truly stalled for 3 s or longer: ${each(trueDown[index] as number).toFixed(2)} a day`,
    })),
  ];
}

function timeRow(id: string, what: string, seconds: readonly number[], target: number | null): BenchRow {
  const sorted = [...seconds].sort((a, b) => a - b);
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] as number;
  const value = at(0.99);
  const note = `median ${at(0.5).toFixed(2)}, longest ${at(1).toFixed(2)} of ${sorted.length} crashes`;
  return { id, what, value, unit: 's', target, pass: target === null ? null : value <= target, note };
}

function idOf({ name }: Detector): string {
  return name.toLowerCase().replaceAll(' ', '-');
}

function info(id: string, what: string, value: number, unit: string): BenchRow {
  return { id, what, value, unit, target: null, pass: null };
}
