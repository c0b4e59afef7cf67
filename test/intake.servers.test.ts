/** Intakes against senders from Debian: prometheus, zabbix_sender (zabbix-agent), plugins of monitoring-plugins-basic. */
import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeAll, expect, it, vi } from 'vitest';
import type { RunningIntake } from '../src/intake/contract.ts';
import { takePlugin } from '../src/intake/nagios/plugin.ts';
import { remoteWrite } from '../src/intake/prometheus/remote-write.ts';
import { startScraping } from '../src/intake/prometheus/scrape.ts';
import { type Rig, rig } from '../src/intake/testing/rig.ts';
import { zabbix } from '../src/intake/zabbix/index.ts';
import { makeCertificate } from './support/certificate.ts';
import { ensureDebian } from './support/debian.ts';
import { freePort } from './support/ports.ts';

const run = promisify(execFile);
beforeAll(() => ensureDebian(['prometheus', 'zabbix-agent', 'monitoring-plugins-basic', 'openssl']), 300_000);

let under: Rig;
let running: RunningIntake | undefined;
afterEach(async () => {
  await running?.close();
  under.hub.close();
});

it('Prometheus writes what it scrapes to us, and we scrape Prometheus', async () => {
  under = rig({}, Date.now());
  const { cert, certFile, key, directory } = makeCertificate();
  running = await remoteWrite.start(under.hub, { port: 0, user: 'me', token: 'secret', tls: { cert, key } });
  const dir = mkdtempSync(join(tmpdir(), 'intake-prometheus-'));
  const port = await freePort();
  const config = [
    'global: { scrape_interval: 1s }',
    'scrape_configs:',
    `  - { job_name: self, static_configs: [{ targets: ["127.0.0.1:${port}"] }] }`,
    'remote_write:',
    `  - url: "https://127.0.0.1:${running.address.port}/api/v1/write"`,
    '    basic_auth: { username: me, password: secret }',
    `    tls_config: { ca_file: "${certFile}" }`,
  ];
  writeFileSync(join(dir, 'prometheus.yml'), config.join('\n'));
  const options = [`--config.file=${join(dir, 'prometheus.yml')}`, `--storage.tsdb.path=${join(dir, 'data')}`];
  const prometheus = spawn('prometheus', [...options, `--web.listen-address=127.0.0.1:${port}`], { stdio: 'ignore' });
  const ended = new Promise((resolve) => prometheus.once('close', resolve));
  const scraper = startScraping(under.hub, [
    { url: `http://127.0.0.1:${port}/metrics`, job: 'ours', intervalMs: 1_000 },
  ]);
  try {
    const of = (job: string): string[] => under.points().filter((point) => point.includes(`job=${job}`));
    await vi.waitFor(
      () => {
        expect(of('self').some((point) => point.startsWith('up{') && point.endsWith(' 1'))).toBe(true);
        expect(of('self').length).toBeGreaterThan(300);
        expect(of('ours').length).toBeGreaterThan(300);
      },
      { timeout: 60_000, interval: 500 },
    );
    expect(scraper.state()).toMatchObject([{ up: true, error: null }]);
    const kinds = new Map(under.batches.flatMap(({ points }) => points.series).map((one) => [one.name, one.kind]));
    expect(kinds.get('prometheus_http_requests_total')).toBe('counter');
    expect(kinds.get('go_goroutines')).toBe('gauge');
    expect(under.hub.meter.total('requests', 'malformed')).toBe(0);
  } finally {
    await scraper.close();
    prometheus.kill('SIGKILL');
    await ended;
    for (const one of [dir, directory]) rmSync(one, { recursive: true, force: true });
  }
});

it('zabbix_sender is told what was taken', async () => {
  under = rig({ maxSeries: 2 }, Date.now());
  running = await zabbix.start(under.hub, { port: 0 });
  const { host, port } = running.address;
  const send = async (key: string, value: string): Promise<string> =>
    (
      await run('zabbix_sender', ['-z', host, '-p', String(port), '-s', 'web1', '-k', key, '-o', value]).catch(
        (error: { stdout: string }) => error,
      )
    ).stdout;
  expect(await send('cpu.load', '1.25')).toContain('processed: 1; failed: 0; total: 1');
  expect(await send('log', 'went down')).toContain('processed: 1; failed: 0; total: 1');
  expect(await send('second', '2')).toContain('failed: 0');
  expect(await send('third', '3')).toContain('processed: 0; failed: 1; total: 1');
  expect(under.points()).toEqual(['cpu.load{host=web1} 1.25', 'second{host=web1} 2']);
  expect(under.batches.flatMap(({ logs }) => logs)).toMatchObject([
    { service: 'log', instance: 'web1', text: 'went down' },
  ]);
});

it('zabbix_sender encrypts with a shared key, and with a certificate', async () => {
  const { cert, certFile, key, directory } = makeCertificate();
  const pskFile = join(directory, 'psk');
  const shared = '0123456789abcdef0123456789abcdef';
  writeFileSync(pskFile, `${shared}\n`);
  const byKey = ['--tls-connect', 'psk', '--tls-psk-identity', 'agents', '--tls-psk-file', pskFile];
  const byCertificate = ['--tls-connect', 'cert', '--tls-ca-file', certFile, '--tls-cert-file', certFile];
  const send = async (secrets: readonly string[]): Promise<string> => {
    const { host, port } = (running as RunningIntake).address;
    const what = ['-z', host, '-p', String(port), '-s', 'web1', '-k', 'cpu.load', '-o', '1.25'];
    const failed = (error: { stdout: string; stderr: string }): { stdout: string; stderr: string } => error;
    const { stdout, stderr } = await run('zabbix_sender', [...what, ...secrets]).catch(failed);
    return stdout + stderr;
  };
  under = rig({}, Date.now());
  running = await zabbix.start(under.hub, {
    port: 0,
    tls: { psk: { identity: 'agents', key: Buffer.from(shared, 'hex') } },
  });
  expect(await send(byKey)).toContain('processed: 1; failed: 0; total: 1');
  expect(await send([])).not.toContain('processed: 1');
  writeFileSync(pskFile, `${shared.replaceAll('0', 'f')}\n`);
  expect(await send(byKey)).not.toContain('processed: 1');
  await running.close();
  running = await zabbix.start(under.hub, { port: 0, tls: { cert, key } });
  expect(await send([...byCertificate, '--tls-key-file', join(directory, 'key.pem')])).toContain('processed: 1');
  expect(under.points()).toEqual(['cpu.load{host=web1} 1.25', 'cpu.load{host=web1} 1.25']);
  rmSync(directory, { recursive: true });
});

it('Nagios plugins become checks and series', async () => {
  under = rig();
  const batch = under.hub.batch('nagios');
  const plugin = async (name: string, ...options: string[]): Promise<void> => {
    const { code, stdout } = await run(`/usr/lib/nagios/plugins/${name}`, options).then(
      (done) => ({ code: 0, ...done }),
      (error: { code: number; stdout: string }) => error,
    );
    takePlugin({ exitCode: code, stdout, subject: 'here', check: name, wallMs: 0 }, under.hub, batch);
  };
  await plugin('check_disk', '-w', '100%', '-c', '0%', '-p', '/');
  await plugin('check_load', '-w', '1000,1000,1000', '-c', '1000,1000,1000');
  await plugin('check_dummy', '2', 'made to fail');
  batch.commit();
  const [reported] = under.batches;
  expect(reported?.checks.map(({ check, state }) => `${check} ${state}`)).toEqual([
    'check_disk warning',
    'check_load ok',
    'check_dummy critical',
  ]);
  const names = reported?.points.series.map(({ name, unit }) => `${name} ${unit}`.trim());
  expect(names).toEqual(['check_disk./ B', 'check_load.load1', 'check_load.load5', 'check_load.load15']);
  expect(reported?.points.values[0]).toBeGreaterThan(1_000_000);
});
