/** Workloads over HTTP against a small store of this test's own, which loses answers, hangs up and goes away. */
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { freePort } from '../../test/support/ports.ts';
import type { ConsistencyVerdict, WorkloadKind } from '../model/consistency.ts';
import { Random } from '../model/random.ts';
import { judgeHistory, kindNamed } from '../prove/consistency/index.ts';
import { parseHistory } from '../prove/history/parse.ts';
import { adapterFor, runWorkload, toLines, type WorkloadResult, type WorkloadStats } from './index.ts';

type Asked = { readonly f: string; readonly key: string; readonly value: unknown };
/** What becomes of a request; `do` does it. */
type Manners = (act: () => void, answer: () => void, response: ServerResponse, asked: Asked) => void;

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function listen(server: Server, port = 0): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

function store(manners: Manners): Server {
  const values = new Map<string, unknown>();
  const act = ({ f, key, value }: Asked): unknown => {
    const now = values.get(key);
    if (f === 'read') return now ?? null;
    if (f === 'add') values.set(key, Number(now ?? 0) + Number(value));
    else values.set(key, value);
    return value;
  };
  return createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.on('end', () => {
      if (request.method === 'OPTIONS') return response.end();
      const asked = JSON.parse(body) as Asked;
      let result: unknown = null;
      manners(
        () => {
          result = act(asked);
        },
        () => response.end(JSON.stringify({ value: result })),
        response,
        asked,
      );
    });
  });
}

/** By what was done, not by time: how much that is in a second is the machine's business. */
async function exercise(
  port: number,
  kind: WorkloadKind,
  enough: (stats: WorkloadStats) => boolean,
): Promise<WorkloadResult> {
  const adapter = await adapterFor(`http://127.0.0.1:${port}/`);
  const stop = new AbortController();
  const until = stop.signal;
  const run = runWorkload({ kind, adapter, seed: 11, until, opsPerSec: 1_500, timeoutMs: 150, lastLooksMs: 3_000 });
  await Promise.race([expect.poll(() => enough(run.stats())).toBe(true), run.done]);
  stop.abort();
  return run.done;
}

const judged = (events: WorkloadResult['events'], kind: WorkloadKind): ConsistencyVerdict =>
  judgeHistory(events, { kind: kindNamed(kind) });

describe('a workload under faults', () => {
  it.each(['register', 'counter'] as const)('%s: lost answers are unknown, and accuse nobody', async (kind) => {
    const random = Random.seeded(4);
    // Of every ten requests one is done and never answered, one is hung up on before, one is refused.
    const port = await listen(
      store((act, answer, response) => {
        const draw = random.int(10);
        if (draw === 0) return act();
        if (draw === 1) return response.destroy();
        if (draw === 2) {
          response.statusCode = 409;
          return response.end();
        }
        act();
        return answer();
      }),
    );
    const { events, stats } = await exercise(
      port,
      kind,
      ({ ok, unknown, failed }) => ok > 100 && unknown > 5 && failed > 5,
    );
    expect(stats.unknown).toBeGreaterThan(3);
    expect(stats.failed).toBeGreaterThan(3);
    expect(stats.ok).toBeGreaterThan(30);
    expect(judged(events, kind).verdict, judged(events, kind).contradictions[0]?.drawing).toBe('holds');
    // A process whose answer was lost is never heard of again.
    const given = new Set<number>();
    for (const { process, type } of events) {
      expect(given.has(process)).toBe(false);
      if (type === 'info') given.add(process);
    }
    expect(parseHistory(toLines(events))).toHaveLength(events.length);
  });

  it('a store that forgets one acknowledged write in fifty is found out', async () => {
    let writes = 0;
    const port = await listen(
      store((act, answer, _, { f }) => {
        if (f === 'read' || ++writes % 50 !== 0) act();
        answer();
      }),
    );
    const { events } = await exercise(port, 'counter', () => writes > 200);
    expect(judged(events, 'counter').verdict).toBe('violated');
    const lost = judgeHistory(events, { kind: 'counter', expect: 'no-lost-writes' });
    expect(lost).toMatchObject({ verdict: 'violated', anomalies: [{ name: 'lost write' }] });
  });

  it('goes on when the store was away, and makes up for nothing', async () => {
    const first = store((act, answer) => {
      act();
      answer();
    });
    const port = await listen(first);
    const adapter = await adapterFor(`http://127.0.0.1:${port}/`);
    const stop = new AbortController();
    const run = runWorkload({ kind: 'counter', adapter, seed: 2, until: stop.signal, opsPerSec: 500, timeoutMs: 150 });
    await expect.poll(() => run.stats().ok).toBeGreaterThan(20);
    first.closeAllConnections();
    await new Promise((resolve) => first.close(resolve));
    await expect.poll(() => run.stats().refused).toBeGreaterThan(3);
    const before = run.stats().ok;
    await listen(
      store((act, answer) => {
        act();
        answer();
      }),
      port,
    );
    await expect.poll(() => run.stats().ok).toBeGreaterThan(before + 20);
    stop.abort();
    const { events } = await run.done;
    // The second store began empty: what the first had acknowledged is gone.
    expect(judgeHistory(events, { kind: 'counter', expect: 'no-lost-writes' }).verdict).toBe('violated');
  });

  it('ends in time when nobody ever listens', async () => {
    const { events, stats } = await exercise(await freePort(), 'register', ({ refused }) => refused > 0);
    expect(events).toEqual([]);
    expect(stats.refused).toBeGreaterThan(0);
  });
});

describe('targets', () => {
  it('are refused with a code when nobody knows them', async () => {
    for (const target of ['mongodb://x', 'localhost:6379', '', 'http://'])
      await expect(adapterFor(target)).rejects.toMatchObject({ code: 'HF8051' });
    await expect(adapterFor('postgres://x/y?isolation=chaos')).rejects.toThrow('read-committed');
  });

  it('are refused when they cannot do what is asked', async () => {
    const adapter = await adapterFor('postgres://nobody@127.0.0.1:1/none');
    const run = (kind: WorkloadKind) => runWorkload({ kind, adapter, seed: 1, until: 10 }).done;
    await expect(run('queue')).rejects.toMatchObject({ code: 'HF8052' });
    await expect(run('register')).rejects.toMatchObject({ code: 'HF8053' });
  });

  it('are shown without their secrets', async () => {
    const adapter = await adapterFor('redis://me:s3cret@127.0.0.1:6379/1');
    expect(adapter.target).not.toContain('s3cret');
  });
});
