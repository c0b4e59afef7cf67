/** For the tests of the runtime and of the agent: launches with sensible blanks, and waiting for what comes. */
import type { LaunchSpec } from '../../src/model/link.ts';
import type { CheckSpec } from '../../src/model/spec.ts';

export { freePort } from './ports.ts';

export function launchOf(command: readonly string[], differences: Partial<LaunchSpec> = {}): LaunchSpec {
  return {
    system: 'test',
    instance: 'web-1',
    service: 'web',
    slot: 1,
    incarnation: 1,
    revision: 'r1',
    command,
    environment: {},
    workingDir: '/',
    user: null,
    resources: { memoryBytes: null, cpus: null, pids: null, openFiles: null },
    ports: {},
    liveness: null,
    readiness: null,
    logs: { maxBytes: 10 * 1024 * 1024, maxFiles: 3 },
    role: null,
    ...differences,
  };
}

export const DEFAULT_CHECK: Omit<CheckSpec, 'probe'> = {
  intervalMs: 1_000,
  timeoutMs: 1_000,
  retries: 2,
  successes: 1,
  startPeriodMs: 10_000,
  startIntervalMs: 100,
};

export const node = (code: string, ...rest: string[]): string[] => [process.execPath, '-e', code, ...rest];

export async function until<T>(what: () => T | undefined | false, ms = 30_000): Promise<T> {
  const end = performance.now() + ms;
  for (;;) {
    const value = what();
    if (value !== undefined && value !== false) return value;
    if (performance.now() > end) throw new Error(`waited ${ms} ms in vain: ${what}`);
    await new Promise((done) => setTimeout(done, 5));
  }
}
