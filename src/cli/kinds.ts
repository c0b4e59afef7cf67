/** How each kind of resource is listed: its columns, what names it, and what is said when there is none. */
import type { ProofResource, ScheduleResource } from '../api/proof-resources.ts';
import type {
  ActionResource,
  ChangeResource,
  EdgeResource,
  EventResource,
  IncidentResource,
  InstanceResource,
  ServiceResource,
  SilenceResource,
  SymptomResource,
  TrafficSummary,
} from '../api/resources.ts';
import type { Column, Kind } from './output.ts';
import { out } from './terminal.ts';
import { after, ago, bytes, clock, healthColor, millis, percent, rate } from './text.ts';

function trafficColumns<T extends { readonly traffic: TrafficSummary | null }>(): readonly Column<T>[] {
  return [
    { title: 'REQ/S', of: ({ traffic }) => (traffic ? rate(traffic.requestsPerSec) : '-') },
    { title: 'ERRORS', of: ({ traffic }) => (traffic ? percent(traffic.failureShare) : '-') },
    { title: 'P50', of: ({ traffic }) => (traffic ? millis(traffic.p50Ms) : '-'), wide: true },
    { title: 'P99', of: ({ traffic }) => (traffic ? millis(traffic.p99Ms) : '-') },
  ];
}

export const services: Kind<ServiceResource> = {
  columns: [
    { title: 'SERVICE', of: (service) => service.name },
    { title: 'HEALTH', of: (service) => healthColor(service.health, out)(service.health) },
    { title: 'READY', of: (service) => `${service.ready}/${service.replicas}` },
    ...trafficColumns<ServiceResource>(),
    { title: 'REVISION', of: (service) => service.revision?.slice(0, 8) ?? '-', wide: true },
    { title: 'DEPENDS ON', of: (service) => service.dependsOn.join(',') || '-', wide: true },
    {
      title: 'ENDPOINT',
      of: (service) => service.endpoints.flatMap(({ address }) => address ?? []).join(' '),
    },
  ],
  name: (service) => service.name,
  none: 'No services.',
};

export const instances: Kind<InstanceResource> = {
  columns: [
    { title: 'INSTANCE', of: (instance) => instance.id },
    { title: 'PHASE', of: (instance) => instance.phase },
    { title: 'READY', of: (instance) => (instance.ready ? 'yes' : instance.ejected ? 'ejected' : 'no') },
    { title: 'ROLE', of: (instance) => instance.role ?? '-', wide: true },
    { title: 'RESTARTS', of: (instance) => String(instance.restarts) },
    { title: 'PID', of: (instance) => String(instance.pid ?? '-') },
    { title: 'CPU', of: (instance) => (instance.cpuCores === null ? '-' : instance.cpuCores.toFixed(2)) },
    {
      title: 'MEMORY',
      of: ({ memoryBytes, memoryLimitBytes }) =>
        memoryLimitBytes === null ? bytes(memoryBytes) : `${bytes(memoryBytes)}/${bytes(memoryLimitBytes)}`,
    },
    { title: 'FILES', of: (instance) => String(instance.openFiles ?? '-'), wide: true },
    { title: 'PORTS', of: (instance) => Object.values(instance.ports).join(',') || '-', wide: true },
    { title: 'NODE', of: (instance) => instance.node, wide: true },
    { title: 'REVISION', of: (instance) => instance.revision.slice(0, 8), wide: true },
    { title: 'UP', of: (instance) => ago(instance.startedAt) },
    { title: 'NOTE', of: noteOf },
  ],
  name: (instance) => instance.id,
  none: 'No instances.',
};

function noteOf({ waitingFor, lastExit, live }: InstanceResource): string {
  if (waitingFor !== null) return waitingFor;
  if (live === false) return 'liveness check fails';
  return lastExit === null ? '' : `last exit: ${exitText(lastExit)} ${ago(lastExit.at)} ago`;
}

export function exitText(exit: NonNullable<InstanceResource['lastExit']>): string {
  if (exit.reason === 'code') return `code ${exit.code}`;
  if (exit.reason === 'signal') return exit.signal ?? 'signal';
  if (exit.reason === 'oom') return 'out of memory';
  return exit.detail ?? exit.reason;
}

export const incidents: Kind<IncidentResource> = {
  columns: [
    { title: 'INCIDENT', of: (incident) => incident.id },
    { title: 'STATUS', of: (incident) => statusColor(incident.status)(incident.status) },
    { title: 'OPENED', of: (incident) => clock(incident.openedAt) },
    { title: 'DETECTED', of: (incident) => after(incident.detectedAfterMs) },
    { title: 'EXPLAINED', of: (incident) => after(incident.explainedAfterMs) },
    { title: 'REPAIRED', of: (incident) => after(incident.repairedAfterMs) },
    { title: 'CLASS', of: (incident) => incident.causes[0]?.faultClass ?? '-', wide: true },
    { title: 'CAUSE', of: (incident) => causeText(incident), wide: true },
    { title: 'TITLE', of: (incident) => incident.title },
  ],
  name: (incident) => incident.id,
  none: 'No incidents.',
};

function causeText(incident: IncidentResource): string {
  const cause = incident.causes[0];
  return cause ? `${cause.entity.name}: ${cause.mechanism} (${percent(cause.confidence)})` : '-';
}

export function statusColor(status: IncidentResource['status']): (text: string) => string {
  if (status === 'resolved') return out.green;
  return status === 'escalated' ? out.red : out.yellow;
}

export const symptoms: Kind<SymptomResource> = {
  columns: [
    { title: 'SYMPTOM', of: (symptom) => symptom.id },
    { title: 'DETECTED', of: (symptom) => clock(symptom.detectedAt) },
    { title: 'STANDING', of: standingText },
    { title: '-LOG10 P', of: ({ logP }) => logP?.toFixed(1) ?? '-' },
    { title: 'INCIDENT', of: ({ incident }) => incident ?? '-' },
    { title: 'SUMMARY', of: (symptom) => symptom.summary },
  ],
  name: (symptom) => symptom.id,
  none: 'No symptoms.',
};

export function standingText({ standing, clearedAt }: Pick<SymptomResource, 'standing' | 'clearedAt'>): string {
  if (clearedAt !== null) return 'over';
  return standing ?? 'fault';
}

export const changes: Kind<ChangeResource> = {
  columns: [
    { title: 'CHANGE', of: (change) => change.id },
    { title: 'AT', of: (change) => clock(change.at) },
    { title: 'KIND', of: (change) => change.kind },
    { title: 'WHO', of: (change) => change.who },
    { title: 'WHY', of: (change) => change.why || '-' },
    { title: 'SERVICES', of: (change) => shorten(change.services.join(','), 40) },
    { title: 'CONTENT', of: (change) => change.content.join('; '), wide: true },
  ],
  name: (change) => change.id,
  none: 'No changes.',
};

export const edges: Kind<EdgeResource> = {
  columns: [
    { title: 'CALLER', of: (edge) => edge.caller },
    { title: 'CALLEE', of: (edge) => edge.callee },
    { title: 'PROTOCOL', of: (edge) => edge.protocol, wide: true },
    { title: 'HEALTH', of: (edge) => healthColor(edge.health, out)(edge.health) },
    ...trafficColumns<EdgeResource>(),
  ],
  name: (edge) => `${edge.caller}→${edge.callee}`,
  none: 'No edges: no service has ports that another one depends on.',
};

export const plans: Kind<ActionResource> = {
  columns: [
    { title: 'ACTION', of: (action) => action.id },
    { title: 'KIND', of: (action) => action.kind },
    { title: 'TARGET', of: (action) => action.target || '-' },
    { title: 'STATUS', of: (action) => action.status },
    { title: 'INCIDENT', of: (action) => action.incident },
    {
      title: 'GUARD',
      of: (action) => {
        const guard = action.guards.find(({ verdict }) => verdict !== 'allow');
        return guard ? `${guard.rail}: ${guard.reason}` : '-';
      },
      wide: true,
    },
    { title: 'REASON', of: (action) => action.reason },
  ],
  name: (action) => action.id,
  none: 'No plans.',
};

export const events: Kind<EventResource> = {
  columns: [
    { title: 'AT', of: (event) => clock(event.at) },
    { title: 'SEQ', of: (event) => String(event.seq), wide: true },
    { title: 'LEVEL', of: (event) => levelColor(event.level)(event.level) },
    { title: 'TOPIC', of: (event) => event.topic },
    { title: 'TEXT', of: (event) => event.text },
  ],
  name: (event) => String(event.seq),
  none: 'No events.',
};

export const proofs: Kind<ProofResource> = {
  columns: [
    { title: 'PROOF', of: (proof) => proof.id },
    { title: 'VERDICT', of: ({ verdict, state }) => verdictColor(verdict)(verdict ?? state) },
    { title: 'EXPERIMENT', of: (proof) => shorten(proof.experiment, 40) },
    { title: 'DETECTED', of: (proof) => after(proof.detectedAfterMs) },
    { title: 'REPAIRED', of: (proof) => after(proof.repairedAfterMs) },
    { title: 'BLAMED', of: (proof) => proof.blamed ?? '-' },
    { title: 'AGO', of: (proof) => ago(proof.endedAt ?? proof.askedAt) },
    { title: 'SUITE', of: (proof) => proof.suite, wide: true },
    { title: 'SOURCE', of: (proof) => proof.source, wide: true },
    { title: 'TREND', of: (proof) => proof.trend ?? '-', wide: true },
  ],
  name: (proof) => proof.id,
  none: 'Nothing has been proven yet.',
};

export const schedules: Kind<ScheduleResource> = {
  columns: [
    { title: 'SCHEDULE', of: ({ name }) => name },
    { title: 'WHEN', of: ({ when }) => when },
    {
      title: 'NEXT',
      of: ({ nextAt }) => new Date(nextAt).toLocaleString('sv-SE', { timeStyle: 'short', dateStyle: 'short' }),
    },
    { title: 'WHAT', of: ({ what }) => shorten(what, 40) },
    { title: 'LAST', of: ({ last }) => (last === null ? '-' : `${last.outcome} ${ago(last.at)} ago`) },
    { title: 'MISSED', of: ({ missed }) => String(missed) },
    { title: 'DETAIL', of: ({ last }) => shorten(last?.detail ?? '', 60) },
    { title: 'WHO', of: ({ who }) => who, wide: true },
    { title: 'WHY', of: ({ why }) => why, wide: true },
  ],
  name: ({ name }) => name,
  none: 'Nothing recurs.',
};

export function verdictColor(verdict: ProofResource['verdict']): (text: string) => string {
  if (verdict === 'confirmed') return out.green;
  if (verdict === 'mismatch') return out.red;
  return verdict === null ? out.dim : out.yellow;
}

export function levelColor(level: EventResource['level']): (text: string) => string {
  return level === 'error' ? out.red : level === 'warn' ? out.yellow : out.dim;
}

export const silences: Kind<SilenceResource> = {
  columns: [
    { title: 'SILENCE', of: (silence) => silence.id },
    { title: 'SERVICE', of: (silence) => silence.service ?? '(all)' },
    { title: 'UNTIL', of: (silence) => clock(silence.untilAt) },
    { title: 'WHO', of: (silence) => silence.who },
    { title: 'WHY', of: (silence) => silence.why || '-' },
  ],
  name: (silence) => silence.id,
  none: 'No silences.',
};

function shorten(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}
