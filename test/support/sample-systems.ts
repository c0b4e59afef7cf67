/** How each sample system is started and loaded, by tests and benchmarks. */
import { join } from 'node:path';
import { ensureDebian } from './debian.ts';
import { Load } from './load.ts';
import { DIST, ensureBuilt } from './paths.ts';
import { freePort, TestSystem } from './system.ts';

export interface Loaded {
  readonly system: TestSystem;
  readonly load: Load;
}

/** Enough to see what is lost, little enough that the faults and not the machine are what is measured. */
const RATE_PER_SEC = 60;

export async function startShop(ratePerSec = RATE_PER_SEC): Promise<Loaded> {
  const { system, url } = await openShop();
  return { system, load: shopLoad(url, ratePerSec) };
}

/** The shop with few customers of its own. */
export async function openShop(): Promise<{ readonly system: TestSystem; readonly url: string }> {
  ensureBuilt();
  const port = await freePort();
  const system = await TestSystem.start({
    file: join(DIST, 'examples/shop/compose.yaml'),
    variables: { HOLDFAST_DRILLS: '1', SHOP_PORT: String(port), RATE: '5' },
  });
  return { system, url: `http://127.0.0.1:${port}` };
}

/** Customers who look, fill carts and order. */
export function shopLoad(url: string, ratePerSec: number): Load {
  return new Load({
    url,
    ratePerSec,
    requests: [
      { path: '/products/p1', weight: 4 },
      { method: 'PUT', path: '/carts/load{n}/items/p2', body: { count: 1 }, weight: 3 },
      { method: 'PUT', path: '/orders/load{n}', body: { cart: 'load' }, weight: 3 },
    ],
  });
}

export async function startWeb(ratePerSec = RATE_PER_SEC): Promise<Loaded> {
  ensureBuilt();
  ensureDebian(['nginx', 'redis-server']);
  const port = await freePort();
  const system = await TestSystem.start({
    file: join(DIST, 'examples/web/compose.yaml'),
    variables: { HOLDFAST_DRILLS: '1', WEB_PORT: String(port) },
  });
  const load = new Load({
    url: `http://127.0.0.1:${port}`,
    ratePerSec,
    requests: [
      { path: '/', weight: 2 },
      { path: '/api/visits', weight: 4 },
      { method: 'PUT', path: '/api/notes/{n}', body: { text: 'hello' }, weight: 4 },
    ],
  });
  return { system, load };
}
