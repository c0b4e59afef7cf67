/**
 * From the shape of a partition to the ways that it cuts. The shapes are those that tests of distributed systems have
 * settled on (Jepsen's nemeses: halves, majorities-ring, bridge, primaries; one-way and single-node cuts everywhere),
 * told of callers and the instances that they call: that is where the traffic layer stands.
 *
 * The same callers, instances and seed give the same cuts, in whatever order they come.
 */
import { HoldfastError } from '../../model/errors.ts';
import type { Cut } from '../../model/fault.ts';
import type { FaultDirection } from '../../model/network-fault.ts';
import { PARTITION, SHAPES, type Shape } from '../../model/partition.ts';
import { Random } from '../../model/random.ts';
import { select } from '../../model/selection.ts';

/** What is known of the service that is cut off. */
export interface Place {
  readonly service: string;
  /** Those that serve. */
  readonly instances: readonly string[];
  /** Services that run and call it, and OUTSIDE where it is published. */
  readonly callers: readonly string[];
  /** Who holds the token of a service with failover; null: nobody, or it has none. */
  readonly primary: string | null;
}

/** Each is a lease, and costs a look at every new connection. As many as the traffic layer takes, with some to spare. */
export const MOST_CUTS = 200;

type Single = Exclude<Shape, 'groups'>;

/** HF8203: there are too few instances or callers, nobody is the primary, or it would be too many ways. */
export function cutsOf(shape: Single, place: Place, seed: number): readonly Cut[] {
  const why = unfit(shape, place);
  if (why !== null) throw impossible(`${shape} of ${place.service} ${why}`, remedyOf(place));
  const cuts = shaped(shape, sorted(place), Random.seeded(seed));
  return bounded(cuts, remedyOf(place));
}

/**
 * Between services of different groups, whoever calls whom. Callers that are in no group go on. `places`: of every
 * service that is named.
 */
export function cutsBetween(groups: readonly (readonly string[])[], places: readonly Place[]): readonly Cut[] {
  const groupOf = new Map(groups.flatMap((names, n) => names.map((name) => [name, n] as const)));
  const cuts = places.map(sorted).flatMap(({ service, callers }): readonly Cut[] => {
    const own = groupOf.get(service);
    const across = callers.filter((caller) => groupOf.has(caller) && groupOf.get(caller) !== own);
    if (own === undefined || across.length === 0) return [];
    if (across.length === callers.length) return [{ from: null, service, instance: null }];
    return across.map((from) => ({ from, service, instance: null }));
  });
  const remedy = 'Put services into different groups of which one depends on the other.';
  if (cuts.length === 0) throw impossible('no service of one group calls one of another', remedy);
  return bounded(cuts, 'Name fewer services.');
}

/** Why a service has too little for a shape; null: it can be made. */
export function unfit(shape: Single, { instances, callers, primary }: Place): string | null {
  const few = (least: number, have: readonly string[], what: string): string | null =>
    have.length >= least ? null : `needs ${least} ${what}${least === 1 ? '' : 's'}, and there ${counted(have)}`;
  const serving = (least: number): string | null => few(least, instances, 'instance');
  switch (shape) {
    case 'one':
      return serving(1);
    // Of two, one is no minority, and the majority is all of them.
    case 'minority':
    case 'majority':
      return serving(3);
    case 'halves':
      return serving(2) ?? few(2, callers, 'caller');
    // Of two, who misses one sees no majority.
    case 'ring':
      return serving(3) ?? few(2, callers, 'caller');
    case 'bridge':
      return serving(2) ?? few(3, callers, 'caller');
    case 'primary':
      return primary === null ? 'needs a primary, and nobody holds a token of it' : null;
  }
}

function counted({ length }: readonly string[]): string {
  return length === 0 ? 'is none' : length === 1 ? 'is one' : `are ${length}`;
}

function shaped(shape: Single, place: Place, random: Random): readonly Cut[] {
  const { service, instances, callers, primary } = place;
  const some = (count: number): readonly Cut[] =>
    drawn(instances, count, random).map((instance) => ({ from: null, service, instance }));
  switch (shape) {
    case 'one':
      return some(1);
    case 'minority':
      return some(Math.floor((instances.length - 1) / 2));
    case 'majority':
      return some(Math.floor(instances.length / 2) + 1);
    case 'halves':
      return split(callers, place, random);
    case 'ring': {
      const offset = random.int(instances.length);
      return callers.map((from, n) => {
        const instance = instances[(offset + n) % instances.length] as string;
        return { from, service, instance };
      });
    }
    case 'bridge': {
      const between = drawn(callers, 1, random);
      return split(without(callers, between), place, random);
    }
    case 'primary':
      return [{ from: null, service, instance: primary }];
  }
}

/** Each half of the callers sees one half of the instances. */
function split(callers: readonly string[], { service, instances }: Place, random: Random): readonly Cut[] {
  const first = drawn(callers, Math.ceil(callers.length / 2), random);
  const seen = drawn(instances, Math.ceil(instances.length / 2), random);
  const unseen = without(instances, seen);
  return callers.flatMap((from) =>
    (first.includes(from) ? unseen : seen).map((instance) => ({ from, service, instance })),
  );
}

function drawn(all: readonly string[], count: number, random: Random): readonly string[] {
  return select(all, { mode: 'count', count }, random);
}

function without(all: readonly string[], some: readonly string[]): readonly string[] {
  return all.filter((each) => !some.includes(each));
}

function sorted(place: Place): Place {
  return { ...place, instances: [...place.instances].sort(), callers: [...place.callers].sort() };
}

function bounded(cuts: readonly Cut[], remedy: string): readonly Cut[] {
  if (cuts.length <= MOST_CUTS) return cuts;
  throw impossible(`it would cut ${cuts.length} ways, and ${MOST_CUTS} are the most`, remedy);
}

function remedyOf(place: Place): string {
  const possible = SHAPES.filter((shape) => shape !== 'groups' && unfit(shape, place) === null);
  if (possible.length === 0) return `No shape is possible with what runs of ${place.service} now.`;
  return `Possible for ${place.service} now: ${possible.join(', ')}.`;
}

function impossible(why: string, remedy: string): HoldfastError {
  return new HoldfastError('HF8203', `${PARTITION}: ${why}`, { remedy });
}

const ARROWS: Readonly<Record<FaultDirection, string>> = { both: '↮', towards: '↛', back: '↚' };

/** `shop ↮ payments-1`: neither reaches the other. ↛: requests do not arrive; ↚: answers do not. */
export function cutText({ from, service, instance }: Cut, direction: FaultDirection): string {
  return `${from ?? 'everybody'} ${ARROWS[direction]} ${instance ?? service}`;
}
