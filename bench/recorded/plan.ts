/** How the services of a simulated system call each other, and which of them a fault may strike. */
import type { Random } from '../../src/model/random.ts';

export const FAULTS = [
  'cpu',
  'memory',
  'disk',
  'sockets',
  'delay',
  'loss',
  'exception',
  'wrong answer',
  'lost call',
] as const;
export type Fault = (typeof FAULTS)[number];

export interface Operation {
  readonly name: string;
  readonly ms: number;
  readonly calls: readonly Call[];
  readonly parallel: boolean;
}

export interface Call {
  readonly service: string;
  readonly operation: string;
  /** Chance that it is made: caches, branches. */
  readonly chance: number;
  readonly times: number;
}

export interface Service {
  readonly name: string;
  readonly kind: 'app' | 'store' | 'consumer';
  readonly operations: readonly Operation[];
  readonly retries: boolean;
  /** Chance that a failed call fails it as well. */
  readonly passesOn: number;
  readonly skewMs: number;
  readonly cpu: number;
  readonly memory: number;
}

const WORDS =
  'cart order user price stock pay ship mail ad review search profile route seat food travel station ticket config auth news media rank geo rate text notify cancel assure admin inside preserve security consign rebook basic verify wallet coupon image geo2 audit quota plan'.split(
    ' ',
  );
const STORES = ['redis', 'mongo', 'mysql', 'postgres'];

/** Calls per request below which a fault is felt by nobody. */
export const SELDOM = 0.1;

/** Calls per request, by service and by operation; callers come first in the list. */
export function ratesOf(services: readonly Service[]): Map<string, number> {
  const rates = new Map<string, number>();
  const add = (key: string, rate: number): void => void rates.set(key, (rates.get(key) ?? 0) + rate);
  const pages = services[0]?.operations ?? [];
  for (const { name } of pages) add(name, 1 / pages.length);
  for (const { operations, kind } of services) {
    if (kind === 'store') continue;
    for (const { name, calls } of operations) {
      for (const { service, operation, chance, times } of calls) {
        const rate = (rates.get(name) ?? 0) * chance * times;
        add(service, rate);
        if (operation !== 'query') add(operation, rate);
      }
    }
  }
  return rates;
}

/** Stores run other people's code; who calls nobody cannot leave a call out. */
export function mayHave({ name, kind, operations }: Service, fault: Fault | null): boolean {
  if (name === 'front') return false;
  if (fault === 'exception' || fault === 'wrong answer') return kind !== 'store';
  if (fault === 'lost call')
    return kind === 'app' && operations.some(({ calls }) => calls.some(({ chance }) => chance > 0.6));
  return kind !== 'consumer';
}

export function plan(random: Random, count: number): Service[] {
  const style = random.int(3);
  const named = (word: string): string => (style === 0 ? `${word}service` : style === 1 ? `ts-${word}-service` : word);
  const apps = ['front', ...WORDS.slice(0, count - 1).map(named)];
  const services: Service[] = [];
  const stores: Service[] = [];
  // From the deepest up, so that callees are known.
  for (let n = apps.length - 1; n >= 0; n--) {
    const name = apps[n] as string;
    const below = services.filter(({ kind }) => kind !== 'consumer').slice(-Math.max(3, Math.floor(count / 2)));
    const store = n > 0 && random.chance(0.6) ? storeFor(name, stores, random) : null;
    const operations = Array.from({ length: n === 0 ? 5 : 1 + random.int(3) }, (_, o): Operation => {
      const callees = n === 0 ? 3 : below.length === 0 ? 0 : random.int(3);
      const calls = Array.from({ length: callees }, (): Call => callOf(random.pick(below), random)).filter(
        (call, at, all) => all.findIndex(({ service }) => service === call.service) === at,
      );
      const toStore = store === null ? [] : [callOf(store, random)];
      return {
        name: `${n === 0 ? 'page' : apps[n]}.op${o}`,
        ms: 2 + 15 * random.float(),
        calls: [...calls, ...toStore],
        parallel: random.chance(0.2),
      };
    });
    const kind = n > 3 && random.chance(0.08) ? 'consumer' : 'app';
    services.push(serviceOf(name, kind, operations, random));
  }
  // Nobody is left uncalled.
  const called = new Set(
    services.flatMap(({ operations }) => operations.flatMap(({ calls }) => calls.map(({ service }) => service))),
  );
  const front = services.at(-1) as Service;
  for (const one of services) {
    if (one === front || called.has(one.name)) continue;
    const caller = random.chance(0.5) ? front : random.pick(services.slice(services.indexOf(one) + 1));
    const operation = random.pick(caller.operations) as Operation & { calls: Call[] };
    operation.calls.push(callOf(one, random));
  }
  return [...services.reverse(), ...stores];
}

function storeFor(name: string, stores: Service[], random: Random): Service {
  if (stores.length > 0 && random.chance(0.3)) return random.pick(stores);
  const store = serviceOf(
    `${name.replace(/service$|-service$/, '')}-${random.pick(STORES)}`,
    'store',
    [{ name: 'query', ms: 1 + 4 * random.float(), calls: [], parallel: false }],
    random,
  );
  stores.push(store);
  return store;
}

function callOf(callee: Service, random: Random): Call {
  return {
    service: callee.name,
    operation: random.pick(callee.operations).name,
    chance: random.chance(0.3) ? random.between(0.1, 0.6) : 1,
    times: random.chance(0.15) ? 2 + random.int(4) : 1,
  };
}

function serviceOf(name: string, kind: Service['kind'], operations: readonly Operation[], random: Random): Service {
  return {
    name,
    kind,
    operations,
    retries: random.chance(0.25),
    passesOn: random.chance(0.2) ? 0.2 : 0.95,
    skewMs: random.chance(0.2) ? Math.round(4_000 * (random.float() - 0.5)) : 0,
    cpu: random.between(0.02, 0.3),
    memory: 5e7 * (1 + 6 * random.float()),
  };
}
