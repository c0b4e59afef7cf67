/**
 * What the services of the sample systems share, so that each of them is only its own business: a small HTTP server
 * that ends gracefully, calls to dependencies that never wait for ever, and drills: faults that a service does to
 * itself when asked, so that a system can be broken on purpose. Drills listen only when HOLDFAST_DRILLS=1.
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';

export interface Call {
  /** What the `*` segments of the route's path matched, decoded. */
  readonly params: readonly string[];
  readonly query: URLSearchParams;
  /** The parsed JSON body, or undefined. */
  readonly body: unknown;
}

/** `'GET /products/*'` → its handler; what it returns is sent as JSON, what it throws as an error. */
export type Routes = Readonly<Record<string, (call: Call) => unknown>>;

/** An answer other than 200. */
export class Refusal extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export const HEALTH_PATH = '/healthz';
const MAX_BODY_BYTES = 64 * 1024;
/**
 * Longer than the traffic layer lets a request wait for an instance that is being restarted (2 s), so that a restart
 * is a slow answer and no error; shorter than any user's patience.
 */
const CALL_TIMEOUT_MS = 4_000;

export function instanceDir(): string {
  return process.env.HOLDFAST_INSTANCE_DIR ?? '.';
}

/** Serves the routes on PORT until SIGTERM; then finishes what is in flight and exits 0. */
export function serve(routes: Routes, onStop: () => void = () => {}): void {
  failStartWhenAsked();
  const table = Object.entries(routes).map(([route, handler]) => {
    const [method, path] = route.split(' ') as [string, string];
    return { method, segments: path.split('/').slice(1), handler };
  });
  const drill = new Drill();
  const server = http.createServer((request, response) => {
    void answer(request, response).catch((error: unknown) => {
      process.stderr.write(`answer: ${String(error)}\n`);
      response.destroy();
    });
  });
  server.keepAliveTimeout = 75_000;

  const answer = async (request: http.IncomingMessage, response: http.ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? '/', 'http://service');
    const body = await readJson(request);
    if (url.pathname === '/_drill' && process.env.HOLDFAST_DRILLS === '1') {
      return send(response, 200, drill.start(body, server));
    }
    if (drill.kind === 'hang') return;
    if (url.pathname === HEALTH_PATH) return send(response, 200, { ok: true });
    if (drill.kind === 'slow') await delay(drill.latencyMs);
    if (drill.kind === 'errors') return send(response, 500, { error: 'drill: answering 500' });
    if (process.env.BAD_CONFIG === '1') return send(response, 500, { error: 'bad configuration' });
    const segments = url.pathname.split('/').slice(1);
    for (const route of table) {
      const params = route.method === request.method ? match(route.segments, segments) : undefined;
      if (!params) continue;
      try {
        return send(response, 200, await route.handler({ params, query: url.searchParams, body }));
      } catch (error) {
        const status = error instanceof Refusal ? error.status : 500;
        if (status >= 500) process.stderr.write(`${request.method} ${url.pathname}: ${String(error)}\n`);
        return send(response, status, { error: error instanceof Error ? error.message : String(error) });
      }
    }
    send(response, 404, { error: `no route ${request.method} ${url.pathname}` });
  };

  server.listen(Number(process.env.PORT ?? 3000), '127.0.0.1');
  process.on('SIGTERM', () => {
    onStop();
    server.close(() => process.exit(0));
    server.closeIdleConnections();
  });
}

function match(pattern: readonly string[], segments: readonly string[]): string[] | undefined {
  if (pattern.length !== segments.length) return undefined;
  const params: string[] = [];
  for (const [index, part] of pattern.entries()) {
    const segment = segments[index] as string;
    if (part === '*') params.push(decodeURIComponent(segment));
    else if (part !== segment) return undefined;
  }
  return params;
}

async function readJson(request: http.IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw new Refusal(413, `bodies are at most ${MAX_BODY_BYTES} bytes`);
    chunks.push(chunk);
  }
  return size === 0 ? undefined : JSON.parse(Buffer.concat(chunks).toString('utf8'));
}

function send(response: http.ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body ?? null);
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
  response.end(text);
}

export function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

const pool = new http.Agent({ keepAlive: true, maxFreeSockets: 16, timeout: 30_000 });

export interface CallOptions {
  readonly body?: unknown;
  readonly timeoutMs?: number;
  /** Statuses that the caller handles itself; the reply is then null. */
  readonly missing?: 404;
}

/**
 * Calls another service, by the address that Holdfast gave for it (`CATALOG_URL` for catalog). A dependency that
 * fails is answered onwards as 502, one that is too late as 504: never as a hang.
 */
export function call<T>(service: string, method: string, path: string, options: CallOptions = {}): Promise<T> {
  const variable = `${service.toUpperCase().replaceAll('-', '_')}_URL`;
  const base = process.env[variable];
  if (!base) throw new Refusal(500, `${variable} is not set`);
  const text = options.body === undefined ? undefined : JSON.stringify(options.body);
  const { promise, resolve, reject } = withResolvers<T>();
  const request = http.request(new URL(path, base), {
    method,
    agent: pool,
    headers:
      text === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) },
  });
  const deadline = setTimeout(() => {
    reject(new Refusal(504, `${service} did not answer in time`));
    request.destroy();
  }, options.timeoutMs ?? CALL_TIMEOUT_MS);
  request.on('error', (error) => reject(new Refusal(502, `${service}: ${error.message}`)));
  request.on('close', () => clearTimeout(deadline));
  request.on('response', (response) => {
    void readJson(response).then(
      (body) => {
        const status = response.statusCode ?? 0;
        if (status === options.missing) resolve(null as T);
        else if (status >= 500) reject(new Refusal(502, `${service} answered ${status}`));
        else if (status >= 400) reject(new Refusal(status, String((body as { error?: unknown } | null)?.error)));
        else resolve(body as T);
      },
      (error: unknown) => reject(new Refusal(502, `${service}: ${String(error)}`)),
    );
  });
  request.end(text);
  return promise;
}

/** Promise.withResolvers came with a later Node than the oldest one supported. */
function withResolvers<T>() {
  let resolve: (value: T) => void = () => {};
  let reject: (error: Error) => void = () => {};
  const promise = new Promise<T>((res, rej) => {
    resolve = res;
    reject = rej;
  });
  return { promise, resolve, reject };
}

const EXIT_FILE = 'drill-exits-left';

/** FAIL_START=1 is a bad change; the file is a drill that outlives the process, so that it exits at every start. */
function failStartWhenAsked(): void {
  if (process.env.FAIL_START === '1') {
    process.stderr.write('fatal: cannot start with FAIL_START=1\n');
    process.exit(1);
  }
  const file = join(instanceDir(), EXIT_FILE);
  if (process.env.HOLDFAST_DRILLS !== '1' || !existsSync(file)) return;
  const left = Number(readFileSync(file, 'utf8'));
  if (left > 0) {
    writeFileSync(file, String(left - 1));
    process.stderr.write('fatal: drill: exiting at start\n');
    process.exit(1);
  }
  rmSync(file, { force: true });
}

/** One self-inflicted fault at a time; it ends with `none`, or with the process. */
class Drill {
  kind = 'none';
  latencyMs = 0;
  readonly #hoard: Buffer[] = [];
  #leaking: NodeJS.Timeout | undefined;

  start(body: unknown, server: http.Server): { kind: string } {
    const order = (body ?? {}) as { kind?: string; ms?: number; times?: number; mbPerSec?: number };
    clearInterval(this.#leaking);
    this.#hoard.length = 0;
    this.kind = order.kind ?? 'none';
    this.latencyMs = order.ms ?? 800;
    if (this.kind === 'leak') {
      const perTick = Math.max(1, Math.round((order.mbPerSec ?? 20) / 10));
      this.#leaking = setInterval(() => this.#hoard.push(Buffer.alloc(perTick * 1024 * 1024, 1)), 100);
    }
    if (this.kind === 'deaf') {
      server.close();
      server.closeAllConnections();
    }
    if (this.kind === 'exit') {
      // `times`: how often it exits again at its next starts.
      if (order.times) writeFileSync(join(instanceDir(), EXIT_FILE), String(order.times));
      process.stderr.write('fatal: drill: exiting\n');
      setTimeout(() => process.exit(1), 10);
    }
    return { kind: this.kind };
  }
}
