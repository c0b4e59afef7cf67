/**
 * Runs of experiments, one after the other: never two at once, because then no verdict could say whose doing anything
 * was. They live here and not in the command that asked for them, so that nothing depends on a terminal staying open.
 */
import { hostname } from 'node:os';
import type { Core } from '../../core/contract.ts';
import { HoldfastError } from '../../model/errors.ts';
import type { FaultCommand, FaultKindFacts } from '../../model/fault.ts';
import type { Ms } from '../../model/time.ts';
import type { CauseTest } from '../../prove/cause/index.ts';
import { type Experiment, type Files, type Journal, Values, withinWindows } from '../../prove/experiment/index.ts';
import { type Evidence, judge, type Verdict } from '../../prove/judge/index.ts';
import type { Actor } from '../control-plane.ts';
import { AFTERWARDS_MS, withCause } from './cause.ts';
import { type Reach, Recording } from './consistency.ts';
import { PROOFS_KEPT, type ProofLedger, type ProofRecord } from './ledger.ts';
import { Runner } from './runner.ts';
import { World } from './world.ts';

export interface ProofsOptions {
  readonly core: Core;
  readonly ledger: ProofLedger;
  readonly version: string;
  readonly now: () => Ms;
  readonly wallMs: () => number;
  readonly order: (command: FaultCommand, actor: Actor) => Promise<void>;
  readonly residue: (orders: readonly string[]) => Promise<readonly string[]>;
  readonly kinds: () => readonly FaultKindFacts[];
  readonly restart: (service: string, instance: string, actor: Actor) => Promise<void>;
  readonly isQuiet: (service: string | null) => boolean;
  readonly isHealthy: (service: string | null) => boolean;
  readonly reach: Reach;
  /** Something that people look at has changed. */
  readonly changed: () => void;
  readonly log: (line: { readonly level: 'info' | 'warn' | 'error'; readonly text: string }) => void;
}

export interface Order {
  readonly experiment: Experiment;
  readonly source: string;
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Contents of the files that configuration and secrets name; held for the run, and nowhere kept. */
  readonly files?: Files;
  readonly dryRun: boolean;
  /** How long the system may take to be steady again. */
  readonly settleMs: Ms;
  /** Set: this run injects what a diagnosis suspects. */
  readonly cause?: CauseTest;
}

/** Says what to try next, and is told what came of it. */
export interface Exploration {
  next(): Order | null;
  tell(verdict: Verdict['verdict']): void;
  readonly discoveries: readonly { readonly found: string; readonly smallest: string }[];
}

interface Waiting {
  readonly id: string;
  readonly order: Order;
  readonly actor: Actor;
}

const PROGRESS_KEPT = 200;
/** Before the next run begins, the echo of the last one may take so long; then it begins and will say so. */
const QUIET_WITHIN_MS: Ms = 60_000;
/** After its end a run is judged once its incidents are closed, or this late. */
const LOOP_WITHIN_MS: Ms = 60_000;
const POLL_MS: Ms = 100;
/** Leases end what could not be ended by then. */
const CLOSE_WITHIN_MS: Ms = 3_000;

export class Proofs {
  readonly #o: ProofsOptions;
  #records: ProofRecord[] = [];
  #serial = 0;
  #suite = '';
  readonly #queue: Waiting[] = [];
  #current: { readonly id: string; readonly runner: Runner } | null = null;
  #working = false;
  #stopped: string | null = null;
  #closed = false;
  #exploring: { readonly suite: string; readonly exploration: Exploration; readonly actor: Actor } | null = null;

  private constructor(options: ProofsOptions) {
    this.#o = options;
  }

  static async open(options: ProofsOptions): Promise<Proofs> {
    const proofs = new Proofs(options);
    proofs.#records = [...(await options.ledger.load())];
    proofs.#serial = proofs.#records.at(-1)?.serial ?? 0;
    for (const record of proofs.#records) {
      if (record.state !== 'done') await proofs.#keep(ended(record, 'the server ended before it did', proofs.#stamp()));
    }
    return proofs;
  }

  /** Oldest first. */
  get records(): readonly ProofRecord[] {
    return this.#records;
  }

  record(id: string): ProofRecord | undefined {
    return this.#records.find((record) => record.id === id);
  }

  /** The verdict before this one of the same experiment. */
  before(record: ProofRecord): ProofRecord | undefined {
    return this.#records.findLast(
      ({ serial, title, verdict }) => serial < record.serial && title === record.title && verdict !== null,
    );
  }

  get busy(): boolean {
    return this.#working;
  }

  /** HF8303: others are under way, or it is outside of a window of its own; HF5006: automation is stopped. */
  async start(orders: readonly Order[], actor: Actor): Promise<readonly ProofRecord[]> {
    this.#demand();
    for (const { experiment } of orders) this.#demandWindow(experiment);
    return this.#begin(orders, actor, null);
  }

  /** One run after the other, each as the exploration says, until it has nothing more to say. */
  async explore(exploration: Exploration, actor: Actor): Promise<readonly ProofRecord[]> {
    this.#demand();
    const first = exploration.next();
    return first === null ? [] : this.#begin([first], actor, exploration);
  }

  /** Of a suite that explores; of the last one that did. */
  discoveriesOf(suite: string): Exploration['discoveries'] {
    return this.#exploring?.suite === suite ? this.#exploring.exploration.discoveries : [];
  }

  isOpen(suite: string): boolean {
    return this.#working && this.#suite === suite;
  }

  #demand(): void {
    if (this.#working) throw new HoldfastError('HF8303', 'experiments are under way, and they never overlap');
    if (this.#o.core.stopped) throw new HoldfastError('HF5006', 'automation is stopped, experiments too');
  }

  async #begin(
    orders: readonly Order[],
    actor: Actor,
    exploration: Exploration | null,
  ): Promise<readonly ProofRecord[]> {
    this.#working = true;
    this.#stopped = null;
    this.#suite = `suite-${this.#serial + 1}`;
    if (exploration) this.#exploring = { suite: this.#suite, exploration, actor };
    const records = await this.#add(orders, actor);
    void this.#work();
    return records;
  }

  async #add(orders: readonly Order[], actor: Actor): Promise<readonly ProofRecord[]> {
    const records: ProofRecord[] = [];
    for (const order of orders) {
      this.#serial += 1;
      const record: ProofRecord = {
        id: `proof-${this.#serial}`,
        serial: this.#serial,
        suite: this.#suite,
        title: order.experiment.title,
        cause: order.cause ?? null,
        source: order.source,
        state: 'waiting',
        dryRun: order.dryRun,
        ...actor,
        askedAt: this.#stamp(),
        startedAt: null,
        endedAt: null,
        verdict: null,
        progress: [],
      };
      this.#records.push(record);
      records.push(record);
      this.#queue.push({ id: record.id, order, actor });
      if (!order.dryRun) await this.#o.ledger.save(record);
    }
    this.#o.changed();
    return records;
  }

  /** The run that is under way ends, with its faults first; those that wait are not begun. */
  stop(reason: string): number {
    const count = this.#queue.length + (this.#current ? 1 : 0);
    this.#stopped = reason;
    this.#current?.runner.stop(reason);
    return count;
  }

  /** Resolves when the run that was under way has ended, its faults first, or when that takes too long. */
  async close(): Promise<void> {
    this.stop('the server ends');
    const give = this.#o.now() + CLOSE_WITHIN_MS;
    while (this.#working && this.#o.now() < give) await new Promise((resolve) => setTimeout(resolve, 20));
    this.#closed = true;
  }

  #demandWindow({ title, safety }: Experiment): void {
    const now = new Date(this.#o.wallMs());
    if (withinWindows(safety.windows, now.getDay(), now.getHours() * 60 + now.getMinutes())) return;
    throw new HoldfastError('HF8304', `${title}: now is outside of its windows`);
  }

  async #work(): Promise<void> {
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      try {
        if (this.#stopped === null) await this.#one(next);
        else await this.#finish(ended(this.#get(next.id), this.#stopped, this.#stamp()), next.order.dryRun);
      } catch (error) {
        this.#o.log({ level: 'error', text: `${next.id}: ${String(error)}` });
        await this.#finish(ended(this.#get(next.id), String(error), this.#stamp()), next.order.dryRun);
      }
      await this.#exploreOn(next.id);
    }
    this.#working = false;
    const surplus = this.#records.slice(0, Math.max(0, this.#records.length - PROOFS_KEPT));
    this.#records = this.#records.slice(surplus.length);
    await this.#o.ledger.remove(surplus.map(({ serial }) => serial)).catch(() => undefined);
    this.#o.changed();
  }

  async #exploreOn(id: string): Promise<void> {
    if (this.#exploring?.suite !== this.#suite || this.#stopped !== null) return;
    const { exploration, actor } = this.#exploring;
    exploration.tell(this.#get(id).verdict?.verdict ?? 'inconclusive');
    const next = exploration.next();
    if (next !== null) await this.#add([next], actor);
  }

  async #one({ id, order, actor }: Waiting): Promise<void> {
    const { experiment, dryRun, files } = order;
    const environment = { ...process.env, ...order.environment };
    const values = new Values(experiment, environment, {}, files);
    const tell = (text: string): void => this.#tell(id, values.hideText(text));
    if (!dryRun) await this.#until(QUIET_WITHIN_MS, () => this.#o.isQuiet(null));
    this.#set(id, { state: 'running', startedAt: this.#stamp() });
    let runner: Runner | undefined;
    const world = new World({
      core: this.#o.core,
      order: (command) => this.#o.order(command, actor),
      residue: this.#o.residue,
      kinds: this.#o.kinds,
      restart: (service, instance) =>
        this.#o.restart(service, instance, { ...actor, why: `${id}: ${experiment.title}` }),
      complain: (error) => tell(`a restart was refused: ${String(error)}`),
      isQuiet: this.#o.isQuiet,
      isHealthy: this.#o.isHealthy,
      directory: order.directory,
      experiment: id,
      refused: (why) => runner?.halt(why),
    });
    runner = new Runner({
      experiment,
      world,
      view: this.#o.core.view,
      now: this.#o.now,
      tell,
      hide: (value) => values.hide(value),
      run: {
        environment,
        ...(files ? { files } : {}),
        wallOffsetMs: this.#o.wallMs() - this.#o.now(),
        id,
        version: this.#o.version,
        platform: `${process.platform} ${process.arch}`,
        node: hostname(),
        settleMs: order.settleMs,
        ...(dryRun ? { dry: 'activities' as const } : {}),
      },
    });
    this.#current = { id, runner };
    if (this.#stopped !== null) runner.stop(this.#stopped);
    const { workload, expect } = experiment;
    const clients =
      workload && !dryRun ? new Recording(workload, expect?.consistency ?? null, this.#o.reach, values, tell) : null;
    const journal = await runner.start().catch(async (error: unknown) => {
      await clients?.finish();
      throw error;
    });
    this.#current = null;
    if (dryRun) return this.#finish({ ...this.#get(id), state: 'done', endedAt: this.#stamp() }, true);
    const verdict = await this.#judged(order, journal, runner, clients);
    tell(verdict.summary);
    await this.#finish({ ...this.#get(id), state: 'done', endedAt: this.#stamp(), verdict }, false);
  }

  /** Judged when the incidents that it made are closed, or when that is taking too long. */
  async #judged(
    { experiment, cause }: Order,
    journal: Journal,
    runner: Runner,
    clients: Recording | null,
  ): Promise<Verdict> {
    const begun = journal['x-holdfast'].faults.flatMap(({ begunAt }) => (begunAt === null ? [] : [begunAt]));
    const since = begun.length === 0 ? this.#o.now() : Math.min(...begun);
    const ours = (): Evidence['incidents'] =>
      this.#o.core.incidents.filter(
        ({ closedAt, openedAt }) => closedAt === null || openedAt >= since || closedAt >= since,
      );
    await this.#until(LOOP_WITHIN_MS, () =>
      ours().every(({ closedAt, status }) => closedAt !== null || status === 'escalated'),
    );
    if (cause) await this.#watchOn(runner);
    runner.meter.read(this.#o.now());
    const { losses } = runner.meter;
    const incidents = ours();
    const verdict = judge({ experiment, journal, incidents, losses, consistency: (await clients?.finish()) ?? null });
    return cause ? withCause(verdict, cause, journal, incidents, runner.meter, this.#o.now()) : verdict;
  }

  /** Does the damage stay away? The runner has stopped reading by now. */
  async #watchOn({ meter }: Runner): Promise<void> {
    const until = this.#o.now() + AFTERWARDS_MS;
    await this.#until(AFTERWARDS_MS, () => {
      meter.read(this.#o.now());
      return this.#o.now() >= until;
    });
  }

  async #until(withinMs: Ms, good: () => boolean): Promise<void> {
    const give = this.#o.now() + withinMs;
    while (!good() && this.#o.now() < give && this.#stopped === null) {
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  #get(id: string): ProofRecord {
    return this.#records.find((record) => record.id === id) as ProofRecord;
  }

  #set(id: string, change: Partial<ProofRecord>): void {
    this.#records = this.#records.map((record) => (record.id === id ? { ...record, ...change } : record));
    this.#o.changed();
  }

  #tell(id: string, text: string): void {
    const { progress } = this.#get(id);
    this.#set(id, { progress: [...progress, { at: this.#stamp(), text }].slice(-PROGRESS_KEPT) });
  }

  async #finish(record: ProofRecord, dryRun: boolean): Promise<void> {
    if (dryRun) this.#set(record.id, record);
    else await this.#keep(record);
  }

  async #keep(record: ProofRecord): Promise<void> {
    this.#set(record.id, record);
    // Closing waits for nobody; what is not written is found unfinished by the next start.
    if (!this.#closed) await this.#o.ledger.save(record);
  }

  #stamp(): string {
    return new Date(this.#o.wallMs()).toISOString();
  }
}

/** It proves nothing: it did not come to its end. */
function ended(record: ProofRecord, why: string, at: string): ProofRecord {
  const verdict: Verdict = {
    format: 1,
    experiment: record.title,
    verdict: 'inconclusive',
    summary: `Inconclusive: ran: ${why}.`,
    findings: [{ aspect: 'ran', result: 'unmet', found: why, expected: 'to its end', evidence: [] }],
    detectedAfterMs: null,
    repairedAfterMs: null,
    blamed: null,
    faultClass: null,
    actions: [],
    faults: [],
    durationMs: 0,
    halted: false,
  };
  return { ...record, state: 'done', endedAt: at, verdict };
}
