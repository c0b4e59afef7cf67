/** Charges cards. A charge is named by its order and written down first: asking twice charges once. */
import { createHash } from 'node:crypto';
import { call, Refusal, serve } from '../service.ts';

const CHARGE_TTL_MS = 600_000;

serve({
  'PUT /charges/*': async ({ params: [order], body }) => {
    const cents = (body as { cents?: unknown } | undefined)?.cents;
    if (typeof cents !== 'number' || cents < 0) throw new Refusal(400, 'cents is a number');
    const receipt = createHash('sha256').update(`${order}:${cents}`).digest('hex').slice(0, 16);
    return await call('store', 'PUT', `/kv/${encodeURIComponent(`charge:${order}`)}`, {
      body: { value: { cents, receipt }, ttlMs: CHARGE_TTL_MS, ifAbsent: true },
    });
  },
});
