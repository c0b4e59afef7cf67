/** One life of a Redis server: what INFO says of it and of its standbys, and REPLICAOF. */
import type { LaunchSpec, RolePeer } from '../../model/link.ts';
import { INSTANCE_HOST, portOf, type RoleSession, type Seen } from '../contract.ts';

type Send = (...words: readonly string[]) => Promise<string>;

export class RedisSession implements RoleSession {
  readonly #launch: LaunchSpec;
  readonly #maxLagBytes: number;

  constructor(launch: LaunchSpec, maxLagBytes: number) {
    this.#launch = launch;
    this.#maxLagBytes = maxLagBytes;
  }

  async look(signal: AbortSignal): Promise<Seen> {
    return readInfo(await this.#ask(signal, (send) => send('INFO', 'replication')), this.#maxLagBytes);
  }

  async promote(_order: unknown, signal: AbortSignal): Promise<void> {
    await this.#ask(signal, (send) => send('REPLICAOF', 'NO', 'ONE'));
  }

  async follow(primary: RolePeer, signal: AbortSignal): Promise<void> {
    await this.#ask(signal, (send) => send('REPLICAOF', INSTANCE_HOST, String(primary.port)));
  }

  /** The spec refuses synchronous standbys for Redis: it has none. */
  async waitFor(): Promise<void> {}

  async #ask<T>(signal: AbortSignal, work: (send: Send) => Promise<T>): Promise<T> {
    const { createClient } = await import('@redis/client');
    const password = this.#launch.environment.REDIS_PASSWORD;
    const client = createClient({
      socket: { host: INSTANCE_HOST, port: portOf(this.#launch), reconnectStrategy: false },
      ...(password ? { password } : {}),
      disableOfflineQueue: true,
    });
    // Told by the rejection of what was under way.
    client.on('error', () => undefined);
    const drop = (): void => client.destroy();
    signal.addEventListener('abort', drop, { once: true });
    try {
      signal.throwIfAborted();
      await client.connect();
      return await work(async (...words) => String(await client.sendCommand([...words])));
    } finally {
      signal.removeEventListener('abort', drop);
      if (client.isOpen) client.destroy();
    }
  }
}

/** `slave0:ip=cache-2,port=20011,state=online,offset=98,lag=0`; the ip is the name that the standby announces. */
export function readInfo(text: string, maxLagBytes: number): Seen {
  const fields = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const colon = line.indexOf(':');
    if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 1));
  }
  if (fields.get('role') !== 'master') return { role: 'standby', near: [], caughtUp: [], syncVersion: null };
  const position = Number(fields.get('master_repl_offset'));
  const near: string[] = [];
  for (const [name, value] of fields) {
    if (!/^slave\d+$/.test(name)) continue;
    const standby = new Map(value.split(',').map((each) => each.split('=') as [string, string]));
    const lag = position - Number(standby.get('offset'));
    const who = standby.get('ip');
    if (who !== undefined && standby.get('state') === 'online' && lag <= maxLagBytes) near.push(who);
  }
  near.sort();
  return { role: 'primary', near, caughtUp: near, syncVersion: null };
}
