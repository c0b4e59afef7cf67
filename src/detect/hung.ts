/**
 * hung: the process is there and does nothing. Any one of:
 *   - its liveness check has had no answer `retries` times in a row;
 *   - the traffic layer sees it hold requests in silence, and a second path agrees: a check without answer since
 *     then, or the kernel's state T (stopped), or CONFIRM_MS have gone by without a sign of life;
 *   - the kernel reports it as stopped for STOPPED_MS, traffic or not.
 *
 * A check that passed since the silence began speaks against it (unless it is a TCP check: the kernel accepts
 * connections for a stopped process), and then the silence must last SHALLOW_MS. Silence alone is not held against who
 * waits itself: while calls of its service have been without an answer, or without a connection, for most of that time,
 * it may do what it can, and to restart it would help nobody. (What is stopped gets its answers; it does not read them.)
 *
 * With defaults a SIGSTOP under traffic is noticed after 0.25 s of silence + confirmation: about 1 s, and 2–3 s by
 * checks alone. Cleared CLEAR_MS after the last sign of it, or with its life.
 */
import type { EdgeSignal } from '../model/signal.ts';
import { formatDuration, type Ms } from '../model/time.ts';
import { type CheckTrack, isDeep, natureOf } from './checks.ts';
import { type Claim, type InstanceDetector, type InstanceFacts, instanceRef, isAlive, lifeOf } from './claim.ts';
import type { Stall } from './record.ts';

/** Silence that needs no second witness. Lower acts faster and believes the traffic layer more. */
export const CONFIRM_MS: Ms = 1_000;
/** Silence that outweighs a passing check: the check is too shallow to notice. */
export const SHALLOW_MS: Ms = 5_000;
export const STOPPED_MS: Ms = 2_000;
/** Part of the silence that calls of its own must have waited for, at the newest look. */
const WAITED_SHARE = 0.5;
/** They began to wait at most this long before it fell silent: who listens for news from its callee waits for ever. */
const WAITED_BEFORE_MS: Ms = 1_000;
/** A look so soon after the silence began says nothing yet. Looks come every second. */
const LOOK_AFTER_MS: Ms = 250;
const LOOK_EVERY_MS: Ms = 1_000;
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
    // Nothing reaches it: not the program's doing.
    if (failing && natureOf(track.error) === 'unopened') return null;
    if (failing && natureOf(track.error) === 'silent') {
      return [told, `its check had no answer since then (${track.error})`];
    }
  }
  if (silent < CONFIRM_MS) return null;
  const itself = waitsItself(facts, stall.since);
  if (itself === true) return null;
  const passed =
    (isDeep(service.healthcheck) && passedSince(record.liveness, stall.since)) ||
    (isDeep(service.readiness) && passedSince(record.readiness, stall.since));
  if (passed && silent >= SHALLOW_MS) return [told, 'its check passes all the same: it does not cover what hangs'];
  const enough = itself === null ? CONFIRM_MS + LOOK_EVERY_MS + LOOK_AFTER_MS : CONFIRM_MS;
  return !passed && silent >= enough ? [told] : null;
}

/** Whether calls of its service wait as long as it does; null: nobody has looked since. */
function waitsItself({ service, view, now }: InstanceFacts, since: Ms): boolean | null {
  const pairs = view.edges.pairs();
  const callees = pairs.filter(({ caller }) => caller === service.name);
  if (callees.length === 0) return false;
  const from = Math.max(since + LOOK_AFTER_MS, now - 1.5 * LOOK_EVERY_MS);
  const own = callees.flatMap(({ caller, callee }) => view.edges.windows(caller, callee, from, now));
  const waits = ({ at, inFlight, oldestWaitMs }: EdgeSignal): boolean =>
    inFlight > 0 && oldestWaitMs >= WAITED_SHARE * (at - since) && oldestWaitMs <= at - since + WAITED_BEFORE_MS;
  if (own.some(waits)) return true;
  const looked = ({ caller, callee }: { readonly caller: string; readonly callee: string }): boolean =>
    (caller === service.name || callee === service.name) && view.edges.windows(caller, callee, from, now).length > 0;
  return own.length > 0 || pairs.some(looked) ? false : null;
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
