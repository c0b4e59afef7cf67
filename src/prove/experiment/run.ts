/**
 * An experiment being carried out: step(event, now) → effects, and at last the journal. It does nothing itself, so
 * every course of events can be played in a test, and the events of a real run replay it.
 *
 * The order is Chaos Toolkit's: controls around everything; the hypothesis as a gate, during the method, and after it;
 * rollbacks as their strategy says. Ours goes on where that ends: faults are reverted before the rollbacks whatever
 * has happened, the steady state is looked at once more, and what is left is named.
 */
import type { Ms } from '../../model/time.ts';
import { Activities, INJECT_TIMEOUT_MS } from './activities.ts';
import type { Answer, Effect, RunEvent } from './effects.ts';
import type { ActivityRun, Journal, JournalStatus, SteadyState } from './journal.ts';
import { isList, type Json, type JsonMap } from './json.ts';
import { Ledger } from './ledger.ts';
import { ask, Interrupted, join, type Steps, sleepUntil, type Task, Tasks } from './tasks.ts';
import type { DryStrategy, Experiment, HypothesisStrategy, RollbackStrategy } from './types.ts';
import { type Environment, type Files, Values, withoutSecrets } from './values.ts';

export interface RunOptions {
  readonly environment: Environment;
  /** Contents of the files that configuration and secrets name. */
  readonly files?: Files;
  /** Configuration from outside; wins over the file's. */
  readonly variables?: Readonly<Record<string, Json>>;
  /** Each wins over what the file says. */
  readonly rollbacks?: RollbackStrategy;
  readonly hypothesis?: HypothesisStrategy;
  readonly dry?: DryStrategy | null;
  /** Between two looks during the method. Default 1 s, as Chaos Toolkit has it. */
  readonly frequencyMs?: Ms;
  /** End the method as soon as this share (0 … 1) of the looks during it was not met; null (default): never. */
  readonly failFast?: number | null;
  /**
   * How long the steady state may take to come back after faults and rollbacks. Default 30 s: a restart with its
   * readiness checks fits in. Longer for systems that start slowly; 0 looks once.
   */
  readonly settleMs?: Ms;
  /** Wall clock = now + this; only for the journal. */
  readonly wallOffsetMs: Ms;
  /** Ids of faults begin with this; unique among runs. */
  readonly id: string;
  readonly version: string;
  readonly platform: string;
  readonly node: string;
}

const SETTLE_MS: Ms = 30_000;
const SETTLE_EVERY_MS: Ms = 1_000;
const FREQUENCY_MS: Ms = 1_000;
const BEFORE: readonly HypothesisStrategy[] = ['default', 'before-method-only', 'continuously'];
const DURING: readonly HypothesisStrategy[] = ['during-method-only', 'continuously'];
const AFTER: readonly HypothesisStrategy[] = ['default', 'after-method-only', 'continuously'];

export class ExperimentRun {
  readonly #experiment: Experiment;
  readonly #options: RunOptions;
  readonly #strategy: Experiment['strategy'];
  readonly #tasks = new Tasks();
  readonly #values: Values;
  readonly #ledger: Ledger;
  readonly #activities: Activities;
  #startedAt: Ms = 0;
  #status: JournalStatus | null = null;
  #deviated = false;
  #before: SteadyState | null = null;
  #after: SteadyState | null = null;
  readonly #during: SteadyState[] = [];
  #recovered: SteadyState | null = null;
  #residue: readonly string[] | null = [];
  readonly #run: (ActivityRun | undefined)[] = [];
  readonly #rollbacks: (ActivityRun | undefined)[] = [];
  #background: Task[] = [];
  #methodOver = false;
  #closing = false;
  #hurry = false;
  #settling: Task | null = null;
  #main: Task | null = null;
  #journal: Journal | null = null;

  /** Throws HF8107 when a variable or a file is missing. */
  constructor(experiment: Experiment, options: RunOptions) {
    this.#experiment = experiment;
    this.#options = options;
    const { rollbacks, hypothesis, dry } = experiment.strategy;
    this.#strategy = {
      rollbacks: options.rollbacks ?? rollbacks,
      hypothesis: options.hypothesis ?? hypothesis,
      dry: options.dry === undefined ? dry : options.dry,
    };
    this.#values = new Values(experiment, options.environment, options.variables, options.files);
    this.#ledger = new Ledger(this.#tasks, `${options.id}-`);
    this.#activities = new Activities(this.#tasks, this.#ledger, this.#values, {
      controls: experiment.controls,
      dry: this.#strategy.dry,
      stamp: (at) => this.#stamp(at),
    });
  }

  /** null while it runs. */
  get journal(): Journal | null {
    return this.#journal;
  }

  /** All faults are over, and the steady state is waited for. */
  get settling(): boolean {
    return this.#settling !== null;
  }

  step(event: RunEvent, now: Ms): readonly Effect[] {
    if (this.#journal !== null) return [];
    this.#tasks.now = Math.max(now, this.#tasks.now);
    this.#take(event);
    this.#tasks.advance();
    const effects = this.#tasks.flush();
    if (this.#main?.done) {
      this.#journal = this.#written();
      return [...effects, { kind: 'done', journal: this.#journal }];
    }
    const until = this.#tasks.nextWake;
    return until === null ? effects : [...effects, { kind: 'wait', until }];
  }

  #take(event: RunEvent): void {
    if (event.kind === 'start' && this.#main === null) {
      this.#startedAt = this.#tasks.now;
      this.#main = this.#tasks.spawn(this.#whole());
    } else if (event.kind === 'answer') this.#tasks.answer(event.id, { ok: true, output: event.output });
    else if (event.kind === 'failure') this.#tasks.answer(event.id, { ok: false, error: event.error });
    else if (event.kind === 'over') this.#ledger.over(event.fault);
    else if (event.kind === 'stop') this.#end('interrupted', event.reason);
    else if (event.kind === 'halt') this.#end('aborted', event.reason);
  }

  /** Faults first: nothing else that ends may keep them waiting. */
  #end(status: JournalStatus, reason: string): void {
    if (this.#main === null || this.#hurry) return;
    // Every fault is over: what users still lose ends by waiting, not by looking away.
    if (status === 'aborted' && this.#settling !== null) return;
    this.#hurry = true;
    this.#activities.notes.push(`${status}: ${reason}`);
    if (this.#settling !== null) this.#tasks.wake(this.#settling);
    if (this.#closing) return;
    this.#status = status;
    this.#ledger.revertAll();
    this.#tasks.interrupt(status);
  }

  *#whole(): Steps<void> {
    const { title } = this.#experiment;
    try {
      yield* this.#activities.around('experiment', 'before', title, [], null);
      if (yield* this.#gate()) {
        yield* this.#methodWithHypothesis();
        yield* this.#afterwards();
      }
    } catch (error) {
      if (!(error instanceof Interrupted)) throw error;
    }
    this.#closing = true;
    yield* join([...this.#background, ...this.#ledger.revertAll()]);
    yield* this.#rollBack();
    this.#settling = this.#tasks.spawn(this.#settle(), true);
    yield* join([this.#settling]);
    yield* this.#lookForResidue();
    this.#status ??= 'completed';
    yield* this.#activities.around('experiment', 'after', title, [], this.#deviated ? 'deviated' : this.#status);
  }

  get #hasHypothesis(): boolean {
    return (this.#experiment.hypothesis?.probes.length ?? 0) > 0;
  }

  #looks(strategies: readonly HypothesisStrategy[]): boolean {
    return this.#hasHypothesis && strategies.includes(this.#strategy.hypothesis);
  }

  *#look(): Steps<SteadyState> {
    const { hypothesis } = this.#experiment;
    return hypothesis === null
      ? { steady_state_met: true, probes: [] }
      : yield* this.#activities.hypothesis(hypothesis);
  }

  *#gate(): Steps<boolean> {
    if (!this.#looks(BEFORE)) return true;
    this.#before = yield* this.#look();
    if (!this.#before.steady_state_met) this.#status = 'failed';
    return this.#before.steady_state_met;
  }

  *#methodWithHypothesis(): Steps<void> {
    const during = this.#looks(DURING) ? this.#tasks.spawn(this.#lookContinuously()) : null;
    if (during !== null) this.#background.push(during);
    try {
      yield* this.#method();
    } finally {
      this.#methodOver = true;
      if (during !== null) this.#tasks.wake(during);
      yield* join(this.#background);
    }
  }

  *#method(): Steps<void> {
    const { method, title } = this.#experiment;
    try {
      yield* this.#activities.around('method', 'before', title, [], null);
      const started: Task[] = [];
      for (const [index, activity] of method.entries()) {
        if (this.#status !== null) break;
        const steps = this.#activities.run(activity, (run) => {
          this.#run[index] = run;
        });
        if (activity.background) started.push(this.#spawn(steps));
        else yield* steps;
      }
      yield* join(started);
    } finally {
      const failed = this.#run.filter((run) => run?.status === 'failed').length;
      yield* this.#activities.around('method', 'after', title, [], { activities: this.#run.length, failed });
    }
  }

  #spawn(steps: Steps<void>): Task {
    const task = this.#tasks.spawn(steps);
    this.#background.push(task);
    return task;
  }

  *#lookContinuously(): Steps<void> {
    const { failFast = null, frequencyMs = FREQUENCY_MS } = this.#options;
    let unmet = 0;
    while (!this.#methodOver && this.#status === null) {
      const state = yield* this.#look();
      this.#during.push(state);
      if (!state.steady_state_met) unmet += 1;
      if (failFast !== null && unmet > 0 && unmet / this.#during.length >= failFast) {
        this.#deviated = true;
        this.#status = 'failed';
        return;
      }
      if (!this.#methodOver) yield* sleepUntil(this.#tasks.now + frequencyMs);
    }
  }

  /** With the faults that have no end of their own still in force: does the system bear them? */
  *#afterwards(): Steps<void> {
    const onlyDuring = this.#strategy.hypothesis === 'during-method-only';
    if (onlyDuring && this.#during.some(({ steady_state_met }) => !steady_state_met)) this.#deviated = true;
    if (this.#status === null && this.#looks(AFTER)) {
      this.#after = yield* this.#look();
      if (!this.#after.steady_state_met) this.#deviated = true;
    }
    if (this.#deviated) this.#status ??= 'failed';
  }

  *#rollBack(): Steps<void> {
    const { rollbacks, title } = this.#experiment;
    if (!this.#playsRollbacks()) return;
    yield* this.#activities.around('rollback', 'before', title, [], null);
    const started: Task[] = [];
    for (const [index, activity] of rollbacks.entries()) {
      const steps = this.#activities.run(activity, (run) => {
        this.#rollbacks[index] = run;
      });
      if (activity.background) started.push(this.#tasks.spawn(steps, true));
      else yield* steps;
    }
    yield* join(started);
    const failed = this.#rollbacks.filter((run) => run?.status === 'failed').length;
    yield* this.#activities.around('rollback', 'after', title, [], { activities: this.#rollbacks.length, failed });
  }

  #playsRollbacks(): boolean {
    const { rollbacks } = this.#strategy;
    if (rollbacks === 'always') return true;
    if (rollbacks === 'deviated') return this.#deviated;
    return rollbacks === 'default' && this.#status !== 'failed' && this.#status !== 'interrupted';
  }

  /** Looks until the steady state is back, the time is over, or somebody is in a hurry. */
  *#settle(): Steps<void> {
    const acted = this.#run.length > 0 && this.#strategy.dry === null;
    if (!acted || !this.#hasHypothesis || this.#strategy.hypothesis === 'skip' || this.#hurry) return;
    const deadline = this.#tasks.now + (this.#options.settleMs ?? SETTLE_MS);
    for (;;) {
      this.#recovered = yield* this.#look();
      const late = this.#tasks.now + SETTLE_EVERY_MS > deadline;
      if (this.#recovered.steady_state_met || this.#hurry || late) return;
      yield* sleepUntil(this.#tasks.now + SETTLE_EVERY_MS);
      if (this.#hurry) return;
    }
  }

  *#lookForResidue(): Steps<void> {
    const faults = this.#ledger.records.map(({ id }) => id);
    if (faults.length === 0) return;
    const answer: Answer = yield* ask({ kind: 'residue', faults }, INJECT_TIMEOUT_MS);
    this.#residue = answer.ok && isList(answer.output) ? answer.output.map((line) => String(line)) : null;
    if (!answer.ok) this.#activities.notes.push(`residue was not looked up: ${answer.error}`);
  }

  #stamp(at: Ms): string {
    return new Date(at + this.#options.wallOffsetMs).toISOString();
  }

  #written(): Journal {
    const { version, platform, node } = this.#options;
    const end = this.#tasks.now;
    const ran = (runs: readonly (ActivityRun | undefined)[]): readonly ActivityRun[] =>
      runs.filter((run) => run !== undefined);
    const journal: Journal = {
      'chaoslib-version': `holdfast ${version}`,
      platform,
      node,
      experiment: withoutSecrets(this.#experiment),
      start: this.#stamp(this.#startedAt),
      end: this.#stamp(end),
      duration: (end - this.#startedAt) / 1_000,
      status: this.#status ?? 'completed',
      deviated: this.#deviated,
      steady_states: { before: this.#before, after: this.#after, during: this.#during },
      run: ran(this.#run),
      rollbacks: ran(this.#rollbacks),
      'x-holdfast': {
        faults: this.#ledger.records,
        residue: this.#residue,
        recovered: this.#recovered,
        notes: this.#activities.notes,
      },
    };
    return this.#values.hide(journal as unknown as JsonMap) as unknown as Journal;
  }
}
