/** The HTTP surface without sockets: what is let in, what is refused and how it is told, over a plane that records. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { Compile } from 'typebox/compile';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ErrorSchema } from '../../api/model-schemas.ts';
import type { StatusResource } from '../../api/resources.ts';
import { ROUTES, type Route } from '../../api/routes.ts';
import { StatusSchema } from '../../api/schemas.ts';
import { HoldfastError } from '../../model/errors.ts';
import type { Actor, ControlPlane } from '../control-plane.ts';
import { NO_PROVING } from '../prove/testing/none.ts';
import { createApp } from './app.ts';
import { type Token, token } from './auth.ts';
import { originPolicy } from './origin.ts';

const STATUS: StatusResource = {
  system: 'shop',
  health: 'healthy',
  sentence: 'All 2 services are healthy.',
  index: 3,
  mode: 'auto',
  automationStopped: false,
  version: '0.1.0',
  pid: 1,
  startedAt: '2026-01-01T00:00:00.000Z',
  now: '2026-01-01T00:00:10.000Z',
  stateDir: '/s',
  services: { total: 2, healthy: 2 },
  instances: { total: 3, ready: 3 },
  openIncidents: 0,
  budget: { max: 1, out: [] },
  silences: [],
  blindSpots: [],
  parts: [],
  node: null,
};

interface Recorded {
  readonly call: string;
  readonly actor?: Actor;
  readonly argument?: unknown;
}

function recordingPlane(calls: Recorded[]): ControlPlane {
  return {
    status: () => STATUS,
    services: () => [],
    instances: () => [],
    symptoms: () => [],
    edges: () => [],
    audit: () => ({ system: null, at: new Date(0).toISOString(), high: 0, medium: 0, low: 0, findings: [] }),
    incidents: () => [],
    incident: (id) => {
      throw new HoldfastError('HF5003', `there is no incident ${id}`);
    },
    actions: () => [],
    changes: () => [],
    events: () => [],
    plan: async (spec) => {
      calls.push({ call: 'plan', argument: spec });
      return { index: 3, system: 'shop', notices: [], changes: [], policy: [], empty: true };
    },
    apply: async (_spec, index, actor) => {
      calls.push({ call: 'apply', actor, argument: index });
      return { change: 'c1', index: 4, detail: 'applied', notices: [] };
    },
    operate: async (command, actor) => {
      calls.push({ call: 'operate', actor, argument: command });
      return { detail: 'done', id: null };
    },
    heartbeat: (instance, pass, note) => {
      calls.push({ call: 'heartbeat', argument: { instance, pass, note } });
    },
    logs: (instance) => {
      if (instance !== 'api-1') throw new HoldfastError('HF3007', `there is no instance ${instance}`);
      return (async function* () {
        yield 'first';
        yield 'second';
      })();
    },
    journal: async () => [],
    verifyJournal: async () => ({
      intact: true,
      entries: 1,
      segments: 1,
      firstSeq: 1,
      lastHash: 'h',
      replayed: null,
      firstDifference: null,
    }),
    proving: NO_PROVING,
    metrics: () => 'holdfast_up 1\n',
    subscribe: () => () => undefined,
    shutdown: async (down, actor) => {
      calls.push({ call: 'shutdown', actor, argument: down });
    },
  };
}

const HOST = { host: '127.0.0.1:7420' };
const SPEC = { file: 'compose.yaml', baseDir: '/s', text: 'x', variables: {}, profiles: [], projectName: null };

describe('the HTTP surface', () => {
  let calls: Recorded[];
  let dashboard: string;
  let app: FastifyInstance;
  let ended: number;

  const start = (tokens: readonly Token[] = []): FastifyInstance =>
    createApp({
      plane: recordingPlane(calls),
      tokens,
      origin: originPolicy('127.0.0.1', 'box'),
      facts: { version: '0.1.0', pid: 42, ended: () => ended++ },
      dashboard,
      log: () => undefined,
    });

  beforeEach(() => {
    calls = [];
    ended = 0;
    dashboard = mkdtempSync(join(tmpdir(), 'holdfast-dashboard-'));
    app = start();
  });

  afterEach(async () => {
    await app.close();
    rmSync(dashboard, { recursive: true });
  });

  it('answers what the schema says', async () => {
    const answer = await app.inject({ url: '/v1/status', headers: HOST });
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
    expect(answer.json()).toEqual(STATUS);
    expect(Compile(StatusSchema).Check(answer.json())).toBe(true);
  });

  it('has every route of the table', () => {
    for (const route of Object.values<Route>(ROUTES)) {
      const url = route.path.replace(/\{(\w+)\}/g, ':$1');
      expect(app.hasRoute({ method: route.method, url }), `${route.method} ${route.path}`).toBe(true);
    }
  });

  it.each([
    ['a foreign host', { host: 'evil.example' }],
    ['a rebound name with our port', { host: 'evil.example:7420' }],
    ['a host that only begins like ours', { host: '127.0.0.1.evil.example' }],
    ['a foreign origin', { ...HOST, origin: 'http://evil.example' }],
    ['an opaque origin', { ...HOST, origin: 'null' }],
    ['another program of this machine', { ...HOST, origin: 'http://127.0.0.1:3000' }],
    ['an https page of the same name', { ...HOST, origin: 'https://127.0.0.1:7420' }],
    ['an image of another site', { ...HOST, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }],
  ])('refuses %s, on every route and on live views', async (_what, headers) => {
    for (const url of ['/v1/status', '/v1/events', '/metrics', '/', '/healthz', '/nothing']) {
      const answer = await app.inject({ url, headers });
      expect(answer.statusCode, url).toBe(403);
      expect(answer.json()).toMatchObject({ code: 'HF6003' });
    }
    const post = await app.inject({ method: 'POST', url: '/v1/plan', headers, payload: { spec: SPEC } });
    expect(post.statusCode).toBe(403);
    expect(calls).toEqual([]);
  });

  it.each([
    ['its address', HOST],
    ['its name', { host: 'localhost:7420' }],
    ['IPv6', { host: '[::1]:7420' }],
    ['its own page', { ...HOST, origin: 'http://127.0.0.1:7420' }],
    ['its own page through a forwarded port', { host: 'localhost:9000', origin: 'http://localhost:9000' }],
    ['a link from another site', { ...HOST, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' }],
  ])('lets in calls by %s', async (_what, headers) => {
    expect((await app.inject({ url: '/v1/status', headers })).statusCode).toBe(200);
  });

  it('asks for a token where tokens are configured, and for the role', async () => {
    await app.close();
    app = start([
      token('viewer', 'view-view-view-view', 'wall'),
      token('operator', 'oper-oper-oper-oper', 'ann'),
      token('admin', 'admi-admi-admi-admi', 'root'),
    ]);
    const as = (secret: string | null) => ({
      ...HOST,
      ...(secret === null ? {} : { authorization: `Bearer ${secret}` }),
    });
    const codes = async (secret: string | null): Promise<number[]> => {
      const headers = as(secret);
      const operation = { command: { kind: 'resume' }, why: 'drill' };
      const answers = [
        await app.inject({ url: '/healthz', headers }),
        await app.inject({ url: '/v1/status', headers }),
        await app.inject({ method: 'POST', url: '/v1/operations', headers, payload: operation }),
        await app.inject({ method: 'POST', url: '/v1/shutdown', headers, payload: { down: false, why: '' } }),
      ];
      return answers.map(({ statusCode }) => statusCode);
    };
    expect(await codes(null)).toEqual([200, 401, 401, 401]);
    expect(await codes('oper-oper-oper-opex')).toEqual([200, 401, 401, 401]);
    expect(await codes('view-view-view-view')).toEqual([200, 200, 403, 403]);
    expect(await codes('oper-oper-oper-oper')).toEqual([200, 200, 200, 403]);
    expect(await codes('admi-admi-admi-admi')).toEqual([200, 200, 200, 200]);
    expect(calls.map(({ call, actor }) => [call, actor?.who])).toEqual([
      ['operate', 'ann'],
      ['operate', 'root'],
      ['shutdown', 'root'],
    ]);
    const refused = await app.inject({ url: '/v1/status', headers: HOST });
    expect(refused.headers['www-authenticate']).toBe('Bearer');
    expect(Compile(ErrorSchema).Check(refused.json())).toBe(true);
  });

  it('takes heartbeats of instances here without a token, and of nobody else', async () => {
    await app.close();
    app = start([token('viewer', 'view-view-view-view', 'wall')]);
    const beat = (remoteAddress: string, authorization: string | null) =>
      app.inject({
        method: 'POST',
        url: '/v1/heartbeat/api-1',
        headers: { ...HOST, ...(authorization === null ? {} : { authorization }) },
        payload: { pass: true, note: '' },
        remoteAddress,
      });
    expect((await beat('127.0.0.1', null)).statusCode).toBe(200);
    expect((await beat('::ffff:127.0.0.1', null)).statusCode).toBe(200);
    expect((await beat('10.0.0.5', null)).statusCode).toBe(401);
    expect((await beat('127.0.0.1', 'Bearer view-view-view-view')).statusCode).toBe(403);
    expect(calls.length).toBe(2);
  });

  it('says who and why: the body wins over the header', async () => {
    const headers = { ...HOST, 'x-holdfast-reason': 'from the header' };
    const send = (why: string) =>
      app.inject({ method: 'POST', url: '/v1/apply', headers, payload: { spec: SPEC, index: 3, why } });
    expect((await send('from the body')).json()).toEqual({ change: 'c1', index: 4, detail: 'applied', notices: [] });
    await send('');
    expect(calls.map(({ actor }) => actor?.why)).toEqual(['from the body', 'from the header']);
    expect(calls[0]?.actor?.who).toBe('local');
  });

  it.each([
    ['an unknown key', { command: { kind: 'resume', force: true }, why: '' }, /force/],
    ['a wrong kind', { command: { kind: 'explode' }, why: '' }, /\.command\.kind must be one of restart, scale/],
    [
      'a wrong type in the meant branch',
      { command: { kind: 'scale', service: 'a', replicas: '5' }, why: '' },
      /\.command\.replicas must be integer/,
    ],
    ['a missing member', { command: { kind: 'resume' } }, /why/],
    ['no object', 'text', /body/],
  ])('refuses a body with %s and names the field', async (_what, payload, message) => {
    const answer = await app.inject({
      method: 'POST',
      url: '/v1/operations',
      headers: { ...HOST, 'content-type': 'application/json' },
      payload: JSON.stringify(payload),
    });
    expect(answer.statusCode).toBe(400);
    expect(answer.json()).toMatchObject({ code: 'HF6004', message: expect.stringMatching(message) });
    expect(calls).toEqual([]);
  });

  it('refuses what is no JSON, no body, another media type and bad queries', async () => {
    const post = (headers: Record<string, string>, payload: string) =>
      app.inject({ method: 'POST', url: '/v1/operations', headers: { ...HOST, ...headers }, payload });
    const json = { 'content-type': 'application/json' };
    for (const answer of [
      await post(json, '{'),
      await post(json, ''),
      await post({ 'content-type': 'text/plain' }, '{}'),
      await post(json, '{"command": {"kind": "resume"}, "why": "", "__proto__": {}}'),
      await app.inject({ url: '/v1/incidents?state=strange', headers: HOST }),
      await app.inject({ url: '/v1/incidents?limit=0', headers: HOST }),
      await app.inject({ url: '/v1/incidents?limt=5', headers: HOST }),
    ]) {
      expect(answer.statusCode, answer.body).toBe(400);
      expect(answer.json().code).toBe('HF6004');
    }
  });

  it('maps errors of the plane to their status', async () => {
    const answers = [
      await app.inject({ url: '/v1/incidents/i9', headers: HOST }),
      await app.inject({ url: '/v1/services/none', headers: HOST }),
      await app.inject({ url: '/v1/logs/none', headers: HOST }),
      await app.inject({ url: '/v1/none', headers: HOST }),
      await app.inject({ method: 'DELETE', url: '/v1/status', headers: HOST }),
    ];
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([404, 404, 404, 404, 404]);
    expect(answers.map((answer) => answer.json().code)).toEqual(['HF5003', 'HF6008', 'HF3007', 'HF6005', 'HF6005']);
  });

  it('streams logs as plain lines', async () => {
    const answer = await app.inject({ url: '/v1/logs/api-1?tail=2', headers: HOST });
    expect(answer.headers['content-type']).toBe('text/plain; charset=utf-8');
    expect(answer.body).toBe('first\nsecond\n');
  });

  it('answers metrics with the content type of the format', async () => {
    const answer = await app.inject({ url: '/metrics', headers: HOST });
    expect(answer.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(answer.body).toBe('holdfast_up 1\n');
  });

  it('tells the server to end after a shutdown was answered', async () => {
    const answer = await app.inject({
      method: 'POST',
      url: '/v1/shutdown',
      headers: HOST,
      payload: { down: true, why: 'x' },
    });
    expect(answer.statusCode).toBe(200);
    await new Promise(setImmediate);
    expect(ended).toBe(1);
    expect(calls[0]).toMatchObject({ call: 'shutdown', argument: true, actor: { why: 'x' } });
  });

  describe('the dashboard', () => {
    it('says how to get it while it is not built', async () => {
      const answer = await app.inject({ url: '/', headers: HOST });
      expect(answer.statusCode).toBe(200);
      expect(answer.body).toContain('npm run build');
    });

    it('is served with types, caching and a policy without other hosts', async () => {
      mkdirSync(join(dashboard, 'assets'));
      writeFileSync(join(dashboard, 'index.html'), '<p>page</p>');
      writeFileSync(join(dashboard, 'assets/app-1a2b.js'), 'let x');
      for (const url of ['/', '/incidents/i1', '/map?x=1']) {
        const page = await app.inject({ url, headers: HOST });
        expect(page.body).toBe('<p>page</p>');
        expect(page.headers).toMatchObject({ 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-cache' });
        expect(page.headers['content-security-policy']).toContain("default-src 'none'");
        expect(page.headers['content-security-policy']).not.toMatch(/https?:|\*/);
      }
      const script = await app.inject({ url: '/assets/app-1a2b.js', headers: HOST });
      expect(script.headers).toMatchObject({
        'content-type': 'text/javascript; charset=utf-8',
        'cache-control': 'public, max-age=31536000, immutable',
      });
      expect((await app.inject({ url: '/assets/gone.js', headers: HOST })).statusCode).toBe(404);
    });

    it('never leaves its folder', async () => {
      const secret = join(dashboard, '../holdfast-secret.txt');
      writeFileSync(secret, 'secret');
      try {
        for (const url of [
          '/../holdfast-secret.txt',
          '/%2e%2e/holdfast-secret.txt',
          '/..%2fholdfast-secret.txt',
          '/assets/..%2f..%2fholdfast-secret.txt',
          '/%00.txt',
          '/%ff.txt',
        ]) {
          const answer = await app.inject({ url, headers: HOST });
          expect(answer.body, url).not.toBe('secret');
          expect(answer.statusCode, url).toBeGreaterThanOrEqual(400);
        }
      } finally {
        rmSync(secret);
      }
    });
  });
});
