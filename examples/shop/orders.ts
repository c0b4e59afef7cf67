/**
 * Checkout: reserve, charge, write the order down, queue the confirmation, empty the cart. The caller names the
 * order and every step is idempotent under that name, so a checkout that broke half-way is simply sent again.
 */
import { call, Refusal, serve } from '../service.ts';

const ORDER_TTL_MS = 600_000;
const key = (order: string) => `/kv/${encodeURIComponent(`order:${order}`)}`;

async function checkout(order: string, cart: string): Promise<object> {
  const { items } = await call<{ items: Record<string, number> }>('cart', 'GET', `/carts/${encodeURIComponent(cart)}`);
  const pieces = Object.values(items).reduce((sum, count) => sum + count, 0);
  const name = encodeURIComponent(order);
  await Promise.all([
    call('inventory', 'PUT', `/reservations/${name}`, { body: { items } }),
    call('payments', 'PUT', `/charges/${name}`, { body: { cents: pieces * 999 } }),
  ]);
  const value = { cart, items, pieces, state: 'paid' };
  await call('store', 'PUT', key(order), { body: { value, ttlMs: ORDER_TTL_MS } });
  await call('store', 'PUT', `/queues/mail/${name}`, { body: { item: { to: cart, order } } });
  await call('cart', 'DELETE', `/carts/${encodeURIComponent(cart)}`);
  return { order, ...value };
}

serve({
  'PUT /orders/*': ({ params: [order], body }) => {
    const cart = (body as { cart?: unknown } | undefined)?.cart;
    if (typeof cart !== 'string') throw new Refusal(400, 'cart is the name of a cart');
    return checkout(order as string, cart);
  },
  'GET /orders/*': ({ params: [order] }) => call('store', 'GET', key(order as string)),
});
