/** What stands on what: single points of failure, circles, dependencies as they are declared and as they are seen. */

import type { ServiceSpec } from '../../model/spec.ts';
import type { Facts, Remark } from '../contract.ts';
import { inService, isJob, isPublished, listed, storeOf } from '../facts.ts';

/** Of the other services; with fewer than SMALL of them everything is behind everything. */
const NEARLY_ALL = 0.6;
const SMALL = 3;
/** Calls seen before a declared dependency without any is called unused. */
const ENOUGH_CALLS = 100;

export function singlePoints({ services, needing, callers }: Facts): Remark[] {
  return services.flatMap((service): Remark[] => {
    const { name, replicas } = service;
    const above = needing.get(name) ?? [];
    if (isJob(service) || replicas !== 1 || (above.length === 0 && !isPublished(service))) return [];
    if (services.some((other) => isTwin(other, service, callers))) return [];
    const counts = (other: ServiceSpec): boolean => !isJob(other) || above.includes(other.name);
    const others = services.filter((other) => other.name !== name && counts(other)).length;
    const remedy = redundancy(service);
    const fault = { kind: 'kill', service: name };
    if (above.length >= SMALL && above.length >= NEARLY_ALL * others) {
      const sentence = `${name} runs once, and ${above.length} of ${others} other services fall with it: ${listed(above)}.`;
      return [{ id: 'shared-dependency', service: name, sentence, key: 'deploy', ...remedy, fault }];
    }
    const whom =
      above.length === 0
        ? 'users reach nobody else'
        : `${listed(above)} ${above.length === 1 ? 'falls' : 'fall'} with it`;
    return [
      {
        id: 'single-instance',
        service: name,
        sentence: `${name} runs once: ${whom}.`,
        key: 'deploy',
        ...remedy,
        fault,
      },
    ];
  });
}

/** The same program with the same settings for the same callers, under another name: together they are replicas. */
function isTwin(other: ServiceSpec, service: ServiceSpec, callers: Facts['callers']): boolean {
  const facts = ({ name, run: { command, environment }, ports }: ServiceSpec): string =>
    JSON.stringify([
      command,
      Object.entries(environment).sort(),
      ports.map(({ target, published }) => [target, published !== null]),
      [...(callers.get(name) ?? [])].sort(),
    ]);
  const reached = (callers.get(service.name)?.size ?? 0) > 0;
  return reached && other.name !== service.name && facts(other) === facts(service);
}

/** More replicas of what keeps state are more states: it needs standbys of its own kind. */
function redundancy(service: ServiceSpec): Pick<Remark, 'fix' | 'snippet'> {
  const store = storeOf(service);
  if (store === null) return { snippet: inService(service.name, 'deploy: { replicas: 2 }') };
  const engine = /^postgres/.test(store) ? 'postgres' : /^(redis|valkey)$/.test(store) ? 'redis' : null;
  if (engine === null)
    return { fix: `It keeps state: replicate it as ${store} does; two of them side by side would be two states.` };
  return {
    fix: 'Give it a standby that takes over: docs/failover.md.',
    snippet: inService(service.name, `failover: ${engine}`, 'deploy: { replicas: 2 }'),
  };
}

export function oneNode({ services, observed }: Facts): Remark[] {
  const redundant = services.filter((service) => service.replicas > 1 && !isJob(service));
  if (redundant.length === 0 || observed === null) return [];
  const nodes = new Set([...observed.nodes.values()].flat());
  return redundant.flatMap(({ name, replicas }): Remark[] => {
    const [on, ...more] = observed.nodes.get(name) ?? [];
    if (on === undefined || more.length > 0) return [];
    const alone = nodes.size === 1 ? ', the only machine there is' : `, although there are ${nodes.size} machines`;
    const sentence = `All ${replicas} instances of ${name} run on ${on}${alone}.`;
    const fault = { kind: 'kill', service: name, select: 'all' } as const;
    return [{ id: 'one-node', service: name, sentence, severity: nodes.size === 1 ? 'low' : 'high', fault }];
  });
}

export function circles({ services, calls }: Facts): Remark[] {
  const told = new Set<string>();
  return services.flatMap(({ name }): Remark[] => {
    const way = circleFrom(name, calls);
    if (way === null) return [];
    const key = [...way].sort().join(' ');
    if (told.has(key)) return [];
    told.add(key);
    const sentence = `${[...way, way[0]].join(' → ')}: each waits for the next.`;
    return [
      {
        id: 'dependency-cycle',
        service: name,
        sentence,
        key: 'depends_on',
        fault: { kind: 'pause', service: name, for: '20s' },
      },
    ];
  });
}

/** The shortest way back to `from`. */
function circleFrom(from: string, calls: ReadonlyMap<string, ReadonlySet<string>>): string[] | null {
  const came = new Map<string, string>();
  const queue = [from];
  for (let head = 0; head < queue.length; head++) {
    const at = queue[head] as string;
    for (const next of calls.get(at) ?? []) {
      if (next === from) {
        const way = [at];
        for (let step = at; step !== from; ) {
          step = came.get(step) as string;
          way.unshift(step);
        }
        return way;
      }
      if (!came.has(next)) {
        came.set(next, at);
        queue.push(next);
      }
    }
  }
  return null;
}

export function declaredAndSeen({ spec, services, observed }: Facts): Remark[] {
  if (observed === null) return [];
  const seen = new Set(
    observed.edges.filter(({ requests }) => requests > 0).map(({ caller, callee }) => `${caller} ${callee}`),
  );
  const active = new Map<string, number>();
  for (const { caller, callee, requests } of observed.edges)
    for (const end of [caller, callee]) active.set(end, (active.get(end) ?? 0) + requests);
  return services.flatMap(({ name, dependsOn }): Remark[] => {
    const declared = new Set(dependsOn.map(({ service }) => service));
    const undeclared = observed.edges.flatMap(({ caller, callee, requests }): Remark[] => {
      if (caller !== name || requests === 0 || declared.has(callee) || spec.services[callee] === undefined) return [];
      const sentence = `${name} calls ${callee}, and does not say so under depends_on.`;
      return [
        {
          id: 'undeclared-dependency',
          service: name,
          sentence,
          key: 'depends_on',
          snippet: inService(name, `depends_on: { ${callee}: { condition: service_healthy } }`),
          fault: null,
        },
      ];
    });
    const unused = dependsOn.flatMap(({ service, condition }): Remark[] => {
      const callee = spec.services[service];
      if (
        condition === 'completed' ||
        callee === undefined ||
        callee.ports.length === 0 ||
        seen.has(`${name} ${service}`)
      )
        return [];
      if ((active.get(name) ?? 0) < ENOUGH_CALLS) return [];
      const sentence = `${name} depends on ${service}, and has not called it in ${active.get(name)} calls.`;
      return [{ id: 'unused-dependency', service: name, sentence, key: 'depends_on', fault: null }];
    });
    return [...undeclared, ...unused];
  });
}

export function startOrder({ spec, services }: Facts): Remark[] {
  return services.flatMap(({ name, dependsOn }) =>
    dependsOn.flatMap(({ service, condition }): Remark[] => {
      const callee = spec.services[service];
      if (condition !== 'started' || callee === undefined || callee.ports.length === 0) return [];
      const sentence = `${name} starts as soon as the process of ${service} does, not when it can answer.`;
      const snippet = inService(name, `depends_on: { ${service}: { condition: service_healthy } }`);
      return [
        {
          id: 'starts-before-ready',
          service: name,
          sentence,
          key: 'depends_on',
          snippet,
          fault: { kind: 'kill', service },
        },
      ];
    }),
  );
}
