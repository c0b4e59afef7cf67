/** Notices on their way to real HTTP servers that fail, hang, refuse and come back. */
import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MAX_ENTRIES } from './queue.ts';
import { Receiver } from './testing/receiver.ts';
import { Rig, until } from './testing/rig.ts';

let rig: Rig;
let dir: string;
let receivers: Receiver[];

beforeEach(() => {
  rig = new Rig();
  dir = mkdtempSync(join(tmpdir(), 'hf-notify-'));
  receivers = [];
});

afterEach(async () => {
  // Receivers first: what hangs ends with them.
  for (const receiver of receivers) await receiver.close();
  await rig.notices?.close();
  rmSync(dir, { recursive: true, force: true });
});

async function receiver(port = 0): Promise<Receiver> {
  const made = await new Receiver().listen(port);
  receivers.push(made);
  return made;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const figures = (n = 0) => rig.notices?.figures()[n];

describe('a webhook', () => {
  it('is told of a page and of its end, once each', async () => {
    const hook = await receiver();
    await rig.start(`webhook+http://${hook.host}/hooks/holdfast?a=b`);
    rig.page('inc-1', `web-1 exited: ${rig.secret} is wrong`);
    rig.notices?.look();
    await until('the page', () => hook.received.length === 1);
    rig.resolve('inc-1');
    await until('the end', () => hook.received.length === 2);
    rig.notices?.look();
    await pause(50);
    expect(hook.kinds).toEqual(['page inc-1', 'resolved inc-1']);
    const [page, end] = hook.received;
    expect([page?.method, page?.path, page?.headers['content-type']]).toEqual([
      'POST',
      '/hooks/holdfast?a=b',
      'application/json',
    ]);
    expect(page?.json).toMatchObject({
      version: 1,
      system: 'shop',
      service: 'web',
      services: ['web'],
      summary: 'web-1 exited: holdfast-secret-1 is wrong',
      link: 'http://127.0.0.1:7420/#/incident/inc-1',
      since: '2026-03-01T12:00:00.000Z',
      at: '2026-03-01T12:00:10.000Z',
    });
    expect(page?.headers.authorization).toBe(undefined);
    expect(end?.json).toMatchObject({ key: page?.json.key, summary: 'repaired and verified, 41s after onset' });
    expect(figures()).toMatchObject({ delivered: { page: 1, resolved: 1 }, waiting: 0, trouble: null });
    await rig.notices?.close();
    expect([...rig.ledger.entries.keys()]).toEqual(['id']);
  });

  it('that is down is told when it is back, of everything in order, and the log says so once', async () => {
    const gone = await receiver();
    const { port } = gone;
    await gone.close();
    receivers = [];
    await rig.start(`webhook+http://127.0.0.1:${port}/`);
    rig.page('inc-1');
    rig.resolve('inc-1');
    rig.page('inc-2');
    await until('failures', () => (figures()?.failed ?? 0) >= 3);
    expect(figures()).toMatchObject({ waiting: 3, trouble: 'connection refused' });
    const hook = await receiver(port);
    hook.answers = [503, 429, 'cut', 200];
    await until('all of it', () => figures()?.waiting === 0, 30_000);
    const taken = hook.kinds.slice(3);
    expect([...taken].sort()).toEqual(['page inc-1', 'page inc-2', 'resolved inc-1']);
    expect(taken.indexOf('page inc-1')).toBeLessThan(taken.indexOf('resolved inc-1'));
    expect(new Set(hook.received.map(({ json }) => json.id)).size).toBe(3);
    expect(rig.log.filter((line) => line.startsWith('warn'))).toHaveLength(1);
    expect(rig.log.join('\n')).toMatch(/takes notices again, after/);
  });

  it('that hangs is given up in time, and holds up neither the caller nor the others', async () => {
    const [slow, quick] = [await receiver(), await receiver()];
    slow.answers = ['hang', 200];
    await rig.start(`webhook+http://${slow.host}/#timeout=1500ms`, `webhook+http://${quick.host}/`);
    const began = performance.now();
    rig.page('inc-1');
    expect(performance.now() - began).toBeLessThan(1_000);
    await until('the quick one', () => quick.received.length === 1);
    expect(figures(0)?.delivered.page).toBe(0);
    await until('the slow one', () => figures(0)?.delivered.page === 1);
    expect(slow.received).toHaveLength(2);
    expect(rig.log.join('\n')).toContain('no answer in time; it is tried again');
  });

  it('that refuses is not asked again, and the log says why, without what is secret', async () => {
    const hook = await receiver();
    hook.answers = [
      (response) => response.writeHead(400).end('bad field "at"\nin /T0K3N-of-ours/?key=s3cr3t for ann:passw0rd'),
    ];
    await rig.start(`webhook+http://ann:passw0rd@${hook.host}/T0K3N-of-ours/?key=s3cr3t`);
    rig.page('inc-1');
    await until('the refusal', () => figures()?.refused === 1);
    rig.notices?.look();
    rig.resolve('inc-1');
    await pause(1_200);
    expect(hook.kinds).toEqual(['page inc-1']);
    expect(hook.received[0]?.headers.authorization).toBe(`Basic ${btoa('ann:passw0rd')}`);
    const log = rig.log.join('\n');
    expect(log).toMatch(/error: webhook\+http:\/\/127\.0\.0\.1:\d+\/… refuses the page for inc-1/);
    expect(log).toContain('it answers 400: bad field "at" in …');
    const all = `${log} ${JSON.stringify(rig.notices?.figures())} ${[...rig.ledger.entries].join()}`;
    for (const secret of ['T0K3N', 's3cr3t', 'passw0rd', btoa('ann:passw0rd')]) expect(all).not.toContain(secret);
  });

  it('is not followed elsewhere', async () => {
    const [hook, elsewhere] = [await receiver(), await receiver()];
    hook.answers = [(response) => response.writeHead(307, { location: `http://${elsewhere.host}/` }).end()];
    await rig.start(`webhook+http://${hook.host}/`);
    rig.page('inc-1');
    await until('the refusal', () => figures()?.refused === 1);
    expect(elsewhere.received).toEqual([]);
    expect(rig.log.join('\n')).toContain('it answers 307, a redirect: give the address it leads to');
  });

  it('that asks for a pause gets it', async () => {
    const hook = await receiver();
    hook.answers = [(response) => response.writeHead(429, { 'retry-after': '2' }).end(), 200];
    await rig.start(`webhook+http://${hook.host}/`);
    const asked = performance.now();
    rig.page('inc-1');
    await until('the second', () => figures()?.delivered.page === 1);
    expect(hook.received).toHaveLength(2);
    expect(performance.now() - asked).toBeGreaterThan(1_900);
  });

  it('can tell that it is us: a signature and a token from files, read anew for every attempt', async () => {
    const hook = await receiver();
    const [secret, token] = [join(dir, 'secret'), join(dir, 'token')];
    writeFileSync(secret, 'k3y-of-ours\n');
    writeFileSync(token, 'first-token\n');
    await rig.start(`webhook+http://${hook.host}/#secret-file=${secret}&token-file=${token}`);
    rig.page('inc-1');
    await until('the page', () => hook.received.length === 1);
    writeFileSync(secret, 'an0ther-key');
    writeFileSync(token, 'two tokens');
    rig.resolve('inc-1');
    await until('a failure', () => (figures()?.failed ?? 0) >= 1);
    expect(figures()?.trouble).toBe(`${token} holds more than a token`);
    writeFileSync(token, 'second-token');
    await until('the end', () => hook.received.length === 2);
    const sign = (n: number, key: string) =>
      `sha256=${createHmac('sha256', key)
        .update(hook.received[n]?.body ?? '')
        .digest('hex')}`;
    expect(hook.received.map(({ headers }) => headers['x-holdfast-signature'])).toEqual([
      sign(0, 'k3y-of-ours'),
      sign(1, 'an0ther-key'),
    ]);
    expect(hook.received.map(({ headers }) => headers.authorization)).toEqual([
      'Bearer first-token',
      'Bearer second-token',
    ]);
  });

  it('is linked to where people reach the dashboard', async () => {
    const hook = await receiver();
    await rig.start(`webhook+http://${hook.host}/#dashboard=https://ops.example.com/holdfast/`);
    rig.page('inc-1');
    await until('the page', () => hook.received.length === 1);
    expect(hook.received[0]?.json.link).toBe('https://ops.example.com/holdfast/#/incident/inc-1');
  });
});

describe('after a restart', () => {
  it('nobody is paged again for what was told, and its end follows', async () => {
    const hook = await receiver();
    const address = `webhook+http://${hook.host}/`;
    await rig.start(address);
    rig.page('inc-1');
    await until('the page', () => figures()?.delivered.page === 1);
    await rig.start(address);
    rig.notices?.look();
    await pause(100);
    expect(hook.kinds).toEqual(['page inc-1']);
    rig.resolve('inc-1');
    await until('the end', () => hook.received.length === 2);
    expect(hook.received[1]?.json.key).toBe(hook.received[0]?.json.key);
  });

  it('what was owed is told, even when the incident is over by then', async () => {
    const hook = await receiver();
    hook.answers = [500];
    const address = `webhook+http://${hook.host}/`;
    await rig.start(address);
    rig.page('inc-1');
    await until('a failure', () => (figures()?.failed ?? 0) >= 1);
    await rig.notices?.close();
    rig.notices = undefined;
    rig.resolve('inc-1');
    hook.answers = [200];
    hook.received.length = 0;
    await rig.start(address);
    await until('both', () => hook.received.length === 2);
    expect(hook.kinds).toEqual(['page inc-1', 'resolved inc-1']);
  });

  it('a page that never came to be owed is told, as long as its incident lasts', async () => {
    const hook = await receiver();
    rig.page('inc-1');
    rig.page('inc-2');
    rig.resolve('inc-2');
    await rig.start(`webhook+http://${hook.host}/`);
    await until('the page', () => figures()?.delivered.page === 1);
    await pause(100);
    expect(hook.kinds).toEqual(['page inc-1']);
  });

  it('an incident that is known no more is over', async () => {
    const hook = await receiver();
    await rig.start(`webhook+http://${hook.host}/`);
    rig.page('inc-1');
    await until('the page', () => figures()?.delivered.page === 1);
    rig.incidents = [];
    await rig.start(`webhook+http://${hook.host}/`);
    await until('the end', () => hook.received.length === 2);
    expect(hook.received[1]?.json.summary).toBe('Holdfast knows nothing of it any more');
  });

  it('a receiver that was added is told what lasts, under another key than that of another Holdfast', async () => {
    const [one, two] = [await receiver(), await receiver()];
    await rig.start(`webhook+http://${one.host}/`);
    rig.page('inc-1');
    await until('the first', () => one.received.length === 1);
    await rig.start(`webhook+http://${one.host}/`, `webhook+http://${two.host}/`);
    await until('the second', () => two.received.length === 1);
    const other = new Rig();
    await other.start(`webhook+http://${two.host}/`);
    other.page('inc-1');
    await until('the other', () => two.received.length === 2);
    await other.notices?.close();
    expect(one.received).toHaveLength(1);
    expect(two.received[0]?.json.key).toBe(one.received[0]?.json.key);
    expect(two.received[1]?.json.key).not.toBe(one.received[0]?.json.key);
  });
});

describe('limits', () => {
  it('what does not fit is counted, told once, and told to the receiver when there is room', async () => {
    const hook = await receiver();
    hook.answers = [500];
    await rig.start(`webhook+http://${hook.host}/`);
    for (let n = 1; n <= MAX_ENTRIES + 5; n++) rig.page(`inc-${n}`);
    rig.notices?.look();
    expect(figures()).toMatchObject({ waiting: MAX_ENTRIES, dropped: 5 });
    expect(rig.log.filter((line) => line.includes('no room'))).toHaveLength(1);
    hook.answers = [200];
    const seen = (): number => new Set(hook.received.map(({ json }) => json.incident)).size;
    await until('room', () => figures()?.waiting === 0, 20_000);
    rig.notices?.look();
    await until('the rest', () => seen() === MAX_ENTRIES + 5, 20_000);
  });

  it('an end while a receiver hangs takes a moment only', async () => {
    const hook = await receiver();
    hook.answers = ['hang'];
    await rig.start(`webhook+http://${hook.host}/`);
    rig.page('inc-1');
    await until('the request', () => hook.received.length === 1);
    const began = performance.now();
    await rig.notices?.close();
    expect(performance.now() - began).toBeLessThan(4_000);
    rig.page('inc-2');
    rig.notices?.look();
  });

  it('a ledger that cannot be written holds nobody up', async () => {
    const hook = await receiver();
    await rig.start(`webhook+http://${hook.host}/`);
    rig.ledger.broken = true;
    rig.page('inc-1');
    rig.resolve('inc-1');
    await until('both', () => hook.received.length === 2);
    expect(rig.log.filter((line) => line.includes('cannot be kept: no room'))).toHaveLength(1);
  });

  it('a source that breaks breaks nobody', async () => {
    const hook = await receiver();
    await rig.start(`webhook+http://${hook.host}/`);
    rig.page('inc-1');
    rig.incidents = [null as never];
    expect(() => rig.notices?.look()).not.toThrow();
    expect(rig.log.join('\n')).toContain('a notice could not be made');
  });
});

describe('Alertmanager', () => {
  it('is told again and again while the incident lasts, also by the next process, and then of its end', async () => {
    const alerts = await receiver();
    const address = `alertmanager+http://${alerts.host}/am/#repeat=1s`;
    await rig.start(address);
    rig.page('inc-1');
    await until('the first', () => alerts.received.length >= 1);
    const toldAt = Date.now();
    await until('a repetition', () => alerts.received.length >= 2);
    const before = alerts.received.length;
    await rig.start(address);
    await until('another', () => alerts.received.length > before);
    expect(figures()).toMatchObject({ delivered: { page: 0 }, repeated: 1 });
    rig.resolve('inc-1');
    await until('the end', () => figures()?.delivered.resolved === 1);
    const count = alerts.received.length;
    await pause(1_300);
    expect(alerts.received).toHaveLength(count);
    expect(new Set(alerts.received.map(({ path }) => path))).toEqual(new Set(['/am/api/v2/alerts']));
    expect(new Set(alerts.received.map(({ json }) => JSON.stringify(json[0].labels))).size).toBe(1);
    const ends = alerts.received.map(({ json }) => Date.parse(json[0].endsAt));
    expect(ends[0]).toBeGreaterThan(toldAt);
    expect(ends.at(-1)).toBeLessThan(Date.now());
  });
});
