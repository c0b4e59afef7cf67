/**
 * Calls that an experiment asks for: HTTP requests and processes, with the answers in the shape that Chaos Toolkit's
 * tolerances expect. An answer that is larger than it may be is cut: probes look at a status or a few fields.
 */
import { spawn } from 'node:child_process';
import { request as httpsRequest } from 'node:https';
import { HoldfastError } from '../../model/errors.ts';
import type { Ms } from '../../model/time.ts';
import type { HttpProvider, Json, JsonMap, ProcessProvider } from '../../prove/experiment/index.ts';

const MAX_OUTPUT = 256 * 1024;

export interface CallOptions {
  readonly timeoutMs: Ms;
  readonly signal: AbortSignal;
  /** Relative paths of processes mean this directory. */
  readonly directory: string;
  /** Beside the process's own: what a control is told. */
  readonly environment: Readonly<Record<string, string>>;
}

export async function callHttp(provider: HttpProvider, { timeoutMs, signal }: CallOptions): Promise<Json> {
  const { url, headers, body } = requestOf(provider);
  const ends = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  const { method, verifyTls } = provider;
  if (!verifyTls && url.protocol === 'https:') return callUnverified(url, { method, headers, body, signal: ends });
  const response = await fetch(url, { method, headers, body: body ?? null, signal: ends });
  const text = (await response.text()).slice(0, MAX_OUTPUT);
  return { status: response.status, headers: Object.fromEntries(response.headers), body: parsed(text) };
}

interface Plain {
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body: string | undefined;
  readonly signal: AbortSignal;
}

/** For certificates that nobody signed, which the experiment says it knows of. */
function callUnverified(url: URL, { method, headers, body, signal }: Plain): Promise<Json> {
  return new Promise((resolve, reject) => {
    const sent = httpsRequest(url, { method, headers, signal, rejectUnauthorized: false }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        if (text.length < MAX_OUTPUT) text += chunk;
      });
      response.on('end', () => {
        const given = Object.entries(response.headers).map(([name, value]) => [name, String(value)]);
        resolve({ status: response.statusCode ?? 0, headers: Object.fromEntries(given), body: parsed(text) });
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

function requestOf(provider: HttpProvider): { url: URL; headers: Record<string, string>; body: string | undefined } {
  const url = new URL(provider.url);
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(provider.headers)) headers[name.toLowerCase()] = String(value);
  const given = provider.arguments;
  if (given === null) return { url, headers, body: undefined };
  if (provider.method === 'GET' || provider.method === 'HEAD') {
    for (const [name, value] of pairs(given)) url.searchParams.append(name, value);
    return { url, headers, body: undefined };
  }
  if (typeof given === 'string') return { url, headers, body: given };
  if (headers['content-type']?.includes('json')) return { url, headers, body: JSON.stringify(given) };
  headers['content-type'] ??= 'application/x-www-form-urlencoded';
  return { url, headers, body: new URLSearchParams(pairs(given)).toString() };
}

function pairs(given: Json): [string, string][] {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return [];
  return Object.entries(given as JsonMap).map(([name, value]) => [
    name,
    typeof value === 'string' ? value : JSON.stringify(value),
  ]);
}

function parsed(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}

/** Its whole group is killed when it takes too long or is not wanted any more. */
export function callProcess(provider: ProcessProvider, options: CallOptions): Promise<Json> {
  const [file, ...args] = commandOf(provider);
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      cwd: options.directory,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...options.environment },
    });
    let [stdout, stderr, why] = ['', '', ''];
    const end = (reason: string) => () => {
      why = reason;
      if (child.pid !== undefined) {
        try {
          process.kill(-child.pid, 'SIGKILL');
        } catch {
          // It has ended by itself in this moment.
        }
      }
    };
    const timer = setTimeout(end(`it took longer than ${options.timeoutMs} ms`), options.timeoutMs);
    const stop = end('not wanted any more');
    options.signal.addEventListener('abort', stop, { once: true });
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      if (stdout.length < MAX_OUTPUT) stdout += chunk;
    });
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      if (stderr.length < MAX_OUTPUT) stderr += chunk;
    });
    const settled = (): void => {
      clearTimeout(timer);
      options.signal.removeEventListener('abort', stop);
    };
    child.on('error', (error) => {
      settled();
      reject(new HoldfastError('HF8302', `${provider.path}: ${error.message}`));
    });
    child.on('close', (code, signal) => {
      settled();
      if (why !== '') reject(new HoldfastError('HF8302', `${provider.path}: ${why}`));
      else resolve({ status: code ?? `ended by ${signal}`, stdout, stderr });
    });
  });
}

/** A text goes through a shell; a map is names and values one after the other. */
function commandOf({ path, arguments: given }: ProcessProvider): [string, ...string[]] {
  const text = (value: Json): string => (typeof value === 'string' ? value : JSON.stringify(value));
  if (typeof given === 'string') return ['/bin/sh', '-c', `exec ${path} ${given}`];
  if (Array.isArray(given)) return [path, ...given.map(text)];
  return [
    path,
    ...Object.entries(given as JsonMap).flatMap(([name, value]) => (value === null ? [name] : [name, text(value)])),
  ];
}
