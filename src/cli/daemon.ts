/**
 * Starts and ends the server as a process of its own: detached, so that it outlives this command and its terminal,
 * with its output in server.log of the state directory.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { HoldfastClient } from '../api/client.ts';
import type { ApiFile } from '../api/resources.ts';
import { builtEntry } from '../model/entry.ts';
import { asHoldfastError, HoldfastError } from '../model/errors.ts';
import { isAlive, readApiFile } from './connect.ts';

export interface Server {
  readonly client: HoldfastClient;
  readonly pid: number;
  readonly url: string;
  /** False when it ran already. */
  readonly started: boolean;
}

/** A server replays its journal before it listens; on a slow disk that takes a while. */
const START_TIMEOUT_MS = 30_000;
const POLL_MS = 25;
/**
 * A server that breaks connections may be ending: so long it is looked at again before that is told. On a busy machine
 * a process needs seconds to end, also when it was killed.
 */
const ENDING_MS = 5_000;

export const SERVER_ENTRY = builtEntry(import.meta.url, '../server/main.js');

export async function runningServer(stateDir: string, token: string | undefined): Promise<Server | undefined> {
  const file = readApiFile(stateDir);
  if (!file) return undefined;
  const client = clientOf(file, token);
  for (const until = performance.now() + ENDING_MS; isAlive(file.pid); ) {
    try {
      await client.healthz();
      return { client, pid: file.pid, url: file.url, started: false };
    } catch (error) {
      const { code } = asHoldfastError(error);
      // A recycled pid: nothing of ours listens there.
      if (code === 'HF7001') return undefined;
      // One that is ending just now resets connections; at the next look it is gone.
      if (code !== 'HF7004' || performance.now() >= until) throw error;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }
  return undefined;
}

export async function ensureServer(
  stateDir: string,
  token: string | undefined,
  serverArguments: readonly string[] = [],
): Promise<Server> {
  return (await runningServer(stateDir, token)) ?? (await startServer(stateDir, token, serverArguments));
}

async function startServer(stateDir: string, token: string | undefined, args: readonly string[]): Promise<Server> {
  const logPath = join(stateDir, 'server.log');
  let log: number;
  try {
    mkdirSync(stateDir, { recursive: true, mode: 0o700 });
    log = openSync(logPath, 'a', 0o600);
  } catch (error) {
    throw new HoldfastError('HF2003', `${stateDir}: ${(error as Error).message}`, { cause: error });
  }
  const logStart = statSync(logPath).size;
  const child = spawn(process.execPath, [SERVER_ENTRY, '--state-dir', stateDir, ...args], {
    detached: true,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  child.unref();
  const failure = failureOf(child);
  for (const until = performance.now() + START_TIMEOUT_MS; performance.now() < until; ) {
    if (failure.text !== null) throw startFailure(failure.text, logPath, logStart);
    const file = readApiFile(stateDir);
    if (file && file.pid === child.pid) {
      const client = clientOf(file, token);
      if (await answers(client)) return { client, pid: file.pid, url: file.url, started: true };
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  child.kill('SIGKILL');
  throw startFailure(`it did not listen within ${START_TIMEOUT_MS / 1_000} s`, logPath, logStart);
}

function failureOf(child: ChildProcess): { text: string | null } {
  const failure: { text: string | null } = { text: null };
  child.on('error', (error) => {
    failure.text = error.message;
  });
  child.on('exit', (code, signal) => {
    failure.text = `it exited with ${signal ?? `code ${code}`}`;
  });
  return failure;
}

/** When the server itself said why, in one of our errors, that is the error. */
function startFailure(text: string, logPath: string, logStart: number): HoldfastError {
  const log = existsSync(logPath) ? readFileSync(logPath).subarray(logStart).toString('utf8') : '';
  const own = /(HF(?:[12346]\d{3}|7002)) ([^\n]+)(?:\n\s+→ ([^\n]+))?/.exec(log);
  if (own) {
    const [, code, message, remedy] = own as unknown as [string, 'HF2001', string, string | undefined];
    return new HoldfastError(code, message, remedy ? { remedy } : {});
  }
  const lines = log.split('\n').filter((line) => line.trim() !== '' && !/^\s+at /.test(line));
  const last = lines.slice(-6).join('\n  ');
  return new HoldfastError('HF7007', `${text}${last === '' ? '' : `\n  ${last}`}`, { remedy: `See ${logPath}.` });
}

async function answers(client: HoldfastClient): Promise<boolean> {
  return client.healthz().then(
    () => true,
    () => false,
  );
}

function clientOf(file: ApiFile, token: string | undefined): HoldfastClient {
  return new HoldfastClient({ url: file.url, token: token ?? process.env.HOLDFAST_TOKEN ?? file.token ?? null });
}

/** Asks the server to end (with all instances when `down`) and waits until its process is gone. */
export async function stopServer(
  client: HoldfastClient,
  pid: number,
  request: { readonly down: boolean; readonly why: string; readonly timeoutMs: number },
): Promise<void> {
  await client.shutdown(request);
  for (const until = performance.now() + request.timeoutMs; isAlive(pid); ) {
    if (performance.now() > until) {
      throw new HoldfastError('HF7004', `the server (pid ${pid}) is still there after ${request.timeoutMs / 1_000} s`);
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
