/** The shop's front door: what browsers and the shopper call. Keeps nothing itself. */
import { call, serve } from '../service.ts';

/** The gateway waits longer than what it calls, so that the error it passes on is theirs and says more. */
const timeoutMs = 6_000;

serve({
  'GET /': () => ({ shop: 'open', try: ['/products', '/products/p1', '/carts/me', '/orders/o1'] }),
  'GET /products': () => call('catalog', 'GET', '/products', { timeoutMs }),
  'GET /products/*': async ({ params: [sku] }) => {
    const path = encodeURIComponent(sku as string);
    const [product, stock] = await Promise.all([
      call<object>('catalog', 'GET', `/products/${path}`, { timeoutMs }),
      call<object>('inventory', 'GET', `/stock/${path}`, { timeoutMs }),
    ]);
    return { ...product, ...stock };
  },
  'GET /carts/*': ({ params: [cart] }) =>
    call('cart', 'GET', `/carts/${encodeURIComponent(cart as string)}`, { timeoutMs }),
  'PUT /carts/*/items/*': ({ params: [cart, sku], body }) =>
    call('cart', 'PUT', `/carts/${encodeURIComponent(cart as string)}/items/${encodeURIComponent(sku as string)}`, {
      body,
      timeoutMs,
    }),
  'PUT /orders/*': ({ params: [order], body }) =>
    call('orders', 'PUT', `/orders/${encodeURIComponent(order as string)}`, { body, timeoutMs }),
  'GET /orders/*': ({ params: [order] }) =>
    call('orders', 'GET', `/orders/${encodeURIComponent(order as string)}`, { timeoutMs }),
});
