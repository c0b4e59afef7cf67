/** The system: which services run here, in which order they wait, and what they may not share. */
import type { ServiceSpec, SystemSpec } from '../model/spec.ts';
import { nearest } from '../model/suggest.ts';
import { quote } from './check.ts';
import { type Runnable, runnableOf } from './command.ts';
import { dependenciesOf, refuseCircles, type WrittenDependency, writtenDependencies } from './depends.ts';
import type { Loaded } from './load.ts';
import { policyOf } from './own.ts';
import { baseOf } from './paths.ts';
import { compare, type Problems } from './problems.ts';
import { serviceOf } from './service.ts';
import { entriesOf, get, itemsOf, type MapNode, type Place, positionOf, type SpecNode, textOf } from './tree.ts';

export interface SystemSource {
  readonly file: string;
  readonly baseDir: string;
  readonly profiles: readonly string[];
  readonly projectName: string | null;
  readonly lookup: (name: string) => string | undefined;
  readonly readFile: (path: string) => string | undefined;
  /** Images without a command are services too: nothing is going to be started. */
  readonly containers: boolean;
}

interface Member {
  readonly name: string;
  readonly node: MapNode;
  readonly place: Place;
  readonly runnable: Runnable;
  readonly dependencies: readonly WrittenDependency[];
}

export function systemOf(loaded: Loaded, source: SystemSource, problems: Problems): SystemSpec {
  const disabled = new Map<string, readonly string[]>();
  const members: Member[] = [];
  for (const [name, { key, value }] of loaded.services) {
    const profiles = itemsOf(get(value, 'profiles')).map((item) => textOf(item) ?? '');
    if (!isEnabled(profiles, source.profiles)) disabled.set(name, profiles);
    else if (value.kind === 'map') members.push(memberOf(name, value, key, source.containers, problems));
    else if (value.kind === 'scalar' && value.value === null)
      problems.error('HF1004', `service ${name} is empty`, key, 'Give it at least a `command`.');
  }
  const siblings = new Set([...loaded.services.keys()].filter((name) => !disabled.has(name)));
  const running = new Set(members.filter(({ runnable }) => runnable.kind !== 'left-out').map(({ name }) => name));
  const awaited = new Set(
    members.flatMap(({ dependencies }) =>
      dependencies.filter(({ condition }) => condition === 'completed').map(({ service }) => service),
    ),
  );
  refuseCircles(new Map(members.map(({ name, dependencies }) => [name, dependencies])), problems);
  const services = members.flatMap((member) => {
    const { name, node, place, runnable, dependencies } = member;
    const { lookup, readFile } = source;
    const scope = { name, node, place, problems, lookup, readFile, siblings, running };
    const dependsOn = dependenciesOf(scope, dependencies, (service) => disabled.get(service) ?? null);
    if (runnable.kind === 'left-out') return [];
    // Without a command it is an error already; the rest is read so that its errors are shown too.
    const argv = runnable.kind === 'command' ? runnable.argv : [];
    return [serviceOf(scope, { argv, dependsOn, mustComplete: awaited.has(name) })];
  });
  refuseClashes(services, members, problems);
  services.sort((a, b) => compare(a.name, b.name));
  if (services.length === 0 && !problems.failed) refuseNothing(loaded, members, disabled, source, problems);
  const instances = services.reduce((sum, { replicas }) => sum + replicas, 0);
  return {
    name: systemName(loaded, source, problems),
    baseDir: source.baseDir,
    services: Object.fromEntries(services.map((service) => [service.name, service])),
    policy: policyOf(loaded.top, instances),
  };
}

function isEnabled(profiles: readonly string[], enabled: readonly string[]): boolean {
  return profiles.length === 0 || enabled.includes('*') || profiles.some((profile) => enabled.includes(profile));
}

function memberOf(name: string, node: MapNode, place: Place, containers: boolean, problems: Problems): Member {
  const runnable = runnableOf(node, problems, containers);
  if (runnable.kind === 'left-out') problems.notice('not-started', runnable.at, name, runnable.what, runnable.instead);
  if (runnable.kind === 'nothing' && !hasBrokenCommand(node, problems))
    problems.error('HF1004', `service ${name} has no command`, place, 'Add `command`.');
  if (runnable.kind === 'command' && runnable.argv[0] === '')
    problems.error('HF1004', `the command of ${name} begins with an empty word`, place, 'Name a program.');
  return { name, node, place, runnable, dependencies: writtenDependencies({ name, node, problems }) };
}

/** Misspelt or not readable: that was said, and is the reason why there is no command. */
function hasBrokenCommand(node: MapNode, problems: Problems): boolean {
  return [...node.entries].some(([key, { key: place, value }]) =>
    key === 'command' || key === 'entrypoint'
      ? problems.hasErrorAt(value)
      : nearest(key, ['command', 'entrypoint']) !== null && problems.hasErrorAt(place),
  );
}

interface Claim {
  readonly host: string;
  readonly port: number;
  readonly who: string;
  readonly fixed: boolean;
}

/** Published ports, and ports that instances insist on: each may be listened on once per address. */
function refuseClashes(services: readonly ServiceSpec[], members: readonly Member[], problems: Problems): void {
  const claims = new Map<number, Claim[]>();
  for (const service of services) {
    const member = members.find(({ name }) => name === service.name);
    const place = (member && (get(member.node, 'ports') ?? member.place)) ?? null;
    for (const port of service.ports) {
      const wanted: Claim[] = [];
      if (port.published) wanted.push({ ...port.published, who: `${service.name} publishes`, fixed: false });
      if (port.fixed)
        wanted.push({ host: '127.0.0.1', port: port.target, who: `${service.name} itself listens on`, fixed: true });
      for (const claim of wanted) {
        const held = claims.get(claim.port) ?? [];
        const other = held.find(({ host }) => overlaps(host, claim.host));
        if (other) {
          const message = `${claim.who} ${claim.host}:${claim.port}, but ${other.who} ${other.host}:${other.port}`;
          const itself = claim.fixed || other.fixed;
          const remedy = itself
            ? 'Publish another port, or none: the fixed port is reachable as it is.'
            : 'Publish each host port once.';
          problems.error('HF1008', message, place, remedy);
        }
        claims.set(claim.port, [...held, claim]);
      }
    }
  }
}

function overlaps(a: string, b: string): boolean {
  const all = (host: string): boolean => /^[0:.]+$/.test(host);
  return a === b || all(a) || all(b);
}

function refuseNothing(
  loaded: Loaded,
  members: readonly Member[],
  disabled: ReadonlyMap<string, readonly string[]>,
  source: SystemSource,
  problems: Problems,
): void {
  const place = { origin: loaded.origin, offset: 0 };
  if (loaded.services.size === 0) {
    problems.error('HF1010', 'the file declares no service', place, 'Add `services:` with at least one `command`.');
    return;
  }
  if (members.length === 0) {
    const profiles = [...new Set([...disabled.values()].flat())].slice(0, 5).join(', ');
    problems.error(
      'HF1010',
      'every service belongs to a profile, and none is enabled',
      place,
      `Enable one with --profile: ${profiles}.`,
    );
    return;
  }
  const names = members.map(({ name }) => name);
  const shown = names.length > 5 ? `${names.slice(0, 5).join(', ')} and ${names.length - 5} more` : names.join(', ');
  const message = `nothing can be started: ${shown} ${names.length === 1 ? 'has' : 'have'} an image or a build, but no command`;
  problems.errorAt(
    'HF1010',
    message,
    { ...positionOf(place), file: source.file },
    'Give at least one service a `command` that runs on this machine.',
  );
}

const NAME = /^[a-z0-9][a-z0-9_-]*$/;

/** --project-name, COMPOSE_PROJECT_NAME, `name`, then the directory's name: the first that is given. */
function systemName(loaded: Loaded, source: SystemSource, problems: Problems): string {
  const written: SpecNode | undefined = get(loaded.top, 'name');
  const explicit = source.projectName || source.lookup('COMPOSE_PROJECT_NAME') || textOf(written);
  if (explicit) {
    if (NAME.test(explicit)) return explicit;
    const remedy = 'Use small letters, digits, dashes and underscores; begin with a letter or a digit.';
    problems.error('HF1004', `${quote(explicit)} is not a name for a system`, written ?? null, remedy);
  }
  const usual = baseOf(source.baseDir)
    .toLowerCase()
    .replace(/[^a-z0-9_-]/g, '')
    .replace(/^[_-]+/, '');
  return usual || 'holdfast';
}

/** Where something of a service is written; the service's name when the key is not there. */
export function placeOf(loaded: Loaded, service: string, key: string): Place {
  const entry = loaded.services.get(service);
  if (!entry) return { origin: loaded.origin, offset: 0 };
  const found = entriesOf(entry.value).find(([name]) => name === key);
  return found ? found[1].key : entry.key;
}
