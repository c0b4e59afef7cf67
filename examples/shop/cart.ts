/** Shopping carts. Their state is in the store, so that any replica can serve any cart. */
import { call, Refusal, serve } from '../service.ts';

const CART_TTL_MS = 600_000;
type Items = Record<string, number>;
const key = (cart: string) => `/kv/${encodeURIComponent(`cart:${cart}`)}`;

async function read(cart: string): Promise<Items> {
  const entry = await call<{ value: Items } | null>('store', 'GET', key(cart), { missing: 404 });
  return entry?.value ?? {};
}

serve({
  'GET /carts/*': async ({ params: [cart] }) => ({ items: await read(cart as string) }),
  'PUT /carts/*/items/*': async ({ params: [cart, sku], body }) => {
    const count = (body as { count?: unknown } | undefined)?.count;
    if (typeof count !== 'number' || !(count >= 0 && count <= 99)) throw new Refusal(400, 'count is 0 to 99');
    const items = { ...(await read(cart as string)), [sku as string]: count };
    await call('store', 'PUT', key(cart as string), { body: { value: items, ttlMs: CART_TTL_MS } });
    return { items };
  },
  'DELETE /carts/*': ({ params: [cart] }) => call('store', 'DELETE', key(cart as string)),
});
