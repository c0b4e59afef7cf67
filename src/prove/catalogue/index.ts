/** The catalogue over a whole system: one experiment for each kind of fault and each service that opted in. */
import type { FaultKindFacts } from '../../model/fault.ts';
import type { JsonMap } from '../experiment/index.ts';
import { type ServiceFacts, TRIALS, type Trial } from './trials.ts';

export type { ServiceFacts } from './trials.ts';

export interface CatalogueOptions {
  /** Only these; empty: all. */
  readonly faults: readonly string[];
  readonly services: readonly string[];
}

export interface Catalogue {
  readonly cells: readonly CatalogueCell[];
  readonly left: readonly LeftOut[];
}

export interface CatalogueCell {
  readonly kind: string;
  /** null: the machine. */
  readonly service: string | null;
  readonly experiment: JsonMap;
}

export interface LeftOut {
  readonly kind: string;
  readonly service: string | null;
  readonly why: string;
}

/**
 * `closed`: services that did not opt in; with any of them the machine as a whole is not struck. Order: kind by kind,
 * so that the same service has time to settle between two of its faults.
 */
export function catalogue(
  services: readonly ServiceFacts[],
  closed: readonly string[],
  kinds: readonly FaultKindFacts[],
  { faults, services: only }: CatalogueOptions,
): Catalogue {
  const cells: CatalogueCell[] = [];
  const left: LeftOut[] = [];
  for (const trial of TRIALS) {
    if (faults.length > 0 && !faults.includes(trial.kind)) continue;
    const facts = kinds.find(({ kind }) => kind === trial.kind);
    if (facts === undefined) continue;
    const refuse = (service: string | null, why: string): void => void left.push({ kind: trial.kind, service, why });
    if (!facts.possible) {
      refuse(null, facts.how);
    } else if (trial.on === 'machine') {
      if (only.length > 0) continue;
      if (closed.length > 0) refuse(null, `it strikes the whole machine, and ${closed.join(', ')} did not opt in`);
      else cells.push({ kind: trial.kind, service: null, experiment: experimentOf(trial, null) });
    } else {
      for (const service of services) {
        if (only.length > 0 && !only.includes(service.name)) continue;
        const why = trial.unfit(service);
        if (why !== null) refuse(service.name, why);
        else cells.push({ kind: trial.kind, service: service.name, experiment: experimentOf(trial, service.name) });
      }
    }
  }
  return { cells, left };
}

/** How long the system may take to be quiet again: an incident closes when its repair has been verified. */
export const SETTLE_MS = 90_000;

export function experimentOf(trial: Trial, service: string | null): JsonMap {
  const where = service ?? 'the machine';
  const expect = trial.expect === null ? null : { ...trial.expect, ...(service === null ? {} : { blamed: service }) };
  const lasting = trial.for === null ? {} : { for: trial.for };
  return {
    title: `${trial.kind} on ${where}`,
    description: `Of the catalogue: ${trial.kind} on ${service === null ? where : `one instance of ${where}`}.`,
    tags: ['catalogue'],
    'steady-state-hypothesis': {
      title: 'the system is healthy and nothing is under way',
      probes: [{ type: 'probe', name: 'quiet', tolerance: true, provider: { type: 'holdfast', is: 'quiet' } }],
    },
    method: [
      {
        type: 'action',
        name: trial.kind,
        pauses: { after: trial.wait },
        'x-holdfast': {
          fault: trial.kind,
          target: service === null ? { node: 'localhost' } : { service },
          ...lasting,
          ...trial.parameters,
        },
      },
    ],
    runtime: { hypothesis: { strategy: 'before-method-only' } },
    ...(expect === null ? {} : { 'x-holdfast': { expect } }),
  };
}
