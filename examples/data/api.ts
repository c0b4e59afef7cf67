/**
 * Notes kept in PostgreSQL, views counted in Redis. The point of it: the code knows one address for each and nothing
 * of primaries, standbys and failover. A query that failed because its connection broke is tried again, reads as
 * often as it takes within two seconds, writes too: each note has an id of its own, so writing it twice is once.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createClient } from '@redis/client';
import pg from 'pg';

const PATIENCE_MS = 8_000;
const PAUSE_MS = 50;

const pool = new pg.Pool({
  host: process.env.DB_HOST ?? '127.0.0.1',
  port: Number(process.env.DB_PORT ?? 5432),
  user: 'postgres',
  password: process.env.DATABASE_PASSWORD ?? '',
  database: 'postgres',
  max: 8,
  connectionTimeoutMillis: 6_000,
});
// A broken idle connection is replaced by the pool.
pool.on('error', () => undefined);

const cache = createClient({
  socket: {
    host: process.env.CACHE_HOST ?? '127.0.0.1',
    port: Number(process.env.CACHE_PORT ?? 6379),
    reconnectStrategy: 50,
  },
});
cache.on('error', () => undefined);

async function patiently<T>(work: () => Promise<T>): Promise<T> {
  const until = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      // What the database itself refuses has a code of its own classes; 57 and 08 are about the connection.
      const code = (error as { readonly code?: string }).code ?? '';
      const refused = /^[0-9A-Z]{5}$/.test(code) && !/^(?:57|08|25006)/.test(code);
      if (refused || performance.now() > until) throw error;
      await new Promise((resume) => setTimeout(resume, PAUSE_MS));
    }
  }
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://localhost');
  const [, kind, id] = url.pathname.split('/');
  if (kind === 'live') return send(response, 200, { live: true });
  if (kind === 'ready') {
    await pool.query('SELECT 1');
    return send(response, 200, { ready: true });
  }
  if (kind !== 'notes') return send(response, 404, { error: 'no such page' });
  if (id === undefined) {
    const { rows } = await patiently(() => pool.query('SELECT count(*)::int AS notes FROM notes'));
    return send(response, 200, rows[0]);
  }
  if (request.method === 'PUT') {
    const text = await bodyOf(request);
    await patiently(() =>
      pool.query('INSERT INTO notes (id, text) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET text = $2', [id, text]),
    );
    return send(response, 201, { id });
  }
  const { rows } = await patiently(() => pool.query('SELECT text FROM notes WHERE id = $1', [id]));
  if (rows.length === 0) return send(response, 404, { error: `no note ${id}` });
  const views = await patiently(() => cache.incr(`views:${id}`));
  return send(response, 200, { id, text: rows[0].text, views });
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

await patiently(() => pool.query('CREATE TABLE IF NOT EXISTS notes (id text PRIMARY KEY, text text NOT NULL)'));
await cache.connect();
createServer((request, response) => {
  answer(request, response).catch((error: unknown) => send(response, 503, { error: String(error) }));
}).listen(Number(process.env.PORT ?? 3000), process.env.HOST ?? '127.0.0.1');
