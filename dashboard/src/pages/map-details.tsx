/** What the map says of the service under the pointer or the focus. */
import type { JSX } from 'preact';
import { HealthBadge, InstanceDots } from '../parts/bits.tsx';
import { useLive } from '../state/live.ts';
import { duration, percent, plural, rate } from '../view/format.ts';

export function MapDetails({ name }: { readonly name: string | null }): JSX.Element {
  const service = useLive(({ services }) => services.find((one) => one.name === name) ?? null);
  if (service === null) {
    return (
      <p class="map-details muted">Point at a service, or go to it with Tab and the arrow keys; Enter opens it.</p>
    );
  }
  const { traffic, rollout } = service;
  const memory = service.instances.map(({ memoryBytes, memoryLimitBytes }) =>
    memoryBytes === null || memoryLimitBytes === null ? null : memoryBytes / memoryLimitBytes,
  );
  const fullest = Math.max(-1, ...memory.map((share) => share ?? -1));
  return (
    <p class="map-details">
      <strong>{service.name}</strong> <HealthBadge health={service.health} /> <InstanceDots service={service} />
      <span class="num">
        {service.ready} of {service.replicas} ready
      </span>
      {traffic !== null && (
        <span class="num">
          {rate(traffic.requestsPerSec)} in, {percent(traffic.failureShare)} errors, p50 {duration(traffic.p50Ms)}, p99{' '}
          {duration(traffic.p99Ms)}
        </span>
      )}
      {fullest >= 0 && <span class="num">memory up to {percent(fullest)} of its limit</span>}
      {rollout !== null && (
        <span class="num">
          rollout {rollout.done} of {rollout.total}
        </span>
      )}
      {service.openIncidents.length > 0 && <span>{plural(service.openIncidents.length, 'open incident')}</span>}
    </p>
  );
}
