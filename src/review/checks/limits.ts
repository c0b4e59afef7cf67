/** Bounds: memory, queues, and scaling that could add capacity. */
import type { ServiceSpec } from '../../model/spec.ts';
import type { Facts, Remark } from '../contract.ts';
import { inService, isJob, isPublished } from '../facts.ts';

/** Share of the limit from which on the next leak or burst ends it. */
const NEAR = 0.85;
/** Environment that bounds work in the service itself. */
const BOUNDED =
  /(MAX|LIMIT)_?\w*(CONCURREN|CONN|INFLIGHT|QUEUE|REQUEST|CLIENT)|CONCURRENCY|QUEUE_(SIZE|LIMIT|LENGTH)|POOL_(SIZE|MAX)|BACKLOG|WORKER|THREADS/;

export function memory({ services, observed }: Facts): Remark[] {
  return services.flatMap((service): Remark[] => {
    const { name, resources } = service;
    if (isJob(service)) return [];
    const used = observed?.memoryBytes.get(name) ?? null;
    const fault = { kind: 'memory', service: name, for: '20s', parameters: { bytes: 268_435_456 } };
    if (resources.memoryBytes === null) {
      const limit = used === null ? '512m' : `${Math.max(64, Math.ceil((2 * used) / 2 ** 20 / 32) * 32)}m`;
      const now = used === null ? '' : ` (it uses ${megabytes(used)} now)`;
      return [
        {
          id: 'no-memory-limit',
          service: name,
          sentence: `${name} may take all memory of the machine${now}.`,
          snippet: inService(name, `mem_limit: ${limit}`),
          fault,
        },
      ];
    }
    if (used === null || used < NEAR * resources.memoryBytes) return [];
    const share = Math.round((100 * used) / resources.memoryBytes);
    const sentence = `${name} uses ${megabytes(used)}, ${share} % of its limit of ${megabytes(resources.memoryBytes)}.`;
    const snippet = inService(name, `mem_limit: ${Math.ceil((2 * used) / 2 ** 20)}m`);
    return [{ id: 'memory-near-limit', service: name, sentence, key: 'mem_limit', snippet, fault: null }];
  });
}

export function queues({ services, callers }: Facts): Remark[] {
  return services.flatMap((service): Remark[] => {
    const { name, resources, autoscale, run } = service;
    if (isJob(service) || service.ports.length === 0) return [];
    const loaded = isPublished(service) || (callers.get(name)?.size ?? 0) > 1;
    const bounded = Object.keys(run.environment).some((key) => BOUNDED.test(key));
    if (!loaded || bounded || autoscale !== null || resources.memoryBytes !== null) return [];
    const who = isPublished(service) ? 'users' : `${callers.get(name)?.size} services`;
    const sentence = `${name} takes calls of ${who}, and nothing limits its concurrency, its queue, its memory or its size.`;
    return [
      {
        id: 'unbounded-queue',
        service: name,
        sentence,
        key: 'ports',
        fault: { kind: 'cpu', service: name, for: '20s' },
      },
    ];
  });
}

export function scaling({ services }: Facts): Remark[] {
  return services.flatMap((service): Remark[] => {
    const { name, autoscale } = service;
    if (autoscale === null) return [];
    const reasons = obstacles(service);
    return reasons.map((reason) => ({
      id: 'autoscale-cannot-act',
      service: name,
      sentence: `${name} cannot scale: ${reason}.`,
      key: 'autoscale',
      fault: { kind: 'cpu', service: name, for: '20s' },
    }));
  });
}

function obstacles({ autoscale, ports, recovery, resources }: ServiceSpec): string[] {
  if (autoscale === null) return [];
  const { min, max, metric, target } = autoscale;
  const reasons: string[] = [];
  if (min === max) reasons.push(`min and max are both ${min}`);
  if (ports.some(({ fixed }) => fixed) && max > 1)
    reasons.push('its port is fixed, so that only one instance can listen');
  if (!recovery.allow.includes('scale')) reasons.push('`recovery.allow` does not name scale');
  if (recovery.mode === 'observe') reasons.push('recovery only observes');
  if (metric === 'memory' && resources.memoryBytes === null)
    reasons.push('its metric is a share of a memory limit that it does not have');
  if ((metric === 'cpu' || metric === 'memory') && target >= 1 && resources.cpus !== null)
    reasons.push(`a share of ${target} of its limit is never passed`);
  return reasons;
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MiB`;
}
