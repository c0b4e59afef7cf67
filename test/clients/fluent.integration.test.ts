/** The official Fluent client for Node against our listener, with acknowledgements, every mode, and a shared key. */
import { rmSync } from 'node:fs';
import { connect } from 'node:net';
import { FluentClient } from '@fluent-org/logger';
import { afterEach, expect, it } from 'vitest';
import type { RunningIntake } from '../../src/intake/contract.ts';
import { fluent } from '../../src/intake/fluent/index.ts';
import { MsgReader, msgpack } from '../../src/intake/fluent/msgpack.ts';
import { type Rig, rig } from '../../src/intake/testing/rig.ts';
import { makeCertificate } from '../support/certificate.ts';

let under: Rig;
let running: RunningIntake;
afterEach(async () => {
  await running.close();
  under.hub.close();
});

const MODES = ['Message', 'Forward', 'PackedForward', 'CompressedPackedForward'] as const;

it.each([...MODES.map((mode) => [mode, undefined] as const), ['PackedForward', 'secret'] as const])(
  'takes and acknowledges %s, shared key %s',
  async (eventMode, token) => {
    under = rig();
    running = await fluent.start(under.hub, { port: 0, ...(token === undefined ? {} : { token }) });
    const client = new FluentClient('app', {
      eventMode,
      ack: { ackTimeout: 5_000 },
      socket: { host: '127.0.0.1', port: running.address.port },
      ...(token === undefined ? {} : { security: { clientHostname: 'web1', sharedKey: token } }),
    });
    await client.emit('orders', { message: 'refused', level: 'error', n: 17 });
    await client.disconnect();
    const [line] = under.batches.flatMap(({ logs }) => logs);
    expect(line).toMatchObject({
      service: 'app.orders',
      severity: 'error',
      text: 'refused',
      attributes: { level: 'error', n: '17' },
    });
    expect(Math.abs((line?.wallMs ?? 0) - Date.now())).toBeLessThan(60_000);
  },
);

it('takes an encrypted connection with a shared key', async () => {
  under = rig();
  const { cert, key, directory } = makeCertificate();
  running = await fluent.start(under.hub, { port: 0, token: 'secret', tls: { cert, key } });
  const client = new FluentClient('app', {
    eventMode: 'Forward',
    ack: { ackTimeout: 5_000 },
    socket: { host: '127.0.0.1', port: running.address.port, tls: { ca: cert } },
    security: { clientHostname: 'web1', sharedKey: 'secret' },
  });
  await client.emit('orders', { message: 'sealed' });
  await client.disconnect();
  expect(under.batches.flatMap(({ logs }) => logs)).toMatchObject([{ service: 'app.orders', text: 'sealed' }]);
  rmSync(directory, { recursive: true });
});

it('sends away who does not know the key', async () => {
  under = rig();
  running = await fluent.start(under.hub, { port: 0, token: 'secret' });
  const socket = connect(running.address.port, '127.0.0.1');
  const answers: Buffer[] = [];
  socket.on('data', (chunk) => {
    if (answers.push(chunk) === 1) socket.write(msgpack(['PING', 'web1', 'salt', 'guessed', '', '']));
  });
  await new Promise((resolve) => socket.once('close', resolve));
  const reader = new MsgReader(Buffer.concat(answers));
  expect(reader.value()).toMatchObject(['HELO', { auth: '' }]);
  expect(reader.value()).toEqual(['PONG', false, 'shared_key mismatch', 'holdfast', '']);
  expect(under.batches).toEqual([]);
  expect(under.hub.meter.total('requests', 'unauthorised')).toBe(1);
});
