/**
 * The HTTP server: Fastify, registered from the route table. Order of checks: Host and Origin, token, role, body
 * size, schema; every failure is an ErrorBody.
 */
import { Readable } from 'node:stream';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { ROUTES, type Route, type RouteId } from '../../api/routes.ts';
import { HoldfastError } from '../../model/errors.ts';
import type { SeriesStore } from '../../query/series-store.ts';
import type { Actor, ControlPlane } from '../control-plane.ts';
import { authenticate, authorize, type Caller, type Token } from './auth.ts';
import { fromHttp, statusOf } from './errors.ts';
import { type Call, type Handlers, handlers, type ServerFacts } from './handlers.ts';
import { LIVE_DEFAULTS, LiveHub, type LiveOptions } from './live.ts';
import { checkOrigin, isLoopback, type OriginPolicy } from './origin.ts';
import { localUser } from './peer.ts';
import { servePrometheus } from './prometheus.ts';
import { CONTENT_POLICY, serveStatic } from './static.ts';
import { validator } from './validate.ts';

export interface AppOptions {
  readonly plane: ControlPlane;
  readonly tokens: readonly Token[];
  readonly origin: OriginPolicy;
  readonly facts: ServerFacts;
  /** Series that can be asked for by Prometheus' API; absent: it is not served. */
  readonly series?: SeriesStore;
  /** Folder of the built dashboard; may be absent. */
  readonly dashboard: string;
  readonly live?: Partial<LiveOptions>;
  /** Told of every call that changes something, and of every refusal. */
  readonly log: (line: { readonly level: 'info' | 'warn' | 'error'; readonly text: string }) => void;
}

/** Spec files are at most 1 MiB; JSON escapes and variables may double that. */
export const BODY_LIMIT = 2 * 1024 * 1024;
const CALLER = Symbol('caller');
type WithCaller = FastifyRequest & { [CALLER]?: Caller };

export function createApp(options: AppOptions): FastifyInstance {
  const { plane, log } = options;
  const app = Fastify({
    logger: false,
    bodyLimit: BODY_LIMIT,
    // A whole request must arrive in this time: slow senders hold a socket, not the server.
    requestTimeout: 30_000,
    keepAliveTimeout: 10_000,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: 200 },
  });
  app.server.maxConnections = 1_024;
  const hub = new LiveHub(plane, { ...LIVE_DEFAULTS, ...options.live });
  app.addHook('onClose', async () => hub.close());
  // Live views end before connections are closed, so that closing waits for nobody.
  app.addHook('preClose', async () => hub.close());

  app.addHook('onRequest', async (request, reply) => {
    reply.headers(SECURITY_HEADERS);
    checkOrigin(request.headers, options.origin);
    const { role, tokenFreeLocally } = accessOf(request);
    if (role === 'public') return;
    if (tokenFreeLocally && request.headers.authorization === undefined && isLoopback(request.ip)) return;
    const caller = authenticate(request.headers.authorization, options.tokens);
    authorize(caller, role);
    (request as WithCaller)[CALLER] = caller;
  });

  app.setErrorHandler((error, request, reply) => {
    const told = fromHttp(error, BODY_LIMIT);
    const status = statusOf(told.code);
    const level = status >= 500 ? 'error' : 'warn';
    const stack = told.code === 'HF9000' && error instanceof Error ? `\n${error.stack}` : '';
    log({ level, text: `${request.method} ${request.url} → ${status} ${told.code} ${told.message}${stack}` });
    if (status === 401) reply.header('www-authenticate', 'Bearer');
    return reply.code(status).send(told.toJSON());
  });

  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?')[0] as string;
    const api = path.startsWith('/v1/') || request.method !== 'GET';
    if (api) throw new HoldfastError('HF6005', `there is no ${request.method} ${path}`);
    return serveStatic(options.dashboard, path, reply);
  });

  if (options.series) {
    servePrometheus(app, options.series, { version: options.facts.version, wallMs: Date.now });
  }
  const answers = handlers(plane, options.facts);
  for (const [id, route] of Object.entries(ROUTES) as [RouteId, Route][]) {
    const parse = parser(route);
    app.route({
      method: route.method,
      url: route.path.replace(/\{(\w+)\}/g, ':$1'),
      config: { role: route.role, tokenFreeLocally: route.tokenFreeLocally },
      // HEAD of a live view would open one.
      exposeHeadRoute: route.reply.kind !== 'events',
      handler: async (request, reply) => {
        const call = parse(request, (why) => actorOf(request, why));
        if (route.mutates) log({ level: 'info', text: `${request.method} ${request.url} by ${call.actor('').who}` });
        if (id === 'watchEvents') return watch(hub, call as Call<'watchEvents'>, request, reply);
        if (id === 'readLogs') return logs(plane, call as Call<'readLogs'>, reply);
        const answer = await answerOf(answers, id, call);
        if (route.reply.kind === 'text') return reply.type(route.reply.contentType).send(answer);
        return reply.header('content-type', 'application/json; charset=utf-8').send(JSON.stringify(answer));
      },
    });
  }
  return app;
}

const SECURITY_HEADERS = {
  'content-security-policy': CONTENT_POLICY,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
} as const;

type AnyCall = Call<RouteId>;

/** The table is typed per route; here, where all are called alike, that is known only at run time. */
function answerOf(answers: Handlers, id: Exclude<RouteId, 'watchEvents' | 'readLogs'>, call: AnyCall): unknown {
  return (answers[id] as (call: AnyCall) => unknown)(call);
}

function parser(route: Route): (request: FastifyRequest, actor: (why: string) => Actor) => AnyCall {
  const params = route.params && validator(route.params, 'params');
  const query = route.query && validator(route.query, 'query');
  const body = route.body && validator(route.body, 'body');
  return (request, actor) =>
    ({
      params: params?.(request.params),
      query: query?.(request.query),
      body: body?.(request.body),
      actor,
    }) as AnyCall;
}

type Access = Pick<Route, 'role' | 'tokenFreeLocally'>;

/** Without a route: a file of the dashboard, or nothing. */
function accessOf(request: FastifyRequest): Access {
  const config = request.routeOptions.config as Partial<Access>;
  return { role: config.role ?? 'public', tokenFreeLocally: config.tokenFreeLocally ?? false };
}

function actorOf(request: FastifyRequest, why: string): Actor {
  const caller = (request as WithCaller)[CALLER];
  const { remotePort, localPort } = request.socket;
  const who = caller?.name ?? localUser({ remotePort: remotePort ?? 0, localPort: localPort ?? 0 });
  const header = request.headers['x-holdfast-reason'];
  return { who, why: (why || (typeof header === 'string' ? header : '')).slice(0, 2_000) };
}

function watch(hub: LiveHub, call: Call<'watchEvents'>, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const header = request.headers['last-event-id'];
  const last = typeof header === 'string' && /^\d{1,15}$/.test(header) ? Number(header) : null;
  hub.reserve();
  for (const [name, value] of Object.entries(reply.getHeaders())) {
    if (value !== undefined) reply.raw.setHeader(name, value);
  }
  reply.hijack();
  hub.add(reply.raw, last ?? call.query.after ?? null);
  return reply;
}

function logs(plane: ControlPlane, call: Call<'readLogs'>, reply: FastifyReply): FastifyReply {
  const gone = new AbortController();
  reply.raw.once('close', () => gone.abort());
  const { tail = 200, follow = false } = call.query;
  const lines = plane.logs(call.params.instance, { tail, follow, signal: gone.signal });
  return reply.type('text/plain; charset=utf-8').send(Readable.from(withNewlines(lines)));
}

async function* withNewlines(lines: AsyncIterable<string>): AsyncGenerator<string> {
  for await (const line of lines) yield `${line}\n`;
}
