/** Partitions, for the run that asks for them: which ways they cut in the system as it runs, and what came of it. */
import type { Core } from '../../core/contract.ts';
import { HoldfastError } from '../../model/errors.ts';
import type { Cut, FaultBite, FaultTarget } from '../../model/fault.ts';
import { PARTITION, type Partition, parsePartition } from '../../model/partition.ts';
import { OUTSIDE } from '../../model/signal.ts';
import type { Experiment, FaultSpec, JsonMap } from '../../prove/experiment/index.ts';
import { cutsBetween, cutsOf, cutText, type Place } from '../../prove/partition/index.ts';

/** Without a seed of its own a partition is the same every time. */
const DEFAULT_SEED = 1;

export interface Cuts extends Partition {
  readonly cuts: readonly Cut[];
  /** Of `groups`: all that are named. */
  readonly among: readonly string[];
  /** Exactly which way is cut for whom, one line each. */
  readonly told: readonly string[];
}

/** HF6004, HF6008 for a service that there is not, HF8203 for a shape that cannot be made with what runs. */
export function partitionOf(core: Core, spec: FaultSpec): Cuts {
  return worked(core, spec, ({ ready }) => ready);
}

function worked(
  core: Core,
  { target, parameters }: FaultSpec,
  counts: (instance: { readonly ready: boolean; readonly phase: string }) => boolean,
): Cuts {
  const partition = parsePartition(parameters);
  const { shape } = partition;
  const place = (service: string): Place => {
    if (!core.view.services.has(service)) throw new HoldfastError('HF6008', `no service ${service}`);
    const all = [...core.instances.values()].filter((instance) => instance.service === service && counts(instance));
    const callers = callersOf(core, service);
    return { service, instances: all.map(({ id }) => id), callers, primary: primaryOf(core, service) };
  };
  const among = partition.groups.flat();
  const places = among.map(place);
  const cuts =
    shape === 'groups'
      ? cutsBetween(partition.groups, places)
      : cutsOf(shape, place(target.service ?? ''), target.seed ?? DEFAULT_SEED);
  const told = cuts.map((cut) => {
    const all = cut.instance === null ? places.find(({ service }) => service === cut.service)?.instances : [];
    return cutText(cut, partition.direction) + (all?.length ? ` (${all.join(', ')})` : '');
  });
  return { ...partition, cuts, among, told };
}

/** Who has an address of its own for a service, and runs; OUTSIDE for a published one. */
function callersOf({ routes, instances }: Core, service: string): readonly string[] {
  const pools = new Set(routes?.pools.filter((pool) => pool.service === service).map(({ id }) => id));
  const running = new Set([...instances.values()].filter(({ phase }) => phase === 'running').map((one) => one.service));
  const callers = (routes?.listeners ?? []).filter(({ pool }) => pools.has(pool)).map(({ caller }) => caller);
  return [...new Set(callers)].filter((caller) => caller === OUTSIDE || running.has(caller));
}

function primaryOf({ view }: Core, service: string): string | null {
  const lead = view.failoverOf(service);
  return lead?.confirmed ? lead.holder : null;
}

/** Throws for shapes that cannot be made here, before anything of the run is done. What is filled in later is seen later. */
export function checkPartitions(core: Core, { method }: Experiment): void {
  for (const { does } of method) {
    if (does.kind !== 'fault' || does.fault.kind !== PARTITION || isOpen(does.fault.parameters)) continue;
    // Who is down for a moment is back when it begins: a run waits until all is quiet.
    worked(core, does.fault, ({ phase }) => phase !== 'exited');
  }
}

function isOpen(parameters: JsonMap): boolean {
  return JSON.stringify(parameters).includes('$');
}

/** How many of its ways swallowed something. One is enough: not everybody calls everybody all the time. */
export function partitionBite(targets: readonly FaultTarget[]): FaultBite {
  const measured = targets.filter(({ bite }) => bite?.bitten).length;
  return { asked: targets.length, measured, unit: 'ways that swallowed something', bitten: measured > 0 };
}
