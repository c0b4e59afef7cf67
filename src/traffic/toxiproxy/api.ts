/**
 * Toxiproxy's HTTP API: its routes, forms, status codes and errors, so that its clients and command line work as they
 * are. Requests of browsers are refused, as the original does: a page must not reach it through a visitor's machine.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ApiError } from './errors.ts';
import { asObject, parseBody } from './fields.ts';
import type { Proxies } from './proxies.ts';

/** The version of the API that is spoken; clients compare it. */
export const TOXIPROXY_VERSION = '2.12.0';

const MAX_BODY_BYTES = 1024 * 1024;

interface Call {
  readonly proxy: string;
  readonly toxic: string;
  /** Parsed when it is asked for: a body nobody wants may be anything. */
  body(): unknown;
}

interface Reply {
  readonly status: number;
  readonly json?: unknown;
}

type Handler = (proxies: Proxies, call: Call) => Reply | Promise<Reply>;

const ok = (json: unknown): Reply => ({ status: 200, json });
const nothing: Reply = { status: 204 };
const object = (call: Call) => asObject(call.body(), 'toxiproxy.Proxy');

const updateProxy: Handler = async (proxies, call) => ok((await proxies.update(call.proxy, object(call))).body());
const updateToxic: Handler = async (proxies, call) =>
  ok(await proxies.get(call.proxy).update(call.toxic, object(call)));

/** Pattern → method → what is done. `*`: any one part of the path. */
const ROUTES: Readonly<Record<string, Readonly<Record<string, Handler>>>> = {
  '/version': { GET: () => ok({ version: TOXIPROXY_VERSION }) },
  '/reset': {
    POST: async (proxies) => {
      await proxies.reset();
      return nothing;
    },
  },
  '/populate': {
    POST: async (proxies, call) => ({ status: 201, json: await populated(proxies, call) }),
  },
  '/proxies': {
    GET: (proxies) => ok(Object.fromEntries(proxies.all.map((proxy) => [proxy.name, proxy.body()]))),
    POST: async (proxies, call) => ({ status: 201, json: (await proxies.create(object(call))).body() }),
  },
  '/proxies/*': {
    GET: (proxies, { proxy }) => ok(proxies.get(proxy).body()),
    POST: updateProxy,
    PATCH: updateProxy,
    DELETE: async (proxies, { proxy }) => {
      await proxies.remove(proxy);
      return nothing;
    },
  },
  '/proxies/*/toxics': {
    GET: (proxies, { proxy }) => ok(proxies.get(proxy).toxics()),
    POST: async (proxies, call) => ok(await proxies.get(call.proxy).add(object(call))),
  },
  '/proxies/*/toxics/*': {
    GET: (proxies, { proxy, toxic }) => ok(proxies.get(proxy).toxic(toxic)),
    POST: updateToxic,
    PATCH: updateToxic,
    DELETE: async (proxies, { proxy, toxic }) => {
      await proxies.get(proxy).remove(toxic);
      return nothing;
    },
  },
};

/** Every route with its methods, for the tests. */
export const ROUTE_LIST: readonly string[] = Object.entries(ROUTES).flatMap(([path, methods]) =>
  Object.keys(methods).map((method) => `${method} ${path}`),
);

async function populated(proxies: Proxies, call: Call): Promise<unknown> {
  try {
    return { proxies: (await proxies.populate(call.body())).map((proxy) => proxy.body()) };
  } catch (error) {
    // Its errors carry the list as well.
    if (error instanceof ApiError) throw new PopulateError(error.status, error.message);
    throw error;
  }
}

class PopulateError extends ApiError {}

export class ToxiproxyApi {
  readonly #server: Server;
  readonly #proxies: Proxies;
  readonly #before: () => Promise<void>;

  /** `before`: done before each call, in turn with the others. */
  constructor(proxies: Proxies, before: () => Promise<void> = async () => undefined) {
    this.#proxies = proxies;
    this.#before = before;
    this.#server = createServer((request, response) => {
      this.#answer(request).then(
        (reply) => send(response, reply),
        (error: unknown) => send(response, failure(error)),
      );
    });
  }

  listen(host: string, port: number): Promise<{ readonly host: string; readonly port: number }> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, host, () => {
        const address = this.#server.address() as AddressInfo;
        resolve({ host: address.address, port: address.port });
      });
    });
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #answer(request: IncomingMessage): Promise<Reply> {
    if (request.headers['user-agent']?.startsWith('Mozilla/')) throw new ApiError(403, 'User agent not allowed');
    const path = (request.url ?? '/').split('?', 1)[0] as string;
    const parts = path.split('/').slice(1).map(decode);
    const pattern = Object.keys(ROUTES).find((each) => matches(each, parts));
    if (pattern === undefined) throw new ApiError(404, '404 page not found');
    const methods = ROUTES[pattern] as Readonly<Record<string, Handler>>;
    const handler = methods[request.method ?? ''];
    if (handler === undefined) throw new ApiError(405, 'method not allowed');
    const text = await readBody(request);
    const call = { proxy: parts[1] ?? '', toxic: parts[3] ?? '', body: () => parseBody(text) };
    return this.#proxies.inTurn(async () => {
      await this.#before();
      return handler(this.#proxies, call);
    });
  }
}

function matches(pattern: string, parts: readonly string[]): boolean {
  const wanted = pattern.split('/').slice(1);
  return (
    wanted.length === parts.length && wanted.every((each, i) => (each === '*' ? parts[i] !== '' : each === parts[i]))
  );
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    // Not an escape: a name like any other.
    return part;
  }
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_BODY_BYTES) throw new ApiError(413, 'bad request body: larger than 1 MiB');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function failure(error: unknown): Reply {
  const known = error instanceof ApiError ? error : new ApiError(500, (error as Error).message);
  const body = { error: known.message, status: known.status };
  return { status: known.status, json: known instanceof PopulateError ? { ...body, proxies: null } : body };
}

function send(response: ServerResponse, { status, json }: Reply): void {
  response.statusCode = status;
  if (json === undefined) {
    response.end();
    return;
  }
  response.setHeader('Content-Type', 'application/json');
  response.setHeader('X-Content-Type-Options', 'nosniff');
  response.end(`${JSON.stringify(json)}\n`);
}
