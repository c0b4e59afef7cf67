/**
 * What a Compose file takes for granted and a process does not have: names of services as hosts, values that
 * Holdfast sets itself, and the port of the image. Each is said, with what to write instead.
 */
import type { CheckSpec, PortSpec } from '../model/spec.ts';
import { type Variable, variableName } from './environment.ts';
import type { Scope } from './scope.ts';
import { get, type Place } from './tree.ts';

/** Given to every instance; a value in the spec would be lost. PORT only where there are ports. */
const ALWAYS_SET: ReadonlySet<string> = new Set([
  'HOST',
  'HOLDFAST_SYSTEM',
  'HOLDFAST_SERVICE',
  'HOLDFAST_INSTANCE',
  'HOLDFAST_INCARNATION',
  'HOLDFAST_API',
  'HOLDFAST_INSTANCE_DIR',
]);

/**
 * Says which values of the spec will not be what instances see: those that Holdfast sets, and those that name other
 * services as hosts, which only containers on a common network can resolve.
 */
export function noticeLostValues(
  scope: Scope,
  variables: ReadonlyMap<string, Variable>,
  dependencies: ReadonlySet<string>,
  hasPorts: boolean,
): void {
  const given = givenNames(dependencies);
  for (const [name, { value, place }] of variables) {
    const dependency = given.get(name);
    const lost = ALWAYS_SET.has(name) || (hasPorts && /^PORT(?:_\d+)?$/.test(name)) || dependency !== undefined;
    if (lost) {
      const instead = dependency ? `set to the balanced address of ${dependency}` : 'set by Holdfast for each instance';
      scope.problems.notice('set-by-holdfast', place, scope.name, `environment.${name}`, instead);
    } else {
      for (const host of hostsIn(name, value, scope.siblings)) {
        noticeHost(scope, place, `environment.${name}`, host, dependencies);
      }
    }
  }
}

export function noticeHostsInCommand(
  scope: Scope,
  argv: readonly string[],
  place: Place,
  dependencies: ReadonlySet<string>,
): void {
  const hosts = new Set(argv.flatMap((word) => hostsIn('', word, scope.siblings)));
  for (const host of hosts) noticeHost(scope, place, 'command', host, dependencies);
}

function noticeHost(scope: Scope, place: Place, where: string, host: string, dependencies: ReadonlySet<string>): void {
  const name = variableName(host);
  let instead = `add ${host} to depends_on and use ${name}_HOST, ${name}_PORT, ${name}_ADDR or ${name}_URL`;
  if (dependencies.has(host))
    instead = `use ${name}_HOST, ${name}_PORT, ${name}_ADDR or ${name}_URL, which every instance gets`;
  if (host === scope.name) instead = 'an instance finds itself at 127.0.0.1 and its PORT';
  else if (!scope.running.has(host)) instead = `${host} is not started here: write the address where it runs`;
  scope.problems.notice('host-name', place, scope.name, `${where} names the host ${host}`, instead);
}

function givenNames(dependencies: ReadonlySet<string>): ReadonlyMap<string, string> {
  const names = [...dependencies].flatMap((service) =>
    ['URL', 'HOST', 'PORT', 'ADDR'].map((what) => [`${variableName(service)}_${what}`, service] as const),
  );
  return new Map(names);
}

/** Services that a value names as hosts: `redis:6379`, `//db/`, `@db:5432`, or alone under a name like DB_HOST. */
function hostsIn(name: string, value: string, services: ReadonlySet<string>): readonly string[] {
  const found = new Set<string>();
  if (services.has(value) && /(?:HOST|HOSTNAME|SERVER|ADDR|ADDRESS|ENDPOINT|NODE|BROKER)S?$/i.test(name))
    found.add(value);
  for (const match of value.matchAll(/(?:\/\/|@|^|[\s,;=])([A-Za-z0-9][A-Za-z0-9._-]*)(?::\d{1,5}\b|(?=\/))/g)) {
    const host = match[1] as string;
    const isUrl = /^(?:\/\/|@)/.test(match[0]) || /:\d+$/.test(match[0]);
    if (isUrl && services.has(host)) found.add(host);
  }
  for (const match of value.matchAll(/(?:\/\/|@)([A-Za-z0-9][A-Za-z0-9._-]*)$/g)) {
    if (services.has(match[1] as string)) found.add(match[1] as string);
  }
  return [...found];
}

/** A command or check that insists on the port of the image, while each instance is given a port of its own. */
export function noticeOwnPorts(
  scope: Scope,
  argv: readonly string[],
  healthcheck: CheckSpec | null,
  ports: readonly PortSpec[],
): void {
  const { node, name, problems, place } = scope;
  const check = healthcheck !== null && 'command' in healthcheck.probe ? healthcheck.probe.command : [];
  const texts = [
    ['command', get(node, 'command') ?? get(node, 'entrypoint') ?? place, argv.slice(1)],
    ['healthcheck', get(node, 'healthcheck') ?? place, check],
  ] as const;
  for (const { target, fixed } of ports) {
    if (fixed) continue;
    const number = new RegExp(`(?<![\\d.])${target}(?![\\d.])`);
    for (const [key, at, words] of texts) {
      if (!words.some((word) => number.test(word))) continue;
      const what = `${key} names port ${target}`;
      const instead =
        'each instance is to listen on its PORT; with `fixed: true` on the port it keeps the one it names';
      problems.notice('own-port', at, name, what, instead);
    }
  }
}
