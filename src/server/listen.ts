/** Binding the API, its tokens, and api.json, by which the CLI of this user finds it. */
import { randomBytes } from 'node:crypto';
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import type { ApiFile } from '../api/resources.ts';
import { HoldfastError } from '../model/errors.ts';
import { parseTokenFile, type Token, token } from './http/auth.ts';
import { isLoopback } from './http/origin.ts';
import type { ServerOptions } from './options.ts';

export interface Access {
  readonly tokens: readonly Token[];
  /** For this machine's own user, in api.json; null while no tokens are configured. */
  readonly localToken: string | null;
}

/** Beyond loopback there must be tokens: HF6007. */
export function access(options: Pick<ServerOptions, 'host' | 'tokenFile'>): Access {
  if (options.tokenFile === null) {
    if (isLoopback(options.host)) return { tokens: [], localToken: null };
    throw new HoldfastError('HF6007', `listening on ${options.host} without a token file would let anybody in`);
  }
  const tokens = parseTokenFile(readTokens(options.tokenFile), options.tokenFile);
  const localToken = randomBytes(24).toString('base64url');
  return { tokens: [...tokens, token('admin', localToken, 'local')], localToken };
}

function readTokens(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new HoldfastError('HF6007', `the token file ${file} cannot be read: ${(error as Error).message}`);
  }
}

/** Ports tried after the default one. */
const TRIES = 100;

/** Returns the URL. HF4001 when the port that was asked for is taken. */
export async function listen(
  app: FastifyInstance,
  { host, port, anyPort, stateDir }: Pick<ServerOptions, 'host' | 'port' | 'anyPort' | 'stateDir'>,
): Promise<string> {
  const others = anyPort ? Array.from({ length: TRIES }, (_, i) => port + 1 + i) : [];
  for (const candidate of [...(anyPort ? portBefore(stateDir) : []), port, ...others]) {
    try {
      await app.listen({ host, port: candidate });
      return urlOf(app);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code !== 'EADDRINUSE') {
        throw new HoldfastError('HF4001', `the API cannot listen on ${host}:${candidate}: ${code ?? String(error)}`);
      }
    }
  }
  throw new HoldfastError('HF4001', `the API port ${host}:${port} is taken`, {
    remedy: 'Stop the program that listens there, or give another address with --listen.',
  });
}

/** Of a server that was killed: who has its page open, or knows its address, finds the next one there. */
function portBefore(stateDir: string): readonly number[] {
  try {
    const { url } = JSON.parse(readFileSync(join(stateDir, 'api.json'), 'utf8')) as Partial<ApiFile>;
    const port = Number(new URL(url ?? '').port);
    return port > 0 ? [port] : [];
  } catch {
    // None was killed here, or what it left cannot be read: then any port is as good.
    return [];
  }
}

function urlOf(app: FastifyInstance): string {
  const address = app.server.address();
  if (address === null || typeof address === 'string') throw new HoldfastError('HF9000', 'the API has no address');
  const any = address.address === '0.0.0.0' || address.address === '::';
  const host = any ? '127.0.0.1' : address.address;
  return `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`;
}

/** Appears whole or not at all. */
export function writeApiFile(stateDir: string, api: ApiFile): void {
  const file = join(stateDir, 'api.json');
  const fresh = `${file}.${process.pid}`;
  writeFileSync(fresh, `${JSON.stringify(api, null, 2)}\n`, { mode: 0o600 });
  renameSync(fresh, file);
}

export function removeApiFile(stateDir: string): void {
  rmSync(join(stateDir, 'api.json'), { force: true });
}
