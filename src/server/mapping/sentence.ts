/** The system in one sentence: what is worst, why, and what is being done about it. */
import type { Health, ServiceResource } from '../../api/resources.ts';
import type { Core } from '../../core/contract.ts';
import type { Action, Incident } from '../../model/incident.ts';
import { serviceOf } from '../../model/symptom.ts';
import { isOpen } from './health.ts';

const SEVERITY: Readonly<Record<Health, number>> = { down: 3, degraded: 2, unknown: 1, healthy: 0, stopped: 0 };

export function sentence(core: Core, services: readonly ServiceResource[]): string {
  const text = `${verdict(core, services)}.`;
  if (core.stopped) return `${text} Automation is stopped.`;
  if (core.mode === 'observe') return `${text} Recovery only observes.`;
  return text;
}

function verdict(core: Core, services: readonly ServiceResource[]): string {
  if (core.spec === null || services.length === 0) return 'Nothing is declared yet: apply a spec';
  const wanted = services.filter(({ health }) => health !== 'stopped');
  if (wanted.length === 0) return `${core.spec.name} is stopped`;
  const bad = wanted.filter(({ health }) => SEVERITY[health] >= 2).sort(worseFirst);
  const [worst] = bad;
  if (worst !== undefined) return trouble(core, worst, bad.length - 1);
  const starting = wanted.filter(({ health }) => health === 'unknown');
  if (starting.length > 0) return `Starting: ${wanted.length - starting.length} of ${wanted.length} services are up`;
  const rolling = wanted.find(({ rollout }) => rollout !== null);
  const all = wanted.length === 1 ? `${wanted[0]?.name} is healthy` : `All ${wanted.length} services are healthy`;
  const other = core.incidents.find(isOpen);
  if (other !== undefined) return `${all}, but ${trim(other.diagnosis?.summary || other.title)}`;
  if (!rolling?.rollout) return all;
  return `${all}; ${rolling.name} changes (${rolling.rollout.done} of ${rolling.rollout.total} done)`;
}

function worseFirst(a: ServiceResource, b: ServiceResource): number {
  return SEVERITY[b.health] - SEVERITY[a.health] || b.openIncidents.length - a.openIncidents.length;
}

function trouble(core: Core, service: ServiceResource, others: number): string {
  const incident = core.incidents.find((i) => isOpen(i) && service.openIncidents.includes(i.id));
  const why = incident === undefined ? null : reason(incident, service.name);
  const doing = incident === undefined ? null : done(incident);
  const ratio = `${service.ready} of ${service.replicas} instances ready`;
  const more = others === 0 ? '' : ` (and ${others} more ${others === 1 ? 'service' : 'services'})`;
  return `${service.name} is ${service.health}${more}: ${unnamed(why ?? ratio, service.name)}${doing === null ? '' : `; ${doing}`}`;
}

/** The cause when one is believed, else the first symptom of this service. */
function reason(incident: Incident, service: string): string | null {
  const { diagnosis } = incident;
  if (diagnosis !== null && diagnosis.causes.length > 0 && !diagnosis.abstained) return trim(diagnosis.summary);
  const open = incident.symptoms.filter(({ clearedAt }) => clearedAt === null);
  const symptom = open.find(({ entity }) => serviceOf(entity) === service) ?? open[0];
  return symptom === undefined ? null : trim(symptom.summary);
}

/** Of a cause that is the service itself, the name has been said. */
function unnamed(why: string, service: string): string {
  return why.startsWith(`${service}: `) ? why.slice(service.length + 2) : why;
}

function trim(text: string): string {
  return text.replace(/\.+$/, '');
}

const DOING: Readonly<Record<Action['kind'], string>> = {
  restart: 'restarting',
  replace: 'replacing',
  eject: 'taking traffic off',
  scale: 'scaling',
  rollback: 'rolling back',
  failover: 'failing over',
  restore: 'restoring',
  isolate: 'isolating',
  page: 'calling a human for',
};

/** What is under way, by the newest plan. */
function done(incident: Incident): string | null {
  if (incident.status === 'escalated') return 'it needs a human';
  const plan = incident.plans.at(-1);
  if (plan === undefined) return null;
  if (plan.status === 'verifying') return 'verifying the repair';
  const of = (status: Action['status']): Action | undefined => plan.actions.find((action) => action.status === status);
  const running = of('running');
  if (running) return `${DOING[running.kind]} ${running.target || running.service}`;
  const awaiting = of('awaiting-approval');
  if (awaiting) return `${awaiting.kind} of ${awaiting.target || awaiting.service} awaits approval`;
  const held = of('refused') ?? of('delayed');
  const rail = held?.guards.find(({ verdict }) => verdict !== 'allow');
  if (!held || !rail) return null;
  const how = held.status === 'refused' ? 'is refused' : 'waits';
  return `${held.kind} of ${held.target || held.service} ${how} (${rail.rail}: ${trim(rail.reason)})`;
}
