/**
 * Objectives of services, from the calls that the traffic layer measured: is their error budget burning too fast? What
 * burns it is mostly known already (an instance that fails, a bad change), and repaired; then this says nothing of its
 * own. It calls a human for what stays below every other threshold: one call of a hundred that fails, for an hour.
 */
import { bucketMidUs } from '../model/histogram.ts';
import type { EdgeSignal } from '../model/signal.ts';
import type { ObjectiveSpec } from '../model/spec.ts';
import { type EntityRef, symptomId } from '../model/symptom.ts';
import type { Ms } from '../model/time.ts';
import type { SystemView } from '../model/view.ts';
import type { Board } from './board.ts';
import type { Claim } from './claim.ts';
import { type Burn, type BurnRate, type BurnSnapshot, createBurnRate, rulesFor } from './metrics/burn-rate.ts';

/** The burning must be absent this long; the rules have a hysteresis of their own. */
export const CLEAR_MS: Ms = 10_000;

interface Track {
  readonly service: string;
  /** A changed objective begins anew. */
  readonly identity: string;
  readonly rate: BurnRate;
}

export type ObjectivesSnapshot = readonly (readonly [key: string, service: string, identity: string, BurnSnapshot])[];

export class Objectives {
  readonly #tracks = new Map<string, Track>();
  /** Of tracks that were known before; taken up when their objective shows again. */
  readonly #saved = new Map<string, readonly [identity: string, BurnSnapshot]>();

  constructor(saved: ObjectivesSnapshot = []) {
    for (const [key, , identity, burn] of saved) this.#saved.set(key, [identity, burn]);
  }

  snapshot(): ObjectivesSnapshot {
    return [...this.#tracks].map(([key, { service, identity, rate }]) => [key, service, identity, rate.snapshot()]);
  }

  take(signal: EdgeSignal, view: SystemView): void {
    const spec = view.services.get(signal.callee);
    for (const objective of spec?.objectives ?? []) {
      const [good, bad] = outcomes(signal, objective);
      if (good + bad > 0) this.#trackOf(signal.callee, objective).rate.push(signal.at, good, bad);
    }
  }

  evaluate(view: SystemView, board: Board, now: Ms): void {
    this.#takeUp(view);
    for (const [key, { service, identity, rate }] of this.#tracks) {
      const objective = view.services.get(service)?.objectives.find(({ name }) => keyOf(service, name) === key);
      const entity: EntityRef = { kind: 'service', name: service };
      if (!objective || identityOf(objective) !== identity) {
        this.#tracks.delete(key);
        continue;
      }
      const kind = objective.kind === 'latency' ? 'slow' : 'erroring';
      const id = symptomId(kind, entity, resourceOf(objective));
      const burning = rate.burns(now).filter(({ raised }) => raised);
      const claim = burning.length > 0 ? claimOf(kind, entity, objective, burning, now, board.get(id)?.onsetAt) : null;
      // A ticket that becomes a page is another symptom.
      const known = board.get(id);
      if (known && claim && known.standing !== claim.standing) board.clear(id, now);
      board.settle(id, claim, CLEAR_MS, now);
    }
  }

  #takeUp(view: SystemView): void {
    if (this.#saved.size === 0) return;
    for (const { name, objectives } of view.services.values()) for (const one of objectives) this.#trackOf(name, one);
    this.#saved.clear();
  }

  #trackOf(service: string, objective: ObjectiveSpec): Track {
    const key = keyOf(service, objective.name);
    const identity = identityOf(objective);
    const known = this.#tracks.get(key);
    if (known?.identity === identity) return known;
    const saved = this.#saved.get(key);
    const burn = saved?.[0] === identity ? saved[1] : null;
    const track = { service, identity, rate: createBurnRate(objective.target, rulesFor(objective.windowMs), burn) };
    this.#tracks.set(key, track);
    return track;
  }
}

/** Good and bad calls of one window. */
function outcomes({ requests, failures, latency }: EdgeSignal, objective: ObjectiveSpec): [good: number, bad: number] {
  if (objective.kind === 'availability') {
    const { connect, reset, timeout, status5xx, unavailable } = failures;
    const bad = connect + reset + timeout + status5xx + unavailable;
    return [Math.max(requests, bad) - bad, bad];
  }
  const limitUs = (objective.thresholdMs ?? Number.POSITIVE_INFINITY) * 1_000;
  let [good, bad] = [0, 0];
  for (const [bucket, count] of latency) {
    if (bucketMidUs(bucket) <= limitUs) good += count;
    else bad += count;
  }
  return [good, bad];
}

function claimOf(
  kind: 'slow' | 'erroring',
  entity: EntityRef,
  { name, target, thresholdMs }: ObjectiveSpec,
  burning: readonly Burn[],
  now: Ms,
  onsetAt: Ms | undefined,
): Claim {
  const page = burning.find(({ rule }) => rule.urgency === 'page');
  const shown = page ?? (burning[0] as Burn);
  const aim = `${Number((100 * target).toPrecision(6))} % ${thresholdMs === null ? 'of calls succeed' : `within ${thresholdMs} ms`}`;
  return {
    kind,
    entity,
    resource: `objective.${name}`,
    onsetAt: onsetAt ?? now,
    logP: shown.minusLog10P,
    // Windows overlap: as many looks as there are short ones in a day.
    looksPerDay: 86_400_000 / shown.rule.shortMs,
    summary: `${entity.name} misses its objective ${name} (${aim})`,
    evidence: burning.flatMap(({ reason }) => reason ?? []),
    standing: page ? 'alone' : 'advisory',
  };
}

function resourceOf({ name }: ObjectiveSpec): string {
  return `objective.${name}`;
}

function keyOf(service: string, objective: string): string {
  return `${service}/${objective}`;
}

function identityOf({ kind, target, thresholdMs, windowMs }: ObjectiveSpec): string {
  return `${kind} ${target} ${thresholdMs} ${windowMs}`;
}
