/** Takes confirmations off the queue and "sends" them. A mail that is not confirmed as sent is taken again later. */
import { call, delay, serve } from '../service.ts';

interface Mail {
  readonly id: string;
  readonly item: { readonly to: string; readonly order: string };
}

const IDLE_MS = 250;
let stopping = false;
let sent = 0;

async function work(): Promise<void> {
  while (!stopping) {
    try {
      const { mails } = await call<{ mails: Mail[] }>('store', 'POST', '/queues/mail/take', { body: { max: 10 } });
      for (const mail of mails) {
        await call('store', 'DELETE', `/queues/mail/${encodeURIComponent(mail.id)}`);
        sent += 1;
      }
      if (mails.length === 0) await delay(IDLE_MS);
    } catch (error) {
      process.stderr.write(`mailer: ${String(error)}\n`);
      await delay(4 * IDLE_MS);
    }
  }
}

serve({ 'GET /sent': () => ({ sent }) }, () => {
  stopping = true;
});
void work();
