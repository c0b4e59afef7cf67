/**
 * Clients that write unique values the whole time and remember which were acknowledged, so that afterwards it can be
 * said what was lost. Each connects anew when its connection breaks, as a patient application would.
 */
import { createClient } from '@redis/client';
import pg from 'pg';
import { pause } from './system.ts';

export interface Losses {
  readonly acknowledged: number;
  readonly lost: readonly number[];
  /** Longest time between two acknowledgements. */
  readonly downtimeMs: number;
}

interface Line {
  write(value: number): Promise<void>;
  close(): void;
}

const RETRY_MS = 10;
const GIVE_UP_MS = 4_000;

abstract class Writer {
  readonly #acknowledged: number[] = [];
  #next = 0;
  #line: Line | null = null;
  #last = performance.now();
  #worstMs = 0;
  #stopped = false;
  #done: Promise<void> = Promise.resolve();

  protected abstract open(): Promise<Line>;
  abstract values(): Promise<ReadonlySet<number>>;

  start(): void {
    this.#done = this.#run();
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      try {
        this.#line ??= await this.open();
        const value = this.#next++;
        await this.#line.write(value);
        this.#acknowledged.push(value);
        const now = performance.now();
        this.#worstMs = Math.max(this.#worstMs, now - this.#last);
        this.#last = now;
      } catch {
        this.#line?.close();
        this.#line = null;
        await pause(RETRY_MS);
      }
    }
    this.#line?.close();
  }

  get acknowledged(): number {
    return this.#acknowledged.length;
  }

  /** Downtime is measured from here on. */
  mark(): void {
    this.#worstMs = 0;
    this.#last = performance.now();
  }

  get downtimeMs(): number {
    return Math.max(this.#worstMs, performance.now() - this.#last);
  }

  /** Resolves when `count` more writes have been acknowledged. */
  async progress(count: number, withinMs: number): Promise<void> {
    const [from, until] = [this.acknowledged, performance.now() + withinMs];
    while (this.acknowledged < from + count) {
      if (performance.now() > until)
        throw new Error(`${this.acknowledged - from} of ${count} writes in ${withinMs} ms`);
      await pause(RETRY_MS);
    }
  }

  /** Writes no more, whatever became of it: a test that failed leaves nobody behind who writes into the next one. */
  async end(): Promise<void> {
    this.#stopped = true;
    await this.#done;
  }

  async stop(): Promise<Losses> {
    const downtimeMs = this.downtimeMs;
    await this.end();
    const present = await this.values();
    return {
      acknowledged: this.#acknowledged.length,
      lost: this.#acknowledged.filter((value) => !present.has(value)),
      downtimeMs,
    };
  }
}

export class PostgresWriter extends Writer {
  readonly #port: number;
  readonly #password: string;

  constructor(port: number, password: string) {
    super();
    this.#port = port;
    this.#password = password;
  }

  async connect(): Promise<pg.Client> {
    const { Client } = pg;
    const client = new Client({
      host: '127.0.0.1',
      port: this.#port,
      user: 'postgres',
      password: this.#password,
      database: 'postgres',
      connectionTimeoutMillis: GIVE_UP_MS,
      query_timeout: GIVE_UP_MS,
    });
    client.on('error', () => undefined);
    await client.connect();
    return client;
  }

  async prepare(): Promise<void> {
    const client = await this.connect();
    await client.query('CREATE TABLE IF NOT EXISTS written (value int PRIMARY KEY)');
    await client.query('TRUNCATE written');
    await client.end();
  }

  protected async open(): Promise<Line> {
    const client = await this.connect();
    return {
      write: async (value) => {
        await client.query('INSERT INTO written VALUES ($1)', [value]);
      },
      close: () => void client.end().catch(() => undefined),
    };
  }

  async values(): Promise<ReadonlySet<number>> {
    const client = await this.connect();
    const { rows } = await client.query<{ readonly value: number }>('SELECT value FROM written');
    await client.end();
    return new Set(rows.map(({ value }) => value));
  }
}

export class RedisWriter extends Writer {
  readonly #port: number;

  constructor(port: number) {
    super();
    this.#port = port;
  }

  async prepare(): Promise<void> {
    const client = await this.#connect();
    await client.del('written');
    client.destroy();
  }

  /** Has the primary that listens there cut its connections to its standbys. */
  static async dropStandbys(port: number): Promise<void> {
    const client = await new RedisWriter(port).#connect();
    await client.sendCommand(['CLIENT', 'KILL', 'TYPE', 'replica']);
    client.destroy();
  }

  async #connect() {
    const client = createClient({
      socket: { host: '127.0.0.1', port: this.#port, connectTimeout: GIVE_UP_MS, reconnectStrategy: false },
      disableOfflineQueue: true,
      commandOptions: { timeout: GIVE_UP_MS },
    });
    client.on('error', () => undefined);
    await client.connect();
    return client;
  }

  protected async open(): Promise<Line> {
    const client = await this.#connect();
    return {
      write: async (value) => {
        await client.sAdd('written', String(value));
      },
      close: () => {
        if (client.isOpen) client.destroy();
      },
    };
  }

  async values(): Promise<ReadonlySet<number>> {
    const client = await this.#connect();
    const members = await client.sMembers('written');
    client.destroy();
    return new Set(members.map(Number));
  }
}
