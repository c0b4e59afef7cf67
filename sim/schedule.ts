/** What goes wrong in a run, and when: drawn from the seed beforehand, so that a failing run can be cut down. */
import type { Random } from '../src/model/random.ts';
import type { SystemSpec } from '../src/model/spec.ts';
import type { Ms } from '../src/model/time.ts';
import type { Ailment } from './machine.ts';

export type Trouble =
  | { readonly kind: 'crash'; readonly service: string; readonly pick: number }
  | { readonly kind: 'ailment'; readonly service: string; readonly pick: number; readonly ailment: Ailment }
  /** The ailment of every instance of the service ends by itself after `forMs`. */
  | { readonly kind: 'outage'; readonly service: string; readonly ailment: Ailment; readonly forMs: Ms }
  /** The primary of a database, and Holdfast's own server so much later; null: that stays. */
  | { readonly kind: 'primary-lost'; readonly how: 'killed' | 'paused'; readonly serverAfterMs: Ms | null }
  /** A database's standbys copy nothing for so long, and the primary is killed around the time when they do again. */
  | { readonly kind: 'standbys-behind'; readonly cutMs: Ms; readonly killAfterMs: Ms }
  | { readonly kind: 'bad-change'; readonly service: string; readonly badness: 'crash' | 'erroring' | 'deaf' }
  | { readonly kind: 'good-change'; readonly service: string }
  | { readonly kind: 'operator-restart'; readonly service: string }
  | { readonly kind: 'scale'; readonly service: string; readonly replicas: number }
  | { readonly kind: 'server-crash'; readonly downMs: Ms }
  | { readonly kind: 'disk-fault'; readonly downMs: Ms }
  | { readonly kind: 'link-down'; readonly forMs: Ms }
  | { readonly kind: 'link-slow'; readonly delayMs: Ms; readonly forMs: Ms }
  | { readonly kind: 'start-failures'; readonly count: number }
  | { readonly kind: 'stop-automation'; readonly forMs: Ms }
  | { readonly kind: 'wall-jump'; readonly byMs: Ms };

export interface ScheduledTrouble {
  readonly at: Ms;
  readonly trouble: Trouble;
}

/** The first trouble comes after the system is up, the last leaves it time to heal. */
export const FIRST_TROUBLE_MS = 25_000;

export function randomSchedule(random: Random, spec: SystemSpec, lengthMs: Ms): ScheduledTrouble[] {
  const count = 1 + random.int(6);
  const troubles: ScheduledTrouble[] = [];
  for (let index = 0; index < count; index++) {
    const at = Math.round(FIRST_TROUBLE_MS + random.float() * lengthMs);
    troubles.push({ at, trouble: randomTrouble(random, spec) });
  }
  return troubles.sort((a, b) => a.at - b.at);
}

function randomTrouble(random: Random, spec: SystemSpec): Trouble {
  const service = random.pick(Object.keys(spec.services));
  const pick = random.uint32();
  if (spec.services.database && random.chance(0.35)) {
    if (random.chance(0.4)) {
      const cutMs = random.between(1_000, 5_000);
      return { kind: 'standbys-behind', cutMs, killAfterMs: random.between(1_000, cutMs + 1_500) };
    }
    const serverAfterMs = random.chance(0.5) ? random.between(0, 1_500) : null;
    return { kind: 'primary-lost', how: random.pick(['killed', 'paused'] as const), serverAfterMs };
  }
  const ailment = random.pick<Ailment>(['hung', 'slow', 'erroring', 'deaf', 'leaking']);
  switch (random.int(16)) {
    case 0:
    case 1:
    case 2:
      return { kind: 'crash', service, pick };
    case 3:
    case 4:
    case 5:
      return { kind: 'ailment', service, pick, ailment };
    case 6:
      return { kind: 'outage', service, ailment, forMs: random.between(5_000, 20_000) };
    case 7:
      return { kind: 'bad-change', service, badness: random.pick(['crash', 'erroring', 'deaf'] as const) };
    case 8:
      return { kind: 'good-change', service };
    case 9:
      return random.chance(0.5)
        ? { kind: 'operator-restart', service }
        : { kind: 'scale', service, replicas: 1 + random.int(4) };
    case 10:
    case 11:
      return { kind: 'server-crash', downMs: random.between(100, 8_000) };
    case 12:
      return { kind: 'disk-fault', downMs: random.between(500, 5_000) };
    case 13:
      return random.chance(0.5)
        ? { kind: 'link-down', forMs: random.between(200, 6_000) }
        : { kind: 'link-slow', delayMs: random.between(20, 900), forMs: random.between(2_000, 10_000) };
    case 14:
      return random.chance(0.5)
        ? { kind: 'start-failures', count: 1 + random.int(3) }
        : { kind: 'stop-automation', forMs: random.between(2_000, 15_000) };
    default:
      return { kind: 'wall-jump', byMs: random.between(-7_200_000, 7_200_000) };
  }
}

export function describeTrouble(trouble: Trouble): string {
  const { kind, ...rest } = trouble;
  return `${kind} ${Object.entries(rest)
    .map(([key, value]) => `${key}=${typeof value === 'number' ? Math.round(value) : value}`)
    .join(' ')}`;
}
