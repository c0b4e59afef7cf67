/**
 * One drill on a running system: the fault, the incident that comes of it, and what its diagnosis says when it is over.
 * An independent client says whether users felt anything; a clock of our own whether the machine kept up at all.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BEAT_MS, LagMeter } from '../../src/agent/lag.ts';
import { parsePressure } from '../../src/agent/node-sampler.ts';
import type { HoldfastClient } from '../../src/api/client.ts';
import type { ProofResource } from '../../src/api/proof-resources.ts';
import type { IncidentResource } from '../../src/api/resources.ts';
import { tellIncident } from '../../src/cli/story.ts';
import { styleFor } from '../../src/cli/terminal.ts';
import { inject } from '../../test/support/faults/runner.ts';
import { type LoadSummary, monotonicMs } from '../../test/support/load.ts';
import type { Loaded } from '../../test/support/sample-systems.ts';
import { pause, type TestSystem } from '../../test/support/system.ts';
import type { DrillCase, Injection, SystemName } from './cases.ts';

export interface Told {
  readonly blamed: string;
  readonly right: boolean;
  readonly faultClass: string;
  readonly classRight: boolean;
  /** 0–1. */
  readonly confidence: number;
  readonly abstained: boolean;
}

/**
 * judged: there was something to explain. borne: nobody felt it and nobody was accused. idle: the fault had no effect,
 * or could not be done here. Only what is judged counts.
 */
export interface Drill {
  readonly system: SystemName;
  readonly test: DrillCase;
  readonly kind: 'judged' | 'borne' | 'idle';
  /** Null: no incident came of it. */
  readonly told: Told | null;
  /** The machine did not keep up: timers late, processor wanted and not had. Null: it did. */
  readonly starved: string | null;
  readonly note: string;
  /** The incident as `holdfast describe` tells it. */
  readonly story: string;
  /** False: it did not come to rest. */
  readonly quiet: boolean;
}

const QUIET_WITHIN_MS = 60_000;
/** Edges have to have seen a healthy system between two drills. */
const SETTLE_MS = 3_000;
/** What was noticed must be over by then, or it counts as it stands. */
const OVER_WITHIN_MS = 90_000;
/** An echo may open its incident a little later. */
const ECHO_MS = 1_500;
/** Users felt it: so many more calls failed, or the slowest hundredth took so much longer. */
const FELT = { share: 0.002, ratio: 2, ms: 50 };
/** Beyond these a miss may be the machine's: our own timers late, and somebody waiting for a processor most of the time. */
const STARVED = { lagMs: 500, pressure: 0.8 };

export async function drill(name: SystemName, { system, load }: Loaded, test: DrillCase): Promise<Drill> {
  await system.waitQuiet(QUIET_WITHIN_MS);
  const beganMs = monotonicMs();
  await pause(SETTLE_MS);
  const before = new Set((await system.incidents()).map(({ id }) => id));
  const fromMs = monotonicMs();
  const watch = new Watch();
  const noticed = new Noticed(system);
  try {
    const idle = await act(system, test);
    const fresh = await over(system, before, test);
    await pause(ECHO_MS);
    const [usual, during] = [await load.window(beganMs, fromMs), await load.window(fromMs, monotonicMs())];
    const own = incidentOf(fresh, test);
    const starved = watch.end();
    const felt = feltBy(usual, during);
    const base = { system: name, test, starved, quiet: fresh.every(({ closedAt }) => closedAt !== null) };
    if (own === undefined) {
      const kind = idle !== null ? 'idle' : felt === null ? 'borne' : 'judged';
      const note = idle ?? (felt === null ? 'borne: nobody felt it' : `not noticed, though ${felt}`);
      return { ...base, kind, told: null, note: noteOf(note, starved), story: noticed.text };
    }
    const told = toldOf(own, test);
    const sure = `${Math.round(told.confidence * 100)} %${told.abstained ? ', inconclusive' : ''}`;
    const others = fresh.length > 1 ? `; ${fresh.length} incidents` : '';
    const note = noteOf(`${told.blamed}, ${told.faultClass}, ${sure}${others}`, starved);
    return {
      ...base,
      kind: 'judged',
      told,
      note,
      story: fresh.map((one) => tellIncident(one, styleFor(false))).join('\n'),
    };
  } finally {
    watch.end();
    noticed.end();
  }
}

/** Symptoms, also those of which no incident came: why nothing was told is to be understood afterwards. */
class Noticed {
  readonly #seen = new Map<string, string>();
  readonly #timer: NodeJS.Timeout;

  constructor(system: TestSystem) {
    this.#timer = setInterval(() => {
      void system
        .read((client) => client.symptoms())
        .then((symptoms) => {
          for (const { id, summary, evidence } of symptoms) this.#seen.set(id, [summary, ...evidence].join(': '));
        })
        .catch((error: unknown) => this.#seen.set('unheard', `not to be asked for a time: ${error}`));
    }, 1_000);
  }

  get text(): string {
    return this.#seen.size === 0 ? 'no symptoms' : [...this.#seen.values()].join('\n');
  }

  end(): void {
    clearInterval(this.#timer);
  }
}

const noteOf = (note: string, starved: string | null): string => (starved === null ? note : `${note} [${starved}]`);

/** Why it did nothing; null: it did. */
async function act(system: TestSystem, test: DrillCase): Promise<string | null> {
  if (test.act.by === 'hand') {
    await inject(system, test.act.test);
    return null;
  }
  const { kinds } = await system.read((client) => client.faults());
  const facts = kinds.find(({ kind }) => kind === (test.act as Injection).kind);
  if (facts === undefined || !facts.possible) return `left out: ${facts?.how ?? 'not known here'}`;
  const proof = await prove(system, test, test.act);
  const finding = (aspect: string) => proof.findings.find((one) => one.aspect === aspect);
  const [ran, bitten] = [finding('ran'), finding('bitten')];
  if (ran?.result !== 'met') return `did not run: ${ran?.found ?? proof.summary}`;
  return bitten?.result === 'unmet' ? `did not bite: ${bitten.found}` : null;
}

async function prove(system: TestSystem, test: DrillCase, act: Injection): Promise<ProofResource> {
  const directory = mkdtempSync(join(tmpdir(), 'hf-drill-'));
  const of = /-\d+$/.test(test.target) ? { instances: [test.target] } : { service: test.target };
  const target =
    test.target === 'the machine' ? { node: 'localhost' } : { ...(act.from === null ? {} : { from: act.from }), ...of };
  const where = ['disk-full', 'io'].includes(act.kind) ? { path: system.stateDir } : {};
  const lasts = act.forMs === null ? {} : { for: act.forMs / 1_000 };
  const method = [
    {
      type: 'action',
      name: act.kind,
      'x-holdfast': { fault: act.kind, target, ...lasts, ...where, ...act.parameters },
    },
  ];
  const text = JSON.stringify({ title: test.id, description: test.what, method });
  const run = { kind: 'experiments', files: [{ file: 'drill.json', baseDir: directory, text }] } as const;
  try {
    const { proofs } = await system.client.prove({ run, environment: {}, dryRun: false, why: 'drill' });
    const id = proofs[0] ?? '';
    return await system.waitFor(`the end of ${test.id}`, 180_000, async (client) => {
      const proof = await client.proof(id);
      return proof.state === 'done' ? proof : undefined;
    });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const isOver = ({ closedAt, status }: IncidentResource): boolean => closedAt !== null || status === 'escalated';

/** Every incident since, oldest first, when all are over; as they stand when that takes too long. */
async function over(
  system: TestSystem,
  before: ReadonlySet<string>,
  test: DrillCase,
): Promise<readonly IncidentResource[]> {
  const look = async (client: HoldfastClient) =>
    (await client.incidents({ state: 'all', limit: 50 }))
      .filter(({ id }) => !before.has(id))
      .sort((a, b) => a.openedAt.localeCompare(b.openedAt));
  // A proof waits for the loop itself; what was done by hand is not known to anybody.
  const patienceMs = test.act.by === 'hand' ? test.act.test.expect.repairedWithinMs : 2_000;
  const until = performance.now() + patienceMs;
  const end = until + OVER_WITHIN_MS;
  for (;;) {
    const fresh = await system.read(look);
    if (fresh.length > 0 ? fresh.every(isOver) : performance.now() > until) return fresh;
    if (performance.now() > end) return fresh;
    await pause(100);
  }
}

/** The first that concerns what was struck, or else the first. */
function incidentOf(fresh: readonly IncidentResource[], { target }: DrillCase): IncidentResource | undefined {
  const service = target.replace(/-\d+$/, '');
  return fresh.find(({ services }) => services.includes(service)) ?? fresh[0];
}

function toldOf({ causes, abstained }: IncidentResource, { blamed, classes }: DrillCase): Told {
  const cause = causes[0];
  if (cause === undefined) {
    return { blamed: 'nobody', right: false, faultClass: '-', classRight: false, confidence: 0, abstained: true };
  }
  const { entity, faultClass, confidence } = cause;
  const names = [
    entity.name,
    ...(entity.kind === 'edge' ? [`→${entity.callee}`] : []),
    ...(entity.kind === 'node' ? ['(node)'] : []),
  ];
  const right = names.some((name) => blamed.includes(name));
  return { blamed: entity.name, right, faultClass, classRight: classes.includes(faultClass), confidence, abstained };
}

function feltBy(usual: LoadSummary, during: LoadSummary): string | null {
  const failed = during.failedShare - usual.failedShare;
  if (failed > FELT.share) return `${Math.round(failed * 1_000) / 10} % of calls failed`;
  const [before, now] = [usual.latencyMs.p99 ?? 0, during.latencyMs.p99 ?? 0];
  return now > FELT.ratio * before + FELT.ms
    ? `the slowest took ${Math.round(now)} ms, before ${Math.round(before)}`
    : null;
}

/** Whether this machine keeps up while a drill lasts. */
class Watch {
  readonly #fromMs = monotonicMs();
  readonly #lag = new LagMeter(this.#fromMs);
  readonly #pressedUs = pressureUs();
  readonly #timer = setInterval(() => this.#lag.beat(monotonicMs()), BEAT_MS);

  end(): string | null {
    clearInterval(this.#timer);
    const now = monotonicMs();
    const lagMs = this.#lag.worstSince(this.#fromMs, now);
    const pressed = (pressureUs() - this.#pressedUs) / 1_000 / Math.max(1, now - this.#fromMs);
    if (lagMs < STARVED.lagMs && pressed < STARVED.pressure) return null;
    return `machine starved: timers up to ${Math.round(lagMs)} ms late, somebody waited for a processor ${Math.round(100 * pressed)} % of the time`;
  }
}

/** Time in which somebody waited for a processor since the start of the machine (PSI); 0 where the kernel does not say. */
function pressureUs(): number {
  try {
    return parsePressure(readFileSync('/proc/pressure/cpu', 'utf8')) ?? 0;
  } catch {
    return 0;
  }
}
