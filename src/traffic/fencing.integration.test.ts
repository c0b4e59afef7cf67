/** A primary that was asleep: when it wakes up another one holds the token, and nothing of what clients send reaches it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { freePort } from '../../test/support/ports.ts';
import type { PoolMember, RouteTable } from '../model/routes.ts';
import { Plane } from './plane.ts';
import { member, tableOf } from './testing/harness.ts';

/** Answers every line with its name, and tells on its standard output how many bytes it was sent. */
const SERVER = `
  let bytes = 0;
  require('node:net').createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (data) => { bytes += data.length; socket.write(process.argv[2] + '\\n'); process.stdout.write(bytes + '\\n'); });
  }).listen(Number(process.argv[1]), '127.0.0.1', () => process.stdout.write('0\\n'));`;

interface Database {
  readonly port: number;
  readonly child: ChildProcess;
  bytes: number;
}

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0).reverse()) cleanup();
});

async function database(name: string): Promise<Database> {
  const port = await freePort();
  const child = spawn(process.execPath, ['-e', SERVER, String(port), name], { stdio: ['ignore', 'pipe', 'inherit'] });
  cleanups.push(() => child.kill('SIGKILL'));
  const started: Database = { port, child, bytes: 0 };
  child.stdout?.on('data', (text: Buffer) => {
    started.bytes = Number(text.toString().trim().split('\n').at(-1));
  });
  await once(child.stdout as NonNullable<typeof child.stdout>, 'data');
  return started;
}

async function client(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  cleanups.push(() => socket.destroy());
  await once(socket, 'connect');
  return socket;
}

async function ask(socket: Socket, text: string): Promise<string> {
  socket.write(`${text}\n`);
  const [answer] = (await once(socket, 'data')) as [Buffer];
  return answer.toString().trim();
}

it('a fenced primary that wakes up gets no write through the endpoint', async () => {
  const [old, next] = [await database('old'), await database('next')];
  const plane = new Plane({ signals: () => undefined, changed: () => undefined });
  cleanups.push(() => plane.close());
  const port = await freePort();
  const table = (version: number, token: number, leader: Database): RouteTable => {
    const of = (who: Database, instance: string): PoolMember => ({
      ...member(instance, who.port),
      state: who === leader ? 'serve' : 'fenced',
    });
    return tableOf(port, [of(old, 'db-1'), of(next, 'db-2')], { version, token, protocol: 'tcp' });
  };
  await plane.apply(table(1, 1, old));
  const writer = await client(port);
  expect(await ask(writer, 'one')).toBe('old');

  old.child.kill('SIGSTOP');
  // More than the kernel takes for somebody who does not read: the rest waits in the endpoint.
  const megabytes = 64;
  const known = old.bytes;
  writer.write(Buffer.alloc(megabytes * 1024 * 1024, 'x'));
  await new Promise((resume) => setTimeout(resume, 300));
  const closed = new Promise((resolve) => writer.once('close', resolve));
  await plane.apply(table(2, 2, next));
  await closed;
  old.child.kill('SIGCONT');

  const again = await client(port);
  expect(await ask(again, 'two')).toBe('next');
  await new Promise((resume) => setTimeout(resume, 500));
  // What the kernel had before the fence may still be read; nothing that waited behind it, and nothing since.
  const read = old.bytes - known;
  expect(read).toBeLessThan((megabytes / 2) * 1024 * 1024);

  // Who still believes in the old token changes nothing, however new the table.
  await plane.apply(table(3, 1, old));
  expect(await ask(again, 'three')).toBe('next');
  const third = await client(port);
  expect(await ask(third, 'four')).toBe('next');
  expect(old.bytes - known).toBe(read);
});
