/**
 * The peer pm2, in its own way of running three replicas: cluster mode, one port, `-i 3`. It is used as a program from
 * an npm prefix in the temporary directory, and never becomes a dependency: its licence is the AGPL.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { freePort } from '../../test/support/system.ts';
import type { BenchOptions } from '../contract.ts';
import { APP, PM2_BUS } from './paths.ts';
import { untilAllAnswer } from './ready.ts';
import { REPLICAS, type Replica, type Subject } from './subject.ts';

const VERSION = '6';
const PREFIX = join(tmpdir(), `holdfast-bench-pm2-${VERSION}`);
const INSTALL_WITHIN_MS = 180_000;
const CALL_WITHIN_MS = 20_000;
const run = promisify(execFile);

interface Listed {
  readonly pm_id: number;
  readonly pid: number;
  readonly pm2_env: { readonly status: string };
}

export class Pm2 implements Subject {
  readonly name = 'pm2';
  readonly #log: BenchOptions['log'];
  #home: string | null = null;
  #port = 0;
  #bus: ChildProcess | null = null;
  /** By pm2's number of the replica: wall-clock ms of the last exit that it told of. */
  readonly #exits = new Map<number, number>();

  constructor(log: BenchOptions['log']) {
    this.#log = log;
  }

  get addresses(): readonly string[] {
    return [`http://127.0.0.1:${this.#port}`];
  }

  async missing(): Promise<null> {
    return null;
  }

  async start(): Promise<void> {
    await this.#install();
    this.#home = mkdtempSync(join(tmpdir(), 'hf-pm2-'));
    this.#port = await freePort();
    await this.#pm2('start', APP, '--name', 'web', '-i', String(REPLICAS));
    this.#listen();
    await untilAllAnswer(async () => (await this.replicas()).length === REPLICAS, this.addresses);
  }

  async replicas(): Promise<readonly Replica[]> {
    const listed = JSON.parse(await this.#pm2('jlist')) as readonly Listed[];
    return listed
      .filter(({ pm2_env: { status } }) => status === 'online')
      .map(({ pm_id, pid }) => ({ id: String(pm_id), pid }));
  }

  async settled(): Promise<boolean> {
    return (await this.replicas()).length === REPLICAS;
  }

  async noticedAt(replica: Replica, crashedAt: number): Promise<number | null> {
    const at = this.#exits.get(Number(replica.id));
    return at !== undefined && at >= crashedAt ? at : null;
  }

  async story(): Promise<readonly string[]> {
    return [];
  }

  async stop(): Promise<void> {
    if (this.#home === null) return;
    this.#bus?.kill();
    // Ends the daemon of this home and what it runs.
    await this.#pm2('kill');
    rmSync(this.#home, { recursive: true, force: true });
    this.#home = null;
  }

  async #install(): Promise<void> {
    if (existsSync(join(PREFIX, 'node_modules/pm2/package.json'))) return;
    this.#log(`installing pm2@${VERSION} into ${PREFIX}`);
    mkdirSync(PREFIX, { recursive: true });
    writeFileSync(join(PREFIX, 'package.json'), '{"private": true}\n');
    const args = ['install', '--prefix', PREFIX, '--no-audit', '--no-fund', `pm2@${VERSION}`];
    await run('npm', args, { timeout: INSTALL_WITHIN_MS });
  }

  /** Its bus tells of exits as its daemon sees them: sooner than any listing could. */
  #listen(): void {
    const bus = spawn(process.execPath, [PM2_BUS, join(PREFIX, 'node_modules/pm2')], {
      env: this.#env(),
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    createInterface({ input: bus.stdout }).on('line', (line) => {
      const { id, at } = JSON.parse(line) as { id: number; at: number };
      this.#exits.set(id, at);
    });
    this.#bus = bus;
  }

  async #pm2(...args: string[]): Promise<string> {
    const program = join(PREFIX, 'node_modules/pm2/bin/pm2');
    const { stdout } = await run(process.execPath, [program, ...args], { env: this.#env(), timeout: CALL_WITHIN_MS });
    return stdout;
  }

  #env(): NodeJS.ProcessEnv {
    return { ...process.env, PM2_HOME: this.#home ?? '', PM2_DISCRETE_MODE: 'true', PORT: String(this.#port) };
  }
}
