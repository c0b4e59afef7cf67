/** What Holdfast cannot see or do here, said plainly: an unseen gap is worse than a known one. */
import type { ServiceSpec } from '../../model/spec.ts';
import type { Moment } from './facts.ts';

export function blindSpots({ core, facts }: Moment): readonly string[] {
  const services = [...core.view.services.values()].sort((a, b) => a.name.localeCompare(b.name));
  return [
    ...services.flatMap((service) => ofService(service, services)),
    ...(facts.machine?.limits === 'sampling' && services.some(isLimited)
      ? ['limits are watched by sampling, not enforced by the kernel: a fast leak may pass its limit for a moment']
      : []),
    ...(facts.notifiers === 0 && services.length > 0
      ? ['a page reaches only who looks here: nobody is named with --notify']
      : []),
    ...(core.stopped ? ['automation is stopped: faults are seen and explained, and nothing is done about them'] : []),
    ...(core.mode === 'observe' ? ['recovery only observes: it plans and never acts'] : []),
  ];
}

function ofService(service: ServiceSpec, all: readonly ServiceSpec[]): readonly string[] {
  const { name } = service;
  if (isJob(service)) return [];
  const spots: string[] = [];
  if (service.healthcheck === null) {
    spots.push(
      service.ports.length === 0
        ? `${name} has neither ports nor a health check: only its exit is noticed`
        : `${name} has no health check: that it hangs is noticed only while it has traffic`,
    );
  }
  const dependents = all.filter(({ dependsOn }) => dependsOn.some((dependency) => dependency.service === name));
  if (service.replicas === 1 && dependents.length > 0 && service.ports.length > 0) {
    const who = dependents.map((dependent) => dependent.name).join(', ');
    spots.push(
      `${name} runs once, and ${who} ${dependents.length === 1 ? 'depends' : 'depend'} on it: a restart is felt`,
    );
  }
  if (service.recovery.mode === 'observe') spots.push(`${name} is only observed: nothing is repaired by itself`);
  return spots;
}

function isJob(service: ServiceSpec): boolean {
  return service.restart.condition !== 'any' && service.ports.length === 0 && service.healthcheck === null;
}

function isLimited({ resources }: ServiceSpec): boolean {
  return resources.memoryBytes !== null || resources.cpus !== null || resources.pids !== null;
}
