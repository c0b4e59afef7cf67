/** Faults that are changes of a spec, for the run that asks for them: in words beforehand, and what is left afterwards. */
import type { Core } from '../../core/contract.ts';
import { altered, type DeployFaultKind, isDeployFault, parseDeployFault } from '../../model/deploy-fault.ts';
import { HoldfastError } from '../../model/errors.ts';
import type { FaultState } from '../../model/fault.ts';
import type { FaultSpec } from '../../prove/experiment/index.ts';
import { diffServices } from '../../spec/diff.ts';

/** The plan of it, as `holdfast plan` would say it. */
export function describeDeploy(
  core: Core,
  kind: DeployFaultKind,
  { target, parameters }: FaultSpec,
): readonly string[] {
  const name = target.service ?? '';
  const spec = core.view.services.get(name);
  if (!spec) throw new HoldfastError('HF6008', `no service ${name}`);
  const fresh = { ...spec, run: altered(spec.run, parseDeployFault(kind, parameters)) };
  const { fields, effect, change } = diffServices(spec, fresh);
  if (change === 'none') throw new HoldfastError('HF8203', `${kind}: ${name} runs with exactly that already`);
  return [...fields.map((field) => `${name}: ${field}`), `${effect}, and back when it is over`];
}

/** The revision that a fault brought is neither declared nor run by anybody once the rollout back is through. */
export function deployResidue(core: Core, faults: readonly FaultState[]): readonly string[] {
  return faults.flatMap(({ kind, targets }) => {
    const service = targets[0]?.service ?? '';
    const declared = core.revisionOf(service);
    if (!isDeployFault(kind) || declared === null) return [];
    return [...core.instances.values()]
      .filter((slot) => slot.service === service && slot.process !== null && slot.revision !== declared)
      .map(({ id, revision }) => `${id} still runs revision ${revision}`);
  });
}
