/**
 * Network partitions by shape: who is cut off from whom, as a whole. A partition is one fault of an experiment; what is
 * done are cuts of single ways, each a fault of the traffic layer under a lease of its own, begun and ended together.
 *
 * Here is what may be asked for and what a cut is. Which ways a shape cuts is worked out from the running system
 * (src/prove/partition), and the core is told nothing but the cuts.
 */
import { HoldfastError } from './errors.ts';
import type { FaultKindFacts } from './fault.ts';
import type { FaultDirection } from './network-fault.ts';
import type { NetworkFaultKind } from './network-fault-kinds.ts';
import { nearest } from './suggest.ts';

export const PARTITION = 'partition';
/** What a cut is made of: nothing arrives and nothing is refused, on open connections and new ones, as without a cable. */
export const CUT_BY: NetworkFaultKind = 'blackhole';

export const SHAPES = ['one', 'minority', 'majority', 'halves', 'ring', 'bridge', 'primary', 'groups'] as const;
export type Shape = (typeof SHAPES)[number];
export const DIRECTIONS: readonly FaultDirection[] = ['both', 'towards', 'back'];

export interface Partition {
  readonly shape: Shape;
  readonly direction: FaultDirection;
  /** Of `groups`: services, none of them twice; empty for every other shape. */
  readonly groups: readonly (readonly string[])[];
  readonly beyondBudget: boolean;
}

export const PARTITION_FAULT: FaultKindFacts = {
  kind: PARTITION,
  what: 'cuts callers off from instances, in a shape',
  parameters: {
    shape: `one of ${SHAPES.join(', ')}`,
    direction: '`both`, `towards` (requests do not arrive) or `back` (answers do not); `both`',
    groups: 'for `groups`: lists of services; no way from one list to another is left',
    beyondBudget: 'may take out more than the disruption budget pays for; false',
  },
  instant: false,
  targets: ['ways'],
  needs:
    'endpoints; as many instances and callers as the shape needs; for `groups` no target, and all that are named have opted in',
  measured: 'ways that swallowed something, of those that were cut; one is a bite',
  reverted: 'the traffic layer forgets it',
  possible: true,
  how: 'in the traffic layer, without privileges',
};

type Given = Readonly<Record<string, unknown>>;

/** HF6004 for what it does not understand, unknown keys included. */
export function parsePartition(given: Given): Partition {
  const known = Object.keys(PARTITION_FAULT.parameters);
  const stray = Object.keys(given).find((name) => !known.includes(name));
  if (stray !== undefined) throw wrong(`has no parameter ${stray}`, suggestion(stray, known));
  const { direction = 'both', beyondBudget = false } = given;
  const shape = wordOf('shape', given.shape, SHAPES);
  if (typeof beyondBudget !== 'boolean') throw wrong('beyondBudget is neither true nor false');
  if (shape !== 'groups' && given.groups !== undefined)
    throw wrong(`groups stand beside shape ${shape}`, 'Write shape: groups, or remove groups.');
  return {
    shape,
    direction: wordOf('direction', direction, DIRECTIONS),
    groups: shape === 'groups' ? groupsOf(given.groups) : [],
    beyondBudget,
  };
}

function wordOf<T extends string>(key: string, value: unknown, words: readonly T[]): T {
  if (words.some((word) => word === value)) return value as T;
  if (value === undefined) throw wrong(`${key} is missing`, `Add ${key}: one of ${words.join(', ')}.`);
  throw wrong(`${key} is one of ${words.join(', ')}, not ${JSON.stringify(value)}`, suggestion(String(value), words));
}

function groupsOf(given: unknown): Partition['groups'] {
  const form = 'Write groups: [[shop, orders], [payments]].';
  const isGroup = (group: unknown): group is readonly string[] =>
    Array.isArray(group) && group.length > 0 && group.every((name) => typeof name === 'string' && name !== '');
  if (!Array.isArray(given) || !given.every(isGroup)) throw wrong('groups are lists of services', form);
  if (given.length < 2) throw wrong('groups are two or more', form);
  const names = given.flat();
  const twice = names.find((name, n) => names.indexOf(name) < n);
  if (twice !== undefined) throw wrong(`${twice} is in the groups twice`, 'Name each service once.');
  return given;
}

function suggestion(given: string, known: readonly string[]): string {
  const near = nearest(given, known);
  return near === null ? `There are ${known.join(', ')}.` : `Did you mean ${near}?`;
}

function wrong(what: string, remedy?: string): HoldfastError {
  return new HoldfastError('HF6004', `${PARTITION}: ${what}`, remedy === undefined ? {} : { remedy });
}
