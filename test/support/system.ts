/**
 * A real system under test: a server from the build on a temporary state directory, brought up with the command as a
 * user would. Its end checks that no process of it is left.
 */
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HoldfastClient } from '../../src/api/client.ts';
import type { ApiFile, IncidentResource, InstanceResource } from '../../src/api/resources.ts';
import { isAlive } from '../../src/cli/connect.ts';
import { ensureServer } from '../../src/cli/daemon.ts';
import { processesOf } from '../../src/cli/leftovers.ts';
import { readSpec } from '../../src/cli/spec-source.ts';
import { tellIncident } from '../../src/cli/story.ts';
import { styleFor } from '../../src/cli/terminal.ts';
import { isSettled, patiently } from '../../src/cli/wait.ts';
import { cli } from './cli.ts';
import { ensureBuilt } from './paths.ts';

export { freePort } from './ports.ts';

export interface SystemOptions {
  /** The spec file. */
  readonly file: string;
  /** Variables for interpolation. */
  readonly variables?: Readonly<Record<string, string>>;
  readonly healthyWithinMs?: number;
  /** Further options of the server, also after a restart: `--notify`, …. */
  readonly serverArguments?: readonly string[];
}

const CALL_PATIENCE_MS = 30_000;
const GONE_WITHIN_MS = 30_000;

export class TestSystem {
  readonly stateDir: string;
  readonly #file: string;
  readonly #variables: Readonly<Record<string, string>>;
  readonly #serverArguments: readonly string[];
  /** Killed and perhaps not gone yet. */
  #killed: number | null = null;

  private constructor(options: SystemOptions) {
    this.stateDir = realpathSync(mkdtempSync(join(tmpdir(), 'hf-test-')));
    this.#file = options.file;
    this.#variables = options.variables ?? {};
    this.#serverArguments = options.serverArguments ?? [];
  }

  static async start(options: SystemOptions): Promise<TestSystem> {
    ensureBuilt();
    const system = new TestSystem(options);
    const timeout = `${options.healthyWithinMs ?? 60_000}ms`;
    const args = [
      'up',
      '-f',
      options.file,
      '--state-dir',
      system.stateDir,
      '--timeout',
      timeout,
      ...system.#serverArguments,
    ];
    const up = await cli(args, { env: system.#variables, timeoutMs: 90_000 });
    if (up.code === 0) return system;
    const log = system.serverLog();
    await system.stop().catch(() => undefined);
    throw new Error(`up ended with ${up.code}:\n${up.stderr}\n${log}`);
  }

  get api(): ApiFile {
    return JSON.parse(readFileSync(join(this.stateDir, 'api.json'), 'utf8')) as ApiFile;
  }

  /** Made anew for each call: after a restart the server may listen elsewhere. */
  get client(): HoldfastClient {
    return new HoldfastClient({ url: this.api.url, token: this.api.token });
  }

  /** Reads through the restart of the server. */
  read<T>(call: (client: HoldfastClient) => Promise<T>): Promise<T> {
    return patiently(() => call(this.client), CALL_PATIENCE_MS);
  }

  serverLog(): string {
    const path = join(this.stateDir, 'server.log');
    return existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(-40).join('\n') : '';
  }

  async instance(id: string): Promise<InstanceResource> {
    const found = (await this.read((client) => client.instances())).find((instance) => instance.id === id);
    if (!found) throw new Error(`there is no instance ${id}`);
    return found;
  }

  /** The same file with other variables, or with its text changed: what a deploy is. */
  async apply(
    variables: Readonly<Record<string, string>>,
    why: string,
    edit = (text: string) => text,
  ): Promise<string> {
    const spec = readSpec(this.#file, {}, { ...this.#variables, ...variables });
    const result = await this.client.apply({ spec: { ...spec, text: edit(spec.text) }, index: null, why });
    return result.change ?? '';
  }

  /** Healthy, no rollout, no open incident. */
  async waitQuiet(withinMs: number): Promise<void> {
    const until = performance.now() + withinMs;
    for (;;) {
      const [status, services] = await this.read((client) => Promise.all([client.status(), client.services()]));
      if (isSettled(status, services) && status.openIncidents === 0) return;
      if (performance.now() > until) {
        const open = await this.read((client) => client.incidents({ state: 'open' }));
        const titles = open.map((incident) => `${incident.id} ${incident.status} ${incident.title}`);
        throw new Error(`not quiet after ${withinMs} ms: ${status.sentence} ${titles.join('; ')}`);
      }
      await pause(100);
    }
  }

  async waitFor<T>(
    what: string,
    withinMs: number,
    look: (client: HoldfastClient) => Promise<T | undefined>,
  ): Promise<T> {
    const until = performance.now() + withinMs;
    for (;;) {
      const found = await this.read(look);
      if (found !== undefined) return found;
      if (performance.now() > until) {
        const stories = (await this.incidents()).slice(0, 3).map((incident) => tellIncident(incident, styleFor(false)));
        const { sentence } = await this.read((each) => each.status());
        throw new Error(`${what}: not within ${withinMs} ms\n${[sentence, ...stories, this.serverLog()].join('\n\n')}`);
      }
      await pause(50);
    }
  }

  incidents(): Promise<readonly IncidentResource[]> {
    return this.read((client) => client.incidents({ state: 'all', limit: 100 }));
  }

  /** kill -9 of Holdfast itself. */
  killServer(): void {
    this.#killed = this.api.pid;
    process.kill(this.#killed, 'SIGKILL');
  }

  /** None when one runs. One that was killed is gone first: on a busy machine that takes it a while. */
  async startServer(): Promise<void> {
    const killed = this.#killed;
    for (const end = performance.now() + GONE_WITHIN_MS; killed !== null && !hasEnded(killed); await pause(20))
      if (performance.now() > end) throw new Error(`the server ${killed} outlives kill -9`);
    this.#killed = null;
    await ensureServer(this.stateDir, undefined, this.#serverArguments);
  }

  /** Ends everything; throws when a process is still there afterwards, having killed it. */
  async stop(): Promise<void> {
    const down = await cli(['down', '--yes', '--state-dir', this.stateDir], { timeoutMs: 90_000 });
    const left = await this.#killRest();
    const log = this.serverLog();
    rmSync(this.stateDir, { recursive: true, force: true });
    if (down.code !== 0) throw new Error(`down ended with ${down.code}:\n${down.stderr}\n${log}`);
    if (left.length > 0) throw new Error(`left behind: ${left.join('; ')}`);
  }

  async #killRest(): Promise<string[]> {
    // What is ending may take a moment to be gone.
    for (let tries = 0; tries < 20 && processesOf(this.stateDir).length > 0; tries++) await pause(50);
    const left = processesOf(this.stateDir);
    for (const { pid } of left) if (isAlive(pid)) process.kill(pid, 'SIGKILL');
    return left.map(({ pid, command }) => `${pid} ${command}`);
  }
}

/** Also one that is still to be collected by its parent: nothing of it works any more. */
export function hasEnded(pid: number): boolean {
  if (!isAlive(pid)) return true;
  try {
    return /\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return true;
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
