/**
 * Judges Holdfast: was the injected fault noticed, was the right instance blamed for the right kind of fault, was it
 * repaired, and how long did each take, counted from the injection. Pure: it looks at what the API said.
 */
import type { ProofResource } from '../../api/proof-resources.ts';
import type { IncidentResource } from '../../api/resources.ts';
import type { Injection } from './faults.ts';

export interface Trial {
  readonly injection: Injection;
  /** From the injection, ms; null while not reached. */
  readonly detectedMs: number | null;
  readonly explainedMs: number | null;
  readonly repairedMs: number | null;
  readonly incident: IncidentResource | null;
  readonly verdict: Verdict | null;
}

export interface Verdict {
  readonly result: 'match' | 'mismatch' | 'missed' | 'unrepaired' | 'residue';
  /** What was found, or why it does not match. */
  readonly text: string;
}

/** Clocks of one machine, read in two processes. */
const SLACK_MS = 500;

export function judge(
  injection: Injection,
  incidents: readonly IncidentResource[],
  nowMs: number,
  timeoutMs: number,
): Trial {
  const incident = incidentOf(injection, incidents);
  const timedOut = nowMs - injection.atMs > timeoutMs;
  if (!incident) {
    const verdict: Verdict | null = timedOut ? { result: 'missed', text: 'no incident was opened' } : null;
    return { injection, detectedMs: null, explainedMs: null, repairedMs: null, incident: null, verdict };
  }
  const sinceInjection = (afterMs: number | null): number | null =>
    afterMs === null ? null : Math.max(0, Date.parse(incident.onsetAt) + afterMs - injection.atMs);
  return {
    injection,
    detectedMs: sinceInjection(incident.detectedAfterMs),
    explainedMs: sinceInjection(incident.explainedAfterMs),
    repairedMs: sinceInjection(incident.repairedAfterMs),
    incident,
    verdict: verdictOf(injection, incident, timedOut),
  };
}

/** What the fault has left behind is worse than anything else that went wrong. */
export function withResidue(trial: Trial, findings: ProofResource['findings']): Trial {
  const left = findings.find(({ aspect }) => aspect === 'residue');
  if (left?.result !== 'unmet') return trial;
  return {
    ...trial,
    verdict: { result: 'residue', text: `left behind: ${[left.found, ...left.evidence].join('; ')}` },
  };
}

/** The incident that touches the target; failing that, the first that was opened after the injection. */
function incidentOf(injection: Injection, incidents: readonly IncidentResource[]): IncidentResource | null {
  const later = incidents
    .filter((incident) => Date.parse(incident.openedAt) >= injection.atMs - SLACK_MS)
    .sort((a, b) => Date.parse(a.openedAt) - Date.parse(b.openedAt));
  return later.find((incident) => incident.services.includes(injection.service)) ?? later[0] ?? null;
}

function verdictOf(injection: Injection, incident: IncidentResource, timedOut: boolean): Verdict | null {
  if (incident.closedAt === null && incident.status !== 'escalated') {
    return timedOut ? { result: 'unrepaired', text: `the incident is still ${incident.status}` } : null;
  }
  const cause = incident.causes[0];
  if (!cause) return { result: 'mismatch', text: 'no cause was found' };
  const found = `${cause.entity.name}, ${cause.faultClass} (${cause.mechanism}), confidence ${Math.round(cause.confidence * 100)} %`;
  const rightEntity =
    cause.entity.name === injection.instance || (injection.replicas === 1 && cause.entity.name === injection.service);
  if (!rightEntity) return { result: 'mismatch', text: `blamed ${found}; it was ${injection.instance}` };
  if (!injection.fault.classes.includes(cause.faultClass)) {
    return { result: 'mismatch', text: `blamed ${found}; it was ${injection.fault.classes.join(' or ')}` };
  }
  if (incident.status === 'escalated') return { result: 'unrepaired', text: `blamed ${found}; not repaired` };
  return { result: 'match', text: found };
}
