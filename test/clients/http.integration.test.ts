/** The HTTP intakes over real sockets, with real clients: the OpenTelemetry SDK's Zipkin exporter, and curl. */
import { execFile, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { alertmanager } from '../../src/intake/alertmanager/index.ts';
import type { Intake, RunningIntake } from '../../src/intake/contract.ts';
import { influx } from '../../src/intake/influx/index.ts';
import { splunkHec } from '../../src/intake/splunk/index.ts';
import { type Rig, rig, WALL_MS } from '../../src/intake/testing/rig.ts';
import { zipkin } from '../../src/intake/zipkin/index.ts';

const run = promisify(execFile);
let under: Rig;
let running: RunningIntake;
afterEach(async () => {
  await running.close();
  under.hub.close();
});

async function start(intake: Intake, token?: string): Promise<string> {
  under = rig();
  running = await intake.start(under.hub, { port: 0, ...(token === undefined ? {} : { token }) });
  return `http://127.0.0.1:${running.address.port}`;
}

/** Status and body of one request by curl. */
async function curl(url: string, ...options: string[]): Promise<[status: number, body: string]> {
  const { stdout } = await run('curl', ['-sS', '-w', '\n%{http_code}', ...options, url]);
  const at = stdout.lastIndexOf('\n');
  return [Number(stdout.slice(at + 1)), stdout.slice(0, at)];
}

describe('Zipkin', () => {
  it('takes what the OpenTelemetry SDK’s Zipkin exporter sends', async () => {
    const url = await start(zipkin);
    const client = fileURLToPath(new URL('./otel-client.mjs', import.meta.url));
    const env = {
      ...process.env,
      OTEL_TRACES_EXPORTER: 'zipkin',
      OTEL_EXPORTER_ZIPKIN_ENDPOINT: `${url}/api/v2/spans`,
      ONLY: 'traces',
    };
    const child = spawn(process.execPath, [client], { env, stdio: ['ignore', 'ignore', 'inherit'] });
    expect(await new Promise((resolve) => child.once('close', resolve))).toBe(0);
    under.settle();
    expect(under.edges()).toEqual(['(outside)>shop 1/0', 'shop>bank 1/0', 'shop>pay:8080 1/1']);
  });

  it('refuses with a reason', async () => {
    const url = await start(zipkin);
    const json = ['-H', 'content-type: application/json'];
    expect(await curl(`${url}/api/v2/spans`, ...json, '-d', '[{}]')).toEqual([
      400,
      'span 0: traceId is not 1 to 32 hex digits',
    ]);
    expect(await curl(`${url}/api/v2/spans`, ...json, '-d', '[]')).toEqual([202, '']);
    expect((await curl(`${url}/api/v1/spans`, ...json, '-d', '[]'))[0]).toBe(404);
  });
});

describe('InfluxDB', () => {
  it('takes lines by both write APIs, tells what is wrong, and asks for its token', async () => {
    const url = await start(influx, 's3cret');
    const token = ['-H', 'authorization: Token s3cret'];
    expect((await curl(`${url}/ping`))[0]).toBe(204);
    expect(await curl(`${url}/write?db=x`, '-d', 'm v=1')).toEqual([401, '{"error":"a token is required"}']);
    expect((await curl(`${url}/write?db=x&u=me&p=s3cret&precision=s`, '-d', 'm,host=a v=1 1700000000'))[0]).toBe(204);
    expect((await curl(`${url}/api/v2/write?org=o&bucket=b`, ...token, '-d', 'm,host=a v=2'))[0]).toBe(204);
    expect(await curl(`${url}/write?db=x`, ...token, '-d', 'm v=')).toEqual([
      400,
      `{"error":"unable to parse 'm v=': missing field value"}`,
    ]);
    expect(await curl(`${url}/api/v2/write`, ...token, '-d', 'm')).toEqual([
      400,
      `{"code":"invalid","message":"unable to parse 'm': missing fields"}`,
    ]);
    expect(under.points()).toEqual(['m.v{host=a} 1', 'm.v{host=a} 2']);
    expect(under.batches[0]?.points.wallMs).toEqual([WALL_MS]);
  });
});

describe('Splunk HEC', () => {
  it('takes events and raw lines, acknowledges, and answers with Splunk’s codes', async () => {
    const url = await start(splunkHec, 'abc');
    const token = ['-H', 'authorization: Splunk abc'];
    const channel = ['-H', 'x-splunk-request-channel: 7f1f7a00-0000-0000-0000-000000000000'];
    expect((await curl(`${url}/services/collector/health`))[1]).toContain('"code":17');
    expect(await curl(`${url}/services/collector`, '-d', '{"event":"x"}')).toEqual([
      401,
      '{"text":"Token is required","code":2}',
    ]);
    expect(await curl(`${url}/services/collector`, '-H', 'authorization: Splunk no', '-d', '{"event":"x"}')).toEqual([
      403,
      '{"text":"Invalid token","code":4}',
    ]);
    expect(await curl(`${url}/services/collector/event`, ...token, '-d', '{"event":"a"}{"event":"b"}')).toEqual([
      200,
      '{"text":"Success","code":0}',
    ]);
    expect(await curl(`${url}/services/collector/raw`, ...token, ...channel, '-d', 'c')).toEqual([
      200,
      '{"text":"Success","code":0,"ackId":0}',
    ]);
    expect(await curl(`${url}/services/collector/ack`, ...token, ...channel, '-d', '{"acks":[0]}')).toEqual([
      200,
      '{"acks":{"0":true}}',
    ]);
    expect(await curl(`${url}/services/collector`, ...token, '-d', '{"event":"a"}{}')).toEqual([
      400,
      '{"text":"Event field is required","code":12,"invalid-event-number":1}',
    ]);
    expect((await curl(`${url}/services/collector`, ...token, '-d', ''))[1]).toContain('"code":5');
    expect(under.batches.flatMap(({ logs }) => logs.map(({ text }) => text))).toEqual(['a', 'b', 'c']);
  });
});

describe('Alertmanager webhook', () => {
  it('takes alerts on any path', async () => {
    const url = await start(alertmanager);
    const body = {
      version: '4',
      alerts: [{ status: 'firing', labels: { alertname: 'Down', job: 'db' }, startsAt: 'x' }],
    };
    expect((await curl(`${url}/alerts`, '-d', JSON.stringify(body)))[0]).toBe(200);
    expect(await curl(`${url}/`, '-d', '{}')).toEqual([400, 'no list of alerts: is this version 4?']);
    expect(under.batches.flatMap(({ checks }) => checks)).toMatchObject([
      { check: 'Down', subject: 'db', state: 'critical', wallMs: WALL_MS },
    ]);
  });
});
