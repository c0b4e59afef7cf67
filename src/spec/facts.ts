/** A service as lines of `key → value` in the words of the spec, so that a difference reads like an edit of the file. */
import type { CheckSpec, ServiceSpec } from '../model/spec.ts';
import { formatDuration } from '../model/time.ts';
import { looksSecret, maskedCommand, withoutPasswords } from './secret.ts';

export interface Fact {
  /** To compare by. */
  readonly raw: string;
  /** To show; null: never. */
  readonly shown: string | null;
}

export function factsOf(service: ServiceSpec): ReadonlyMap<string, Fact> {
  const facts = new Map<string, Fact>();
  const say = (key: string, value: string | number | null): void => {
    if (value !== null) facts.set(key, { raw: String(value), shown: String(value) });
  };
  const time = (key: string, ms: number): void => {
    facts.set(key, { raw: String(ms), shown: formatDuration(ms) });
  };
  const size = (key: string, bytes: number | null): void => say(key, bytes === null ? null : formatSize(bytes));
  const { run, restart, resources, stop, update, recovery, autoscale, logs } = service;
  say('replicas', service.replicas);
  facts.set('command', { raw: JSON.stringify(run.command), shown: JSON.stringify(maskedCommand(run.command)) });
  addValues(facts, 'environment', run.environment);
  say('working_dir', run.workingDir);
  say('user', run.user);
  for (const port of service.ports) {
    const published = port.published ? `${port.published.host}:${port.published.port}` : 'not published';
    say(`ports.${port.name}`, `${port.target} ${port.protocol}, ${published}${port.fixed ? ', fixed' : ''}`);
  }
  for (const { service: name, condition, required } of service.dependsOn)
    say(`depends_on.${name}`, required ? condition : `${condition}, not required`);
  addCheck(facts, 'healthcheck', service.healthcheck);
  addCheck(facts, 'readiness', service.readiness);
  say('restart', restart.condition);
  time('deploy.restart_policy.delay', restart.delayMs);
  time('deploy.restart_policy.max_delay', restart.maxDelayMs);
  say('deploy.restart_policy.max_attempts', restart.maxAttempts);
  time('deploy.restart_policy.window', restart.windowMs);
  size('mem_limit', resources.memoryBytes);
  say('cpus', resources.cpus);
  say('pids_limit', resources.pids);
  say('ulimits.nofile', resources.openFiles);
  say('stop_signal', stop.signal);
  time('stop_grace_period', stop.graceMs);
  time('drain_period', stop.drainMs);
  say('deploy.update_config.parallelism', update.parallelism);
  time('deploy.update_config.delay', update.delayMs);
  say('deploy.update_config.order', update.order);
  say('deploy.update_config.failure_action', update.failureAction);
  time('deploy.update_config.monitor', update.monitorMs);
  say('deploy.update_config.max_failure_ratio', update.maxFailureRatio);
  say('recovery.mode', recovery.mode);
  say('recovery.allow', recovery.allow.join(', ') || 'nothing');
  say('recovery.min_available', recovery.minAvailable < 0 ? 'as replicas demand' : recovery.minAvailable);
  time('recovery.cooldown', recovery.cooldownMs);
  time('recovery.verify', recovery.verifyMs);
  time('recovery.change_window', recovery.changeWindowMs);
  if (service.experiments !== 'refuse') say('experiments', service.experiments);
  if (autoscale) say('autoscale', `${autoscale.min} to ${autoscale.max} by ${autoscale.metric} ${autoscale.target}`);
  const { failover } = service;
  if (failover) {
    say('failover.engine', failover.engine);
    say('failover.synchronous', failover.synchronous);
    size('failover.max_lag', failover.maxLagBytes);
    time('failover.promote_within', failover.promoteWithinMs);
    say('failover.allow_loss', String(failover.allowLoss));
    if (failover.hooks) say('failover.hooks', JSON.stringify(failover.hooks));
  }
  for (const { name, kind, target, thresholdMs, windowMs } of service.objectives) {
    const threshold = thresholdMs === null ? '' : ` under ${formatDuration(thresholdMs)}`;
    const shown = `${kind} ${target}${threshold} over ${formatDuration(windowMs)}`;
    facts.set(`objectives.${name}`, { raw: `${shown} ${thresholdMs} ${windowMs}`, shown });
  }
  size('logging.options.max-size', logs.maxBytes);
  say('logging.options.max-file', logs.maxFiles);
  addValues(facts, 'labels', service.labels);
  return facts;
}

function addValues(facts: Map<string, Fact>, key: string, values: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(values)) {
    const shown = looksSecret(name) ? null : JSON.stringify(withoutPasswords(value));
    facts.set(`${key}.${name}`, { raw: JSON.stringify(value), shown });
  }
}

function addCheck(facts: Map<string, Fact>, key: string, check: CheckSpec | null): void {
  if (check === null) return;
  const { probe } = check;
  const shown = describeProbe(check);
  facts.set(key, { raw: JSON.stringify(probe), shown });
  const timing = `every ${formatDuration(check.intervalMs)}, timeout ${formatDuration(check.timeoutMs)}`;
  const counts = `${check.retries} failures, ${check.successes} passes`;
  const start = `start ${formatDuration(check.startPeriodMs)} every ${formatDuration(check.startIntervalMs)}`;
  const text = `${timing}, ${counts}, ${start}`;
  facts.set(`${key}.timing`, { raw: JSON.stringify({ ...check, probe: null }), shown: text });
}

export function describeProbe({ probe }: CheckSpec): string {
  switch (probe.kind) {
    case 'http': {
      const names = Object.keys(probe.headers);
      const headers = names.length === 0 ? '' : ` with ${names.join(', ')}`;
      return `http ${probe.port} ${withoutPasswords(probe.path)} expecting ${probe.expectStatus.join('-')}${headers}`;
    }
    case 'tcp':
      return `tcp ${probe.port}`;
    case 'exec':
    case 'nagios':
      return `${probe.kind} ${JSON.stringify(maskedCommand(probe.command))}`;
    case 'grpc':
      return `grpc ${probe.port}${probe.service === '' ? '' : ` ${probe.service}`}`;
    case 'role':
      return 'role';
    case 'ttl':
      return `ttl ${formatDuration(probe.ttlMs)}`;
  }
}

/** `160m`, `1g`; bytes when nothing larger divides them. */
export function formatSize(bytes: number): string {
  const units = ['g', 'm', 'k'] as const;
  for (const [index, unit] of units.entries()) {
    const size = 1024 ** (units.length - index);
    if (bytes >= size && bytes % size === 0) return `${bytes / size}${unit}`;
  }
  return String(bytes);
}
