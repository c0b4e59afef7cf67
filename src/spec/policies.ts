/** The policies of a service that Compose has words for: replicas, restart, resources, stop, update, logs. */
import type { LogPolicy, ResourceLimits, RestartPolicy, StopPolicy, UpdatePolicy } from '../model/spec.ts';
import { quote } from './check.ts';
import { own, type Scope } from './scope.ts';
import { dig, entriesOf, get, type SpecNode, textOf } from './tree.ts';
import { readDuration, readInteger, readNumber, readSize } from './values.ts';

/** A number of instances that one machine may be asked for; more is a slip. */
const MAX_REPLICAS = 10_000;

export function replicasOf(scope: Scope): number {
  const { node, problems } = scope;
  const given = [
    ['deploy.replicas', dig(node, 'deploy', 'replicas')],
    ['scale', get(node, 'scale')],
    ['replicas', own(node, 'replicas')],
  ] as const;
  const counts = given.flatMap(([key, at]) => {
    const value = readInteger(at);
    return value === undefined || at === undefined ? [] : [{ key, at, value }];
  });
  const [first, ...others] = counts;
  const other = others.find(({ value }) => value !== first?.value);
  if (first && other) {
    const message = `${first.key} is ${first.value}, but ${other.key} is ${other.value}`;
    problems.error('HF1004', message, other.at, 'Keep one of them.');
  }
  const mode = textOf(dig(node, 'deploy', 'mode')) ?? 'replicated';
  if (mode.startsWith('global') && first === undefined) return 1;
  const replicas = first?.value ?? readInteger(get(own(node, 'autoscale'), 'min')) ?? 1;
  if (first && replicas > MAX_REPLICAS)
    problems.error(
      'HF1004',
      `${first.key} is ${replicas}, at most ${MAX_REPLICAS} are possible`,
      first.at,
      'Ask for fewer.',
    );
  return Math.min(replicas, MAX_REPLICAS);
}

/** `mustComplete`: another service waits for it to end well, so that ending well must not start it again. */
export function restartOf({ node }: Scope, mustComplete: boolean): RestartPolicy {
  const policy = dig(node, 'deploy', 'restart_policy');
  const restart = textOf(get(node, 'restart')) ?? '';
  const isJob = textOf(dig(node, 'deploy', 'mode'))?.endsWith('-job') ?? false;
  const [word, attempts] = restart.split(':');
  const byWord = word === 'no' || word === 'false' ? 'none' : word === 'on-failure' ? 'on-failure' : 'any';
  const usual = (restart === '' && mustComplete) || isJob ? 'on-failure' : byWord;
  const condition = textOf(get(policy, 'condition'));
  return {
    condition: condition === 'none' || condition === 'on-failure' || condition === 'any' ? condition : usual,
    delayMs: readDuration(get(policy, 'delay')) ?? 1_000,
    maxDelayMs: readDuration(get(policy, 'max_delay')) ?? 60_000,
    maxAttempts: readInteger(get(policy, 'max_attempts')) ?? (attempts ? Number(attempts) : 5),
    windowMs: readDuration(get(policy, 'window')) ?? 60_000,
  };
}

const CPU_PERIOD_US = 100_000;

export function resourcesOf(scope: Scope): ResourceLimits {
  const { node } = scope;
  const limits = dig(node, 'deploy', 'resources', 'limits');
  const quota = readNumber(get(node, 'cpu_quota'));
  const period = readNumber(get(node, 'cpu_period')) ?? CPU_PERIOD_US;
  const byQuota = quota !== undefined && quota > 0 && period > 0 ? quota / period : null;
  const files = dig(node, 'ulimits', 'nofile');
  return {
    memoryBytes: limitOf(scope, ['mem_limit', get(node, 'mem_limit')], ['memory', get(limits, 'memory')], readSize),
    cpus: limitOf(scope, ['cpus', get(node, 'cpus')], ['cpus', get(limits, 'cpus')], readNumber) ?? byQuota,
    pids: limitOf(scope, ['pids_limit', get(node, 'pids_limit')], ['pids', get(limits, 'pids')], readInteger),
    openFiles: positive(readInteger(files?.kind === 'map' ? (get(files, 'soft') ?? get(files, 'hard')) : files)),
  };
}

type Limit = readonly [key: string, node: SpecNode | undefined];

/** Compose has two places for each limit, which must agree; 0 and -1 mean no limit. */
function limitOf(
  { problems }: Scope,
  [key, node]: Limit,
  [deployKey, deployNode]: Limit,
  read: (node: SpecNode | undefined) => number | undefined,
): number | null {
  const [plain, deployed] = [read(node), read(deployNode)];
  if (plain !== undefined && deployed !== undefined && plain !== deployed && node) {
    const message = `${key} is ${textOf(node)}, but deploy.resources.limits.${deployKey} is ${textOf(deployNode)}`;
    problems.error('HF1004', message, node, 'Keep one of them.');
  }
  return positive(deployed ?? plain);
}

function positive(value: number | undefined): number | null {
  return value !== undefined && value > 0 ? value : null;
}

const SIGNALS: readonly string[] =
  'HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS'.split(
    ' ',
  );

/** `usual`: what the program takes as a request to end at once, not after its last client has left. */
export function stopOf({ node, name: service, problems }: Scope, usual: string): StopPolicy {
  const at = get(node, 'stop_signal');
  let text = textOf(at) || usual;
  if (at && /^(?:SIG)?RTM(?:IN|AX)/i.test(text)) {
    problems.notice('not-honoured', at, service, `stop_signal ${text}`, 'SIGTERM');
    text = 'SIGTERM';
  }
  const byNumber = /^\d+$/.test(text) ? SIGNALS[Number(text) - 1] : undefined;
  const name = byNumber ?? text.toUpperCase().replace(/^SIG/, '');
  if (at && !SIGNALS.includes(name))
    problems.error('HF1004', `${quote(text)} is not a signal`, at, 'Write a name such as SIGTERM or SIGINT.');
  return {
    signal: `SIG${name}`,
    graceMs: readDuration(get(node, 'stop_grace_period')) ?? 10_000,
    drainMs: readDuration(own(node, 'drain_period')) ?? 2_000,
  };
}

/** `led`: a service with failover keeps its instances and their data, so the new one cannot come first. */
export function updateOf({ node }: Scope, replicas: number, led: boolean): UpdatePolicy {
  const config = dig(node, 'deploy', 'update_config');
  const parallelism = readInteger(get(config, 'parallelism')) ?? 1;
  const action = textOf(get(config, 'failure_action'));
  return {
    // Compose: 0 means all at once.
    parallelism: parallelism === 0 ? Math.max(1, replicas) : parallelism,
    delayMs: readDuration(get(config, 'delay')) ?? 0,
    order: textOf(get(config, 'order')) === 'start-first' && !led ? 'start-first' : 'stop-first',
    failureAction: action === 'pause' || action === 'continue' ? action : 'rollback',
    monitorMs: readDuration(get(config, 'monitor')) ?? 5_000,
    maxFailureRatio: readNumber(get(config, 'max_failure_ratio')) ?? 0,
  };
}

const LOG_DRIVERS: ReadonlySet<string> = new Set(['', 'json-file', 'local']);

export function logsOf({ node, name, problems }: Scope): LogPolicy {
  const logging = get(node, 'logging');
  const options = get(logging, 'options');
  const driver = get(logging, 'driver');
  if (driver && !LOG_DRIVERS.has(textOf(driver) ?? ''))
    problems.notice('not-honoured', driver, name, `logging.driver ${textOf(driver)}`, 'logs go to rotated files');
  for (const [key, { key: place }] of entriesOf(options)) {
    if (key !== 'max-size' && key !== 'max-file')
      problems.notice('not-honoured', place, name, `logging.options.${key}`, 'only max-size and max-file matter');
  }
  const maxSize = get(options, 'max-size');
  const maxFile = get(options, 'max-file');
  const maxBytes = readSize(maxSize);
  const maxFiles = readInteger(maxFile);
  if (maxSize && !(maxBytes !== undefined && maxBytes >= MIN_LOG_BYTES) && textOf(maxSize) !== '-1')
    problems.error(
      'HF1012',
      `logging.options.max-size is ${quote(textOf(maxSize) ?? '')}`,
      maxSize,
      'Write 64k or more: 10m.',
    );
  if (maxFile && !(maxFiles !== undefined && maxFiles >= 1 && maxFiles <= 1_000))
    problems.error(
      'HF1004',
      `logging.options.max-file is ${quote(textOf(maxFile) ?? '')}`,
      maxFile,
      'Write 1 to 1000.',
    );
  return { maxBytes: maxBytes || DEFAULT_LOG_BYTES, maxFiles: maxFiles || 3 };
}

const DEFAULT_LOG_BYTES = 10 * 1024 * 1024;
/** Smaller files would be rotated all the time. Compose files with less than this are not seen in practice. */
const MIN_LOG_BYTES = 1024;
