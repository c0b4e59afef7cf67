/** One life of a PostgreSQL server: what it says of itself and of its standbys, and how it changes its role. */
import { Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import type { Client } from 'pg';
import { HoldfastError } from '../../model/errors.ts';
import type { LaunchSpec, RolePeer, SyncSet } from '../../model/link.ts';
import { INSTANCE_HOST, type PromoteOrder, portOf, type RoleSession, type Seen } from '../contract.ts';

/** One statement, so that what it says belongs together. Positions are bytes of log. */
const LOOK = `SELECT pg_is_in_recovery() AS standby,
  current_setting('synchronous_standby_names') AS names,
  CASE WHEN pg_is_in_recovery() THEN NULL ELSE pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::text END AS position,
  (SELECT coalesce(json_agg(json_build_object('name', application_name, 'state', state, 'sync', sync_state,
    'flushed', pg_wal_lsn_diff(flush_lsn, '0/0')::text)), '[]')
   FROM pg_stat_replication) AS standbys`;

interface Row {
  readonly standby: boolean;
  readonly names: string;
  readonly position: string | null;
  readonly standbys: readonly {
    readonly name: string;
    readonly state: string | null;
    readonly sync: string | null;
    readonly flushed: string | null;
  }[];
}

/** How often a promotion is looked at. */
const PROMOTE_POLL_MS = 20;

export class PostgresSession implements RoleSession {
  readonly #launch: LaunchSpec;
  readonly #maxLagBytes: number;
  /** The list that was last set here, and the position beyond which all that is acknowledged has waited for it. */
  #sync: { readonly set: SyncSet; looks: number; barrier: bigint | null } | null = null;

  constructor(launch: LaunchSpec, maxLagBytes: number) {
    this.#launch = launch;
    this.#maxLagBytes = maxLagBytes;
  }

  async look(signal: AbortSignal): Promise<Seen> {
    const { rows } = await this.#ask(signal, (client) => client.query<Row>(LOOK));
    const row = rows[0] as Row;
    if (row.standby || row.position === null) return { role: 'standby', near: [], caughtUp: [], syncVersion: null };
    const position = BigInt(row.position);
    const streaming = row.standbys.filter(({ state, flushed }) => state === 'streaming' && flushed !== null);
    const close = streaming.filter(({ flushed }) => position - BigInt(flushed as string) <= BigInt(this.#maxLagBytes));
    const near = close.map(({ name }) => name).sort();
    return { role: 'primary', near, ...this.#acknowledged(row, position, near) };
  }

  /**
   * A standby has caught up when writes wait for it and it has all that was written before they did. Servers take up
   * a new list a little after it is set, so the position that counts is that of the second look after.
   */
  #acknowledged(row: Row, position: bigint, near: readonly string[]): Pick<Seen, 'caughtUp' | 'syncVersion'> {
    const sync = this.#sync;
    if (sync === null || row.names !== listOf(sync.set)) {
      // Not under our list (none was set in this life, or somebody changed it): asynchronous as far as we know.
      return { caughtUp: sync === null ? near : [], syncVersion: null };
    }
    sync.looks += 1;
    if (sync.looks === 2) sync.barrier = position;
    const { barrier } = sync;
    const caughtUp = row.standbys.filter(
      ({ name, sync: state, flushed }) =>
        barrier !== null &&
        flushed !== null &&
        BigInt(flushed) >= barrier &&
        (state === 'sync' || state === 'quorum') &&
        sync.set.names.includes(name),
    );
    return { caughtUp: caughtUp.map(({ name }) => name).sort(), syncVersion: sync.set.version };
  }

  promote({ sync, withinMs }: PromoteOrder, signal: AbortSignal): Promise<void> {
    return this.#ask(signal, async (client) => {
      if (sync !== null) await this.#setList(client, sync);
      if (!(await inRecovery(client))) return;
      await client.query('SELECT pg_promote(false)');
      const until = performance.now() + withinMs;
      while (await inRecovery(client)) {
        if (performance.now() > until)
          throw new HoldfastError('HF3011', `${this.#launch.instance} did not leave recovery in time`);
        await wait(PROMOTE_POLL_MS, undefined, { signal });
      }
    });
  }

  follow(primary: RolePeer, signal: AbortSignal): Promise<void> {
    const user = this.#launch.environment.POSTGRES_USER ?? 'postgres';
    const address = `host=${INSTANCE_HOST} port=${primary.port} user=${user}`;
    const conninfo = `${address} application_name=${this.#launch.instance} connect_timeout=2`;
    return this.#ask(signal, async (client) => {
      if (!(await inRecovery(client)))
        throw new HoldfastError('HF3011', `${this.#launch.instance} leads: it can follow only after a restart`);
      await client.query(`ALTER SYSTEM SET primary_conninfo = ${literal(conninfo)}`);
      await client.query('SELECT pg_reload_conf()');
    });
  }

  waitFor(sync: SyncSet, signal: AbortSignal): Promise<void> {
    return this.#ask(signal, (client) => this.#setList(client, sync));
  }

  async #setList(client: Client, set: SyncSet): Promise<void> {
    if (this.#sync?.set.version === set.version) return;
    this.#sync = null;
    await client.query(`ALTER SYSTEM SET synchronous_standby_names = ${literal(listOf(set))}`);
    await client.query('SELECT pg_reload_conf()');
    this.#sync = { set, looks: 0, barrier: null };
  }

  async #ask<T>(signal: AbortSignal, work: (client: Client) => Promise<T>): Promise<T> {
    const { Client: PgClient } = (await import('pg')).default;
    const { POSTGRES_USER: user = 'postgres', POSTGRES_PASSWORD: password } = this.#launch.environment;
    let socket: Socket | undefined;
    const client = new PgClient({
      host: INSTANCE_HOST,
      port: portOf(this.#launch),
      user,
      ...(password ? { password } : {}),
      database: 'postgres',
      application_name: 'holdfast',
      stream: () => {
        socket = new Socket();
        return socket;
      },
    });
    // Told by the rejection of what was under way.
    client.on('error', () => undefined);
    const drop = (): void => {
      socket?.destroy(new Error('timeout'));
    };
    signal.addEventListener('abort', drop, { once: true });
    try {
      signal.throwIfAborted();
      await client.connect();
      const result = await work(client);
      await client.end();
      return result;
    } finally {
      signal.removeEventListener('abort', drop);
      socket?.destroy();
    }
  }
}

async function inRecovery(client: Client): Promise<boolean> {
  const { rows } = await client.query<{ readonly standby: boolean }>('SELECT pg_is_in_recovery() AS standby');
  return rows[0]?.standby ?? true;
}

/** All of them must have a write before it is acknowledged, so that any of them may lead next. */
function listOf({ names }: SyncSet): string {
  if (names.length === 0) return '';
  return `ANY ${names.length} (${names.map((name) => `"${name}"`).join(', ')})`;
}

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
