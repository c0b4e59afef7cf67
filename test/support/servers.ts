/** Real servers for tests, of this test alone: free ports, data in a temporary directory, killed by their own pid. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { ensureDebian } from './debian.ts';
import { freePort, pause } from './system.ts';

const START_WITHIN_MS = 20_000;
const GONE_WITHIN_MS = 20_000;
const BACKOFF_MS = 30;

/** A server that can be killed and started again on the same data and port. */
export abstract class TestServer {
  readonly port: number;
  readonly dir: string;
  #child: ChildProcess | undefined;
  #output = '';

  protected constructor(port: number) {
    this.port = port;
    this.dir = mkdtempSync(join(tmpdir(), 'hf-server-'));
    // PostgreSQL runs as another user.
    chmodSync(this.dir, 0o755);
  }

  protected abstract command(): readonly string[];

  async start(): Promise<void> {
    const [program = '', ...args] = this.command();
    // A group of its own: the servers have children.
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], cwd: this.dir, detached: true });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (chunk: Buffer) => {
        this.#output = (this.#output + chunk.toString()).slice(-4_000);
      });
    for (const until = performance.now() + START_WITHIN_MS; performance.now() < until; await pause(BACKOFF_MS)) {
      if (child.exitCode !== null) throw new Error(`${program} ended with ${child.exitCode}:\n${this.#output}`);
      if (await this.ready()) return;
    }
    throw new Error(`${program} does not answer:\n${this.#output}`);
  }

  /** Whether it answers. */
  protected ready(): Promise<boolean> {
    return listens(this.port);
  }

  /** kill -9 of the server and its children; resolves when all are gone: a child that still ends holds its data. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (!child?.pid || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    process.kill(-child.pid, 'SIGKILL');
    await ended;
    for (const until = performance.now() + GONE_WITHIN_MS; anyOf(child.pid); await pause(BACKOFF_MS))
      if (performance.now() > until) throw new Error(`children of ${child.spawnfile} outlive kill -9`);
  }

  async end(): Promise<void> {
    await this.kill();
    rmSync(this.dir, { recursive: true, force: true });
  }
}

export class Redis extends TestServer {
  readonly #args: readonly string[];

  private constructor(port: number, args: readonly string[]) {
    super(port);
    this.#args = args;
  }

  static async start(...args: readonly string[]): Promise<Redis> {
    ensureDebian(['redis-server']);
    const redis = new Redis(await freePort(), args);
    await redis.start();
    return redis;
  }

  protected command(): readonly string[] {
    return ['redis-server', '--port', String(this.port), '--bind', '127.0.0.1', '--dir', this.dir, ...this.#args];
  }
}

export class Postgres extends TestServer {
  readonly #bin: string;

  private constructor(port: number) {
    super(port);
    const [version] = readdirSync('/usr/lib/postgresql').sort((a, b) => Number(b) - Number(a));
    this.#bin = `/usr/lib/postgresql/${version}/bin`;
  }

  static async start(): Promise<Postgres> {
    ensureDebian(['postgresql']);
    const postgres = new Postgres(await freePort());
    const own = ['chown', 'postgres', postgres.dir];
    if (process.getuid?.() === 0) execFileSync(own[0] as string, own.slice(1));
    const [program = '', ...args] = postgres.#as(
      'initdb',
      '-D',
      `${postgres.dir}/data`,
      '-A',
      'trust',
      '-U',
      'test',
      '-N',
    );
    execFileSync(program, args, { cwd: postgres.dir, stdio: 'pipe' });
    await postgres.start();
    return postgres;
  }

  protected command(): readonly string[] {
    const options = { listen_addresses: '127.0.0.1', unix_socket_directories: this.dir, max_connections: '40' };
    const settings = Object.entries(options).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    return this.#as('postgres', '-D', `${this.dir}/data`, '-p', String(this.port), ...settings);
  }

  /** It listens before it has recovered. */
  protected override async ready(): Promise<boolean> {
    const client = new pg.Client({ host: '127.0.0.1', port: this.port, user: 'test', database: 'postgres' });
    client.on('error', () => undefined);
    const answers = await client.connect().then(
      () => true,
      () => false,
    );
    await client.end().catch(() => undefined);
    return answers;
  }

  /** It refuses to run as root. */
  #as(program: string, ...args: readonly string[]): readonly string[] {
    const path = join(this.#bin, program);
    return process.getuid?.() === 0
      ? ['setpriv', '--reuid=postgres', '--regid=postgres', '--init-groups', path, ...args]
      : [path, ...args];
  }
}

/** Whether a process of this group is left. */
function anyOf(group: number): boolean {
  try {
    process.kill(-group, 0);
    return true;
  } catch {
    return false;
  }
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
