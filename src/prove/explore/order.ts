/**
 * In which order schedules are tried: what is likely to break first, and what has not been tried before what has. A
 * service matters as many others hang on it, twice as much when it has one instance, and more after verdicts that were
 * not confirmed; equals are shuffled by the seed, so that other seeds find other things first.
 */
import { Random } from '../../model/random.ts';
import type { Schedule, ScheduledFault } from './schedule.ts';

export interface ExploreFacts {
  readonly services: readonly {
    readonly name: string;
    readonly replicas: number;
    readonly dependsOn: readonly string[];
  }[];
  /** Service null: the machine itself, and with it everything that runs. */
  readonly faults: readonly { readonly kind: string; readonly service: string | null; readonly forMs: number | null }[];
  /** Of earlier runs with that fault on that service alone, newest last. */
  readonly past: readonly { readonly kind: string; readonly service: string | null; readonly verdict: string }[];
}

/** Distance between the two of a pair: the first has been noticed, and its repair is under way. */
const GAP_MS = 1_000;

export function singles(facts: ExploreFacts, seed: number): readonly Schedule[] {
  return ordered(
    facts.faults.map((fault) => [{ ...fault, gapMs: 0 }]),
    facts,
    seed,
  );
}

/** Of those single faults that the system bears alone; each pair once. */
export function pairs(
  facts: ExploreFacts,
  seed: number,
  borne: (fault: ScheduledFault) => boolean,
): readonly Schedule[] {
  const good = facts.faults.map((fault) => ({ ...fault, gapMs: 0 })).filter(borne);
  // Where there is one instance, the first of two leaves nobody for the second.
  const single = new Set(facts.services.filter(({ replicas }) => replicas === 1).map(({ name }) => name));
  const all = good.flatMap((one, n) =>
    good
      .slice(n + 1)
      .filter(({ service }) => service === null || service !== one.service || !single.has(service))
      .map((other): Schedule => [one, { ...other, gapMs: GAP_MS }]),
  );
  return ordered(all, facts, seed);
}

function ordered(schedules: readonly Schedule[], facts: ExploreFacts, seed: number): readonly Schedule[] {
  const random = Random.seeded(seed);
  const weights = new Map(facts.services.map(({ name }) => [name, weightOf(name, facts)]));
  return schedules
    .map((schedule) => ({ schedule, score: scoreOf(schedule, weights, facts), draw: random.float() }))
    .sort((a, b) => b.score - a.score || a.draw - b.draw)
    .map(({ schedule }) => schedule);
}

function scoreOf(schedule: Schedule, weights: ReadonlyMap<string, number>, { past, services }: ExploreFacts): number {
  const own = schedule.map(({ kind, service }) => {
    const runs = past.filter((run) => run.kind === kind && run.service === service);
    const last = runs.at(-1)?.verdict;
    const news = last === undefined ? 1 : last === 'confirmed' ? 0.5 : 2;
    return (service === null ? services.length : (weights.get(service) ?? 1)) * news;
  });
  const sum = own.reduce((total, score) => total + score, 0);
  const [one, other] = schedule;
  // Two faults on the way of one call meet each other; two far apart are two single faults.
  return one && other && neighbours(one.service, other.service, services) ? sum * 1.5 : sum;
}

function neighbours(a: string | null, b: string | null, services: ExploreFacts['services']): boolean {
  if (a === null || b === null) return true;
  const depends = (from: string, to: string): boolean =>
    services.some(({ name, dependsOn }) => name === from && dependsOn.includes(to));
  return depends(a, b) || depends(b, a);
}

/** One for itself, and one for each that hangs on it, directly or not. */
function weightOf(name: string, { services }: ExploreFacts): number {
  const hanging = new Set<string>();
  const queue = [name];
  for (let at = queue.pop(); at !== undefined; at = queue.pop()) {
    for (const { name: other, dependsOn } of services) {
      if (hanging.has(other) || !dependsOn.includes(at)) continue;
      hanging.add(other);
      queue.push(other);
    }
  }
  const single = services.find((service) => service.name === name)?.replicas === 1;
  return (1 + hanging.size) * (single ? 2 : 1);
}
