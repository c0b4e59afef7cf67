/** Instances as the API shows them. */
import type { InstanceResource } from '../../api/resources.ts';
import type { Core } from '../../core/contract.ts';
import type { Instance } from '../../model/instance.ts';
import { iso, isoOrNull, type Moment } from './facts.ts';

export function instanceResources(moment: Moment): readonly InstanceResource[] {
  return [...moment.core.instances.values()]
    .sort((a, b) => a.service.localeCompare(b.service) || a.slot - b.slot)
    .map((instance) => instanceResource(moment.core, instance));
}

export function instanceResource(core: Core, instance: Instance): InstanceResource {
  const alive = instance.phase === 'starting' || instance.phase === 'running' || instance.phase === 'stopping';
  const usage = alive ? core.view.resourcesOf(instance.id).at(-1) : undefined;
  const exit = instance.lastExit;
  return {
    id: instance.id,
    service: instance.service,
    phase: instance.phase,
    ready: instance.ready,
    live: instance.live,
    ejected: instance.ejected,
    role: roleOf(core, instance),
    pid: alive ? (instance.process?.pid ?? null) : null,
    ports: { ...instance.ports },
    incarnation: instance.incarnation,
    restarts: Math.max(0, instance.incarnation - 1),
    revision: instance.revision,
    node: instance.node,
    startedAt: isoOrNull(core, instance.startedAt),
    waitingFor: instance.waitingFor,
    cpuCores: usage?.cpuCores ?? null,
    memoryBytes: usage?.memoryBytes ?? null,
    memoryLimitBytes: usage?.memoryLimitBytes ?? null,
    openFiles: usage?.openFiles ?? null,
    lastExit:
      exit === null
        ? null
        : {
            at: iso(core, exit.at),
            reason: exit.reason,
            code: exit.code,
            signal: exit.signal,
            detail: exit.detail,
            lastOutput: [...exit.lastOutput],
          },
  };
}

function roleOf(core: Core, { id, service, ready }: Instance): InstanceResource['role'] {
  const roles = core.view.failoverOf(service);
  if (!roles) return null;
  if (roles.holder === id) return roles.confirmed ? 'primary' : 'promoting';
  return roles.previous === id && !ready ? 'fenced' : 'standby';
}
