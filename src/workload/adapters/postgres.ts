/**
 * PostgreSQL: `postgres://user:password@host:port/database?isolation=serializable`. Every call is one transaction at
 * the isolation level asked for (serializable unless said otherwise), in a schema of this run alone.
 *
 * What goes wrong before COMMIT is sent had no effect: the server rolls back what was not committed. An error that
 * COMMIT itself brings is a failure when it says so (class 40: serialization failure, deadlock), else unknown.
 */
import type { Client, ClientConfig } from 'pg';
import type { ConsistencyModel, WorkloadKind } from '../../model/consistency.ts';
import { HoldfastError } from '../../model/errors.ts';
import type { Value } from '../../model/history.ts';
import type { Ms } from '../../model/time.ts';
import { type Adapter, type Call, type Connection, fail, info, type Outcome, ok } from '../contract.ts';
import { withoutSecrets } from '../target.ts';

const LEVELS: Readonly<Record<string, { readonly sql: string; readonly promises: ConsistencyModel }>> = {
  serializable: { sql: 'SERIALIZABLE', promises: 'serializable' },
  // What PostgreSQL calls repeatable read is snapshot isolation.
  'repeatable-read': { sql: 'REPEATABLE READ', promises: 'snapshot-isolation' },
  'read-committed': { sql: 'READ COMMITTED', promises: 'read-committed' },
};

export function postgresAdapter(url: string): Adapter {
  const parsed = new URL(url);
  const isolation = parsed.searchParams.get('isolation') ?? 'serializable';
  parsed.searchParams.delete('isolation');
  const level = LEVELS[isolation];
  if (!level)
    throw new HoldfastError('HF8051', `no isolation level "${isolation}"; there are ${Object.keys(LEVELS).join(', ')}`);
  return new PostgresAdapter(parsed.href, withoutSecrets(url), level);
}

class PostgresAdapter implements Adapter {
  readonly name = 'postgres';
  readonly target: string;
  readonly workloads: readonly WorkloadKind[] = ['register', 'cas-register', 'set', 'counter', 'list-append'];
  readonly #url: string;
  readonly #level: (typeof LEVELS)[string];
  #schema = '';
  #workload: WorkloadKind = 'register';

  constructor(url: string, target: string, level: (typeof LEVELS)[string]) {
    this.#url = url;
    this.target = target;
    this.#level = level;
  }

  promises(workload: WorkloadKind): ConsistencyModel {
    if (workload === 'list-append') return this.#level?.promises ?? 'read-committed';
    // One statement on one row: linearizable at every level of one PostgreSQL.
    return 'linearizable';
  }

  async prepare(workload: WorkloadKind, run: string): Promise<void> {
    this.#workload = workload;
    this.#schema = `holdfast_${run.replace(/\W/g, '_')}`;
    try {
      await this.#alone(`
        CREATE SCHEMA ${this.#schema};
        CREATE TABLE ${this.#schema}.registers (key text PRIMARY KEY, value bigint NOT NULL);
        CREATE TABLE ${this.#schema}.elements (key text, value bigint, PRIMARY KEY (key, value));
        CREATE TABLE ${this.#schema}.lists (key text PRIMARY KEY, value text NOT NULL);`);
    } catch (error) {
      throw new HoldfastError('HF8053', `${this.target}: ${(error as Error).message}`, { cause: error });
    }
  }

  async connect(timeoutMs: Ms): Promise<Connection> {
    const client = await this.#open(timeoutMs);
    return new PostgresConnection(client, this.#workload, this.#schema, `BEGIN ISOLATION LEVEL ${this.#level?.sql}`);
  }

  async cleanUp(): Promise<readonly string[]> {
    try {
      await this.#alone(`DROP SCHEMA IF EXISTS ${this.#schema} CASCADE`);
      return [];
    } catch (error) {
      return [`schema ${this.#schema} in ${this.target}: ${(error as Error).message}`];
    }
  }

  async #alone(sql: string): Promise<void> {
    const client = await this.#open(5_000);
    try {
      await client.query(sql);
    } finally {
      client.end().catch(() => undefined);
    }
  }

  async #open(timeoutMs: Ms): Promise<Client> {
    // Loaded when a PostgreSQL is asked for: nobody else pays for it.
    const { default: pg } = await import('pg');
    const config: ClientConfig = { connectionString: this.#url, connectionTimeoutMillis: timeoutMs };
    const client = new pg.Client(config);
    // Without a listener an error would end the process; every call hears of it by its own rejection.
    client.on('error', () => undefined);
    try {
      await client.connect();
      return client;
    } catch (error) {
      client.end().catch(() => undefined);
      throw error;
    }
  }
}

type Row = Readonly<Record<string, string>>;

class PostgresConnection implements Connection {
  readonly #client: Client;
  readonly #workload: WorkloadKind;
  readonly #schema: string;
  readonly #begin: string;
  #ended = false;

  constructor(client: Client, workload: WorkloadKind, schema: string, begin: string) {
    this.#client = client;
    this.#workload = workload;
    this.#schema = schema;
    this.#begin = begin;
    client.once('end', () => {
      this.#ended = true;
    });
  }

  alive(): boolean {
    return !this.#ended;
  }

  close(): void {
    this.#ended = true;
    // end() would wait for a server that hangs.
    (this.#client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
  }

  async call(call: Call): Promise<Outcome> {
    let outcome: Outcome;
    try {
      await this.#client.query(this.#begin);
      outcome = await this.#do(call);
    } catch (error) {
      await this.#rollBack();
      return fail(said(error));
    }
    if (outcome.type !== 'ok') {
      await this.#rollBack();
      return outcome;
    }
    try {
      const { command } = await this.#client.query('COMMIT');
      return command === 'COMMIT' ? outcome : fail('rolled back');
    } catch (error) {
      const isCertain = String((error as { code?: unknown }).code).startsWith('40');
      if (isCertain) await this.#rollBack();
      return isCertain ? fail(said(error)) : info(said(error));
    }
  }

  async #rollBack(): Promise<void> {
    try {
      await this.#client.query('ROLLBACK');
    } catch {
      // The connection is gone, and with it the transaction.
      this.#ended = true;
    }
  }

  async #do({ f, key, value }: Call): Promise<Outcome> {
    const tables = this.#schema;
    switch (f) {
      case 'read':
        return ok(await this.#read(key as string));
      case 'write':
        await this.#rows(
          `INSERT INTO ${tables}.registers VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = $2`,
          key,
          value,
        );
        return ok(value);
      case 'cas': {
        const [from, to] = value as readonly [number | null, number];
        const swapped =
          from === null
            ? await this.#rows(
                `INSERT INTO ${tables}.registers VALUES ($1, $2) ON CONFLICT (key) DO NOTHING RETURNING key`,
                key,
                to,
              )
            : await this.#rows(
                `UPDATE ${tables}.registers SET value = $3 WHERE key = $1 AND value = $2 RETURNING key`,
                key,
                from,
                to,
              );
        return swapped.length === 1 ? ok(value) : fail();
      }
      case 'add':
        if (this.#workload === 'set') await this.#rows(`INSERT INTO ${tables}.elements VALUES ($1, $2)`, key, value);
        else
          await this.#rows(
            `INSERT INTO ${tables}.registers VALUES ($1, $2)
             ON CONFLICT (key) DO UPDATE SET value = registers.value + $2`,
            key,
            value,
          );
        return ok(value);
      case 'txn':
        return ok(await this.#transaction(value as readonly (readonly [string, string, number | null])[]));
      default:
        return fail(`postgres has no ${f}`);
    }
  }

  async #read(key: string): Promise<Value> {
    if (this.#workload === 'set') {
      const rows = await this.#rows(`SELECT value FROM ${this.#schema}.elements WHERE key = $1`, key);
      return rows.map((row) => Number(row.value));
    }
    const [row] = await this.#rows(`SELECT value FROM ${this.#schema}.registers WHERE key = $1`, key);
    if (row) return Number(row.value);
    return this.#workload === 'counter' ? 0 : null;
  }

  async #transaction(operations: readonly (readonly [string, string, number | null])[]): Promise<Value> {
    const results: Value[] = [];
    for (const [f, key, value] of operations) {
      if (f === 'r') {
        const [row] = await this.#rows(`SELECT value FROM ${this.#schema}.lists WHERE key = $1`, key);
        results.push([f, key, row ? (row.value as string).split(',').map(Number) : []]);
        continue;
      }
      await this.#rows(
        `INSERT INTO ${this.#schema}.lists VALUES ($1, $2)
         ON CONFLICT (key) DO UPDATE SET value = lists.value || ',' || $2`,
        key,
        String(value),
      );
      results.push([f, key, value]);
    }
    return results;
  }

  async #rows(sql: string, ...values: readonly (Value | undefined)[]): Promise<readonly Row[]> {
    const { rows } = await this.#client.query<Row>(sql, [...values]);
    return rows;
  }
}

function said(error: unknown): string {
  const { code, message } = error as { code?: string; message?: string };
  return code ? `${code} ${message}` : (message ?? String(error));
}
