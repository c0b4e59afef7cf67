/** Services as the API shows them. */
import type { ServiceResource } from '../../api/resources.ts';
import type { Core } from '../../core/contract.ts';
import type { Instance } from '../../model/instance.ts';
import type { PortSpec, ServiceSpec } from '../../model/spec.ts';
import { type Symptom, serviceOf } from '../../model/symptom.ts';
import { iso, type Moment } from './facts.ts';
import { instancesByService, isOpen, openSymptoms, serviceHealth } from './health.ts';
import { instanceResource } from './instances.ts';
import { SUMMARY_MS, summarise } from './traffic.ts';

export function serviceResources(moment: Moment): readonly ServiceResource[] {
  const symptoms = openSymptoms(moment.core);
  const callers = callersOf(moment);
  const instances = instancesByService(moment.core);
  return [...moment.core.view.services.values()]
    .sort((a, b) => a.name.localeCompare(b.name))
    .map((spec) =>
      serviceResource(moment, spec, symptoms, instances.get(spec.name) ?? [], callers.get(spec.name) ?? []),
    );
}

function serviceResource(
  { core, now }: Moment,
  spec: ServiceSpec,
  symptoms: readonly Symptom[],
  instances: readonly Instance[],
  callers: readonly string[],
): ServiceResource {
  const windows = callers.flatMap((caller) => core.view.edges.windows(caller, spec.name, now - SUMMARY_MS, now));
  const rollout = core.rolloutOf(spec.name);
  return {
    name: spec.name,
    health: serviceHealth(core, spec, instances, symptoms),
    replicas: spec.replicas,
    ready: instances.filter(({ ready }) => ready).length,
    revision: core.revisionOf(spec.name),
    rollout: rollout && {
      change: rollout.change,
      done: rollout.done,
      total: rollout.total,
      state: rollout.state,
    },
    endpoints: spec.ports.map((port) => ({ port: port.name, protocol: port.protocol, address: address(port) })),
    dependsOn: spec.dependsOn.map(({ service }) => service),
    dependents: [...core.view.services.values()]
      .filter(({ dependsOn }) => dependsOn.some(({ service }) => service === spec.name))
      .map(({ name }) => name),
    failover: failoverOf(core, spec),
    traffic: summarise(windows, now),
    instances: instances.map((instance) => instanceResource(core, instance)),
    openIncidents: core.incidents
      .filter((incident) => isOpen(incident) && incident.symptoms.some((s) => serviceOf(s.entity) === spec.name))
      .map(({ id }) => id),
  };
}

function failoverOf(core: Core, spec: ServiceSpec): ServiceResource['failover'] {
  const roles = core.view.failoverOf(spec.name);
  if (!roles || !spec.failover) return null;
  const { token, holder, since, previous, caughtUp } = roles;
  return { engine: spec.failover.engine, token, holder, since: iso(core, since), previous, caughtUp: [...caughtUp] };
}

/** Callee → its measured callers: built once, because pairs() is the same for every service. */
function callersOf({ core }: Moment): ReadonlyMap<string, readonly string[]> {
  const callers = new Map<string, string[]>();
  for (const { caller, callee } of core.view.edges.pairs()) {
    const known = callers.get(callee);
    if (known === undefined) callers.set(callee, [caller]);
    else known.push(caller);
  }
  return callers;
}

/** Null: reachable only by services that depend on it. */
function address(port: PortSpec): string | null {
  if (port.published === null) return null;
  const { host, port: number } = port.published;
  const shown = host === '0.0.0.0' || host === '::' || host === '' ? '127.0.0.1' : host;
  const literal = shown.includes(':') ? `[${shown}]` : shown;
  return port.protocol === 'http' ? `http://${literal}:${number}` : `${literal}:${number}`;
}
