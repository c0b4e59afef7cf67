/**
 * What one control plane costs as instances grow: the real core, fed what real agents would send for N healthy
 * instances under load (checks each second, resource samples, edge windows), with every input journaled as the server
 * does it. Time is virtual, so the figure is CPU used per second of the cluster's life.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Core, CoreInput } from '../../src/core/contract.ts';
import { createCore } from '../../src/core/index.ts';
import type { LaunchSpec } from '../../src/model/link.ts';
import type { Signal } from '../../src/model/signal.ts';
import { Engine } from '../../src/server/engine.ts';
import { Journal } from '../../src/store/journal.ts';
import type { Bench, BenchOptions, BenchRow } from '../contract.ts';
import { fleetSpec, steadySignals } from './fleet.ts';

const SECONDS = 30;
const QUICK_SECONDS = 8;
/** The agent sends what it gathered this often. */
const BATCH_MS = 100;
const WALL_MS = 1_750_000_000_000;

interface Cost {
  readonly instances: number;
  /** Share of one core. */
  readonly cpuShare: number;
  readonly heapBytes: number;
}

export const bench: Bench = {
  name: 'scale',
  what: 'CPU and memory of one control plane, from 100 to 10,000 instances with 1 s checks',
  async run(options: BenchOptions): Promise<BenchRow[]> {
    const sizes = options.quick ? [100, 1_000, 3_000] : [100, 1_000, 3_000, 10_000];
    const costs: Cost[] = [];
    for (const size of sizes) {
      options.log(`${size} instances …`);
      costs.push(await measure(size, options.quick ? QUICK_SECONDS : SECONDS));
    }
    return rowsOf(costs);
  },
};

function rowsOf(costs: readonly Cost[]): BenchRow[] {
  const rows = costs.flatMap(({ instances, cpuShare, heapBytes }): BenchRow[] => [
    {
      id: `cpu.${instances}`,
      what: `share of one core at ${instances} instances`,
      value: cpuShare * 100,
      unit: '%',
      target: instances === 1_000 ? 20 : null,
      pass: instances === 1_000 ? cpuShare <= 0.2 : null,
    },
    {
      id: `memory.${instances}`,
      what: `heap per instance at ${instances}`,
      value: heapBytes / instances / 1_024,
      unit: 'KiB',
      target: null,
      pass: null,
    },
  ]);
  const small = costs[0] as Cost;
  const large = costs.at(-1) as Cost;
  const growth = large.cpuShare / small.cpuShare / (large.instances / small.instances);
  rows.push({
    id: 'growth.cpu',
    what: `CPU per instance at ${large.instances} against ${small.instances} (1 = linear)`,
    value: growth,
    unit: '×',
    target: 1.1,
    pass: growth <= 1.1,
  });
  const memory = large.heapBytes / small.heapBytes / (large.instances / small.instances);
  rows.push({
    id: 'growth.memory',
    what: `heap per instance at ${large.instances} against ${small.instances} (1 = linear)`,
    value: memory,
    unit: '×',
    target: 1.1,
    pass: memory <= 1.1,
  });
  return rows;
}

/** What is garbage is no cost of an instance: without a collection the figure would be a matter of luck. */
const collect = ((): (() => void) => {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
})();

async function measure(size: number, seconds: number): Promise<Cost> {
  const dir = mkdtempSync(join(tmpdir(), 'holdfast-scale-'));
  collect();
  const heapBefore = process.memoryUsage().heapUsed;
  const core = createCore({ seed: 1, portRange: [20_000, 20_000 + 4 * size + 1_000], node: 'node-1' });
  const fleet = await Fleet.open(core, dir);
  try {
    await fleet.bringUp(size);
    const before = process.cpuUsage();
    await fleet.live(seconds);
    const { user, system } = process.cpuUsage(before);
    collect();
    const heapBytes = process.memoryUsage().heapUsed - heapBefore;
    return { instances: size, cpuShare: (user + system) / 1e6 / seconds, heapBytes };
  } finally {
    await fleet.close();
    rmSync(dir, { recursive: true, force: true });
  }
}

/** A control plane with its journal, and agents that are played by the bench. */
class Fleet {
  readonly #core: Core;
  readonly #engine: Engine;
  readonly #launches: LaunchSpec[] = [];
  #now = 1_000;
  #routesVersion = 0;

  static async open(core: Core, dir: string): Promise<Fleet> {
    const start = (): { at: number; wallMs: number; snapshot: string } => ({
      at: 1_000,
      wallMs: WALL_MS,
      snapshot: core.snapshot(),
    });
    return new Fleet(core, await Journal.open({ dir, start }));
  }

  private constructor(core: Core, journal: Journal) {
    this.#core = core;
    this.#engine = new Engine({
      core,
      journal,
      clock: { now: () => this.#now, wallMs: () => WALL_MS + this.#now },
      snapshot: () => core.snapshot(),
      seal: (text) => text,
      command: (command) => {
        if (command.kind === 'start') this.#launches.push(command.launch);
        if (command.kind === 'routes') this.#routesVersion = command.table.version;
      },
      page: () => {},
      event: () => {},
      stepped: () => {},
      journalTrouble: (error) => {
        if (error) throw error;
      },
    });
  }

  async bringUp(size: number): Promise<void> {
    await this.#feed({
      kind: 'apply',
      spec: fleetSpec(size),
      change: { who: 'bench', why: 'scale', expectIndex: null },
    });
    for (let round = 0; round < 50 && this.#core.instances.size > this.#ready(); round++) {
      await this.#feed({
        kind: 'agent',
        message: { kind: 'routes-applied', node: 'node-1', version: this.#routesVersion, failed: [] },
      });
      const started = this.#launches.splice(0);
      await this.#signals(started.flatMap((launch) => firstSignals(launch, this.#now)));
      this.#now += 250;
      await this.#tick();
    }
    if (this.#ready() !== size) throw new Error(`${this.#ready()} of ${size} instances came up`);
  }

  async live(seconds: number): Promise<void> {
    const end = this.#now + seconds * 1_000;
    const batches = 1_000 / BATCH_MS;
    for (let batch = 0; this.#now < end; batch++) {
      this.#now += BATCH_MS;
      await this.#signals(steadySignals(this.#core, batch % batches, batches, this.#now));
      if (batch % 2 === 0) await this.#tick();
    }
    if (this.#core.incidents.length > 0)
      throw new Error(`healthy instances, and yet: ${this.#core.incidents[0]?.title}`);
  }

  close(): Promise<void> {
    return this.#engine.close();
  }

  #ready(): number {
    let count = 0;
    for (const instance of this.#core.instances.values()) if (instance.ready) count += 1;
    return count;
  }

  #tick(): Promise<void> {
    return this.#feed({ kind: 'tick', wallMs: WALL_MS + this.#now });
  }

  #signals(signals: readonly Signal[]): Promise<void> {
    return this.#feed({ kind: 'agent', message: { kind: 'signals', node: 'node-1', signals } });
  }

  async #feed(input: CoreInput): Promise<void> {
    await this.#engine.submit(input);
  }
}

function firstSignals(launch: LaunchSpec, at: number): Signal[] {
  const { instance, incarnation } = launch;
  return [
    { kind: 'started', instance, incarnation, at, process: { pid: 1, startTicks: '1', bootId: 'bench' } },
    { kind: 'check', instance, incarnation, at, purpose: 'liveness', pass: true, latencyMs: 1, error: null },
  ];
}
