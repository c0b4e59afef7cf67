/** Which adapter an address belongs to. To add one: a file in adapters/, and a line here. */
import { HoldfastError } from '../model/errors.ts';
import type { Adapter } from './contract.ts';
import { OWN_STORE, withoutSecrets } from './target.ts';

type Load = () => Promise<(url: string) => Adapter>;

const http: Load = async () => (await import('./adapters/http.ts')).httpAdapter;
const redis: Load = async () => (await import('./adapters/redis.ts')).redisAdapter;
const postgres: Load = async () => (await import('./adapters/postgres.ts')).postgresAdapter;

/** By scheme of the address. */
export const ADAPTERS: Readonly<Record<string, Load>> = {
  'redis:': redis,
  'rediss:': redis,
  'postgres:': postgres,
  'postgresql:': postgres,
  'http:': http,
  'https:': http,
};

/**
 * HF8051 when no adapter knows the address. `own` is the adapter of Holdfast's own store, from who has one; it gets what
 * stands behind `store:`.
 */
export async function adapterFor(target: string, own: ((rest: string) => Adapter) | null = null): Promise<Adapter> {
  if (own !== null && target.startsWith(OWN_STORE)) return own(target.slice(OWN_STORE.length));
  const scheme = /^[a-z][a-z0-9+.-]*:(?=\/\/.)/i.exec(target)?.[0].toLowerCase() ?? '';
  const load = ADAPTERS[scheme];
  if (!load) {
    const known = [...Object.keys(ADAPTERS).map((name) => `${name}//`), OWN_STORE];
    throw new HoldfastError('HF8051', `"${withoutSecrets(target)}" begins with none of ${known.join(', ')}`);
  }
  try {
    return (await load())(target);
  } catch (error) {
    if (error instanceof HoldfastError) throw error;
    throw new HoldfastError('HF8051', `${withoutSecrets(target)}: ${(error as Error).message}`, { cause: error });
  }
}
