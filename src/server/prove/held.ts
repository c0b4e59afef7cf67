/**
 * Faults that somebody holds by hand, through the API: the same way through the core as those of experiments (opt-in,
 * emergency stop, budget, journal, lease), and nobody but who holds them renews them. On ways to a service only: what is
 * done to instances, or to a spec, is the business of experiments, which watch what it costs.
 */
import type { FaultResource } from '../../api/proof-resources.ts';
import type { Core } from '../../core/contract.ts';
import { HoldfastError } from '../../model/errors.ts';
import { type FaultCommand, type FaultKindFacts, type FaultState, isOver } from '../../model/fault.ts';
import type { Ms } from '../../model/time.ts';
import type { Actor, ProvingPlane } from '../control-plane.ts';

export interface HeldOptions {
  readonly core: Core;
  readonly order: (command: FaultCommand, actor: Actor) => Promise<void>;
  readonly kinds: () => readonly FaultKindFacts[];
  readonly told: (fault: FaultState) => FaultResource;
}

const POLL_MS: Ms = 10;
/** An agent that does not answer by then is in trouble of its own: the lease ends what it may have begun. */
const ANSWER_WITHIN_MS: Ms = 5_000;

export function heldFaults({
  core,
  order,
  kinds,
  told,
}: HeldOptions): Pick<ProvingPlane, 'inject' | 'renew' | 'revert'> {
  const find = (id: string): FaultState => {
    const fault = core.faults.find((one) => one.id === id);
    if (!fault) throw new HoldfastError('HF8205', `nothing is known of fault ${id}`);
    return fault;
  };
  const until = async (id: string, reached: (fault: FaultState) => boolean): Promise<FaultState> => {
    for (let n = 0; n < ANSWER_WITHIN_MS / POLL_MS; n++) {
      const fault = find(id);
      if (reached(fault)) return fault;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    throw new HoldfastError('HF8204', `no answer about fault ${id}: it ends with its lease`);
  };
  return {
    async inject({ id, kind, parameters, service, from, leaseMs, holder }, actor) {
      const facts = kinds().find((one) => one.kind === kind);
      if (!facts) throw new HoldfastError('HF8202', `there is no fault ${kind}`);
      if (!facts.targets.includes('way')) {
        throw new HoldfastError('HF8203', `fault ${kind} is not done to the way to a service: write an experiment`);
      }
      const fault = { id, kind, parameters, instances: [], service, from, experiment: holder, leaseMs, instant: false };
      await order({ kind: 'inject', fault }, actor);
      const state = await until(id, ({ targets }) => targets.every(({ phase }) => phase !== 'requested'));
      const failed = state.targets.find(({ end }) => end?.reason === 'failed');
      if (failed) throw new HoldfastError('HF8204', `the way to ${service}: ${failed.end?.detail}`);
      return told(state);
    },
    async renew(id, { leaseMs }, actor) {
      if (!isOver(find(id))) await order({ kind: 'renew', fault: id, leaseMs }, actor);
      return told(find(id));
    },
    async revert(id, actor) {
      if (!isOver(find(id))) await order({ kind: 'revert', fault: id }, actor);
      return told(await until(id, isOver));
    },
  };
}
