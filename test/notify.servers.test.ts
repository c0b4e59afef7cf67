/** A crash loop in a small system, told to a real Alertmanager and to a webhook, through kill -9 of Holdfast, to its end. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isAlive } from '../src/cli/connect.ts';
import { processesOf } from '../src/cli/leftovers.ts';
import { ALERT_NAME } from '../src/notify/alertmanager/alerts.ts';
import { Receiver } from '../src/notify/testing/receiver.ts';
import { cli } from './support/cli.ts';
import { ensureDebian } from './support/debian.ts';
import { freePort, pause, TestSystem } from './support/system.ts';

/** Ends as soon as the file `broken` is there, and again in every further life. */
const PROGRAM = `
const { existsSync } = require('node:fs');
const check = () => existsSync('broken') && process.exit(3);
check();
setInterval(check, 50);
require('node:http').createServer((q, r) => r.end('hello')).listen(process.env.PORT);`;

const SPEC = `name: tiny
services:
  web:
    command: ["node", "server.cjs"]
    expose: ["80"]
    environment: { VERSION: "$VERSION" }
    x-holdfast: { recovery: { verify: 1s } }
    deploy:
      replicas: 1
      restart_policy: { delay: 200ms, max_delay: 500ms, max_attempts: 3, window: 5s }
`;

const SECRET = 'k3y-of-the-webhook';

interface Alert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly startsAt: string;
  readonly endsAt: string;
  readonly generatorURL: string;
  readonly status: { readonly state: string };
}

let dir: string;
let alertmanager: ChildProcess;
let alertsUrl: string;
let pager: Receiver;
let hook: Receiver;
let system: TestSystem;

async function startAlertmanager(): Promise<void> {
  const port = await freePort();
  alertsUrl = `http://127.0.0.1:${port}`;
  // Alertmanager's own way to people: whoever it calls, the test hears of it.
  const route = 'route: { receiver: people, group_by: [alertname, incident], group_wait: 0s, group_interval: 1s }';
  const people = `receivers: [{ name: people, webhook_configs: [{ url: "http://${pager.host}/", send_resolved: true }] }]`;
  writeFileSync(join(dir, 'alertmanager.yml'), `${route}\n${people}\n`);
  const files = [`--config.file=${join(dir, 'alertmanager.yml')}`, `--storage.path=${join(dir, 'alertmanager')}`];
  const addresses = [`--web.listen-address=127.0.0.1:${port}`, '--cluster.listen-address='];
  alertmanager = spawn('prometheus-alertmanager', [...files, ...addresses], { stdio: 'ignore' });
  await until('Alertmanager', 60_000, async () => (await fetch(`${alertsUrl}/-/ready`).catch(() => null))?.ok);
}

async function until<T>(what: string, withinMs: number, look: () => Promise<T | undefined | false>): Promise<T> {
  for (const end = performance.now() + withinMs; ; await pause(100)) {
    const found = await look();
    if (found) return found;
    if (performance.now() > end) throw new Error(`${what}: not within ${withinMs} ms\n${system?.serverLog() ?? ''}`);
  }
}

async function alerts(): Promise<readonly Alert[]> {
  const response = await fetch(`${alertsUrl}/api/v2/alerts?filter=${encodeURIComponent(`alertname="${ALERT_NAME}"`)}`);
  return (await response.json()) as readonly Alert[];
}

beforeAll(async () => {
  ensureDebian(['prometheus-alertmanager']);
  dir = realpathSync(mkdtempSync(join(tmpdir(), 'hf-notify-')));
  [pager, hook] = [await new Receiver().listen(), await new Receiver().listen()];
  await startAlertmanager();
  for (const [name, text] of [
    ['server.cjs', PROGRAM],
    ['compose.yaml', SPEC],
    ['secret', SECRET],
  ] as const) {
    writeFileSync(join(dir, name), text);
  }
  const addresses = [
    `alertmanager+${alertsUrl}#repeat=1s`,
    `webhook+http://${hook.host}/T0K3N-of-ours#secret-file=${join(dir, 'secret')}`,
  ];
  const serverArguments = addresses.flatMap((address) => ['--notify', address]);
  const variables = { VERSION: '1' };
  system = await TestSystem.start({ file: join(dir, 'compose.yaml'), variables, serverArguments });
});

afterAll(async () => {
  await system?.stop();
  alertmanager?.kill('SIGKILL');
  await pager?.close();
  await hook?.close();
  rmSync(dir, { recursive: true, force: true });
});

describe('an address that cannot be understood', () => {
  it('starts nothing, and is told with what to write, without its secrets', async () => {
    const elsewhere = join(dir, 'elsewhere');
    const args = ['up', '-f', join(dir, 'compose.yaml'), '--state-dir', elsewhere];
    const { code, stderr } = await cli([...args, '--notify', 'https://ann:passw0rd@hooks.example.com/T0K3N'], {
      env: { VERSION: '1' },
    });
    expect(code).toBe(64);
    expect(stderr).toContain('HF7002 --notify https://… names no kind of receiver');
    expect(stderr).toContain('→ Write webhook+https://HOST/PATH');
    expect(stderr).not.toMatch(/passw0rd|T0K3N/);
    expect(processesOf(elsewhere)).toEqual([]);
  });
});

describe('a crash loop', () => {
  it('is an alert in Alertmanager, with its cause and a link to it', async () => {
    writeFileSync(join(dir, 'broken'), '');
    const alert = await until('the alert', 60_000, async () => (await alerts())[0]);
    expect(alert.labels).toMatchObject({ alertname: ALERT_NAME, system: 'tiny', service: 'web', severity: 'page' });
    expect(alert.status.state).toBe('active');
    expect(alert.annotations.description).toContain('web-1');
    expect(alert.annotations.fault_class).toBe('software');
    const [incident] = await system.read((client) => client.incidents({ state: 'open' }));
    expect(alert.labels.incident).toBe(incident?.id);
    expect(alert.generatorURL).toBe(`${system.api.url}/#/incident/${incident?.id}`);
    const called = await until('the people', 60_000, async () => pager.received[0]);
    expect(called.json).toMatchObject({ status: 'firing', alerts: [{ labels: { service: 'web' } }] });
  });

  it('is quiet in Alertmanager while its service is silenced here, and no longer', async () => {
    const state = async (): Promise<string | undefined> => (await alerts())[0]?.status.state;
    const command = { kind: 'silence', service: 'web', forMs: 600_000 } as const;
    const { id } = await system.client.operate(command, 'known, being mended');
    await until('its silence', 60_000, async () => (await state()) === 'suppressed');
    const listed = async (): Promise<readonly { comment: string; createdBy: string; status: { state: string } }[]> =>
      (await fetch(`${alertsUrl}/api/v2/silences`)).json() as never;
    const [silence, ...more] = await listed();
    expect(more).toEqual([]);
    expect(silence?.comment).toMatch(new RegExp(`^${id} by .*: known, being mended$`));
    expect(silence?.createdBy).toMatch(/^holdfast\//);
    await system.client.operate({ kind: 'unsilence', silence: id ?? '' }, 'enough');
    await until('its end', 60_000, async () => (await state()) === 'active');
    expect((await listed()).map(({ status }) => status.state)).toEqual(['expired']);
  });

  it('is told to the webhook, signed', async () => {
    const page = await until('the page', 60_000, async () => hook.received[0]);
    expect(page.json).toMatchObject({ kind: 'page', system: 'tiny', service: 'web', services: ['web'] });
    expect(page.headers['x-holdfast-signature']).toBe(
      `sha256=${createHmac('sha256', SECRET).update(page.body).digest('hex')}`,
    );
  });

  it('pages nobody twice when Holdfast is killed and started again', async () => {
    const { pid } = system.api;
    system.killServer();
    await until('its end', 60_000, async () => !isAlive(pid));
    const before = (await alerts())[0]?.endsAt ?? '';
    await system.startServer();
    const after = await until('another repetition', 60_000, async () => {
      const [alert, ...more] = await alerts();
      expect(more).toEqual([]);
      return alert !== undefined && alert.endsAt > before && alert;
    });
    expect(Date.parse(after.endsAt)).toBeGreaterThan(Date.now());
    expect(hook.kinds).toHaveLength(1);
  });

  it('is over everywhere once somebody has mended the program', async () => {
    rmSync(join(dir, 'broken'));
    // Without a new version Holdfast would wait for half a minute of quiet before it believes that the loop is over.
    await system.apply({ VERSION: '2' }, 'the fix');
    await until('the end of the alert', 60_000, async () => (await alerts()).length === 0);
    const told = await until('the people', 60_000, async () =>
      pager.received.find(({ json }) => json.status === 'resolved'),
    );
    expect(told.json.alerts[0].labels).toEqual(pager.received[0]?.json.alerts[0].labels);
    await until('the webhook', 60_000, async () => hook.received.length === 2);
    expect(hook.kinds.map((kind) => kind.split(' ')[0])).toEqual(['page', 'resolved']);
    expect(hook.received[1]?.json.key).toBe(hook.received[0]?.json.key);
  });

  it('is in the metrics and in the status, and no secret is anywhere', async () => {
    const { url } = system.api;
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(metrics).toMatch(/^holdfast_notices_total\{notifier="webhook\+http:[^"]*\/…",kind="resolved"\} 1$/m);
    expect(metrics).toMatch(/^holdfast_notices_total\{notifier="alertmanager\+http:[^"]*",kind="repeat"\} \d+$/m);
    expect(metrics).toMatch(/^holdfast_notifier_up\{notifier="alertmanager[^}]*\} 1$/m);
    const { parts } = await system.client.status();
    expect(parts.map(({ name, state }) => [name.replace(/\d{4,}/, 'N'), state])).toEqual(
      expect.arrayContaining([
        ['notify alertmanager+http://127.0.0.1:N', 'running'],
        ['notify webhook+http://127.0.0.1:N/…', 'running'],
      ]),
    );
    const log = readFileSync(join(system.stateDir, 'server.log'), 'utf8');
    expect(log).toContain('was told to webhook+');
    for (const text of [log, metrics, JSON.stringify(parts)]) expect(text).not.toMatch(/T0K3N|k3y-of/);
  });
});
