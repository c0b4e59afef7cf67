/** The catalogue over a whole system: one experiment for each kind of fault and each service that opted in. */
import { isDeployFault } from '../../model/deploy-fault.ts';
import type { FaultKindFacts } from '../../model/fault.ts';
import type { Ms } from '../../model/time.ts';
import type { JsonMap } from '../experiment/index.ts';
import type { Schedule } from '../explore/index.ts';
import { ALONE_FOR_MS, HALT_FOR_MS, type ServiceFacts, TRIALS, type Trial } from './trials.ts';

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
  /** null: it is over at once. */
  readonly forMs: Ms | null;
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
    if (faults.length === 0 ? trial.named : !faults.includes(trial.kind)) continue;
    const facts = kinds.find(({ kind }) => kind === trial.kind);
    if (facts === undefined) continue;
    const refuse = (service: string | null, why: string): void => void left.push({ kind: trial.kind, service, why });
    if (!facts.possible) {
      refuse(null, facts.how);
    } else if (trial.on === 'machine') {
      if (only.length > 0) continue;
      if (closed.length > 0) refuse(null, `it strikes the whole machine, and ${closed.join(', ')} did not opt in`);
      else cells.push({ kind: trial.kind, service: null, forMs: trial.forMs, experiment: experimentOf(trial, null) });
    } else {
      for (const service of services) {
        if (only.length > 0 && !only.includes(service.name)) continue;
        const why = trial.unfit(service);
        if (why !== null) refuse(service.name, why);
        else cells.push(cellOf(trial, service));
      }
    }
  }
  return { cells, left };
}

function cellOf(trial: Trial, { name, replicas }: ServiceFacts): CatalogueCell {
  const short = replicas > 1 || trial.forMs === null || trial.forMs < HALT_FOR_MS;
  const forMs = short ? trial.forMs : ALONE_FOR_MS;
  return { kind: trial.kind, service: name, forMs, experiment: experimentOf({ ...trial, forMs }, name) };
}

/** How long the system may take to be quiet again: an incident closes when its repair has been verified. */
export const SETTLE_MS = 90_000;

const QUIET: JsonMap = {
  title: 'the system is healthy and nothing is under way',
  probes: [{ type: 'probe', name: 'quiet', tolerance: true, provider: { type: 'holdfast', is: 'quiet' } }],
};

export function experimentOf(trial: Trial, service: string | null): JsonMap {
  const where = service ?? 'the machine';
  const expect = expectationOf(trial, service);
  return {
    title: `${trial.kind} on ${where}`,
    description: `Of the catalogue: ${trial.kind} on ${placeOf(trial.kind, service)}.`,
    tags: ['catalogue'],
    'steady-state-hypothesis': QUIET,
    method: [actionOf(trial, service, trial.forMs)],
    runtime: { hypothesis: { strategy: 'before-method-only' } },
    ...(expect === null ? {} : { 'x-holdfast': { expect } }),
  };
}

/** What is done to the machine says itself whom to blame. */
function expectationOf({ expect }: Trial, service: string | null): JsonMap | null {
  return expect === null ? null : { ...expect, ...(service === null ? {} : { blamed: service }) };
}

function placeOf(kind: string, service: string | null): string {
  if (service === null) return 'the machine';
  return isDeployFault(kind) ? service : `one instance of ${service}`;
}

function actionOf(trial: Trial, service: string | null, forMs: Ms | null): JsonMap {
  return {
    type: 'action',
    name: trial.kind,
    pauses: { after: trial.wait },
    'x-holdfast': {
      fault: trial.kind,
      target: service === null ? { node: 'localhost' } : { service },
      ...(forMs === null ? {} : { for: forMs / 1_000 }),
      ...trial.parameters,
    },
  };
}

/**
 * Faults at once or one after the other. A single one is held to what the catalogue expects of it; of several only
 * that all is repaired and steady again: who is to be blamed for what they do together is not for us to say.
 */
export function scheduleExperiment(schedule: Schedule, title: string): JsonMap {
  const trialOf = (kind: string): Trial => TRIALS.find((trial) => trial.kind === kind) as Trial;
  const [only] = schedule;
  const expect: JsonMap | null =
    schedule.length === 1 && only ? expectationOf(trialOf(only.kind), only.service) : { repaired_within: '150s' };
  const method = schedule.map(({ kind, service, forMs, gapMs }, n) => {
    const action = actionOf(trialOf(kind), service, forMs);
    const last = n === schedule.length - 1;
    const pauses = { before: gapMs / 1_000, after: trialOf(kind).wait };
    return { ...action, name: `${kind} on ${service ?? 'the machine'}`, pauses, background: !last };
  });
  return {
    title,
    description: `Explored: ${title}.`,
    tags: ['explore'],
    'steady-state-hypothesis': QUIET,
    method,
    runtime: { hypothesis: { strategy: 'before-method-only' } },
    ...(expect === null || Object.keys(expect).length === 0 ? {} : { 'x-holdfast': { expect } }),
  };
}
