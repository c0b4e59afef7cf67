/** GET /v1/status: everything at a glance. */
import type { Health, SilenceResource, StatusResource } from '../../api/resources.ts';
import type { Core } from '../../core/contract.ts';
import { blindSpots } from './blind-spots.ts';
import { iso, type Moment } from './facts.ts';
import { isOpen, systemHealth } from './health.ts';
import { sentence } from './sentence.ts';
import { serviceResources } from './services.ts';

/** What no service feels yet (a disk that fills) is no reason to be green. */
function worstOf(core: Core, health: Health): Health {
  return health === 'healthy' && core.incidents.some(isOpen) ? 'degraded' : health;
}

export function statusResource(moment: Moment): StatusResource {
  const { core, facts, now } = moment;
  const services = serviceResources(moment);
  const wanted = services.filter(({ health }) => health !== 'stopped');
  const instances = [...core.instances.values()];
  const node = core.view.nodeOf(facts.node);
  return {
    system: core.spec?.name ?? null,
    health: worstOf(core, systemHealth(services.map(({ health }) => health))),
    sentence: sentence(core, services),
    index: core.index,
    mode: core.mode,
    automationStopped: core.stopped,
    version: facts.version,
    pid: facts.pid,
    startedAt: new Date(facts.startedAtWallMs).toISOString(),
    now: iso(core, now),
    stateDir: facts.stateDir,
    services: { total: services.length, healthy: wanted.filter(({ health }) => health === 'healthy').length },
    instances: { total: instances.length, ready: instances.filter(({ ready }) => ready).length },
    openIncidents: core.incidents.filter(isOpen).length,
    budget: {
      max: core.budget.max,
      out: core.budget.out.map(({ instance, why, since }) => ({ instance, why, sinceAt: iso(core, since) })),
    },
    silences: silences(core, now),
    blindSpots: blindSpots(moment),
    parts: facts.parts,
    node: node
      ? { name: node.node, cpuShare: node.cpuShare, memoryShare: node.memoryShare, diskShare: node.diskShare }
      : null,
  };
}

function silences(core: Core, now: number): readonly SilenceResource[] {
  return core.silences
    .filter(({ until }) => until > now)
    .map(({ id, service, until, who, why }) => ({ id, service, untilAt: iso(core, until), who, why }));
}
