/** The client against answers made here: no server, no sockets. */
import { describe, expect, it } from 'vitest';
import type { HoldfastError } from '../model/errors.ts';
import { HoldfastClient, type LiveEvent } from './client.ts';

interface Sent {
  readonly url: string;
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body: unknown;
}

function clientOf(answers: readonly (() => Response | Promise<Response>)[]) {
  const sent: Sent[] = [];
  const fetcher: typeof fetch = async (input, init) => {
    sent.push({
      url: String(input),
      method: init?.method ?? 'GET',
      headers: init?.headers as Record<string, string>,
      body: init?.body === undefined ? undefined : JSON.parse(String(init.body)),
    });
    const answer = answers[sent.length - 1];
    if (answer === undefined) throw new Error(`no answer for call ${sent.length}`);
    return answer();
  };
  const client = new HoldfastClient({ url: 'http://127.0.0.1:7420/', token: 'secret', fetch: fetcher });
  return { client, sent };
}

const json =
  (body: unknown, status = 200) =>
  () =>
    Response.json(body, { status });
const stream =
  (...chunks: readonly string[]) =>
  () => {
    const encoder = new TextEncoder();
    return new Response(
      new ReadableStream({
        start(controller) {
          for (const chunk of chunks) controller.enqueue(encoder.encode(chunk));
          controller.close();
        },
      }),
    );
  };

async function failure(promise: Promise<unknown>): Promise<HoldfastError> {
  return promise.then(
    () => {
      throw new Error('it succeeded');
    },
    (error: HoldfastError) => error,
  );
}

describe('HoldfastClient', () => {
  it('sends the token, the query and the body', async () => {
    const { client, sent } = clientOf([json([]), json({ detail: 'ok', id: null })]);
    await client.incidents({ state: 'open', limit: 5 });
    await client.operate({ kind: 'restart', service: 'api', instance: null }, 'drill');
    expect(sent[0]).toMatchObject({ method: 'GET', url: 'http://127.0.0.1:7420/v1/incidents?state=open&limit=5' });
    expect(sent[0]?.headers.authorization).toBe('Bearer secret');
    expect(sent[1]?.body).toEqual({ command: { kind: 'restart', service: 'api', instance: null }, why: 'drill' });
  });

  it('writes names so that they stay one path segment', async () => {
    const { client, sent } = clientOf([json({})]);
    await client.service('a/b c');
    expect(sent[0]?.url).toBe('http://127.0.0.1:7420/v1/services/a%2Fb%20c');
  });

  it("gives the server's errors back whole", async () => {
    const at = { file: 'c.yaml', line: 3, column: 5 };
    const inner = { code: 'HF1005', message: 'bad duration', remedy: 'r', retry: 'never', at };
    const body = { code: 'HF1003', message: 'unknown key', remedy: 'do this', retry: 'never', others: [inner] };
    const error = await failure(clientOf([json(body, 422)]).client.status());
    expect(error).toMatchObject({ code: 'HF1003', remedy: 'do this' });
    expect(error.message).toBe('unknown key');
    expect(error.others[0]).toMatchObject({ code: 'HF1005', at });
  });

  it('says when something else answers, and when nothing does', async () => {
    const other = clientOf([() => new Response('<html>', { status: 502, headers: { server: 'nginx' } })]);
    const error = await failure(other.client.status());
    expect(error.code).toBe('HF7004');
    expect(error.message).toMatch(/nginx answered 502/);
    const refused = clientOf([
      () =>
        Promise.reject(new TypeError('fetch failed', { cause: Object.assign(new Error(), { code: 'ECONNREFUSED' }) })),
    ]);
    expect(await failure(refused.client.status())).toMatchObject({ code: 'HF7001' });
    const html = clientOf([() => new Response('<html>')]);
    expect(await failure(html.client.status())).toMatchObject({ code: 'HF7004' });
  });

  it('splits logs into lines wherever the chunks end', async () => {
    const { client, sent } = clientOf([stream('one\ntw', 'o\n\nthr', 'ee')]);
    const lines: string[] = [];
    for await (const line of client.logs('api-1', { tail: 10, follow: true })) lines.push(line);
    expect(lines).toEqual(['one', 'two', '', 'three']);
    expect(sent[0]?.url).toBe('http://127.0.0.1:7420/v1/logs/api-1?tail=10&follow=true');
  });

  describe('events', () => {
    const core = (seq: number) => `event: core\nid: ${seq}\ndata: {"seq":${seq}}\n\n`;

    it('goes on after the last event when the connection breaks', async () => {
      const { client, sent } = clientOf([
        stream(core(4), 'event: status\ndata: {"health":"healthy"}\n\n', core(5)),
        () => Promise.reject(new TypeError('fetch failed')),
        stream(core(6)),
      ]);
      const stop = new AbortController();
      const states: string[] = [];
      const seen: LiveEvent[] = [];
      const options = {
        after: 3,
        signal: stop.signal,
        backoffMs: () => 0,
        onState: (state: string) => states.push(state),
      };
      for await (const event of client.events(options)) {
        seen.push(event);
        if (event.seq === 6) stop.abort();
      }
      expect(seen.map(({ event, seq }) => [event, seq])).toEqual([
        ['core', 4],
        ['status', null],
        ['core', 5],
        ['core', 6],
      ]);
      expect(sent.map(({ headers }) => headers['last-event-id'])).toEqual(['3', '5', '5']);
      expect(states).toEqual(['connected', 'reconnecting', 'reconnecting', 'connected']);
    });

    it('gives up where trying again cannot help', async () => {
      const { client, sent } = clientOf([
        json({ code: 'HF6001', message: 'no token', remedy: '', retry: 'never' }, 401),
      ]);
      expect(await failure(client.events({ backoffMs: () => 0 }).next())).toMatchObject({ code: 'HF6001' });
      expect(sent.length).toBe(1);
    });

    it('tries again when there are too many views', async () => {
      const { client } = clientOf([
        json({ code: 'HF6009', message: 'too many', remedy: '', retry: 'later' }, 429),
        stream(core(1)),
      ]);
      const { value } = await client.events({ backoffMs: () => 0 }).next();
      expect(value).toMatchObject({ event: 'core', seq: 1 });
    });
  });
});
