/**
 * The sample system of `holdfast dev`: a server on a temporary state directory with the shop applied to it. Ending it
 * ends every process and removes the directory, whatever state they are in, and looks whether something was left.
 */
import { existsSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { HoldfastClient } from '../../api/client.ts';
import { HoldfastError } from '../../model/errors.ts';
import { isAlive } from '../connect.ts';
import { ensureServer, type Server, stopServer } from '../daemon.ts';
import { type OwnedProcess, processesOf } from '../leftovers.ts';
import { readSpec } from '../spec-source.ts';

/** The examples are built beside the program. */
const SHOP = fileURLToPath(new URL('../../../examples/shop/compose.yaml', import.meta.url));
const SHOP_PORT = 8088;
const STOP_TIMEOUT_MS = 15_000;

export interface SessionOptions {
  readonly ratePerSec: number;
  readonly serverArguments: readonly string[];
}

export class Session {
  readonly stateDir: string;
  readonly #options: SessionOptions;
  #server: Server | undefined;
  #ending: Promise<readonly OwnedProcess[]> | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
    // The real path, because processes are recognised by it.
    this.stateDir = realpathSync(mkdtempSync(join(tmpdir(), 'holdfast-dev-')));
  }

  get client(): HoldfastClient {
    if (!this.#server) throw new HoldfastError('HF7001', 'the sample system has not started');
    return this.#server.client;
  }

  /** Returns as soon as the system is applied: what starts is worth seeing. */
  async start(): Promise<Server> {
    if (!existsSync(SHOP)) {
      throw new HoldfastError('HF1001', `the sample system is missing: ${SHOP}`, { remedy: 'Run `npm run build`.' });
    }
    const [server, port] = await Promise.all([
      ensureServer(this.stateDir, undefined, this.#options.serverArguments),
      freePort(SHOP_PORT),
    ]);
    this.#server = server;
    const environment = {
      HOLDFAST_DRILLS: '1',
      SHOP_PORT: String(port),
      RATE: String(this.#options.ratePerSec),
    };
    const spec = readSpec(SHOP, {}, environment);
    await server.client.apply({ spec, index: null, why: 'holdfast dev' });
    return server;
  }

  /** Ends everything and returns what could not be ended. Calling it again waits for the same end. */
  stop(): Promise<readonly OwnedProcess[]> {
    this.#ending ??= this.#end();
    return this.#ending;
  }

  async #end(): Promise<readonly OwnedProcess[]> {
    if (this.#server) {
      const { client, pid } = this.#server;
      // A server that is stuck is ended with the rest.
      await stopServer(client, pid, { down: true, why: 'end of holdfast dev', timeoutMs: STOP_TIMEOUT_MS }).catch(
        () => undefined,
      );
    }
    return this.kill();
  }

  /** The hard end: SIGKILL to whatever belongs to the state directory. */
  async kill(): Promise<readonly OwnedProcess[]> {
    for (const until = performance.now() + 3_000; ; ) {
      const left = processesOf(this.stateDir);
      const server = this.#server && isAlive(this.#server.pid) ? [{ pid: this.#server.pid, command: 'server' }] : [];
      if ((left.length === 0 && server.length === 0) || performance.now() > until) {
        rmSync(this.stateDir, { recursive: true, force: true });
        return [...left, ...server];
      }
      for (const { pid } of [...server, ...left]) killQuietly(pid);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

/** It may end by itself between the look and the signal. */
function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** The wished port, or else any. */
async function freePort(wished: number): Promise<number> {
  return (await tryPort(wished)) ?? (await tryPort(0)) ?? wished;
}

function tryPort(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(undefined));
    probe.listen(port, '127.0.0.1', () => {
      const address = probe.address();
      const bound = typeof address === 'object' && address ? address.port : port;
      probe.close(() => resolve(bound));
    });
  });
}
