/** docs/spec.md is held to the code: its examples parse without a notice, it names every key and every notice. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CHECK_DEFAULTS } from './checks.ts';
import { NOT_HONOURED } from './honoured.ts';
import { parseSpec } from './parse.ts';
import { HTTP_PORTS } from './ports.ts';
import { PROBE_KEYS } from './schema/check.ts';
import { ACTIONS, OWN_SERVICE_KEYS } from './schema/holdfast.ts';
import { COMPOSE_SERVICE_KEYS } from './schema/service.ts';

const DOCUMENT = readFileSync(new URL('../../docs/spec.md', import.meta.url), 'utf8');
const BLOCKS = [...DOCUMENT.matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map((match) => match[1] as string);

function parse(text: string, profiles: readonly string[] = []): ReturnType<typeof parseSpec> {
  return parseSpec({ file: 'spec.md', baseDir: '/srv/shop', text, variables: {}, profiles, projectName: null });
}

describe('docs/spec.md', () => {
  it('has the examples it should have', () => {
    expect(BLOCKS.length).toBeGreaterThanOrEqual(6);
    expect(BLOCKS.at(-1)).toContain('name: shop');
  });

  it.each(BLOCKS.map((text, index) => [index + 1, text] as const))('example %d parses, without a notice', (_, text) => {
    const { spec, notices } = parse(text, ['debug']);
    expect(notices).toEqual([]);
    expect(Object.keys(spec.services).length).toBeGreaterThan(0);
  });

  it('its complete example means what it shows', () => {
    const { spec } = parse(BLOCKS.at(-1) as string);
    expect(Object.keys(spec.services)).toEqual(['gateway', 'migrate', 'orders', 'store']);
    expect(spec.policy).toEqual({ mode: 'auto', maxDisruption: 2 });
    expect(spec.services.migrate?.restart.condition).toBe('on-failure');
    expect(spec.services.orders?.run.environment).toEqual({ CURRENCY: 'EUR', LOG_LEVEL: 'info' });
    expect(spec.services.gateway?.ports[0]?.published).toEqual({ host: '0.0.0.0', port: 8080 });
  });

  it('names every key of a service, and every kind of check and action', () => {
    const keys = [...Object.keys(COMPOSE_SERVICE_KEYS), ...Object.keys(OWN_SERVICE_KEYS), ...Object.keys(PROBE_KEYS)];
    const unnamed = [...keys, ...ACTIONS].filter(
      (key) => !new RegExp(`[\`.]${key}\\b|^### .*${key}`, 'm').test(DOCUMENT),
    );
    expect(unnamed).toEqual([]);
  });

  it('lists what has no effect in its table', () => {
    const table = DOCUMENT.slice(DOCUMENT.indexOf('## Compose keys without effect'));
    expect(Object.keys(NOT_HONOURED).filter((key) => !table.includes(`\`${key}\``))).toEqual([]);
  });

  it('says the defaults that the code has', () => {
    const { services } = parse('services: { a: { command: run } }').spec;
    const { update, stop, restart, logs, recovery } = services.a as NonNullable<(typeof services)[string]>;
    const rows: Readonly<Record<string, string>> = {
      interval: `${CHECK_DEFAULTS.intervalMs / 1000}s`,
      timeout: `${CHECK_DEFAULTS.timeoutMs / 1000}s`,
      retries: `${CHECK_DEFAULTS.retries}`,
      successes: `${CHECK_DEFAULTS.successes}`,
      start_period: `${CHECK_DEFAULTS.startPeriodMs / 1000}s`,
      start_interval: `${CHECK_DEFAULTS.startIntervalMs}ms`,
      'deploy.update_config.order': update.order,
      'deploy.update_config.failure_action': update.failureAction,
      'deploy.update_config.monitor': `${update.monitorMs / 1000}s`,
      'deploy.restart_policy.delay': `${restart.delayMs / 1000}s`,
      'deploy.restart_policy.max_delay': `${restart.maxDelayMs / 1000}s`,
      'deploy.restart_policy.window': `${restart.windowMs / 1000}s`,
      stop_signal: stop.signal,
      stop_grace_period: `${stop.graceMs / 1000}s`,
      drain_period: `${stop.drainMs / 1000}s`,
      'logging.options.max-size': `${logs.maxBytes / 1024 ** 2}m`,
      cooldown: `${recovery.cooldownMs / 1000}s`,
      verify: `${recovery.verifyMs / 1000}s`,
      change_window: `${recovery.changeWindowMs / 60_000}m`,
    };
    for (const [key, value] of Object.entries(rows)) {
      expect(DOCUMENT, key).toMatch(new RegExp(`^\\| \`${key}\` \\| \`${value}\` \\|`, 'm'));
    }
    expect([...HTTP_PORTS].every((port) => DOCUMENT.includes(String(port)))).toBe(true);
  });
});
