/** Waits until a system is healthy, showing each service on its way there. */
import type { HoldfastClient } from '../api/client.ts';
import type { ServiceResource, StatusResource } from '../api/resources.ts';
import { asHoldfastError, HoldfastError } from '../model/errors.ts';
import type { Progress } from './progress.ts';
import { HEALTH_MARK } from './text.ts';

const POLL_MS = 150;
/** A server that is being restarted is back in this time. */
const AWAY_MS = 5_000;

export interface WaitOptions {
  readonly timeoutMs: number;
  /** Only this change's index or later counts: before it the old state may look healthy. */
  readonly index: number;
  readonly progress: Progress;
  readonly signal?: AbortSignal;
}

export interface WaitResult {
  readonly healthy: boolean;
  readonly status: StatusResource;
  readonly services: readonly ServiceResource[];
}

export async function waitUntilHealthy(client: HoldfastClient, options: WaitOptions): Promise<WaitResult> {
  const until = performance.now() + options.timeoutMs;
  for (;;) {
    const [status, services] = await patiently(() => Promise.all([client.status(), client.services()]), AWAY_MS);
    if (status.index >= options.index && isSettled(status, services)) return { healthy: true, status, services };
    options.progress.update(progressText(services));
    if (performance.now() > until) return { healthy: false, status, services };
    if (options.signal?.aborted) throw new HoldfastError('HF7006', 'interrupted while waiting');
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

export function isSettled(status: StatusResource, services: readonly ServiceResource[]): boolean {
  return status.health === 'healthy' && services.every((service) => service.rollout === null);
}

/** `3 of 9 services are healthy`, then a line for each that is not. */
export function progressText(services: readonly ServiceResource[]): string {
  const healthy = services.filter((service) => service.health === 'healthy' && service.rollout === null).length;
  const waiting = services.filter((service) => service.health !== 'healthy' || service.rollout !== null);
  return [`${healthy} of ${services.length} services are healthy`, ...waiting.map(serviceLine)].join('\n');
}

function serviceLine(service: ServiceResource): string {
  const rollout = service.rollout;
  const doing = rollout
    ? `${rollout.state} ${rollout.done}/${rollout.total}`
    : (service.instances.find((instance) => instance.waitingFor !== null)?.waitingFor ??
      service.instances.find((instance) => !instance.ready)?.phase ??
      service.health);
  return `  ${HEALTH_MARK[service.health]} ${service.name} ${service.ready}/${service.replicas} ${doing}`;
}

/** Repeats a read while the server is away for a moment, as during its restart. */
export async function patiently<T>(read: () => Promise<T>, forMs: number): Promise<T> {
  for (const until = performance.now() + forMs; ; ) {
    try {
      return await read();
    } catch (error) {
      if (asHoldfastError(error).retry === 'never' || performance.now() > until) throw error;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }
}
