/** Which services a map of very many draws: a picture of a thousand boxes tells nothing, and takes seconds to lay out. */
import type { EdgeResource, ServiceResource } from '../../../src/api/resources.ts';

export const PICTURED = 150;

/** What is ill, who calls it or is called by it, then the busiest; in the order that they came in. */
export function pictured(
  services: readonly ServiceResource[],
  edges: readonly EdgeResource[],
): readonly ServiceResource[] {
  if (services.length <= PICTURED) return services;
  const ill = new Set(services.filter(({ health }) => health !== 'healthy').map(({ name }) => name));
  const near = new Set(
    edges.flatMap(({ caller, callee }) => [...(ill.has(callee) ? [caller] : []), ...(ill.has(caller) ? [callee] : [])]),
  );
  const weight = ({ name, traffic }: ServiceResource): number =>
    ill.has(name) ? Number.POSITIVE_INFINITY : near.has(name) ? Number.MAX_VALUE : (traffic?.requestsPerSec ?? 0);
  const chosen = new Set(
    services
      .map((service) => ({ name: service.name, weight: weight(service) }))
      .sort((a, b) => (a.weight === b.weight ? 0 : b.weight > a.weight ? 1 : -1))
      .slice(0, PICTURED)
      .map(({ name }) => name),
  );
  return services.filter(({ name }) => chosen.has(name));
}
