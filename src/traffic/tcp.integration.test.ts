import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { freePort } from '../../test/support/ports.ts';
import type { PoolMember, PoolPolicy, RouteTable } from '../model/routes.ts';
import type { EdgeSignal } from '../model/signal.ts';
import { type Applied, Plane, type TrafficSignal } from './plane.ts';
import { member, tableOf } from './testing/harness.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function serve(onConnection: (socket: Socket) => void, port = 0): Promise<number> {
  const sockets = new Set<Socket>();
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    onConnection(socket);
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  cleanups.push(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return (server.address() as AddressInfo).port;
}

interface Running {
  readonly plane: Plane;
  readonly port: number;
  readonly signals: TrafficSignal[];
  readonly changes: Applied[];
  table(members: readonly PoolMember[], version: number, policy?: Partial<PoolPolicy>): RouteTable;
}

async function start(members: readonly PoolMember[], policy: Partial<PoolPolicy> = {}): Promise<Running> {
  const signals: TrafficSignal[] = [];
  const changes: Applied[] = [];
  const plane = new Plane({ signals: (more) => signals.push(...more), changed: (applied) => changes.push(applied) });
  cleanups.push(() => plane.close());
  const port = await freePort();
  const table: Running['table'] = (of, version, own = policy) =>
    tableOf(port, of, { version, protocol: 'tcp', policy: own });
  await plane.apply(table(members, 1));
  return { plane, port, signals, changes, table };
}

/** Sends, ends its side, and resolves with everything received up to the other side's end. */
function talk(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true }, () => socket.end(text));
    let received = '';
    socket.on('data', (data) => {
      received += data.toString();
    });
    socket.on('end', () => resolve(received));
    socket.on('error', reject);
  });
}

const answerAtEnd = (socket: Socket): void => {
  let received = '';
  socket.on('data', (data) => {
    received += data.toString();
  });
  socket.on('end', () => socket.end(`got ${received}`));
};

describe('connections', () => {
  it('keeps the other direction open when one has ended', async () => {
    const { port } = await start([member('web-1', await serve(answerAtEnd))]);
    expect(await talk(port, 'hello')).toBe('got hello');
  });

  it('never shows a connect failure while another member accepts', async () => {
    const dead = [await freePort(), await freePort()];
    const alive = await serve(answerAtEnd);
    const members = [...dead, alive].map((port, index) => member(`web-${index + 1}`, port));
    const { port, signals } = await start(members);
    const answers = await Promise.all(Array.from({ length: 30 }, (_, i) => talk(port, String(i))));
    expect(answers).toEqual(Array.from({ length: 30 }, (_, i) => `got ${i}`));
    const refusing = signals.flatMap((signal) =>
      signal.kind === 'stall' ? [`${signal.instance} ${signal.state}`] : [],
    );
    expect(refusing.sort()).toEqual(['web-1 refusing', 'web-2 refusing']);
  });

  it('waits for a member that starts meanwhile, and says that it accepts again', async () => {
    const port = await freePort();
    const running = await start([member('web-1', port)]);
    const waiting = talk(running.port, 'patience');
    await expect.poll(() => running.signals.length).toBeGreaterThan(0);
    await serve(answerAtEnd, port);
    expect(await waiting).toBe('got patience');
    expect(running.signals.at(-1)).toMatchObject({ kind: 'stall', state: 'recovered', instance: 'web-1' });
  });

  it('passes a reset on as a reset, and counts it', async () => {
    const { port, signals } = await start([
      member('web-1', await serve((socket) => socket.once('data', () => socket.resetAndDestroy()))),
    ]);
    await expect(talk(port, 'x')).rejects.toThrow('ECONNRESET');
    const resets = () =>
      signals.filter((signal): signal is EdgeSignal => signal.kind === 'edge' && signal.failures.reset === 1);
    await expect.poll(resets).toHaveLength(1);
    expect(resets()[0]).toMatchObject({
      caller: '(outside)',
      callee: 'web',
      instance: 'web-1',
      requests: 1,
      protocol: 'tcp',
    });
  });

  it('holds a fast sender back to the pace of a slow reader', async () => {
    let reader: Socket | null = null;
    const upstream = await serve((socket) => {
      reader = socket;
      socket.pause();
    });
    const { port } = await start([member('web-1', upstream)]);
    const sender = connect(port, '127.0.0.1');
    sender.on('error', () => undefined);
    cleanups.push(() => sender.destroy());
    const before = process.memoryUsage().arrayBuffers;
    const piece = Buffer.alloc(1 << 20);
    let accepted = 0;
    while (accepted < 64 && sender.write(piece)) accepted++;
    await new Promise<void>((resolve) => {
      const push = (): void => {
        for (; accepted < 64; accepted++) if (!sender.write(piece)) break;
        if (accepted >= 64) resolve();
      };
      sender.on('drain', push);
      push();
      // The kernel's buffers are full and nothing drains any more.
      setTimeout(resolve, 500);
    });
    expect(accepted).toBeLessThan(64);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 << 20);
    expect(reader).not.toBeNull();
  });
});

describe('tables', () => {
  it('ignores an older one of the same system, takes any of another', async () => {
    const first = await serve((socket) => socket.end('first'));
    const second = await serve((socket) => socket.end('second'));
    const { plane, port, table } = await start([member('web-1', first)]);
    await plane.apply(table([member('web-1', first)], 5));
    expect(await plane.apply(table([member('web-2', second)], 4))).toEqual({ version: 5, failed: [] });
    expect(await talk(port, '')).toBe('first');
    await plane.apply({ ...table([member('web-2', second)], 1), system: 'other' });
    expect(await talk(port, '')).toBe('second');
  });

  it('says which port is taken, serves the others, and takes the port when it is free', async () => {
    const upstream = await serve((socket) => socket.end('here'));
    const { plane, port, changes, table } = await start([member('web-1', upstream)]);
    const squatter = createServer();
    const taken = await new Promise<number>((resolve) => {
      squatter.listen(0, '127.0.0.1', () => resolve((squatter.address() as AddressInfo).port));
    });
    const base = table([member('web-1', upstream)], 2);
    const extra = { id: 'api→web:main', host: '127.0.0.1', port: taken, caller: 'api', pool: 'web:main' };
    const applied = await plane.apply({ ...base, listeners: [...base.listeners, extra] });
    expect(applied.failed).toEqual([{ listener: 'api→web:main', error: expect.stringContaining('HF4001') }]);
    expect(await talk(port, '')).toBe('here');
    squatter.close();
    await expect.poll(() => changes).toContainEqual({ version: 2, failed: [] });
    expect(await talk(taken, '')).toBe('here');
  });

  it('a removed listener accepts nothing more and cuts what outlives the drain', async () => {
    const upstream = await serve((socket) => socket.on('data', (data) => socket.write(data)));
    const { plane, port, table } = await start([member('web-1', upstream)], { drainMs: 300 });
    const open = connect(port, '127.0.0.1');
    open.on('error', () => undefined);
    const closed = new Promise<void>((resolve) => open.on('close', () => resolve()));
    open.write('still here');
    await new Promise((resolve) => open.once('data', resolve));
    await plane.apply({ ...table([member('web-1', upstream)], 2), listeners: [] });
    await expect(talk(port, '')).rejects.toThrow('ECONNREFUSED');
    open.write('and now');
    await new Promise((resolve) => open.once('data', resolve));
    await closed;
  });

  it('a new life of an instance starts clean', async () => {
    const port = await freePort();
    const running = await start([member('web-1', port)]);
    const waiting = talk(running.port, 'x');
    await expect.poll(() => running.signals.length).toBe(1);
    const next = await serve(answerAtEnd);
    await running.plane.apply(running.table([member('web-1', next, { incarnation: 2 })], 2));
    expect(await waiting).toBe('got x');
  });
});
