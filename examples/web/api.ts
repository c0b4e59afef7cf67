/** The API behind nginx: counters and notes, kept in Redis. */
import { Refusal, serve } from '../service.ts';
import { RedisClient } from './redis-client.ts';

const redis = new RedisClient(process.env.REDIS_HOST ?? '127.0.0.1', Number(process.env.REDIS_PORT ?? 6379));

/** Redis trouble is answered as such: 502, and 504 when it was too late. */
async function ask(...command: string[]): Promise<string | number | null> {
  try {
    return await redis.send(command);
  } catch (error) {
    throw new Refusal(502, `redis: ${error instanceof Error ? error.message : String(error)}`);
  }
}

serve(
  {
    'GET /visits': async () => ({ visits: Number((await ask('GET', 'visits')) ?? 0) }),
    'POST /visits': async () => ({ visits: await ask('INCR', 'visits') }),
    'GET /notes/*': async ({ params: [name] }) => {
      const text = await ask('GET', `note:${name}`);
      if (text === null) throw new Refusal(404, `no note ${name}`);
      return { text };
    },
    'PUT /notes/*': async ({ params: [name], body }) => {
      const text = (body as { text?: unknown } | undefined)?.text;
      if (typeof text !== 'string') throw new Refusal(400, 'text is a string');
      await ask('SET', `note:${name}`, text);
      return { text };
    },
  },
  () => redis.close(),
);
