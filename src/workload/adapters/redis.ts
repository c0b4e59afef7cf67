/**
 * Redis: `redis://[user:password@]host:port[/db]`. One Redis is linearizable while it runs, and over a crash only
 * with `appendonly yes` and `appendfsync always`; a failover to a replica may lose what was acknowledged. Scripts and
 * MULTI/EXEC make several commands one step.
 *
 * An error reply is given before anything is changed (Redis checks a command, its memory and its role first), so it
 * is a failure; a connection that ends before the reply leaves the outcome unknown.
 */
import type { RedisClientType } from '@redis/client';
import type { ConsistencyModel, WorkloadKind } from '../../model/consistency.ts';
import { HoldfastError } from '../../model/errors.ts';
import type { Value } from '../../model/history.ts';
import type { Ms } from '../../model/time.ts';
import { type Adapter, type Call, type Connection, fail, info, type Outcome, ok } from '../contract.ts';
import { withoutSecrets } from '../target.ts';

const CAS = `if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('SET', KEYS[1], ARGV[2]) return 1 end return 0`;
/** A register that was never written holds nil. */
const CAS_FROM_NIL = `if redis.call('EXISTS', KEYS[1]) == 0 then redis.call('SET', KEYS[1], ARGV[1]) return 1 end return 0`;
const CLEAN_BATCH = 500;

export function redisAdapter(url: string): Adapter {
  return new RedisAdapter(url);
}

class RedisAdapter implements Adapter {
  readonly name = 'redis';
  readonly target: string;
  readonly workloads: readonly WorkloadKind[] = ['register', 'cas-register', 'set', 'counter', 'queue', 'list-append'];
  readonly #url: string;
  #prefix = '';
  #workload: WorkloadKind = 'register';

  constructor(url: string) {
    this.#url = url;
    this.target = withoutSecrets(url);
  }

  promises(workload: WorkloadKind): ConsistencyModel {
    return workload === 'list-append' ? 'strict-serializable' : 'linearizable';
  }

  async prepare(workload: WorkloadKind, run: string): Promise<void> {
    this.#workload = workload;
    this.#prefix = `holdfast:${run}:`;
    try {
      const client = await this.#open(5_000);
      await client.sendCommand(['PING']);
      client.destroy();
    } catch (error) {
      throw new HoldfastError('HF8053', `${this.target}: ${(error as Error).message}`, { cause: error });
    }
  }

  async connect(timeoutMs: Ms): Promise<Connection> {
    return new RedisConnection(await this.#open(timeoutMs), this.#prefix, this.#workload);
  }

  async cleanUp(): Promise<readonly string[]> {
    try {
      const client = await this.#open(2_000);
      let cursor = '0';
      do {
        const scan = ['SCAN', cursor, 'MATCH', `${this.#prefix}*`, 'COUNT', String(CLEAN_BATCH)];
        const [next, keys] = await client.sendCommand<[string, string[]]>(scan);
        if (keys.length > 0) await client.sendCommand(['UNLINK', ...keys]);
        cursor = next;
      } while (cursor !== '0');
      client.destroy();
      return [];
    } catch (error) {
      return [`keys ${this.#prefix}* in ${this.target}: ${(error as Error).message}`];
    }
  }

  async #open(timeoutMs: Ms): Promise<RedisClientType> {
    // Loaded when a Redis is asked for: nobody else pays for it.
    const { createClient } = await import('@redis/client');
    const socket = { reconnectStrategy: false as const, connectTimeout: timeoutMs };
    const client = createClient({ url: this.#url, socket, disableOfflineQueue: true }) as RedisClientType;
    // Without a listener an error would end the process; every call hears of it by its own rejection.
    client.on('error', () => undefined);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error('no connection in time')), timeoutMs);
    });
    try {
      await Promise.race([client.connect(), late]);
      return client;
    } catch (error) {
      if (client.isOpen) client.destroy();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }
}

class RedisConnection implements Connection {
  readonly #client: RedisClientType;
  readonly #prefix: string;
  readonly #workload: WorkloadKind;

  constructor(client: RedisClientType, prefix: string, workload: WorkloadKind) {
    this.#client = client;
    this.#prefix = prefix;
    this.#workload = workload;
  }

  alive(): boolean {
    return this.#client.isReady;
  }

  close(): void {
    if (this.#client.isOpen) this.#client.destroy();
  }

  async call(call: Call): Promise<Outcome> {
    try {
      return await this.#do(call);
    } catch (error) {
      const { ErrorReply, ClientClosedError, ClientOfflineError } = await import('@redis/client');
      const message = (error as Error).message;
      const unsent = error instanceof ClientClosedError || error instanceof ClientOfflineError;
      return unsent || error instanceof ErrorReply ? fail(message) : info(message);
    }
  }

  async #do({ f, key, value }: Call): Promise<Outcome> {
    const name = this.#prefix + key;
    switch (f) {
      case 'read':
        return ok(await this.#read(name));
      case 'write':
        await this.#send('SET', name, String(value));
        return ok(value);
      case 'cas': {
        const [from, to] = value as readonly [number | null, number];
        const script = from === null ? ['EVAL', CAS_FROM_NIL, '1', name] : ['EVAL', CAS, '1', name, String(from)];
        return (await this.#send(...script, String(to))) === 1 ? ok(value) : fail();
      }
      case 'add':
        await this.#send(this.#workload === 'set' ? 'SADD' : 'INCRBY', name, String(value));
        return ok(value);
      case 'enqueue':
        await this.#send('RPUSH', name, String(value));
        return ok(value);
      case 'dequeue':
        return ok(numberOrNil(await this.#send('LPOP', name)));
      case 'txn':
        return this.#transaction(value as readonly (readonly [string, string, number | null])[]);
      default:
        return fail(`redis has no ${f}`);
    }
  }

  async #read(name: string): Promise<Value> {
    if (this.#workload === 'set') return ((await this.#send('SMEMBERS', name)) as string[]).map(Number);
    const value = numberOrNil(await this.#send('GET', name));
    return this.#workload === 'counter' ? (value ?? 0) : value;
  }

  async #transaction(operations: readonly (readonly [string, string, number | null])[]): Promise<Outcome> {
    const multi = this.#client.multi();
    for (const [f, key, value] of operations) {
      const name = this.#prefix + key;
      if (f === 'r') multi.lRange(name, 0, -1);
      else multi.rPush(name, String(value));
    }
    const replies = (await multi.exec()) as unknown as readonly (readonly string[])[];
    return ok(operations.map(([f, key, value], n) => [f, key, f === 'r' ? (replies[n] ?? []).map(Number) : value]));
  }

  #send(...args: readonly string[]): Promise<unknown> {
    return this.#client.sendCommand(args);
  }
}

function numberOrNil(reply: unknown): number | null {
  return reply === null || reply === undefined ? null : Number(reply);
}
