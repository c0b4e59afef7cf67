/** `logger` of util-linux, which every Linux machine has, against our listeners. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterEach, expect, it, vi } from 'vitest';
import type { LogLine } from '../../model/telemetry.ts';
import type { Intake, RunningIntake } from '../contract.ts';
import { type Rig, rig } from '../testing/rig.ts';
import { syslogTcp, syslogUdp } from './index.ts';

const run = promisify(execFile);
let under: Rig;
let running: RunningIntake;
afterEach(async () => {
  await running.close();
  under.hub.close();
});

async function logged(intake: Intake, options: readonly string[], text: string): Promise<LogLine> {
  under = rig({}, Date.now());
  running = await intake.start(under.hub, { port: 0 });
  const { host, port } = running.address;
  await run('logger', ['-n', host, '-P', String(port), '-t', 'payments', '-p', 'user.err', ...options, text]);
  await vi.waitFor(() => expect(under.batches.flatMap(({ logs }) => logs)).toHaveLength(1), 30_000);
  return under.batches.flatMap(({ logs }) => logs)[0] as LogLine;
}

it.each([
  ['UDP, RFC 5424', syslogUdp, ['-d', '--rfc5424']],
  ['UDP, RFC 3164', syslogUdp, ['-d', '--rfc3164']],
  ['TCP lines, RFC 5424', syslogTcp, ['-T', '--rfc5424']],
  ['TCP octet counting', syslogTcp, ['-T', '--rfc5424', '--octet-count']],
  ['TCP lines, RFC 3164', syslogTcp, ['-T', '--rfc3164']],
] as const)('takes what logger sends: %s', async (_, intake, options) => {
  const line = await logged(intake, options, 'could not debit 12 €');
  expect(line).toMatchObject({ service: 'payments', severity: 'error', text: 'could not debit 12 €' });
  expect(line.instance).not.toBe('');
  expect(Math.abs(line.wallMs - Date.now())).toBeLessThan(60_000);
});
