/** Every kind of fault that this machine can do in force at once, on a system made for it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Injector } from '../../src/inject/injector.ts';
import type { FaultKindFacts } from '../../src/model/fault.ts';
import { TrafficClient } from '../../src/traffic/client.ts';
import { ensureBuilt } from './paths.ts';
import { freePort, pause, TestSystem } from './system.ts';

/** Longer than it takes a busy machine to begin them all: a fault that is not begun within its lease is over. */
export const LEASE_MS = 8_000;
/** Keepers look twenty times a second; a busy machine is given more. */
const SLACK_MS = 4_000;
/** One instance for each kind, and some to spare. */
const REPLICAS = 30;
const PROGRAM = `
  require('http').createServer((q, r) => r.end('ok')).listen(process.env.PORT);
  setInterval(() => require('fs').readFileSync(__filename), 50);
  process.on('SIGTERM', () => process.exit(0));`;
/** As gentle as they come: here it is their end that is looked at. */
const PARAMETERS: Readonly<Record<string, object>> = {
  cpu: { workers: 1, percent: 20 },
  memory: { bytes: 33_554_432 },
  io: { bytesPerSec: 1_000_000, bytes: 4_194_304 },
  'disk-full': { maxBytes: 1_048_576 },
  processes: { count: 10 },
  clock: { offsetSec: 3_600 },
  drill: { kind: 'slow', ms: 1 },
  latency: { ms: 50 },
  bandwidth: { bytesPerSec: 1_000_000 },
  loss: { share: 0.1 },
  slicer: { averageBytes: 100 },
  limit: { bytes: 1_000_000 },
  'slow-close': { delayMs: 10 },
  'http-delay': { ms: 50 },
  'http-body': { change: 'truncate', bytes: 1 },
};

export interface Struck {
  readonly kinds: readonly string[];
  /** What could not be begun, and why. */
  readonly failed: readonly string[];
  readonly proof: string;
}

export interface Left {
  readonly kind: string;
  /** Not over yet, or something of it is left: one line each. */
  readonly lines: readonly string[];
}

/** Who is killed; the agent lives in the server. */
export type Part = 'server' | 'traffic' | 'all';
export const PARTS: readonly Part[] = ['server', 'traffic', 'all'];

export class AllFaults {
  readonly system: TestSystem;
  readonly #directory: string;

  private constructor(system: TestSystem, directory: string) {
    this.system = system;
    this.#directory = directory;
  }

  /** Nothing is repaired in it: a fault whose target is replaced ends before its time. */
  static async open(): Promise<AllFaults> {
    ensureBuilt();
    const directory = mkdtempSync(join(tmpdir(), 'hf-faults-'));
    writeFileSync(join(directory, 'server.cjs'), PROGRAM);
    const compose = `name: many
services:
  open:
    command: ["node", "server.cjs"]
    ports: ["127.0.0.1:${await freePort()}:80"]
    deploy: { replicas: ${REPLICAS} }
    x-holdfast: { experiments: allow, recovery: { mode: observe } }
policy: { max_disruption: 100 }
`;
    writeFileSync(join(directory, 'compose.yaml'), compose);
    const system = await TestSystem.start({ file: join(directory, 'compose.yaml') });
    return new AllFaults(system, directory);
  }

  async close(): Promise<void> {
    await this.system.stop();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  /** Resolves when all that can be are in force. */
  async strike(): Promise<Struck> {
    const { kinds } = await this.system.client.faults();
    // Not what would take the targets of the others away.
    const lasting = kinds.filter(
      ({ kind, instant, possible, targets }) =>
        possible && !instant && kind !== 'node-loss' && !targets.some((target) => ['service', 'ways'].includes(target)),
    );
    const file = { file: 'all.json', baseDir: this.#directory, text: this.#experiment(lasting) };
    const run = { kind: 'experiments', files: [file] } as const;
    const { proofs } = await this.system.client.prove({ run, environment: {}, dryRun: false, why: 'all at once' });
    const proof = proofs[0] ?? '';
    const failed = await this.system.waitFor('all faults in force', 30_000, async (client) => {
      const [{ running }, { progress }] = await Promise.all([client.faults(), client.proof(proof)]);
      const begun = running.filter(({ targets }) => targets.every(({ phase }) => phase === 'active'));
      const refused = progress.map(({ text }) => text).filter((text) => text.includes(' failed: '));
      return begun.length + refused.length >= lasting.length ? refused : undefined;
    });
    return { kinds: lasting.map(({ kind }) => kind), failed, proof };
  }

  /** kill -9 of the server with the agent in it, of the traffic process, or of both. */
  async kill(part: Part = 'all'): Promise<void> {
    const { parts } = await this.system.client.status();
    const traffic = parts.find(({ name }) => name === 'traffic')?.pid;
    if (part !== 'traffic') this.system.killServer();
    if (part !== 'server' && traffic) process.kill(traffic, 'SIGKILL');
  }

  /**
   * After the lease: each of those that leave traces on the machine, and what a traffic process that still runs, or the
   * one that has taken its place, has in force.
   */
  async leftAfterLease(): Promise<readonly Left[]> {
    const machine = await this.#leftOnMachine();
    const traffic = await this.#inTraffic();
    return traffic === null ? machine : [...machine, { kind: 'traffic', lines: traffic }];
  }

  /** null: none runs. */
  async #inTraffic(): Promise<readonly string[] | null> {
    const nothing = (): void => undefined;
    const events = { onSignals: nothing, onApplied: nothing, onStatus: nothing };
    const client = new TrafficClient(this.system.stateDir, events, { observer: true });
    try {
      await client.ensureRunning();
      return (await client.faults()).map(
        ({ fault }) => `${fault.kind} on the way to ${fault.where.instance} is in force`,
      );
    } catch {
      return null;
    } finally {
      client.close();
    }
  }

  async #leftOnMachine(): Promise<readonly Left[]> {
    const injector = new Injector(this.system.stateDir);
    const open = () => injector.list().filter(({ phase }) => phase !== 'ended');
    await pause(LEASE_MS);
    for (const give = performance.now() + SLACK_MS; open().length > 0 && performance.now() < give; ) await pause(50);
    return injector.list().map(({ fault, phase, end }) => ({
      kind: fault.kind,
      lines: [...(phase === 'ended' ? [] : [`it is ${phase}`]), ...(end?.residue ?? []), ...injector.residue(fault.id)],
    }));
  }

  #experiment(kinds: readonly FaultKindFacts[]): string {
    const method = kinds.map(({ kind, targets }, n) => ({
      type: 'action',
      name: kind,
      background: true,
      'x-holdfast': {
        fault: kind,
        target: targets.every((target) => target === 'node') ? { node: 'localhost' } : { instances: [`open-${n + 1}`] },
        for: 60,
        lease: LEASE_MS / 1_000,
        ...(targets[0] === 'directory' ? { path: this.#directory } : {}),
        ...PARAMETERS[kind],
      },
    }));
    return JSON.stringify({ title: 'all at once', description: 'every kind', method });
  }
}
