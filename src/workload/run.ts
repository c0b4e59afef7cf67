/**
 * Runs a workload: clients that call a store at a steady rate, each one call at a time, while everything that was
 * asked and answered is recorded in the order in which it happened here, in one process. Made to be run while faults
 * go on: a store that is away is tried again; a client whose answer was lost goes on as a new process, as the
 * literature demands, because the old one may still be under way.
 */
import type { WorkloadKind } from '../model/consistency.ts';
import { HoldfastError } from '../model/errors.ts';
import type { HistoryEvent, Value } from '../model/history.ts';
import type { Ms } from '../model/time.ts';
import { type Adapter, type Call, type Connection, fail, info, type Outcome } from './contract.ts';
import { ClientPlan, type GeneratorOptions, keysOf, lastLook, onlyLooks } from './generators.ts';

export interface WorkloadOptions {
  readonly kind: WorkloadKind;
  readonly adapter: Adapter;
  /** Default 8. More: more concurrency, more that can go wrong and more to judge. */
  readonly clients?: number;
  /** Calls of all clients together. Default 400: busy enough to see races, light enough for a laptop. */
  readonly opsPerSec?: number;
  readonly seed: number;
  /** How long, or until this signal aborts. */
  readonly until: Ms | AbortSignal;
  /** A call without an answer for so long is given up as unknown. Default 2s: longer than a store's usual failover check. */
  readonly timeoutMs?: Ms;
  /** After the end: how long to try for a last look at every object. Default 10s. */
  readonly lastLooksMs?: Ms;
  /** Names what this run makes in the store. Default: drawn. */
  readonly run?: string;
  readonly keys?: GeneratorOptions['keys'];
  readonly turnsPerKeys?: GeneratorOptions['turnsPerKeys'];
  readonly onEvent?: (event: HistoryEvent) => void;
}

export interface WorkloadStats {
  readonly invoked: number;
  readonly ok: number;
  readonly failed: number;
  readonly unknown: number;
  /** Connections that could not be made. */
  readonly refused: number;
}

export interface WorkloadRun {
  /** So far; grows while the workload runs. */
  readonly events: readonly HistoryEvent[];
  stats(): WorkloadStats;
  /** Asks for the end. */
  stop(): void;
  /** Resolves with everything, last looks included. Rejects when the store could not even be prepared. */
  readonly done: Promise<WorkloadResult>;
}

export interface WorkloadResult {
  readonly events: readonly HistoryEvent[];
  readonly stats: WorkloadStats;
  /** What had to be left in the store, and why. */
  readonly leftovers: readonly string[];
}

const CLIENTS = 8;
const OPS_PER_SEC = 400;
const TIMEOUT_MS = 2_000;
const LAST_LOOKS_MS = 10_000;
/** Between tries to connect: the first, and the longest. */
const BACKOFF_MS = { first: 25, most: 400 };

export function runWorkload(options: WorkloadOptions): WorkloadRun {
  return new Run(options);
}

class Run implements WorkloadRun {
  readonly events: HistoryEvent[] = [];
  readonly done: Promise<WorkloadResult>;
  readonly #options: WorkloadOptions;
  readonly #clients: number;
  readonly #timeoutMs: Ms;
  readonly #stop = new AbortController();
  readonly #keys = new Set<string>();
  readonly #began = process.hrtime.bigint();
  #nextProcess: number;
  #counts = { invoked: 0, ok: 0, failed: 0, unknown: 0, refused: 0 };

  constructor(options: WorkloadOptions) {
    this.#options = options;
    this.#clients = options.clients ?? CLIENTS;
    this.#timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
    this.#nextProcess = this.#clients;
    this.done = this.#run();
  }

  stats(): WorkloadStats {
    return { ...this.#counts };
  }

  stop(): void {
    this.#stop.abort();
  }

  async #run(): Promise<WorkloadResult> {
    const { adapter, kind, until } = this.#options;
    if (!adapter.workloads.includes(kind))
      throw new HoldfastError(
        'HF8052',
        `${adapter.name} does not offer ${kind}; it offers ${adapter.workloads.join(', ')}`,
      );
    await adapter.prepare(kind, this.#options.run ?? crypto.randomUUID().slice(0, 8));
    const ended = endOf(until, this.#stop);
    let leftovers: readonly string[] = [];
    try {
      await Promise.all(Array.from({ length: this.#clients }, (_, client) => this.#client(client)));
      await this.#lastLooks();
    } finally {
      ended();
      leftovers = await adapter.cleanUp();
    }
    return { events: this.events, stats: this.stats(), leftovers };
  }

  async #client(client: number): Promise<void> {
    const { kind, seed, keys, turnsPerKeys, opsPerSec = OPS_PER_SEC } = this.#options;
    const shape = {
      kind,
      seed,
      clients: this.#clients,
      ...(keys ? { keys } : {}),
      ...(turnsPerKeys ? { turnsPerKeys } : {}),
    };
    const plan = new ClientPlan(shape, client);
    const gapMs = (this.#clients * 1_000) / opsPerSec;
    const line = new Line(this.#options.adapter, this.#timeoutMs, () => this.#counts.refused++);
    let process = client;
    // Clients begin one after the other, not in step.
    let due = performance.now() + (gapMs * client) / this.#clients;
    while (!this.#stop.signal.aborted) {
      await pause(due - performance.now(), this.#stop.signal);
      // What was missed while the store was away is not made up for: a burst would be another workload.
      due = Math.max(due + gapMs, performance.now());
      const connection = await line.connected(this.#stop.signal);
      if (!connection || this.#stop.signal.aborted) break;
      const call = plan.next();
      const outcome = await this.#do(process, call, line);
      plan.saw(call, outcome);
      if (outcome.type === 'info') process = this.#nextProcess++;
    }
    line.hangUp();
  }

  async #do(process: number, call: Call, line: Line): Promise<Outcome> {
    for (const key of keysOf(call)) this.#keys.add(key);
    this.#record(process, 'invoke', call, call.value);
    this.#counts.invoked++;
    let outcome = await line.call(call);
    if (outcome.type === 'info' && onlyLooks(call)) outcome = fail(outcome.error);
    if (outcome.type === 'ok') this.#counts.ok++;
    else if (outcome.type === 'fail') this.#counts.failed++;
    else this.#counts.unknown++;
    const error = outcome.type === 'ok' ? undefined : outcome.error;
    this.#record(process, outcome.type, call, outcome.type === 'ok' ? outcome.value : call.value, error);
    return outcome;
  }

  #record(process: number, type: HistoryEvent['type'], { f, key }: Call, value: Value, error?: string): void {
    const event: HistoryEvent = {
      process,
      type,
      f,
      ...(key === undefined ? {} : { key }),
      value,
      ...(error === undefined ? {} : { error }),
      time: Number(nowNs() - this.#began),
    };
    this.events.push(event);
    this.#options.onEvent?.(event);
  }

  /** Every object is looked at once more by one client, for as long as that takes within reason. */
  async #lastLooks(): Promise<void> {
    const { kind, adapter, lastLooksMs = LAST_LOOKS_MS } = this.#options;
    const over = AbortSignal.timeout(lastLooksMs);
    const line = new Line(adapter, this.#timeoutMs, () => this.#counts.refused++);
    let process = this.#nextProcess++;
    for (const key of this.#keys) {
      for (;;) {
        if (!(await line.connected(over)) || over.aborted) break;
        const outcome = await this.#do(process, lastLook(kind, key), line);
        if (outcome.type === 'info') process = this.#nextProcess++;
        const again = kind === 'queue' ? outcome.type !== 'ok' || outcome.value !== null : outcome.type !== 'ok';
        if (!again) break;
        if (outcome.type !== 'ok') await pause(BACKOFF_MS.most / 4, over);
      }
    }
    line.hangUp();
  }
}

function nowNs(): bigint {
  return process.hrtime.bigint();
}

/** One client's way to the store: connects when needed, and hangs up on whatever did not answer properly. */
class Line {
  readonly #adapter: Adapter;
  readonly #timeoutMs: Ms;
  readonly #onRefused: () => void;
  #connection: Connection | null = null;
  #backoffMs = BACKOFF_MS.first;

  constructor(adapter: Adapter, timeoutMs: Ms, onRefused: () => void) {
    this.#adapter = adapter;
    this.#timeoutMs = timeoutMs;
    this.#onRefused = onRefused;
  }

  /** A connection, tried for until the signal aborts; then null. */
  async connected(until: AbortSignal): Promise<Connection | null> {
    while (!this.#connection && !until.aborted) {
      try {
        this.#connection = await this.#adapter.connect(this.#timeoutMs);
        this.#backoffMs = BACKOFF_MS.first;
      } catch {
        // A store that is away is what this is for: counted, and tried again.
        this.#onRefused();
        await pause(this.#backoffMs, until);
        this.#backoffMs = Math.min(this.#backoffMs * 2, BACKOFF_MS.most);
      }
    }
    return this.#connection;
  }

  async call(call: Call): Promise<Outcome> {
    const connection = this.#connection;
    if (!connection) return fail('not connected');
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<Outcome>((resolve) => {
      timer = setTimeout(() => resolve(info('no answer in time')), this.#timeoutMs);
    });
    const answered = connection.call(call).catch((error: unknown) => info(messageOf(error)));
    const outcome = await Promise.race([answered, late]);
    clearTimeout(timer);
    // A connection on which something went wrong is not used again: a late answer must not meet the next question.
    if (outcome.type === 'info' || !connection.alive()) this.hangUp();
    return outcome;
  }

  hangUp(): void {
    this.#connection?.close();
    this.#connection = null;
  }
}

function endOf(until: Ms | AbortSignal, stop: AbortController): () => void {
  const end = (): void => stop.abort();
  if (typeof until === 'number') {
    const timer = setTimeout(end, until);
    return () => clearTimeout(timer);
  }
  if (until.aborted) end();
  until.addEventListener('abort', end, { once: true });
  return () => until.removeEventListener('abort', end);
}

function pause(ms: Ms, until: AbortSignal): Promise<void> {
  if (ms <= 0 || until.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const over = (): void => {
      clearTimeout(timer);
      until.removeEventListener('abort', over);
      resolve();
    };
    const timer = setTimeout(over, ms);
    until.addEventListener('abort', over, { once: true });
  });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
