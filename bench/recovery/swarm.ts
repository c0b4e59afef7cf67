/**
 * The peer Docker Swarm: an engine of this benchmark's own, on private paths, one node, a service of three tasks. There
 * is no routing mesh here (it needs IPVS in the kernel), so tasks listen on the host's loopback, each on a port of its
 * own, and clients take turns between them: as with the mesh, a task gets traffic until it is known to be gone, but
 * unlike with the mesh, its clients are not told.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { pause } from '../../test/support/system.ts';
import { unmountBelow } from './mounts.ts';
import { untilAllAnswer } from './ready.ts';
import { REPLICAS, type Replica, type Subject } from './subject.ts';
import { buildImage } from './swarm-image.ts';

const CALL_WITHIN_MS = 60_000;
const UP_WITHIN_MS = 30_000;
const DOWN_WITHIN_MS = 20_000;
const run = promisify(execFile);

interface Container {
  readonly Id: string;
  readonly State: { readonly Pid: number; readonly Running: boolean };
}

export class Swarm implements Subject {
  readonly name = 'swarm';
  /** Ports are these digits and then the slot: that is how a template can give each task its own. */
  #digits = '';
  #dir: string | null = null;
  #engine: ChildProcess | null = null;
  #events: ChildProcess | null = null;
  /** By container: wall-clock ms of its end, by the engine's own clock. */
  readonly #deaths = new Map<string, number>();

  get addresses(): readonly string[] {
    return SLOTS.map((slot) => `http://127.0.0.1:${this.#digits}${slot}`);
  }

  missing(): Promise<string | null> {
    return missingDocker();
  }

  async start(): Promise<void> {
    this.#digits = await freeDigits();
    this.#dir = mkdtempSync(join(tmpdir(), 'hf-swarm-'));
    await this.#startEngine(this.#dir);
    await this.#docker('swarm', 'init', '--advertise-addr', '127.0.0.1');
    const tar = buildImage(this.#dir);
    await this.#docker('import', '--change', 'CMD ["node", "/app.mjs"]', '--change', 'ENV PATH=/bin', tar, 'app:1');
    this.#watch();
    await this.#docker(...createService(this.#digits));
    await untilAllAnswer(async () => (await this.replicas()).length === REPLICAS, this.addresses);
  }

  async replicas(): Promise<readonly Replica[]> {
    const ids = (await this.#docker('ps', '-q', '--no-trunc', '--filter', 'label=com.docker.swarm.service.name=web'))
      .split('\n')
      .filter((id) => id !== '');
    if (ids.length === 0) return [];
    const containers = JSON.parse(await this.#docker('inspect', ...ids)) as readonly Container[];
    return containers.filter(({ State }) => State.Running).map(({ Id, State }) => ({ id: Id, pid: State.Pid }));
  }

  async settled(): Promise<boolean> {
    return (await this.replicas()).length === REPLICAS;
  }

  async noticedAt(replica: Replica): Promise<number | null> {
    return this.#deaths.get(replica.id) ?? null;
  }

  async story(): Promise<readonly string[]> {
    return [];
  }

  async stop(): Promise<void> {
    if (this.#dir === null) return;
    const dir = this.#dir;
    this.#events?.kill();
    // Its tasks go first: they would outlive an engine that is killed. One that is not up has no swarm to leave.
    await this.#docker('swarm', 'leave', '--force').catch(() => undefined);
    if (this.#engine) await end(this.#engine);
    this.#engine = null;
    endContainerd(dir);
    unmountBelow(dir);
    rmSync(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    this.#dir = null;
  }

  async #startEngine(dir: string): Promise<void> {
    const log = openSync(join(dir, 'dockerd.log'), 'a');
    const args = [
      '--bridge=none',
      '--iptables=false',
      '--data-root',
      join(dir, 'data'),
      '--exec-root',
      join(dir, 'exec'),
    ];
    args.push('-H', `unix://${join(dir, 'd.sock')}`, '--pidfile', join(dir, 'pid'));
    // A group of its own: Ctrl-C is for the benchmark, which then ends the engine in order.
    this.#engine = spawn('dockerd', args, { stdio: ['ignore', log, log], detached: true });
    closeSync(log);
    const until = performance.now() + UP_WITHIN_MS;
    while (
      !(await this.#docker('version').then(
        () => true,
        () => false,
      ))
    ) {
      const gone = this.#engine.exitCode !== null;
      if (gone || performance.now() > until) {
        const said = readFileSync(join(dir, 'dockerd.log'), 'utf8').split('\n').slice(-10).join('\n');
        throw new Error(`dockerd did not come up:\n${said}`);
      }
      await pause(200);
    }
  }

  #watch(): void {
    const args = [...this.#host(), 'events', '--filter', 'event=die', '--format', '{{json .}}'];
    const events = spawn('docker', args, { stdio: ['ignore', 'pipe', 'ignore'] });
    createInterface({ input: events.stdout }).on('line', (line) => {
      const { id, timeNano } = JSON.parse(line) as { id: string; timeNano: number };
      this.#deaths.set(id, timeNano / 1e6);
    });
    this.#events = events;
  }

  #host(): string[] {
    return ['-H', `unix://${join(this.#dir ?? '', 'd.sock')}`];
  }

  async #docker(...args: string[]): Promise<string> {
    const { stdout } = await run('docker', [...this.#host(), ...args], { timeout: CALL_WITHIN_MS });
    return stdout.trim();
  }
}

const SLOTS = Array.from({ length: REPLICAS }, (_, index) => index + 1);

/** Docker's own defaults: checks each 30 s, three failures; a task is replaced after 5 s. */
function createService(digits: string): string[] {
  return [
    ...['service', 'create', '--name', 'web', '--replicas', String(REPLICAS), '--network', 'host', '--detach'],
    ...['--no-resolve-image', '--env', `PORT=${digits}{{.Task.Slot}}`, '--health-cmd', 'node /check.mjs', 'app:1'],
  ];
}

async function freeDigits(): Promise<string> {
  for (let digits = 1_810; digits < 1_900; digits++) {
    const free = await Promise.all(SLOTS.map((slot) => isFree(digits * 10 + slot)));
    if (free.every(Boolean)) return String(digits);
  }
  throw new Error('no three free ports between 18100 and 19000');
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.on('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}

async function missingDocker(): Promise<string | null> {
  if (process.getuid?.() !== 0) return 'Docker Swarm is measured as root only';
  for (const program of ['dockerd', 'docker']) {
    const found = await run(program, ['--version']).then(
      () => true,
      () => false,
    );
    if (!found) return `${program} is not installed (Debian: docker.io)`;
  }
  return null;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const impatience = setTimeout(() => child.kill('SIGKILL'), DOWN_WITHIN_MS);
  child.kill('SIGTERM');
  await gone;
  clearTimeout(impatience);
}

/** containerd belongs to the engine, and outlives it when that was killed. */
function endContainerd(dir: string): void {
  const path = join(dir, 'exec/containerd/containerd.pid');
  if (!existsSync(path)) return;
  const pid = Number(readFileSync(path, 'utf8'));
  const command = existsSync(`/proc/${pid}/cmdline`) ? readFileSync(`/proc/${pid}/cmdline`, 'utf8') : '';
  if (command.includes(dir)) process.kill(pid, 'SIGKILL');
}
