/** Health checks: missing, useless, or harmful. */
import type { CheckProbe, CheckSpec, PortSpec, ServiceSpec } from '../../model/spec.ts';
import type { Facts, Remark } from '../contract.ts';
import { inService, isJob } from '../facts.ts';

/** A hang that is noticed later than this has been noticed by users. */
const SLOW_MS = 60_000;
const checkOf = ({ name, protocol }: PortSpec): string =>
  protocol === 'http'
    ? `{ http: { port: ${name}, path: /healthz }, interval: 1s, timeout: 1s }`
    : `{ tcp: ${name}, interval: 1s }`;

export function missingChecks({ services, callers }: Facts): Remark[] {
  return services.flatMap((service): Remark[] => {
    if (isJob(service)) return [];
    const { name, healthcheck, readiness, ports } = service;
    const port = ports[0];
    const fault = { kind: 'pause', service: name, for: '20s' };
    if (healthcheck === null) {
      const noticed = port === undefined ? 'only its exit is noticed' : 'a hang is noticed only while it has traffic';
      const snippet = inService(
        name,
        `healthcheck: ${port === undefined ? '{ exec: ["./alive"], interval: 1s }' : checkOf(port)}`,
      );
      return [
        {
          id: 'no-health-check',
          service: name,
          sentence: `${name} has no health check: ${noticed}.`,
          severity: port === undefined ? 'medium' : 'high',
          snippet,
          fault,
        },
      ];
    }
    if (readiness !== null || port === undefined || (callers.get(name)?.size ?? 0) === 0) return [];
    const snippet = inService(
      name,
      port.protocol === 'http' ? 'readiness: { http: /ready }' : `readiness: { tcp: ${port.name} }`,
    );
    return [
      {
        id: 'no-readiness',
        service: name,
        sentence: `${name} has one check for "broken" and "not now".`,
        key: 'healthcheck',
        snippet,
        fault,
      },
    ];
  });
}

export function uselessChecks({ services, calls }: Facts): Remark[] {
  return services.flatMap((service) => [
    ...(service.healthcheck === null ? [] : ofCheck(service, service.healthcheck, 'healthcheck', calls)),
    ...(service.readiness === null ? [] : ofCheck(service, service.readiness, 'readiness', calls)),
  ]);
}

function ofCheck(
  service: ServiceSpec,
  check: CheckSpec,
  key: 'healthcheck' | 'readiness',
  calls: Facts['calls'],
): Remark[] {
  const { name } = service;
  const { probe, intervalMs, timeoutMs, retries } = check;
  const pause = { kind: 'pause', service: name, for: '20s' };
  const found: Remark[] = [];
  const say = (id: Remark['id'], sentence: string, more: Partial<Remark> = {}): void => {
    found.push({ id, service: name, sentence, key, fault: pause, ...more });
  };
  const cannot = cannotFail(probe);
  if (cannot !== null) say('check-cannot-fail', `The ${key} of ${name} never fails: ${cannot}.`);
  const looksAt = key === 'healthcheck' ? dependencyIn(probe, calls.get(name) ?? new Set()) : null;
  if (looksAt !== null) {
    say(
      'liveness-follows-dependency',
      `The liveness check of ${name} looks at ${looksAt}: when that fails, ${name} is restarted.`,
      {
        fault: { kind: 'pause', service: looksAt, for: '20s' },
        snippet: inService(name, 'healthcheck: { http: /healthz }', 'readiness: { http: /ready }'),
      },
    );
  }
  const port = probe.kind === 'tcp' ? service.ports.find((each) => each.name === probe.port) : undefined;
  if (port?.protocol === 'http' && spokenOverHttp(service)) {
    say('tcp-check-on-http', `The ${key} of ${name} only opens a connection to port ${port.name}, which speaks HTTP.`, {
      snippet: inService(name, `${key}: { http: { port: ${port.name}, path: /healthz } }`),
    });
  }
  if (probe.kind !== 'ttl' && timeoutMs > intervalMs) {
    say(
      'check-outlasts-interval',
      `The ${key} of ${name} comes every ${seconds(intervalMs)} and may take ${seconds(timeoutMs)}.`,
      {
        severity: timeoutMs > 10 * intervalMs ? 'medium' : 'low',
        snippet: inService(name, `${key}: { timeout: ${seconds(intervalMs)} }`),
      },
    );
  }
  const noticedMs = intervalMs * retries + timeoutMs;
  if (key === 'healthcheck' && noticedMs > SLOW_MS) {
    say(
      'check-too-slow',
      `A hang of ${name} is noticed after up to ${seconds(noticedMs)} (${retries} × ${seconds(intervalMs)} + ${seconds(timeoutMs)}).`,
      {
        snippet: inService(name, 'healthcheck: { interval: 1s, timeout: 1s, retries: 3 }'),
      },
    );
  }
  return found;
}

/** Without a word for it ports are HTTP by default; one of a store that speaks its own protocol is no HTTP service. */
function spokenOverHttp({ run }: ServiceSpec): boolean {
  return !/\b(redis|postgres|mysql|mariadb|mongo|kafka|zookeeper|rabbitmq|memcached|etcd|nats|cassandra)/i.test(
    run.command.join(' '),
  );
}

function cannotFail(probe: CheckProbe): string | null {
  if (probe.kind === 'http' && probe.expectStatus[1] >= 500) return `it accepts status ${probe.expectStatus[1]}`;
  if (probe.kind !== 'exec') return null;
  const command = probe.command.join(' ').trim();
  const inner =
    /^(?:\/bin\/)?(?:ba|da|a)?sh -l?c (.*)$/s
      .exec(command)?.[1]
      ?.replace(/^["']|["']$/g, '')
      .trim() ?? command;
  if (/^(\/usr)?(\/bin\/)?(true|:|exit 0|echo\b[^&|;]*)$/.test(inner)) return `\`${inner}\` always succeeds`;
  if (/(\|\||;)\s*(true|:|exit 0|echo\b[^&|;]*)\s*$/.test(inner))
    return `it ends in \`${/(\|\||;)\s*[^|;]*$/.exec(inner)?.[0].trim()}\``;
  return null;
}

/** The dependency that a check names: as a host, in a URL, or by the variables that Holdfast gives for it. */
function dependencyIn(probe: CheckProbe, dependencies: ReadonlySet<string>): string | null {
  const text = probe.kind === 'exec' ? probe.command.join(' ') : probe.kind === 'http' ? probe.path : '';
  for (const name of dependencies) {
    const variable = name.toUpperCase().replace(/[^A-Z0-9]/g, '_');
    const host = new RegExp(`(^|[\\s/@=:'"])${name.replace(/[.*+?^$()|[\]\\{}]/g, '\\$&')}([\\s:/'"?]|$)`);
    if (host.test(text) || new RegExp(`\\$\\{?${variable}_(URL|HOST|PORT|ADDR)\\b`).test(text)) return name;
  }
  return null;
}

export function seconds(ms: number): string {
  return ms % 1_000 === 0 ? `${ms / 1_000}s` : `${ms}ms`;
}
