/** `failover`: one instance leads, the others are its standbys. By a known engine, or by the file's own commands. */
import type { CheckSpec, FailoverEngine, FailoverHooks, FailoverPolicy, PortSpec } from '../model/spec.ts';
import { argvOf } from './command.ts';
import { own, type Scope } from './scope.ts';
import { get, type SpecNode, textOf } from './tree.ts';
import { readBool, readDuration, readSize } from './values.ts';

/** Engines that Holdfast brings, and the program that each runs when the file names no command. */
const PROGRAMS: Readonly<Record<string, string>> = { postgres: 'postgres', redis: 'redis-server' };

const DEFAULT_MAX_LAG_BYTES = 16 * 1024 * 1024;
const DEFAULT_PROMOTE_WITHIN_MS = 20_000;

function engineOf(node: SpecNode | undefined): FailoverEngine | null {
  const name = node?.kind === 'map' ? (textOf(get(node, 'engine')) ?? 'hooks') : textOf(node);
  return name === 'postgres' || name === 'redis' || name === 'hooks' ? name : null;
}

/** The program of an engine: the service needs no command of its own. Null: it needs one. */
export function programOf(service: SpecNode): string | null {
  const engine = engineOf(own(service, 'failover'));
  return engine === null ? null : (PROGRAMS[engine] ?? null);
}

export function failoverOf(
  scope: Scope,
  ports: readonly PortSpec[],
  environment: Readonly<Record<string, string>>,
): FailoverPolicy | null {
  const node = own(scope.node, 'failover');
  const engine = engineOf(node);
  if (node === undefined || engine === null) return null;
  const { name, problems } = scope;
  if (ports.length === 0)
    problems.error('HF1013', `${name} has failover but no port`, node, 'List the port of the service under `expose`.');
  if (engine === 'postgres' && !environment.POSTGRES_PASSWORD && environment.POSTGRES_HOST_AUTH_METHOD !== 'trust') {
    const remedy =
      'Set POSTGRES_PASSWORD in its environment (or POSTGRES_HOST_AUTH_METHOD: trust, on a machine of your own).';
    problems.error('HF1004', `${name} has no password`, node, remedy);
  }
  const hooks = engine === 'hooks' ? hooksOf(scope, node) : null;
  return {
    engine,
    synchronous: synchronousOf(scope, engine, get(node, 'synchronous')),
    maxLagBytes: readSize(get(node, 'max_lag')) ?? DEFAULT_MAX_LAG_BYTES,
    promoteWithinMs: readDuration(get(node, 'promote_within')) ?? DEFAULT_PROMOTE_WITHIN_MS,
    allowLoss: readBool(get(node, 'allow_loss')) ?? false,
    hooks,
  };
}

function synchronousOf(
  { name, problems }: Scope,
  engine: FailoverEngine,
  node: SpecNode | undefined,
): FailoverPolicy['synchronous'] {
  const wanted = textOf(node) === 'strict' ? 'strict' : (readBool(node) ?? engine === 'postgres') ? 'on' : 'off';
  if (engine === 'postgres' || wanted === 'off') return wanted;
  const why =
    engine === 'redis' ? 'Redis acknowledges before a standby has the write' : 'hooks cannot wait for a standby';
  problems.error(
    'HF1004',
    `failover of ${name} cannot be synchronous: ${why}`,
    node ?? null,
    'Leave `synchronous` out.',
  );
  return 'off';
}

function hooksOf({ name, problems }: Scope, node: SpecNode): FailoverHooks | null {
  const command = (key: string): readonly string[] | null => {
    const at = get(node, key);
    if (at === undefined) return null;
    return at.kind === 'scalar' ? ['/bin/sh', '-c', textOf(at) ?? ''] : argvOf(at, problems);
  };
  const [role, promote] = [command('role'), command('promote')];
  if (role === null || promote === null) {
    const remedy = 'Name an engine (`engine: postgres`, `engine: redis`), or give the commands `role` and `promote`.';
    problems.error('HF1004', `failover of ${name} lacks ${role === null ? '`role`' : '`promote`'}`, node, remedy);
    return null;
  }
  return { role, promote, follow: command('follow'), caughtUp: command('caught_up') };
}

/** Copying a large database may take this long before a standby is of use. */
const START_PERIOD_MS = 600_000;

/**
 * Looks often: what it costs is one connection, what it saves is downtime. Two looks in a row without an answer, a second
 * each: who is cut off is away for two and a half seconds at most before a standby is asked. Patient all the same: a look
 * takes milliseconds, a machine that is busy for a second is no reason (nor is one that keeps us waiting, see
 * agent/checks), and a process that is stopped is known by its state anyway.
 */
export const ROLE_CHECK: CheckSpec = {
  probe: { kind: 'role' },
  intervalMs: 500,
  timeoutMs: 1_000,
  retries: 2,
  successes: 1,
  startPeriodMs: START_PERIOD_MS,
  startIntervalMs: 100,
};

/** The engine's own look is the health check, or beside one that the file declares, what makes an instance ready. */
export function checksFor(
  { name, problems, node }: Scope,
  healthcheck: CheckSpec | null,
  readiness: CheckSpec | null,
): { readonly healthcheck: CheckSpec | null; readonly readiness: CheckSpec | null } {
  if (readiness !== null) {
    const remedy = 'Remove `readiness`; `healthcheck` may stay.';
    problems.error(
      'HF1004',
      `${name} has failover, which decides by role who is ready`,
      own(node, 'readiness') ?? null,
      remedy,
    );
  }
  return healthcheck === null ? { healthcheck: ROLE_CHECK, readiness: null } : { healthcheck, readiness: ROLE_CHECK };
}
