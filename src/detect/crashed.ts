/**
 * crashed: the process ended, or could not be started, and nobody asked for it. A fact, so it is raised at once.
 * A job that ends with 0 has done its work, unless its restart condition says that it should always run.
 * Cleared as soon as a new life is ready.
 */
import { describeExit, type Instance, type InstanceExit } from '../model/instance.ts';
import type { ServiceSpec } from '../model/spec.ts';
import type { SystemView } from '../model/view.ts';
import { type InstanceDetector, instanceRef } from './claim.ts';

export const crashed: InstanceDetector = {
  kind: 'crashed',
  resource: null,
  clearAfterMs: 0,
  episode: ({ crash }) => crash?.at ?? 0,
  find({ instance, record }) {
    const { crash } = record;
    if (crash === null) return null;
    return {
      kind: 'crashed',
      entity: instanceRef(instance),
      resource: null,
      onsetAt: crash.at,
      logP: null,
      summary: `${instance.id} ${describeExit(crash)}`,
      evidence: [...(crash.detail === null ? [] : [crash.detail]), ...crash.lastOutput.slice(-5)],
    };
  },
};

/** `instance` as it was when the exit came: its phase tells whether the end was asked for. */
export function isUnmeant(exit: InstanceExit, instance: Instance, service: ServiceSpec): boolean {
  if (instance.phase === 'stopping') return false;
  return exit.reason !== 'code' || exit.code !== 0 || service.restart.condition === 'any';
}

/** The newest change of its service took it down: what died before that is nobody's concern any more. */
export function isStoppedOnPurpose(instance: Instance, view: SystemView): boolean {
  if (instance.phase !== 'exited' && instance.phase !== 'stopping') return false;
  const own = view.changes.findLast(({ kind, services }) => kind !== 'external' && services.includes(instance.service));
  return own?.kind === 'down';
}
