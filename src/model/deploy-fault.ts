/**
 * Faults that are changes of a service's spec: other settings (`misconfigure`) and a bad version (`bad-deploy`). They
 * are done as what they are, a change with a rollout, so there is no executor: only the control plane may deploy, and
 * only it can take the change back. Here is what may be asked for, and what a service then runs.
 *
 * The fields of each kind are those of the table of faults (docs/prove.md is held to them by a test).
 */
import { HoldfastError } from './errors.ts';
import type { FaultKindFacts } from './fault.ts';
import type { RunSpec } from './spec.ts';
import { nearest } from './suggest.ts';

export type DeployFaultKind = 'misconfigure' | 'bad-deploy';
type Given = Readonly<Record<string, unknown>>;

const ENVIRONMENT = 'a map of variables to their values; null: taken away';
const REST = {
  instant: false,
  targets: ['service'],
  needs: 'a service that runs, with no rollout under way',
  measured: 'instances that were started with it, of all; one is a bite',
  reverted:
    'the spec of before, as a change of its own, unless somebody has rolled it back or changed the service since. By Holdfast alone: after `kill -9` of all of it, as soon as it is back and the lease is over',
  possible: true,
  how: 'a change of the spec, with the rollout that the service has',
} as const;

export const DEPLOY_FAULTS: readonly (FaultKindFacts & { readonly kind: DeployFaultKind })[] = [
  {
    kind: 'misconfigure',
    what: 'has a service run with other settings',
    parameters: { environment: ENVIRONMENT },
    ...REST,
  },
  {
    kind: 'bad-deploy',
    what: 'deploys a bad version of a service',
    parameters: {
      command: 'what the version runs, a list of texts; what runs now',
      exit: 'instead of a command: the version ends at once with this code, 0 to 255',
      environment: ENVIRONMENT,
    },
    ...REST,
  },
];

export function isDeployFault(kind: string): kind is DeployFaultKind {
  return DEPLOY_FAULTS.some((facts) => facts.kind === kind);
}

/** What is done to the spec. */
export interface Alteration {
  /** null: as it is. */
  readonly command: readonly string[] | null;
  /** null: taken away. */
  readonly environment: Readonly<Record<string, string | null>>;
}

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** HF6004 for what it does not understand, unknown keys included. */
export function parseDeployFault(kind: DeployFaultKind, given: Given): Alteration {
  const known = Object.keys(DEPLOY_FAULTS.find((facts) => facts.kind === kind)?.parameters ?? {});
  const stray = Object.keys(given).find((name) => !known.includes(name));
  if (stray !== undefined) {
    const near = nearest(stray, known);
    const remedy = near === null ? `${kind} takes ${known.join(', ')}.` : `Did you mean ${near}?`;
    throw new HoldfastError('HF6004', `${kind} has no parameter ${stray}`, { remedy });
  }
  const environment = environmentOf(kind, given.environment);
  const command = commandOf(kind, given);
  if (command === null && Object.keys(environment).length === 0) {
    const remedy = kind === 'misconfigure' ? 'Add environment: {NAME: value}.' : `Add ${known.join(', or ')}.`;
    throw new HoldfastError('HF6004', `${kind} says nothing that would be different`, { remedy });
  }
  return { command, environment };
}

function environmentOf(kind: string, given: unknown): Alteration['environment'] {
  if (given === undefined) return {};
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new HoldfastError('HF6004', `${kind}: environment is not a map`, { remedy: 'Write {NAME: value}.' });
  }
  return Object.fromEntries(
    Object.entries(given).map(([name, value]: [string, unknown]) => {
      if (!NAME.test(name)) {
        const remedy = 'Use letters, digits and _, and no digit first.';
        throw new HoldfastError('HF6004', `${kind}: ${JSON.stringify(name)} cannot name a variable`, { remedy });
      }
      if (value === null) return [name, null];
      if (['string', 'number', 'boolean'].includes(typeof value)) return [name, String(value)];
      const remedy = 'Write a text, a number, true, false, or null to take it away.';
      throw new HoldfastError('HF6004', `${kind}: environment.${name} is no single value`, { remedy });
    }),
  );
}

function commandOf(kind: string, { command, exit }: Given): Alteration['command'] {
  if (command !== undefined && exit !== undefined) {
    throw new HoldfastError('HF6004', `${kind}: exit stands for a command, and there is one`, {
      remedy: 'Keep one of them.',
    });
  }
  if (exit !== undefined) {
    if (typeof exit === 'number' && Number.isInteger(exit) && exit >= 0 && exit <= 255) {
      return ['/bin/sh', '-c', `exit ${exit}`];
    }
    throw new HoldfastError('HF6004', `${kind}: exit is no code`, { remedy: 'Write a whole number from 0 to 255.' });
  }
  if (command === undefined) return null;
  const isText = (each: unknown): each is string => typeof each === 'string';
  if (Array.isArray(command) && command.every(isText) && command[0]) return command;
  throw new HoldfastError('HF6004', `${kind}: command is not a list of texts`, {
    remedy: 'Write ["program", "argument"].',
  });
}

export function altered(run: RunSpec, { command, environment }: Alteration): RunSpec {
  const merged = { ...run.environment, ...environment };
  const kept = Object.entries(merged).filter((entry): entry is [string, string] => entry[1] !== null);
  return { ...run, command: command ?? run.command, environment: Object.fromEntries(kept) };
}

/** What of it a service still runs with: `command`, `environment.RATE`. */
export function remains(run: RunSpec, { command, environment }: Alteration): readonly string[] {
  const same = command !== null && JSON.stringify(command) === JSON.stringify(run.command);
  const names = Object.entries(environment).filter(([name, value]) => (run.environment[name] ?? null) === value);
  return [...(same ? ['command'] : []), ...names.map(([name]) => `environment.${name}`)];
}
