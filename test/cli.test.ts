/** The command as scripts and people meet it: output, formats, exit codes, errors. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { HoldfastError } from '../src/model/errors.ts';
import { type CliResult, cli } from './support/cli.ts';
import { CLI, ensureBuilt } from './support/paths.ts';
import { type ScriptedServer, scriptedServer } from './support/scripted-server.ts';
import { freePort } from './support/system.ts';

let directory: string;
let server: ScriptedServer;
const ask = (...args: string[]): Promise<CliResult> =>
  cli(args, { cwd: directory, env: { HOLDFAST_SERVER: server.url } });

beforeAll(async () => {
  ensureBuilt();
  directory = mkdtempSync(join(tmpdir(), 'hf-cli-'));
  writeFileSync(join(directory, 'compose.yaml'), 'services: {payments: {command: x}}\n');
  server = await scriptedServer();
});
afterAll(async () => {
  await server.close();
  rmSync(directory, { recursive: true, force: true });
});
beforeEach(() => {
  Object.assign(server.script, { health: 'healthy', journalIntact: true, refuse: null, planEmpty: false });
  server.operations.length = 0;
});

describe('output', () => {
  it('begins status with the sentence', async () => {
    const { code, stdout } = await ask('status');
    expect(code).toBe(0);
    expect(stdout.split('\n')[0]).toBe('● All 1 services are healthy.');
    expect(stdout).toContain('blind spot   payments has no health check');
  });

  it('prints resources in every format', async () => {
    expect((await ask('get', 'services')).stdout).toMatch(/^SERVICE {3}HEALTH {3}READY.*\npayments {2}healthy {2}2\/2/);
    expect((await ask('get', 'instances', '-o', 'name')).stdout).toBe('payments-1\npayments-2\n');
    expect((await ask('get', 'instances', '-o', 'wide')).stdout).toContain('4001');
    expect((await ask('get', 'instances')).stdout).not.toContain('4001');
    const json: unknown = JSON.parse((await ask('get', 'services', '-o', 'json')).stdout);
    const yaml: unknown = parse((await ask('get', 'services', '-o', 'yaml')).stdout);
    expect(json).toMatchObject([{ name: 'payments', replicas: 2 }]);
    expect(yaml).toEqual(json);
  });

  it('lists every kind', async () => {
    for (const kind of ['services', 'instances', 'incidents', 'changes', 'edges', 'plans', 'events']) {
      const { code, stdout } = await ask('get', kind, '-o', 'json');
      expect([kind, code]).toEqual([kind, 0]);
      expect((JSON.parse(stdout) as unknown[]).length).toBeGreaterThan(0);
    }
  });

  it('keeps stdout empty when there is nothing, and says so on stderr', async () => {
    const { code, stdout, stderr } = await ask('get', 'silences');
    expect([code, stdout, stderr]).toEqual([0, '', 'No silences.\n']);
  });

  it('finds by prefix, and refuses an ambiguous one', async () => {
    expect((await ask('describe', 'incident', 'inc-4')).stdout).toContain('payments-2 crashed');
    const ambiguous = await ask('describe', 'instance', 'pay');
    expect(ambiguous.code).toBe(1);
    expect(ambiguous.stderr).toContain('HF7003 "pay" could be payments-1, payments-2');
  });

  it('tells an incident from detection to repair, with evidence for and against', async () => {
    const { stdout } = await ask('describe', 'incident', 'inc-42');
    expect(stdout).toContain('detected 40ms → explained 80ms → acted 90ms → repaired 5.2s → resolved');
    expect(stdout).toContain('payments-2: process killed (software), confidence 94%');
    expect(stdout).toContain('+ it exited with SIGKILL');
    expect(stdout).toContain('- memory was near its limit');
    expect(stdout).toContain('backoff delays: second restart within 60s');
    expect(stdout).toContain('victims, left alone: orders');
    expect(stdout).toContain('2 of 400 requests failed');
  });

  it('uses no escape sequence off a terminal, unless colour is forced, and none with NO_COLOR', async () => {
    const sequence = '\u001b[';
    const env = { HOLDFAST_SERVER: server.url };
    expect((await ask('status')).stdout).not.toContain(sequence);
    expect((await cli(['status'], { env: { ...env, FORCE_COLOR: '1' } })).stdout).toContain(sequence);
    expect((await cli(['status'], { env: { ...env, FORCE_COLOR: '1', NO_COLOR: '1' } })).stdout).not.toContain(
      sequence,
    );
  });

  it('prefixes the lines of several instances with their writer', async () => {
    expect((await ask('logs', 'payments')).stdout).toBe(
      'payments-1 │ hello from payments-1\npayments-2 │ hello from payments-2\n',
    );
    expect((await ask('logs', 'payments-1')).stdout).toBe('hello from payments-1\n');
  });
});

describe('exit codes', () => {
  it('are 64 for wrong usage', async () => {
    for (const args of [['statu'], ['get', 'nonsense'], ['status', '--nonsense'], ['scale', 'payments'], ['stop']]) {
      expect([args, (await ask(...args)).code]).toEqual([args, 64]);
    }
    expect((await ask('statu')).stderr).toContain('Did you mean status?');
    expect((await ask('--help')).code).toBe(0);
  });

  it('are 2 for a negative verdict, and only when it was asked for', async () => {
    server.script.health = 'degraded';
    expect((await ask('status')).code).toBe(0);
    expect((await ask('status', '--check')).code).toBe(2);
    expect((await ask('plan')).code).toBe(0);
    expect((await ask('plan', '--check')).code).toBe(2);
    server.script.planEmpty = true;
    expect((await ask('plan', '--check')).code).toBe(0);
    expect((await ask('journal', 'verify')).code).toBe(0);
    server.script.journalIntact = false;
    expect((await ask('journal', 'verify')).code).toBe(2);
  });

  it('are 3 when a guard rail halts', async () => {
    server.script.refuse = new HoldfastError('HF5002', 'quorum: 1 of 2 would be left');
    const { code, stderr } = await ask('restart', 'payments-1');
    expect(code).toBe(3);
    expect(stderr).toContain('HF5002 quorum: 1 of 2 would be left\n  → ');
  });

  it('are 1 for errors, which say what to do', async () => {
    const none = await cli(['status'], { cwd: directory });
    expect(none.code).toBe(1);
    expect(none.stderr).toMatch(/^HF7001 .*\n {2}→ Start one: `holdfast up -f compose.yaml`/);
    const gone = await cli(['status', '--server', `http://127.0.0.1:${await freePort()}`], { cwd: directory });
    expect([gone.code, gone.stderr.slice(0, 6)]).toEqual([1, 'HF7001']);
    const file = await ask('plan', '-f', 'none.yaml');
    expect([file.code, file.stderr.slice(0, 6)]).toEqual([1, 'HF1001']);
  });
});

describe('operations', () => {
  it('carry the reason and do what was named', async () => {
    await ask('restart', 'payments-2', '--reason', 'because');
    await ask('restart', 'payments');
    await ask('scale', 'payments=5');
    await ask('undo', 'payments');
    await ask('silence', 'payments', '--for', '15m');
    await ask('stop', '--all');
    await ask('resume');
    await ask('recover', 'approve', 'act-1');
    await ask('recover', 'override', 'act-1', '--rail', 'cooldown');
    await ask('recover', 'mode', 'observe');
    await ask('down', 'payments');
    expect(server.operations.map(({ command }) => command)).toEqual([
      { kind: 'restart', service: 'payments', instance: 'payments-2' },
      { kind: 'restart', service: 'payments', instance: null },
      { kind: 'scale', service: 'payments', replicas: 5 },
      { kind: 'rollback', service: 'payments', change: 'chg-1' },
      { kind: 'silence', service: 'payments', forMs: 900_000 },
      { kind: 'stop-all' },
      { kind: 'resume' },
      { kind: 'approve', action: 'act-1' },
      { kind: 'override', action: 'act-1', rail: 'cooldown' },
      { kind: 'mode', mode: 'observe' },
      { kind: 'down', service: 'payments' },
    ]);
    expect(server.operations[0]?.actor.why).toBe('because');
  });

  it('do nothing with --dry-run', async () => {
    for (const args of [['restart', 'payments'], ['scale', 'payments=9'], ['undo', 'payments'], ['down'], ['apply']]) {
      const { code, stdout } = await ask(...args, '--dry-run');
      expect([args, code]).toEqual([args, 0]);
      expect(stdout).not.toBe('');
    }
    expect(server.operations).toEqual([]);
  });

  it('apply only what was planned', async () => {
    const planned = await ask('plan');
    expect(planned.stderr).toContain('--index 7');
    expect((await ask('apply', '--index', '7')).stdout).toBe('applied chg-2\n');
    const moved = await ask('apply', '--index', '6');
    expect([moved.code, moved.stderr.includes('HF5001')]).toEqual([1, true]);
  });
});

describe('the command itself', () => {
  it('prints a completion script that bash accepts and that completes', async () => {
    const { stdout } = await ask('completion', 'bash');
    const probe = `${stdout}\nCOMP_WORDS=(holdfast sta); COMP_CWORD=1; _holdfast; echo "\${COMPREPLY[@]}"
COMP_WORDS=(holdfast recover ap); COMP_CWORD=2; _holdfast; echo "\${COMPREPLY[@]}"`;
    const bash = spawnSync('bash', ['-c', probe], { encoding: 'utf8' });
    expect([bash.status, bash.stdout, bash.stderr]).toEqual([0, 'status\napprove\n', '']);
  });

  it('starts quickly', async () => {
    // Of the processor, not of the clock: what else runs on the machine is not the command's doing.
    const told = `data:text/javascript,process.on('exit',()=>process.stderr.write(JSON.stringify(process.cpuUsage())))`;
    const times: number[] = [];
    for (let run = 0; run < 5; run++) {
      const { stderr } = spawnSync(process.execPath, ['--import', told, CLI, '--version'], { encoding: 'utf8' });
      const { user, system } = JSON.parse(stderr) as NodeJS.CpuUsage;
      times.push((user + system) / 1_000);
    }
    // Node alone takes 40 ms; the fastest run says what the command itself costs.
    expect(Math.min(...times)).toBeLessThan(250);
  });

  it('doctor says what fails and exits with 2 for it', async () => {
    const good = await ask('doctor', '-o', 'json');
    const { checks, findings } = JSON.parse(good.stdout) as {
      checks: { check: string; verdict: string }[];
      findings: { id: string }[];
    };
    expect(checks.find(({ check }) => check === 'server')?.verdict).toBe('ok');
    expect(checks.some(({ check }) => check === 'blind spot')).toBe(true);
    expect(findings.map(({ id }) => id)).toEqual(['no-memory-limit']);
    expect(good.code).toBe(checks.some(({ verdict }) => verdict === 'fail') ? 2 : 0);
    const gone = await cli(['doctor', '--state-dir', 'compose.yaml/x'], { cwd: directory });
    expect(gone.code).toBe(2);
    expect(gone.stdout).toMatch(/fail\s+state/);
  });

  it('doctor -f audits a file without a server, and exits with 2 for what is of severity high', async () => {
    writeFileSync(join(directory, 'blind.yaml'), 'services: {api: {command: x, ports: ["80"]}}\n');
    const bad = await cli(['doctor', '-f', 'blind.yaml'], { cwd: directory });
    expect(bad.code).toBe(2);
    expect(bad.stdout).toMatch(/api has no health check: .* no-health-check blind\.yaml:1\n/);
    expect((await cli(['doctor', '-f', 'compose.yaml'], { cwd: directory })).code).toBe(0);
  });
});
