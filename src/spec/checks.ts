/** `healthcheck` and `readiness`: Compose's `test` or one of Holdfast's own kinds → a probe with its timing. */
import type { CheckProbe, CheckSpec } from '../model/spec.ts';
import { quote } from './check.ts';
import { argvOf } from './command.ts';
import { type Fetch, fetchOf, fetchOfShell } from './curl.ts';
import type { Ports } from './ports.ts';
import { PROBE_KEYS } from './schema/check.ts';
import type { Scope } from './scope.ts';
import { entriesOf, get, itemsOf, type Place, type SpecNode, textOf } from './tree.ts';
import { readBool, readDuration, readInteger } from './values.ts';

/** See CheckSpec for what each costs and buys. */
export const CHECK_DEFAULTS = {
  intervalMs: 1_000,
  timeoutMs: 1_000,
  retries: 2,
  successes: 1,
  startPeriodMs: 10_000,
  startIntervalMs: 100,
} as const;

const ANY_SUCCESS = [200, 399] as const;
/** An interval of nothing would be a busy loop. */
const LEAST_INTERVAL_MS = 10;

export function checkOf(node: SpecNode | undefined, key: string, scope: Scope, ports: Ports): CheckSpec | null {
  if (node?.kind !== 'map' || readBool(get(node, 'disable'))) return null;
  const probe = probeOf(node, key, scope, ports);
  if (probe === null) return null;
  if (probe.kind === 'http') ports.speaksHttp(probe.port);
  const interval = readDuration(get(node, 'interval')) ?? CHECK_DEFAULTS.intervalMs;
  for (const name of ['interval', 'timeout', 'start_interval']) {
    const value = readDuration(get(node, name));
    if (value !== undefined && value < LEAST_INTERVAL_MS)
      scope.problems.error(
        'HF1005',
        `${key}.${name} is shorter than 10ms`,
        get(node, name) as SpecNode,
        'Write 10ms or more.',
      );
  }
  return {
    probe,
    intervalMs: interval,
    timeoutMs: readDuration(get(node, 'timeout')) ?? CHECK_DEFAULTS.timeoutMs,
    retries: readInteger(get(node, 'retries')) ?? CHECK_DEFAULTS.retries,
    successes: readInteger(get(node, 'successes')) ?? CHECK_DEFAULTS.successes,
    startPeriodMs: readDuration(get(node, 'start_period')) ?? CHECK_DEFAULTS.startPeriodMs,
    startIntervalMs: readDuration(get(node, 'start_interval')) ?? Math.min(CHECK_DEFAULTS.startIntervalMs, interval),
  };
}

function probeOf(node: SpecNode, key: string, scope: Scope, ports: Ports): CheckProbe | null {
  const given = entriesOf(node).filter(([name]) => name === 'test' || Object.hasOwn(PROBE_KEYS, name));
  const [first, second] = given.filter(([name]) => get(node, name) !== undefined);
  if (first === undefined) {
    const remedy = 'Add `test`, `http`, `tcp`, `exec`, `grpc`, `nagios` or `ttl`.';
    scope.problems.error('HF1004', `${key} of ${scope.name} does not say what to check`, node, remedy);
    return null;
  }
  if (second) {
    const message = `${key} has both ${first[0]} and ${second[0]}`;
    scope.problems.error('HF1004', message, second[1].key, 'Keep one of them; `readiness` may hold another check.');
  }
  const [kind, { value }] = first;
  switch (kind) {
    case 'test':
      return testProbe(value, key, scope, ports);
    case 'http':
      return httpProbe(value, scope, ports);
    case 'ttl':
      return ttlProbe(value, value, scope);
    case 'exec':
    case 'nagios': {
      const command = value.kind === 'scalar' ? shell(textOf(value) ?? '') : argvOf(value, scope.problems);
      return execProbe(command, value, scope, kind);
    }
    default: {
      const port = portOf(value.kind === 'map' ? get(value, 'port') : value, value, scope, ports);
      if (port === null) return null;
      return kind === 'tcp' ? { kind, port } : { kind: 'grpc', port, service: textOf(get(value, 'service')) ?? '' };
    }
  }
}

function execProbe(
  command: readonly string[],
  place: Place,
  scope: Scope,
  kind: 'exec' | 'nagios' = 'exec',
): CheckProbe | null {
  if (command.length > 0 && command[0] !== '') return { kind, command };
  scope.problems.error('HF1004', 'the check has no command', place, 'Write ["CMD", "program", "argument"].');
  return null;
}

function shell(script: string): readonly string[] {
  return ['/bin/sh', '-c', script];
}

function portOf(node: SpecNode | undefined, place: Place, scope: Scope, ports: Ports): string | null {
  const text = textOf(node);
  if (text !== undefined) return ports.resolve(text, node ?? place);
  if (ports.first === null) {
    const remedy = 'Say which: `port: 8080`, or list it under `ports` or `expose`.';
    scope.problems.error('HF1013', `${scope.name} has no port that could be checked`, place, remedy);
  }
  return ports.first;
}

/** `http: /path`, `http: http://localhost:8080/path`, or a map. */
function httpProbe(value: SpecNode, scope: Scope, ports: Ports): CheckProbe | null {
  if (value.kind === 'scalar') return urlProbe(value.text, value, scope, ports);
  const port = portOf(get(value, 'port'), value, scope, ports);
  if (port === null) return null;
  const path = textOf(get(value, 'path')) ?? '/';
  const headers = entriesOf(get(value, 'headers')).map(([name, entry]) => [
    name.toLowerCase(),
    textOf(entry.value) ?? '',
  ]);
  const status = textOf(get(value, 'status'));
  const range = /^(\d{3})(?:-(\d{3}))?$/.exec(status ?? '');
  const expectStatus = range ? ([Number(range[1]), Number(range[2] ?? range[1])] as const) : ANY_SUCCESS;
  return { kind: 'http', port, path: pathOf(path), headers: Object.fromEntries(headers), expectStatus };
}

function urlProbe(text: string, place: Place, scope: Scope, ports: Ports): CheckProbe | null {
  const url = /^http:\/\/(?:[^/\s:]*|\[[^\]]*\])(?::(\d{1,5}))?(\/\S*)?$/.exec(text);
  if (!url && !text.startsWith('/')) {
    scope.problems.error('HF1004', `${quote(text)} is neither a path nor an http URL`, place, 'Write /path.');
    return null;
  }
  const port = url?.[1] === undefined ? portOf(undefined, place, scope, ports) : ports.resolve(url[1], place);
  if (port === null) return null;
  return { kind: 'http', port, path: pathOf(url ? (url[2] ?? '/') : text), headers: {}, expectStatus: ANY_SUCCESS };
}

function pathOf(text: string): string {
  return text.startsWith('/') ? text : text.replace(/^https?:\/\/[^/]*/, '') || '/';
}

function ttlProbe(node: SpecNode | undefined, place: Place, scope: Scope): CheckProbe | null {
  const ttlMs = readDuration(node) ?? 0;
  if (ttlMs > 0) return { kind: 'ttl', ttlMs };
  scope.problems.error('HF1005', `${quote(textOf(node) ?? '')} is not a time to live`, place, 'Write ttl: 10s.');
  return null;
}

/** Compose's `test`: a text, NONE, CMD, CMD-SHELL; and NAGIOS, HTTP, TCP, GRPC, TTL in the same form. */
function testProbe(node: SpecNode, key: string, scope: Scope, ports: Ports): CheckProbe | null {
  if (node.kind === 'scalar') return shellTest(node.text, node, key, scope, ports);
  const words = itemsOf(node).map((item) => textOf(item) ?? '');
  const [kind = '', ...rest] = words;
  const first = rest[0] ?? '';
  switch (kind) {
    case 'NONE':
      return null;
    case 'CMD': {
      const fetch = fetchOf(rest);
      return (fetch && translated(fetch, node, key, scope, ports)) ?? execProbe(rest, node, scope);
    }
    case 'NAGIOS':
      return execProbe(rest.length === 1 && first.includes(' ') ? shell(first) : rest, node, scope, 'nagios');
    case 'CMD-SHELL':
      return shellTest(rest.join(' '), node, key, scope, ports);
    case 'HTTP':
      return urlProbe(first.replace(/^GET\s+/, ''), node, scope, ports);
    case 'TCP':
    case 'GRPC': {
      const port = portOf(itemsOf(node)[1], node, scope, ports);
      if (port === null) return null;
      return kind === 'TCP' ? { kind: 'tcp', port } : { kind: 'grpc', port, service: rest[1] ?? '' };
    }
    case 'TTL':
      return ttlProbe(itemsOf(node)[1], node, scope);
    default: {
      const remedy = 'The first word is CMD, CMD-SHELL, NAGIOS, HTTP, TCP, GRPC, TTL or NONE.';
      scope.problems.error('HF1004', `${quote(kind)} is not a kind of test`, node, remedy);
      return null;
    }
  }
}

function shellTest(text: string, place: Place, key: string, scope: Scope, ports: Ports): CheckProbe | null {
  if (text.trim() === '') return execProbe([], place, scope);
  const fetch = fetchOfShell(text);
  return (fetch && translated(fetch, place, key, scope, ports)) ?? { kind: 'exec', command: shell(text) };
}

/** Only when the URL's port is one of the service: then it means the instance, which listens elsewhere here. */
function translated(fetch: Fetch, place: Place, key: string, scope: Scope, ports: Ports): CheckProbe | null {
  if (!ports.hasTarget(fetch.port)) return null;
  const port = ports.resolve(String(fetch.port), place);
  if (port === null) return null;
  const what = `${key}.test fetches port ${fetch.port}`;
  const instead = `checked over HTTP on the port of each instance, GET ${fetch.path}`;
  scope.problems.notice('translated', place, scope.name, what, instead);
  return { kind: 'http', port, path: fetch.path, headers: fetch.headers, expectStatus: fetch.expectStatus };
}
