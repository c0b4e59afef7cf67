/** What a plan shows: which services differ, in the words of the spec, and what carrying it out would do to them. */
import type { ServiceDiff } from '../model/diff.ts';
import type { ServiceSpec, SystemSpec } from '../model/spec.ts';
import { type Fact, factsOf } from './facts.ts';
import { compare } from './problems.ts';
import { canonical, revisionOf } from './revision.ts';

/** One entry per service of either side, by name; `none` where nothing differs. */
export function diffSystems(from: SystemSpec | null, to: SystemSpec): readonly ServiceDiff[] {
  const before = new Map(Object.entries(from?.services ?? {}));
  const after = new Map(Object.entries(atPresentScale(to, from).services));
  const names = [...new Set([...before.keys(), ...after.keys()])].sort(compare);
  return names.map((name) => diffService(name, before.get(name) ?? null, after.get(name) ?? null));
}

/** What is declared, with autoscaled services at the size that they have reached. */
export function atPresentScale(declared: SystemSpec, present: SystemSpec | null): SystemSpec {
  const services = Object.fromEntries(
    Object.entries(declared.services).map(([name, service]) => {
      const before = present?.services[name];
      if (!service.autoscale || !before?.autoscale) return [name, service];
      const { min, max } = service.autoscale;
      return [name, { ...service, replicas: Math.min(max, Math.max(min, before.replicas)) }];
    }),
  );
  return { ...declared, services };
}

/** `mode: auto → approve`, one per difference of the system's own policy. Nothing before the first spec. */
export function diffPolicy(from: SystemSpec | null, to: SystemSpec): readonly string[] {
  if (from === null) return [];
  const words = { mode: 'mode', maxDisruption: 'max_disruption' } as const;
  return (['mode', 'maxDisruption'] as const)
    .filter((key) => from.policy[key] !== to.policy[key])
    .map((key) => `${words[key]}: ${from.policy[key]} → ${to.policy[key]}`);
}

/** Of one service, by its two specs. */
export function diffServices(before: ServiceSpec, after: ServiceSpec): ServiceDiff {
  return diffService(after.name, before, after);
}

function diffService(service: string, before: ServiceSpec | null, after: ServiceSpec | null): ServiceDiff {
  if (after === null) return { service, change: 'remove', fields: [], effect: `stop ${count(before?.replicas ?? 0)}` };
  if (before === null) return { service, change: 'add', fields: [], effect: `start ${count(after.replicas)}` };
  if (canonical(before) === canonical(after)) return { service, change: 'none', fields: [], effect: 'nothing' };
  const [old, fresh] = [withDefaultsOf(before), withDefaultsOf(after)];
  const fields = diffFacts(factsOf(old), factsOf(fresh));
  const isScale = canonical({ ...old, replicas: 0 }) === canonical({ ...fresh, replicas: 0 });
  return { service, change: isScale ? 'scale' : 'update', fields, effect: effectOf(before, after) };
}

/** What follows from the number of replicas is no difference of its own. */
function withDefaultsOf(service: ServiceSpec): ServiceSpec {
  const { replicas, recovery } = service;
  const usual = replicas > 1 ? Math.ceil(replicas / 2) : 0;
  return recovery.minAvailable === usual ? { ...service, recovery: { ...recovery, minAvailable: -1 } } : service;
}

function diffFacts(before: ReadonlyMap<string, Fact>, after: ReadonlyMap<string, Fact>): readonly string[] {
  const keys = [...new Set([...before.keys(), ...after.keys()])];
  return keys.flatMap((key) => {
    const [old, fresh] = [before.get(key), after.get(key)];
    if (old?.raw === fresh?.raw) return [];
    const [was, is] = [old === undefined ? '(none)' : old.shown, fresh === undefined ? '(none)' : fresh.shown];
    // Masked texts that look alike still differ.
    if (was === null || is === null || was === is) return [`${key}: (changed)`];
    return [`${key}: ${was} → ${is}`];
  });
}

function effectOf(before: ServiceSpec, after: ServiceSpec): string {
  const parts: string[] = [];
  if (revisionOf(before) !== revisionOf(after)) {
    const kept = Math.min(before.replicas, after.replicas);
    if (kept > 0) parts.push(replaceEffect(kept, after));
  }
  const more = after.replicas - before.replicas;
  if (more > 0) parts.push(`start ${count(more)}`);
  if (more < 0) parts.push(`stop ${count(-more)}`);
  if (parts.length > 0) return parts.join(', ');
  return canonical(before.ports) === canonical(after.ports) ? 'no instance is touched' : 'reroute only';
}

function replaceEffect(instances: number, { update }: ServiceSpec): string {
  const together = Math.min(update.parallelism, instances);
  const pace = together === 1 ? 'one at a time' : together === instances ? 'all at once' : `${together} at a time`;
  const order = update.order === 'start-first' ? ', new ones first' : '';
  return `replace ${count(instances)}${instances === 1 ? '' : ` ${pace}`}${order}`;
}

function count(instances: number): string {
  return `${instances} ${instances === 1 ? 'instance' : 'instances'}`;
}
