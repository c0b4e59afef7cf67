/**
 * The one action that would reverse a suspected cause, to see whether the damage goes away with it: the mildest there
 * is. Taking an instance out of the routes while others carry the load is undone when the incident is over; else its
 * life is begun anew; a change is taken back.
 */
import type { Cause } from '../model/incident.ts';
import type { SystemView } from '../model/view.ts';
import type { ActionDraft } from './contract.ts';
import { eject, replace, restart, rollBack } from './steps.ts';
import { instancesOf, isAlive, serves } from './target.ts';

/** Null: nothing that can be reversed from here. */
export function reversalOf(cause: Cause, view: SystemView): ActionDraft | null {
  const { entity, changeId, mechanism } = cause;
  const reason = `to prove that ${entity.name} is the cause: ${mechanism}`;
  if (changeId !== null) return rollBack(entity.name, changeId, reason);
  if (entity.kind === 'instance') {
    const instance = view.instances.get(entity.name);
    if (!instance) return null;
    const peers = instancesOf(instance.service, view).filter(({ id }) => id !== instance.id);
    if (serves(instance) && peers.some(serves)) return eject(instance, reason);
    return isAlive(instance) && !instance.ready ? replace(instance, reason) : restart(instance, reason);
  }
  if (entity.kind !== 'service') return null;
  // One of several that are ill alike: if its new life is as ill, it was not its state.
  const first = instancesOf(entity.name, view).sort((a, b) => a.slot - b.slot)[0];
  return first ? restart(first, reason) : null;
}
