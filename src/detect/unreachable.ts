/**
 * unreachable: nobody listens although the process runs, or a service has no instance that could take a call.
 *
 * Instance: the liveness check is refused or reset, or gets no connection, `retries` times in a row (start period over), or the traffic
 * layer is refused for REFUSING_MS (a process that just died is refused too, but its exit is known before that), or
 * it has never been ready NEVER_READY_MS after its start period. Service: none ready for NONE_READY_MS, unless it is
 * deliberately being changed. Cleared CLEAR_MS after the last sign.
 */
import type { Instance } from '../model/instance.ts';
import type { ServiceSpec } from '../model/spec.ts';
import { formatDuration, type Ms } from '../model/time.ts';
import { natureOf } from './checks.ts';
import { type Claim, type InstanceDetector, type InstanceFacts, instanceRef, isAlive, lifeOf } from './claim.ts';

export const REFUSING_MS: Ms = 500;
/** The same for the agent's own look at the port, which knows no retries. */
export const UNCHECKED_MS: Ms = 2_000;
export const NEVER_READY_MS: Ms = 20_000;
export const NONE_READY_MS: Ms = 1_000;
export const CLEAR_MS: Ms = 1_000;

export const unreachable: InstanceDetector = {
  kind: 'unreachable',
  resource: null,
  clearAfterMs: CLEAR_MS,
  episode: lifeOf,
  find(facts) {
    const { instance, record, service, now } = facts;
    if (!isAlive(instance) || instance.process === null) return null;
    const { liveness, readiness, stall } = record;
    // Without checks of its own the agent watches whether the port accepts, and reports that as readiness.
    const unchecked = service.healthcheck === null && service.readiness === null;
    const track = unchecked && record.readySince !== null ? readiness : liveness;
    const nature = natureOf(track.error);
    if (track.verdict === false && (nature === 'refused' || nature === 'unopened')) {
      const since = track.firstFailAt ?? now;
      const what = nature === 'refused' ? 'refuses connections' : 'cannot be connected to';
      if (!unchecked || now - since >= UNCHECKED_MS) {
        return claim(facts, since, what, [`its check says: ${track.error}`]);
      }
    }
    if (stall?.state === 'refusing' && record.readySince !== null && now - stall.since >= REFUSING_MS) {
      return claim(facts, stall.since, 'refuses connections', [stall.detail]);
    }
    if (service.ports.length === 0 && unchecked) return null;
    const startPeriodMs = (service.readiness ?? service.healthcheck)?.startPeriodMs ?? 0;
    const due = (record.startedAt ?? now) + startPeriodMs + NEVER_READY_MS;
    if (record.readySince === null && liveness.verdict !== false && now >= due) {
      const age = formatDuration(now - (record.startedAt ?? now));
      const error = readiness.error ?? liveness.error ?? 'no check has passed';
      return claim(facts, record.startedAt ?? now, `has not become ready in ${age}`, [error]);
    }
    return null;
  },
};

function claim({ instance }: InstanceFacts, onsetAt: Ms, what: string, evidence: readonly string[]): Claim {
  const summary = `${instance.id} runs but ${what}`;
  return { kind: 'unreachable', entity: instanceRef(instance), resource: null, onsetAt, logP: null, summary, evidence };
}

/** `since`: when the last of its instances stopped being ready. */
export function unreachableService(
  service: ServiceSpec,
  instances: readonly Instance[],
  since: Ms,
  now: Ms,
): Claim | null {
  if (now - since < NONE_READY_MS) return null;
  return {
    kind: 'unreachable',
    entity: { kind: 'service', name: service.name },
    resource: null,
    onsetAt: since,
    logP: null,
    summary: `${service.name} has no instance that can take a call`,
    evidence: instances.map(({ id, phase }) => `${id} is ${phase === 'running' ? 'running but not ready' : phase}`),
  };
}
