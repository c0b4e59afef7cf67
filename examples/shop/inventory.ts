/** Stock and reservations. A reservation is named by its order: asking twice reserves once. */
import { call, Refusal, serve } from '../service.ts';

const RESERVATION_TTL_MS = 600_000;
const MAX_PER_ORDER = 500;

/** Deliveries come every hour, so stock is plentiful and differs by product. */
function stockOf(sku: string): number {
  return 1_000 + (((Number(sku.slice(1)) || 0) * 37) % 500);
}

serve({
  'GET /stock/*': ({ params: [sku] }) => ({ stock: stockOf(sku as string) }),
  'PUT /reservations/*': ({ params: [order], body }) => {
    const items = (body as { items?: Record<string, number> } | undefined)?.items ?? {};
    const total = Object.values(items).reduce((sum, count) => sum + count, 0);
    if (total > MAX_PER_ORDER) throw new Refusal(409, `at most ${MAX_PER_ORDER} pieces an order`);
    return call('store', 'PUT', `/kv/${encodeURIComponent(`reservation:${order}`)}`, {
      body: { value: items, ttlMs: RESERVATION_TTL_MS, ifAbsent: true },
    });
  },
});
