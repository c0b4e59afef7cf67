/**
 * Several services with damage of their own, and something that they share: a machine, a zone, a dependency. Accuses
 * what is shared, with the damage of all its members as its share, and as much more as it is unlikely that so many of
 * them are hurt by chance (hypergeometric tail, against one in ten).
 */
import type { RecordedPlacement } from '../recorded/types.ts';
import { type Lane, shareWeight } from './contract.ts';

/** Own shares below this are noise, not victims. */
const HURT = 0.05;
/** When one member has more than this of the members' damage it is that member's own. */
const ONE_ALONE = 0.8;
/** Explaining several by one thing more: slightly against, before the count is looked at. */
const COUNT = { neutral: 1, least: -0.5, most: 1.2 };

export const shared: Lane = {
  name: 'shared',
  cap: 2,
  ofDamage: true,
  examine({ recording, accounts, shares }) {
    const placement = recording.placement ?? [];
    if (placement.length === 0) return { evidence: [], missing: 'which service runs on which machine' };
    const own = new Map(shares.map(({ node, own: share }) => [accounts.graph.names[node] as string, share]));
    const places = new Map<string, { place: RecordedPlacement; members: Set<string> }>();
    for (const place of placement) {
      const key = `${place.kind}/${place.name}`;
      const known = places.get(key) ?? { place, members: new Set() };
      known.members.add(place.service);
      places.set(key, known);
    }
    const services = new Set(placement.map(({ service }) => service));
    const hurt = [...services].filter((service) => (own.get(service) ?? 0) >= HURT).length;
    const evidence = [...places.values()].flatMap(({ place, members }) => {
      const damage = [...members].map((service) => own.get(service) ?? 0);
      const all = damage.reduce((sum, share) => sum + share, 0);
      const victims = damage.filter((share) => share >= HURT).length;
      // What everybody shares tells nobody from anybody.
      if (victims < 2 || members.size === services.size || Math.max(...damage) > ONE_ALONE * all) return [];
      const chance = hypergeometricTail(victims, members.size, hurt, services.size);
      const count = Math.max(COUNT.least, Math.min(COUNT.most, -Math.log10(chance) - COUNT.neutral));
      const { kind, name } = place;
      const faultClass = kind === 'dependency' ? ('dependency' as const) : ('hardware' as const);
      const text = `${victims} of ${members.size} services on ${kind} ${name} are hurt, of ${hurt} in all`;
      return [{ kind, name, text, weight: shareWeight(all) + count, faultClass, mechanism: `shared ${kind}` }];
    });
    return { evidence, missing: null };
  },
};

/** P(at least k of the m drawn are marked), `marked` of `all` being so. */
function hypergeometricTail(k: number, m: number, marked: number, all: number): number {
  let sum = 0;
  for (let i = k; i <= Math.min(m, marked); i++) {
    sum += Math.exp(logChoose(marked, i) + logChoose(all - marked, m - i) - logChoose(all, m));
  }
  return Math.max(sum, 1e-12);
}

function logChoose(n: number, k: number): number {
  if (k < 0 || k > n) return Number.NEGATIVE_INFINITY;
  let sum = 0;
  for (let i = 1; i <= Math.min(k, n - k); i++) sum += Math.log((n - Math.min(k, n - k) + i) / i);
  return sum;
}
