/** Makers of action drafts, so that every one of them reads the same. */
import type { Instance } from '../model/instance.ts';
import type { ActionDraft } from './contract.ts';

export function restart(instance: Instance, reason: string): ActionDraft {
  return onInstance('restart', instance, reason, false);
}

export function replace(instance: Instance, reason: string): ActionDraft {
  return onInstance('replace', instance, reason, false);
}

export function eject(instance: Instance, reason: string): ActionDraft {
  return onInstance('eject', instance, reason, true);
}

export function scaleTo(service: string, replicas: number, reason: string): ActionDraft {
  const argument = String(replicas);
  return { kind: 'scale', service, target: service, incarnation: null, reason, reversible: true, argument };
}

export function rollBack(service: string, change: string, reason: string): ActionDraft {
  return { kind: 'rollback', service, target: service, incarnation: null, reason, reversible: false, argument: change };
}

/** `from` holds the token; `to` is to have the next one. */
export function failOver(from: Instance, to: string, reason: string): ActionDraft {
  return { ...onInstance('failover', from, reason, false), argument: to };
}

export function page(service: string, reason: string): ActionDraft {
  return { kind: 'page', service, target: '', incarnation: null, reason, reversible: true, argument: null };
}

function onInstance(
  kind: 'restart' | 'replace' | 'eject' | 'failover',
  instance: Instance,
  reason: string,
  reversible: boolean,
): ActionDraft {
  const { id, service, incarnation } = instance;
  return { kind, service, target: id, incarnation, reason, reversible, argument: null };
}
