/**
 * hung: the process is there and does nothing. Any one of:
 *   - its liveness check has had no answer `retries` times in a row;
 *   - the traffic layer sees it hold requests in silence, and a second path agrees: a check without answer since
 *     then, or the kernel's state T (stopped), or CONFIRM_MS have gone by without a sign of life;
 *   - the kernel reports it as stopped for STOPPED_MS, traffic or not.
 *
 * A check that passed since the silence began speaks against it (unless it is a TCP check: the kernel accepts
 * connections for a stopped process), and then the silence must last SHALLOW_MS.
 *
 * With defaults a SIGSTOP under traffic is noticed after 0.25 s of silence + confirmation: about 1 s, and 2–3 s by
 * checks alone. Cleared CLEAR_MS after the last sign of it, or with its life.
 */
import { formatDuration, type Ms } from '../model/time.ts';
import { type CheckTrack, isDeep, natureOf } from './checks.ts';
import { type Claim, type InstanceDetector, type InstanceFacts, instanceRef, isAlive, lifeOf } from './claim.ts';
import type { Stall } from './record.ts';

/** Silence that needs no second witness. Lower acts faster and believes the traffic layer more. */
export const CONFIRM_MS: Ms = 1_000;
/** Silence that outweighs a passing check: the check is too shallow to notice. */
export const SHALLOW_MS: Ms = 5_000;
export const STOPPED_MS: Ms = 2_000;
const CLEAR_MS: Ms = 2_000;

export const hung: InstanceDetector = {
  kind: 'hung',
  resource: null,
  clearAfterMs: CLEAR_MS,
  episode: lifeOf,
  find(facts) {
    const { instance, record, now } = facts;
    if (!isAlive(instance) || instance.process === null) return null;
    const { stall } = record;
    if (stall?.state === 'stalled') {
      const because = confirmation(facts, stall);
      if (because !== null) return claim(facts, stall.since, because);
    }
    if (record.stoppedSince !== null && now - record.stoppedSince >= STOPPED_MS) {
      return claim(facts, record.stoppedSince, ['the kernel reports it as stopped (state T)']);
    }
    const { liveness } = record;
    if (liveness.verdict === false && natureOf(liveness.error) === 'silent') {
      const timeoutMs = facts.service.healthcheck?.timeoutMs ?? 0;
      return claim(facts, (liveness.firstFailAt ?? now) - timeoutMs, [
        `its liveness check had no answer ${liveness.failures} times in a row (${liveness.error})`,
      ]);
    }
    return null;
  },
};

/** What agrees with the traffic layer's claim, or null while nothing does. */
function confirmation(facts: InstanceFacts, stall: Stall): readonly string[] | null {
  const { record, service, now } = facts;
  const silent = now - stall.since;
  const told = `silent for ${formatDuration(silent)} with ${stall.waiting} requests waiting; ${stall.detail}`;
  if (record.stoppedSince !== null) return [told, 'the kernel reports it as stopped (state T)'];
  // A database may work for long on one request, or wait for its standby: its own engine asks it whether it works.
  if (service.failover !== null) return null;
  for (const track of [record.liveness, record.readiness]) {
    const failing = track.passingSince === null && track.lastFailAt !== null && track.lastFailAt > stall.since;
    if (failing && natureOf(track.error) === 'silent') {
      return [told, `its check had no answer since then (${track.error})`];
    }
  }
  const passed =
    (isDeep(service.healthcheck) && passedSince(record.liveness, stall.since)) ||
    (isDeep(service.readiness) && passedSince(record.readiness, stall.since));
  if (passed && silent >= SHALLOW_MS) return [told, 'its check passes all the same: it does not cover what hangs'];
  return !passed && silent >= CONFIRM_MS ? [told] : null;
}

function passedSince(track: CheckTrack, since: Ms): boolean {
  return track.lastPassAt !== null && track.lastPassAt > since;
}

function claim({ instance }: InstanceFacts, onsetAt: Ms, evidence: readonly string[]): Claim {
  return {
    kind: 'hung',
    entity: instanceRef(instance),
    resource: null,
    onsetAt,
    logP: null,
    summary: `${instance.id} runs but does not answer`,
    evidence,
  };
}
