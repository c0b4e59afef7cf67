/** Who may send, and how: credentials in each protocol's own place and words, and TLS in front of them. */
import { rmSync } from 'node:fs';
import { request } from 'node:https';
import { connect as connectTcp } from 'node:net';
import { connect } from 'node:tls';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { makeCertificate } from '../../../test/support/certificate.ts';
import type { Intake, ListenOptions, RunningIntake } from '../contract.ts';
import { influx } from '../influx/index.ts';
import { otlpHttp } from '../otlp/http.ts';
import { remoteWrite } from '../prometheus/remote-write.ts';
import { splunkHec } from '../splunk/index.ts';
import { statsd } from '../statsd/index.ts';
import { syslogTcp } from '../syslog/index.ts';
import { type Rig, rig } from '../testing/rig.ts';
import { zabbix, zabbixFrame } from '../zabbix/index.ts';

const certificate = makeCertificate();
const { cert, key } = certificate;
afterAll(() => rmSync(certificate.directory, { recursive: true }));

let under: Rig;
let running: RunningIntake | undefined;
afterEach(async () => {
  await running?.close();
  running = undefined;
  under.hub.close();
});

async function open(intake: Intake, options: ListenOptions): Promise<number> {
  under = rig();
  running = await intake.start(under.hub, { port: 0, ...options });
  return running.address.port;
}

const basic = (user: string, password: string): string =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
const refused = (): number => under.hub.meter.total('requests', 'unauthorised');

describe('credentials', () => {
  const event = '{"event":"hello","host":"web1"}';
  it.each([
    [`Splunk secret`, '', 200, 0],
    [basic('anybody', 'secret'), '', 200, 0],
    [undefined, '?token=secret', 200, 0],
    [undefined, '', 401, 2],
    ['Splunk guessed', '', 403, 4],
  ])('Splunk HEC: %s %s is %i, code %i', async (authorization, query, status, code) => {
    const port = await open(splunkHec, { token: 'secret' });
    const reply = await fetch(`http://127.0.0.1:${port}/services/collector/event${query}`, {
      method: 'POST',
      body: event,
      headers: authorization === undefined ? {} : { authorization },
    });
    expect([reply.status, ((await reply.json()) as { code: number }).code]).toEqual([status, code]);
    expect(refused()).toBe(status === 200 ? 0 : 1);
  });

  it.each([
    ['Token secret', '', 204],
    ['Token me:secret', '', 204],
    ['Bearer secret', '', 204],
    [basic('me', 'secret'), '', 204],
    [undefined, '&u=me&p=secret', 204],
    ['Token guessed', '', 401],
    [undefined, '', 401],
  ])('InfluxDB: %s %s is %i', async (authorization, query, status) => {
    const port = await open(influx, { token: 'secret' });
    const reply = await fetch(`http://127.0.0.1:${port}/write?db=x${query}`, {
      method: 'POST',
      body: 'cpu value=1',
      headers: authorization === undefined ? {} : { authorization },
    });
    expect(reply.status).toBe(status);
  });

  it.each([
    [{ authorization: 'Bearer secret' }, 200],
    [{ 'x-api-key': 'secret' }, 200],
    [{ authorization: basic('me', 'secret') }, 200],
    [{ authorization: basic('you', 'secret') }, 401],
    [{ authorization: basic('me', 'guessed') }, 401],
    [{}, 401],
  ])('OTLP with a user: %j is %i', async (headers, status) => {
    const port = await open(otlpHttp, { token: 'secret', user: 'me' });
    const reply = await fetch(`http://127.0.0.1:${port}/v1/logs`, {
      method: 'POST',
      body: '{}',
      headers: { 'content-type': 'application/json', ...headers },
    });
    expect(reply.status).toBe(status);
  });

  it('remote_write asks before it reads', async () => {
    const port = await open(remoteWrite, { token: 'secret' });
    const reply = await fetch(`http://127.0.0.1:${port}/api/v1/write`, { method: 'POST', body: 'x' });
    expect([reply.status, await reply.text()]).toEqual([401, 'a token is required\n']);
  });
});

describe('TLS', () => {
  it('carries HTTP; who speaks without it, or knows no certificate, gets nothing', async () => {
    const port = await open(splunkHec, { token: 'secret', tls: { cert, key } });
    const send = (ca: string | undefined): Promise<number> =>
      new Promise((resolve, reject) => {
        const to = {
          host: '127.0.0.1',
          port,
          path: '/services/collector/event',
          method: 'POST',
          agent: false,
        } as const;
        const outgoing = request({ ...to, ca, headers: { authorization: 'Splunk secret' } }, (reply) => {
          reply.resume();
          resolve(reply.statusCode ?? 0);
        });
        outgoing.once('error', reject);
        outgoing.end('{"event":"hello"}');
      });
    expect(await send(cert)).toBe(200);
    await expect(send(undefined)).rejects.toThrow(/self.signed/);
    await expect(fetch(`http://127.0.0.1:${port}/services/collector/health`)).rejects.toThrow();
    expect(under.batches.flatMap(({ logs }) => logs)).toHaveLength(1);
    await vi.waitFor(() => expect(refused()).toBeGreaterThanOrEqual(1), 30_000);
  });

  it('asks senders for a certificate when given an authority', async () => {
    const port = await open(syslogTcp, { tls: { cert, key, ca: cert } });
    const to = { host: '127.0.0.1', port, ca: cert };
    const stranger = connect(to);
    stranger.on('error', () => {});
    await new Promise((resolve) => stranger.once('close', resolve));
    const known = connect({ ...to, cert, key });
    const message = '<13>1 2026-01-01T00:00:00Z web1 shop 7 - - it works';
    known.end(`${message.length} ${message}`);
    await vi.waitFor(() => expect(under.batches.flatMap(({ logs }) => logs)).toHaveLength(1), 30_000);
    expect(under.batches.flatMap(({ logs }) => logs)).toMatchObject([{ service: 'shop', text: 'it works' }]);
    expect(refused()).toBe(1);
  });

  it('with a shared key: the right identity and key, or none of it', async () => {
    const shared = Buffer.alloc(32, 7);
    const port = await open(zabbix, { tls: { psk: { identity: 'agents', key: shared } } });
    const send = (identity: string, psk: Buffer): Promise<string> =>
      new Promise((resolve, reject) => {
        const socket = connect({
          host: '127.0.0.1',
          port,
          pskCallback: () => ({ psk, identity }),
          ciphers: 'PSK',
          maxVersion: 'TLSv1.2',
          checkServerIdentity: () => undefined,
        });
        const chunks: Buffer[] = [];
        socket.on('data', (chunk) => chunks.push(chunk));
        socket.once('error', reject);
        socket.once('close', () => resolve(Buffer.concat(chunks).toString()));
        const body = { request: 'sender data', data: [{ host: 'web1', key: 'load', value: '1' }] };
        socket.write(zabbixFrame(JSON.stringify(body)));
      });
    expect(await send('agents', shared)).toContain('processed: 1');
    await expect(send('agents', Buffer.alloc(32, 8))).rejects.toThrow();
    await expect(send('others', shared)).rejects.toThrow();
    expect(under.points()).toEqual(['load{host=web1} 1']);
  });

  it('a handshake that is never done keeps nothing from closing', async () => {
    const port = await open(otlpHttp, { tls: { cert, key } });
    const silent = connectTcp(port, '127.0.0.1');
    silent.on('error', () => {});
    await new Promise((resolve) => silent.once('connect', resolve));
    await running?.close();
    running = undefined;
  });

  it('is refused for what is UDP', async () => {
    under = rig();
    await expect(statsd.start(under.hub, { port: 0, tls: { cert, key } })).rejects.toMatchObject({ code: 'HF1004' });
  });
});
