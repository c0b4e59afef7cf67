/** Telemetry of one machine, with senders on real sockets: who is meant, what is claimed, what is not told twice. */
import { createSocket } from 'node:dgram';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { launchOf } from '../../../test/support/runtime.ts';
import type { Signal } from '../../model/signal.ts';
import { parseIntake, parseScrape } from './intakes.ts';
import { PortMemory } from './port-memory.ts';
import { Telemetry } from './telemetry.ts';

let telemetry: Telemetry;
let told: Signal[];
const kept: string[] = [];
const cleanUps: (() => Promise<unknown> | unknown)[] = [];

async function open(...intakes: readonly string[]): Promise<void> {
  told = [];
  kept.length = 0;
  telemetry = new Telemetry({
    now: () => performance.now(),
    wallMs: Date.now,
    keep: ({ name, source }, _wallMs, value) => kept.push(`${source} ${name} ${value}`),
  });
  cleanUps.push(() => telemetry.close());
  await telemetry.open(intakes.map(parseIntake));
  telemetry.start((signals) => told.push(...signals));
  for (const name of ['web-1', 'web-2', 'db-1']) {
    const service = name.slice(0, -2);
    const ports: Record<string, number> = name === 'db-1' ? { '80': dbPort } : {};
    telemetry.launched(launchOf(['run'], { instance: name, service, ports }));
  }
}
let dbPort = 1;

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

const portOf = (name: string): number => {
  const port = telemetry.intakes.find((intake) => intake.name === name)?.address.port;
  if (port === undefined) throw new Error(`${name} is not open`);
  return port;
};
const accepted = (protocol: string, what: string): number =>
  telemetry.figures.meter.find((row) => row.protocol === protocol && row.what === what && row.reason === null)?.count ??
  0;

describe('any free port', () => {
  it('is the same one after a restart, and another one when somebody has taken it', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'hf-ports-'));
    const taken = createTcp().listen(4318, '127.0.0.1');
    await new Promise((resolve) => taken.once('listening', resolve).once('error', resolve));
    const start = async (): Promise<number> => {
      const ports = new PortMemory(join(dir, 'state', 'ports.json'));
      const one = new Telemetry({ now: () => performance.now(), wallMs: Date.now, ports });
      cleanUps.push(() => one.close());
      await one.open([parseIntake('otlp-http=auto')]);
      return one.intakes[0]?.address.port ?? 0;
    };
    const first = await start();
    expect(first).not.toBe(4318);
    await cleanUps.pop()?.();
    expect(await start()).toBe(first);
    const second = await start();
    expect(second).not.toBe(first);
    writeFileSync(join(dir, 'state', 'ports.json'), '{"otlp-http": "no');
    expect(await start()).toBeGreaterThan(0);
    await new Promise((resolve) => taken.close(resolve));
    rmSync(dir, { recursive: true });
  });

  it('is told to instances, unless a secret would have to be told with it', async () => {
    await open('otlp-http=0');
    expect(telemetry.urlOf('otlp-http')).toMatch(/^http:/);
    await open('otlp-http=0,token=secret');
    expect(telemetry.urlOf('otlp-http')).toBeNull();
  });
});

describe('what to listen for', () => {
  it.each([
    ['otlp-http', {}, false],
    ['otlp-http=auto', {}, true],
    ['statsd=9125', { port: 9125 }, false],
    ['splunk-hec=0.0.0.0:8088,token=secret', { host: '0.0.0.0', port: 8088, token: 'secret' }, false],
    ['zipkin=[::1]:9411', { host: '::1', port: 9411 }, false],
    ['prometheus-remote-write=9201,user=me,token=secret', { port: 9201, user: 'me', token: 'secret' }, false],
  ])('%s', (text, options, anyPort) => {
    expect(parseIntake(text)).toMatchObject({ options, anyPort });
  });

  it.each([
    'nothing',
    'otlp-http=host:port',
    'statsd=70000',
    'splunk-hec=8088,secret=x',
    'splunk-hec=8088,token=@/none',
    'syslog-tcp=6514,cert=/none,key=/none',
    'syslog-tcp=6514,cert=/none',
    'syslog-tcp=6514,cert=package.json,key=package.json',
    'zabbix=10051,psk=package.json,psk-identity=x',
    'zabbix=10051,psk=package.json',
    'otlp-http=4318,psk=package.json,psk-identity=x',
  ])('%s is refused with what to write', (text) => {
    expect(() => parseIntake(text)).toThrow(expect.objectContaining({ code: 'HF7002' }));
  });

  it('a secret is not repeated in an error', () => {
    expect(() => parseIntake('splunk-hec=nowhere:port,token=s3cret')).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('s3cret') as string }),
    );
  });

  it('targets have a name and a path', () => {
    expect(parseScrape('http://127.0.0.1:9100')).toEqual({
      url: 'http://127.0.0.1:9100/metrics',
      job: '127.0.0.1:9100',
    });
    expect(parseScrape('db=http://h:1/m?x=1')).toEqual({ url: 'http://h:1/m?x=1', job: 'db' });
    expect(() => parseScrape('h:1')).toThrow(expect.objectContaining({ code: 'HF7002' }));
  });

  it('a taken port is an error that opens nothing, and a reason to take another where any will do', async () => {
    const taken = createTcp().listen(0, '127.0.0.1');
    await new Promise((resolve) => taken.once('listening', resolve));
    cleanUps.push(() => taken.close());
    const { port } = taken.address() as AddressInfo;
    await expect(open('zipkin=0', `influx=${port}`)).rejects.toMatchObject({ code: 'HF4001' });
    expect(telemetry.intakes).toEqual([]);
    const request = parseIntake('influx=auto');
    await telemetry.open([{ ...request, options: { port } }]);
    expect(portOf('influx')).not.toBe(port);
  });
});

describe('who is meant', () => {
  it('services by their names, instances by theirs, and nobody else', async () => {
    await open('statsd=0');
    const socket = createSocket('udp4');
    cleanUps.push(() => socket.close());
    const lines = ['queue:5|g|#service:web', 'queue:6|g|#service:web,instance:web-2', 'queue:7|g|#service:strange'];
    socket.send(lines.join('\n'), portOf('statsd'), '127.0.0.1');
    await vi.waitFor(() => expect(telemetry.figures.judged + telemetry.figures.unknown).toBe(3), { timeout: 40_000 });
    expect(telemetry.figures).toMatchObject({ judged: 2, unknown: 1 });
    expect(kept).toHaveLength(3);
  }, 60_000);

  it('a scraped target by the port of an instance', async () => {
    const target = createServer((_request, reply) => reply.end('# TYPE jobs gauge\njobs 7\n')).listen(0, '127.0.0.1');
    await new Promise((resolve) => target.once('listening', resolve));
    cleanUps.push(() => target.close());
    dbPort = (target.address() as AddressInfo).port;
    await open();
    telemetry.scrape([parseScrape(`http://127.0.0.1:${dbPort}`)]);
    await vi.waitFor(() => expect(telemetry.targets).toMatchObject([{ up: true, error: null }]), 30_000);
    expect(kept).toContain(`127.0.0.1:${dbPort} jobs 7`);
    expect(telemetry.figures.unknown).toBe(0);
  });
});

it('what a pipeline says it did is a change of that service; complaints and strangers are none', async () => {
  await open('statsd=0');
  const socket = createSocket('udp4');
  const event = (title: string, more: string): string => `_e{${title.length},2}:${title}|v2|${more}`;
  const lines = [
    event('deployed', 's:ci|#service:web'),
    event('rolled', 's:ci|#service:web'),
    event('broken', 't:error|#service:db'),
    event('deployed', '#service:nobody'),
  ];
  socket.send(lines.join('\n'), portOf('statsd'), '127.0.0.1');
  await vi.waitFor(() => expect(accepted('statsd', 'changes')).toBe(4), 30_000);
  socket.close();
  expect(told.filter(({ kind }) => kind === 'change')).toMatchObject([
    { change: { kind: 'external', who: 'ci', why: 'deployed', services: ['web'], content: ['deployed', 'v2'] } },
  ]);
});

describe('calls that spans show', () => {
  const span = (id: string, kind: string, serviceName: string, parentId?: string) => ({
    traceId: `${'0'.repeat(15)}1`,
    id,
    ...(parentId === undefined ? {} : { parentId }),
    kind,
    name: 'get',
    timestamp: Date.now() * 1_000,
    duration: 5_000,
    localEndpoint: { serviceName },
  });
  const post = async (): Promise<void> => {
    const body = JSON.stringify([
      span('000000000000000a', 'CLIENT', 'web'),
      span('000000000000000b', 'SERVER', 'db', '000000000000000a'),
    ]);
    const sent = await fetch(`http://127.0.0.1:${portOf('zipkin')}/api/v2/spans`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    expect(sent.status).toBe(202);
  };
  const edges = () => told.flatMap((signal) => (signal.kind === 'edge' ? [`${signal.caller}→${signal.instance}`] : []));

  it('are edges where no endpoint of ours is in between, and told once where one is', async () => {
    await open('zipkin=0');
    await post();
    await vi.waitFor(() => expect(edges()).toEqual(['web→db-1']), { timeout: 40_000 });
    telemetry.routes({
      version: 1,
      system: 's',
      listeners: [{ id: 'web→db:80', host: '127.0.0.1', port: 1, caller: 'web', pool: 'db:80' }],
      pools: [{ id: 'db:80', service: 'db' } as never],
    });
    await post();
    await vi.waitFor(() => expect(accepted('zipkin', 'spans')).toBe(4), 30_000);
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    expect(edges()).toEqual(['web→db-1']);
  }, 60_000);
});

describe('what others judge', () => {
  it('a plugin that warns is a claim, and its end is told', async () => {
    await open();
    telemetry.plugin('web-1', { check: 'check_load', exitCode: 1, stdout: 'LOAD WARNING | load1=6;5;10' });
    telemetry.review();
    const claim = told.find((signal) => signal.kind === 'claim');
    expect(claim).toMatchObject({
      over: false,
      claim: {
        entity: { name: 'web-1' },
        resource: 'check.check_load',
        standing: 'advisory',
        evidence: ['LOAD WARNING'],
      },
    });
    expect(kept).toEqual(['web-1 check_load.load1 6']);
    telemetry.plugin('web-1', { check: 'check_load', exitCode: 0, stdout: 'LOAD OK' });
    telemetry.review();
    expect(told.filter((signal) => signal.kind === 'claim')).toHaveLength(1);
  });
});
