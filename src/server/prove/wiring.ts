/** Puts the proving part together: the core through its journal, the agent's executors, the store. */
import { DEPLOY_FAULTS } from '../../model/deploy-fault.ts';
import type { FaultCommand, FaultKindFacts } from '../../model/fault.ts';
import { PARTITION_FAULT } from '../../model/partition.ts';
import type { Store } from '../../store/contract.ts';
import type { Actor, ProvingPlane } from '../control-plane.ts';
import type { Daemon } from '../daemon.ts';
import { serviceResources } from '../mapping/services.ts';
import { askCore } from '../plane.ts';
import { ProofLedger } from './ledger.ts';
import { checkProofs, provingPlane, startProofs } from './plane.ts';
import { Proofs, type ProofsOptions } from './proofs.ts';
import { Schedules } from './schedules.ts';

export interface ProvingWiring {
  readonly daemon: Daemon;
  readonly store: Store;
  readonly version: string;
  /** Of schedules, ms. */
  readonly leastEveryMs: number;
  readonly log: ProofsOptions['log'];
}

export async function createProving({
  daemon,
  store,
  version,
  leastEveryMs,
  log,
}: ProvingWiring): Promise<{ readonly proving: ProvingPlane; readonly proofs: Proofs; readonly schedules: Schedules }> {
  const { core, clock } = daemon.state;
  const isHealthy = (service: string | null): boolean => {
    const services = serviceResources(daemon.moment());
    const asked = service === null ? services : services.filter(({ name }) => name === service);
    return asked.length > 0 && asked.every(({ health }) => health === 'healthy' || health === 'stopped');
  };
  const order = async (command: FaultCommand, { who, why }: Actor): Promise<void> =>
    void (await askCore(daemon, { kind: 'fault', command, who, why }));
  const kinds = (): readonly FaultKindFacts[] => [...daemon.agent.faultKinds(), ...DEPLOY_FAULTS, PARTITION_FAULT];
  const proofs = await Proofs.open({
    core,
    ledger: new ProofLedger(store),
    version,
    now: () => clock.now(),
    wallMs: () => clock.wallMs(),
    order,
    residue: (orders) => daemon.agent.residue(orders),
    kinds,
    restart: async (service, instance, { who, why }) => {
      const command = { kind: 'restart', service, instance } as const;
      await askCore(daemon, { kind: 'operator', command, who, why });
    },
    isHealthy,
    isQuiet: (service) => isHealthy(service) && isSettled(daemon, service),
    reach: {
      store,
      addressOf: (service) => {
        const found = serviceResources(daemon.moment()).find(({ name }) => name === service);
        const address = found?.endpoints.find((endpoint) => endpoint.address !== null)?.address ?? null;
        return address?.replace(/^[a-z]+:\/\//, '') ?? null;
      },
    },
    changed: () => daemon.topics.touch('proofs'),
    log,
  });
  const parts = { core, proofs, kinds, now: () => clock.now() };
  const schedules = await Schedules.open({
    store,
    wallMs: () => clock.wallMs(),
    leastEveryMs,
    start: (request, actor) => startProofs(request, actor, parts),
    check: (request) => checkProofs(request, core, kinds()),
    changed: () => daemon.topics.touch('proofs'),
    log,
  });
  return { proofs, schedules, proving: provingPlane({ ...parts, order, schedules }) };
}

function isSettled({ state: { core } }: Daemon, service: string | null): boolean {
  const names = service === null ? [...core.view.services.keys()] : [service];
  if (names.some((name) => core.rolloutOf(name) !== null)) return false;
  for (const slot of core.instances.values()) {
    if (names.includes(slot.service) && (slot.phase === 'starting' || slot.phase === 'stopping')) return false;
  }
  return core.incidents.every(({ closedAt }) => closedAt !== null);
}
