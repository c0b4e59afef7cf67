/** A real DogStatsD client (hot-shots) against our listener. */
import StatsD from 'hot-shots';
import { expect, it, vi } from 'vitest';
import { statsd } from '../../src/intake/statsd/index.ts';
import { rig } from '../../src/intake/testing/rig.ts';

it('takes what hot-shots sends: metrics, an event, a service check', async () => {
  const under = rig({ windowMs: 50 });
  const running = await statsd.start(under.hub, { port: 0 });
  const client = new StatsD({
    host: '127.0.0.1',
    port: running.address.port,
    prefix: 'app.',
    globalTags: { service: 'shop' },
  });
  client.increment('orders', 3, { kind: 'book' });
  client.gauge('queue', 17);
  client.timing('took', 120);
  client.unique('users', 'alice');
  client.distribution('size', 10);
  client.event('deployed', 'version 2 is out', { alert_type: 'info' });
  client.check('db.up', client.CHECKS.WARNING, { message: 'slow' });
  await vi.waitFor(() => expect(under.points().length).toBeGreaterThanOrEqual(13), 30_000);
  expect(under.points().sort()).toEqual(
    expect.arrayContaining([
      'app.orders{kind=book,service=shop} 3',
      'app.queue{service=shop} 17',
      'app.took_count{service=shop} 1',
      'app.took_sum{service=shop} 120',
      'app.users{service=shop} 1',
      'app.size_max{service=shop} 10',
    ]),
  );
  const changes = under.batches.flatMap((batch) => batch.changes);
  expect(changes).toMatchObject([{ title: 'app.deployed', text: 'version 2 is out', services: ['shop'] }]);
  const checks = under.batches.flatMap((batch) => batch.checks);
  expect(checks).toMatchObject([{ check: 'app.db.up', state: 'warning', subject: 'shop', text: 'slow' }]);
  await new Promise<void>((resolve) => client.close(() => resolve()));
  await running.close();
  under.hub.close();
});

it('refuses to be given a token that nobody could show', async () => {
  const under = rig();
  await expect(statsd.start(under.hub, { port: 0, token: 'x' })).rejects.toMatchObject({ code: 'HF1004' });
  under.hub.close();
});
