/**
 * One word for how something is, derived from what the core knows; nothing acts on it. A service is
 *   stopped   wanted at zero, or taken down;
 *   unknown   not yet up for the first time;
 *   down      none of its instances can take traffic;
 *   degraded  some cannot, or an open symptom names it;
 *   healthy   otherwise.
 */
import type { EdgeResource, Health, TrafficSummary } from '../../api/resources.ts';
import type { Core } from '../../core/contract.ts';
import type { Instance } from '../../model/instance.ts';
import type { ServiceSpec } from '../../model/spec.ts';
import { isAdvisory, type Symptom, serviceOf } from '../../model/symptom.ts';

export function isOpen(incident: { readonly closedAt: number | null }): boolean {
  return incident.closedAt === null;
}

/** Symptoms that last, over all open incidents. */
export function openSymptoms(core: Core): readonly Symptom[] {
  return core.incidents
    .filter(isOpen)
    .flatMap(({ symptoms }) => symptoms.filter((s) => s.clearedAt === null && !isAdvisory(s)));
}

/** All at once: asking per service would look at every instance for every service. */
export function instancesByService(core: Core): ReadonlyMap<string, readonly Instance[]> {
  const groups = new Map<string, Instance[]>();
  for (const instance of core.instances.values()) {
    const group = groups.get(instance.service);
    if (group === undefined) groups.set(instance.service, [instance]);
    else group.push(instance);
  }
  for (const group of groups.values()) group.sort((a, b) => a.slot - b.slot);
  return groups;
}

export function serviceHealth(
  core: Core,
  spec: ServiceSpec,
  instances: readonly Instance[],
  symptoms: readonly Symptom[],
): Health {
  const transition = core.view.inTransition.has(spec.name);
  const ended = instances.filter(({ phase }) => phase === 'exited' || phase === 'stopping').length;
  if (spec.replicas === 0) return 'stopped';
  if (instances.length > 0 && instances.every(isDone)) return 'healthy';
  if (transition && instances.length > 0 && ended === instances.length) return 'stopped';
  const ready = instances.filter((instance) => instance.ready).length;
  const named = symptoms.some(({ entity }) => serviceOf(entity) === spec.name);
  if (ready === 0) return transition && !named ? 'unknown' : 'down';
  return named || ready < spec.replicas ? 'degraded' : 'healthy';
}

/** A job that did its work and is not started again. */
function isDone(instance: Instance): boolean {
  return instance.phase === 'exited' && instance.lastExit?.reason === 'code' && instance.lastExit.code === 0;
}

/** Share of failures that colours an edge; for the eye only, detectors compare with the edge's own past. */
const FAILING = 0.01;
const FAILED = 0.5;

export function edgeHealth(
  edge: Pick<EdgeResource, 'caller' | 'callee'>,
  traffic: TrafficSummary | null,
  symptoms: readonly Symptom[],
): Health {
  if (traffic !== null && traffic.failureShare >= FAILED) return 'down';
  const named = symptoms.some(
    ({ entity }) => entity.kind === 'edge' && entity.caller === edge.caller && entity.callee === edge.callee,
  );
  if (named || (traffic !== null && traffic.failureShare >= FAILING)) return 'degraded';
  return traffic === null ? 'unknown' : 'healthy';
}

export function systemHealth(services: readonly Health[]): Health {
  const wanted = services.filter((health) => health !== 'stopped');
  if (services.length === 0) return 'unknown';
  if (wanted.length === 0) return 'stopped';
  if (wanted.every((health) => health === 'down')) return 'down';
  if (wanted.some((health) => health === 'down' || health === 'degraded')) return 'degraded';
  return wanted.some((health) => health === 'unknown') ? 'unknown' : 'healthy';
}
