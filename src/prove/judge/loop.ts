/** The loop as the incidents tell it: detected, blamed, of which class, repaired, by which actions. */
import { type Cause, type FaultClass, type Incident, repairedAt } from '../../model/incident.ts';
import type { EntityRef } from '../../model/symptom.ts';
import { formatDuration, type Ms } from '../../model/time.ts';
import type { Expectations } from '../experiment/index.ts';
import type { Evidence, Finding } from './verdict.ts';

export interface Loop {
  readonly findings: readonly Finding[];
  readonly detectedAfterMs: Ms | null;
  readonly repairedAfterMs: Ms | null;
  readonly blamed: string | null;
  readonly faultClass: FaultClass | null;
  readonly actions: readonly string[];
}

const NOTHING_EXPECTED: Expectations = {
  detectedWithinMs: null,
  blamed: null,
  faultClass: null,
  repairedWithinMs: null,
  undetected: false,
  lostAtMost: { requests: null, seconds: null, budget: null },
  consistency: null,
};

export function loopOf({ experiment, journal, incidents }: Evidence): Loop {
  const expect = experiment.expect ?? NOTHING_EXPECTED;
  const faults = journal['x-holdfast'].faults.filter(({ begunAt }) => begunAt !== null);
  const since = earliest(faults.flatMap(({ begunAt }) => begunAt ?? []));
  const asked = earliest(faults.map(({ askedAt }) => askedAt));
  // What was open before is not the fault's doing, and is said. An effect may be seen before it is complete.
  const ours = incidents.filter(({ openedAt }) => asked !== null && openedAt >= asked);
  const older = incidents.filter((incident) => !ours.includes(incident)).map(({ title }) => `open before: ${title}`);
  // A symptom that comes back is detected anew: the incident remembers when it was first.
  const detectedAt = earliest(
    ours.flatMap(({ openedAt, symptoms }) => [openedAt, ...symptoms.map(({ detectedAt: at }) => at)]),
  );
  const detectedAfterMs =
    detectedAt === null || since === null ? null : detectedAt - strikesAt(since, asked, detectedAt);
  const blames = ours.map(blameOf);
  // The incident that names what was expected speaks; otherwise the first one that names anything.
  const blame =
    blames.find((cause) => cause !== null && names(cause.entity, expect.blamed)) ??
    blames.find((cause) => cause !== null) ??
    null;
  const repaired = ours.length > 0 && ours.every(isRepaired) ? latest(ours.map(repairedAt)) : null;
  const repairedAfterMs = repaired === null || since === null ? null : Math.max(0, repaired - since);
  const actions = ours.flatMap(({ plans }) =>
    plans.flatMap((plan) =>
      plan.actions.filter(({ status }) => status === 'done').map(({ kind, target }) => `${kind} ${target}`.trim()),
    ),
  );
  return {
    findings: [
      detected(expect, detectedAfterMs, ours, older),
      blamed(expect, blame, ours),
      classOf(expect, blame),
      repairOf(expect, repairedAfterMs, ours, actions),
    ],
    detectedAfterMs,
    repairedAfterMs,
    blamed: blame === null ? null : blame.entity.name,
    faultClass: blame?.faultClass ?? null,
    actions,
  };
}

/** When the effect was complete; what is seen before that has been an effect since it was asked for, at the earliest. */
const strikesAt = (begunAt: Ms, askedAt: Ms | null, seenAt: Ms): Ms =>
  seenAt < begunAt ? (askedAt ?? begunAt) : begunAt;

function earliest(times: readonly Ms[]): Ms | null {
  return times.length === 0 ? null : Math.min(...times);
}

function latest(times: readonly (Ms | null)[]): Ms | null {
  return times.some((at) => at === null) ? null : Math.max(...(times as readonly Ms[]));
}

/** A diagnosis that abstains blames nobody. */
function blameOf({ diagnosis }: Incident): Cause | null {
  return diagnosis === null || diagnosis.abstained ? null : (diagnosis.causes[0] ?? null);
}

/** Resolved, and not by handing it to a human. */
function isRepaired({ status, closedAt }: Incident): boolean {
  return status === 'resolved' && closedAt !== null;
}

/** A service is named by itself, its instances, and the edges towards it. */
function names(entity: EntityRef, wanted: string | null): boolean {
  if (wanted === null) return false;
  if (entity.name === wanted) return true;
  if (entity.kind === 'instance') return entity.service === wanted;
  // As its target is written.
  if (entity.kind === 'node') return wanted === 'localhost';
  return entity.kind === 'edge' && entity.callee === wanted;
}

function detected(
  expect: Expectations,
  afterMs: Ms | null,
  incidents: readonly Incident[],
  older: readonly string[],
): Finding {
  const symptoms = incidents.flatMap((incident) => incident.symptoms.map(({ summary }) => summary));
  const found = afterMs === null ? 'not detected' : `after ${formatDuration(afterMs)}`;
  const base = { aspect: 'detected', found, evidence: [...symptoms, ...older] } as const;
  if (expect.undetected) {
    return { ...base, expected: 'no incident', result: afterMs === null ? 'met' : 'unmet' };
  }
  if (expect.detectedWithinMs === null) return { ...base, expected: null, result: 'told' };
  const inTime = afterMs !== null && afterMs <= expect.detectedWithinMs;
  return { ...base, expected: `within ${formatDuration(expect.detectedWithinMs)}`, result: inTime ? 'met' : 'unmet' };
}

function blamed(expect: Expectations, blame: Cause | null, incidents: readonly Incident[]): Finding {
  const abstained = incidents.some(({ diagnosis }) => diagnosis?.abstained);
  const nobody = abstained ? 'the diagnosis abstained' : 'nobody';
  const found = blame === null ? nobody : `${blame.entity.name}: ${blame.mechanism}`;
  const evidence = (blame?.evidenceFor ?? []).map(({ text }) => text);
  const base = { aspect: 'blamed', found, evidence, expected: expect.blamed } as const;
  if (expect.blamed === null) return { ...base, result: 'told' };
  return { ...base, result: blame !== null && names(blame.entity, expect.blamed) ? 'met' : 'unmet' };
}

function classOf(expect: Expectations, blame: Cause | null): Finding {
  const found = blame?.faultClass ?? 'none';
  const base = { aspect: 'class', found, evidence: [], expected: expect.faultClass } as const;
  if (expect.faultClass === null) return { ...base, result: 'told' };
  return { ...base, result: found === expect.faultClass ? 'met' : 'unmet' };
}

function repairOf(
  expect: Expectations,
  afterMs: Ms | null,
  incidents: readonly Incident[],
  actions: readonly string[],
): Finding {
  const open = incidents.filter((incident) => !isRepaired(incident)).map(({ title, status }) => `${status}: ${title}`);
  const found = afterMs === null ? (open.length > 0 ? 'still open' : 'nothing to repair') : formatDuration(afterMs);
  const base = { aspect: 'repaired', found, evidence: [...actions, ...open] } as const;
  if (expect.repairedWithinMs === null) return { ...base, expected: null, result: 'told' };
  const inTime = afterMs !== null && afterMs <= expect.repairedWithinMs;
  return { ...base, expected: `within ${formatDuration(expect.repairedWithinMs)}`, result: inTime ? 'met' : 'unmet' };
}
