/** One activity from its first control to its last: pauses, the call or the fault, and the record of it. */
import type { Ms } from '../../model/time.ts';
import type { Request } from './effects.ts';
import type { ActivityRun, SteadyState } from './journal.ts';
import { isList, isMap, type Json, own } from './json.ts';
import type { Ledger } from './ledger.ts';
import { ask, Interrupted, join, type Steps, sleepUntil, type Tasks } from './tasks.ts';
import { metByProbe, within } from './tolerance.ts';
import type { Activity, Control, DryStrategy, FaultSpec, Hypothesis, Level, Provider, Tolerance } from './types.ts';
import type { Values } from './values.ts';

/** Calls without a `timeout` of their own. Chaos Toolkit waits for ever; five minutes is longer than a load test's
 * usual length and shorter than anybody's patience with a run that hangs. */
export const CALL_TIMEOUT_MS: Ms = 300_000;
/** Controls stand in the way of everything else. */
export const CONTROL_TIMEOUT_MS: Ms = 30_000;
/** Injecting includes making it durable and starting its keeper. */
export const INJECT_TIMEOUT_MS: Ms = 15_000;

export class Activities {
  readonly tasks: Tasks;
  readonly ledger: Ledger;
  readonly notes: string[] = [];
  readonly #values: Values;
  readonly #controls: readonly Control[];
  readonly #dry: DryStrategy | null;
  readonly #stamp: (at: Ms) => string;

  constructor(
    tasks: Tasks,
    ledger: Ledger,
    values: Values,
    run: { readonly controls: readonly Control[]; readonly dry: DryStrategy | null; stamp(at: Ms): string },
  ) {
    this.tasks = tasks;
    this.ledger = ledger;
    this.#values = values;
    this.#controls = run.controls;
    this.#dry = run.dry;
    this.#stamp = run.stamp;
  }

  /**
   * Before and after, as Chaos Toolkit does: on the experiment all of its controls; on method and rollbacks those that
   * are automatic; on hypothesis and activities those, then their own, a name that both have once.
   */
  *around(level: Level, scope: 'before' | 'after', context: string, own: readonly Control[], state: Json): Steps<void> {
    const general = level === 'experiment' ? this.#controls : this.#controls.filter(({ automatic }) => automatic);
    const names = new Set(own.map(({ name }) => name));
    const all = [...general.filter(({ name }) => !names.has(name)), ...own];
    for (const control of all.filter((one) => one.scope === null || one.scope === scope)) {
      const provider = this.#filled(control.provider);
      const request: Request = { kind: 'control', name: control.name, level, scope, context, provider, state };
      const answer = yield* ask(request, provider.timeoutMs ?? CONTROL_TIMEOUT_MS);
      if (!answer.ok) this.notes.push(`control ${control.name} ${scope} ${level} failed: ${answer.error}`);
    }
  }

  /** Hands its record to `keep` however it ends. */
  *run(activity: Activity, keep: (run: ActivityRun) => void): Steps<void> {
    let record: ActivityRun | null = null;
    const store = (run: ActivityRun): void => {
      record = run;
      keep(run);
    };
    try {
      yield* this.around('activity', 'before', activity.name, activity.controls, null);
      yield* this.#pause(activity.pauseBeforeMs);
      const start = this.tasks.now;
      try {
        const outcome = yield* this.#perform(activity);
        store(this.#record(activity, start, outcome));
      } catch (error) {
        if (error instanceof Interrupted) store(this.#record(activity, start, { output: null, error: error.message }));
        throw error;
      }
      yield* this.#pause(activity.pauseAfterMs);
    } finally {
      if (record === null)
        keep({ activity: activity.raw, status: 'failed', output: null, start: null, end: null, duration: null });
      const state = record as ActivityRun | null;
      yield* this.around('activity', 'after', activity.name, activity.controls, (state?.status ?? null) as Json);
    }
  }

  /** Ends at the first probe that does not answer within its tolerance. */
  *hypothesis(hypothesis: Hypothesis): Steps<SteadyState> {
    const probes: ActivityRun[] = [];
    let met = true;
    try {
      yield* this.around('hypothesis', 'before', hypothesis.title, hypothesis.controls, null);
      for (const probe of hypothesis.probes) {
        let run: ActivityRun | undefined;
        yield* this.run(probe, (record) => {
          run = record;
        });
        const judged = yield* this.#judge(probe, run as ActivityRun);
        probes.push(judged);
        met = judged.tolerance_met === true;
        if (!met) break;
      }
    } finally {
      yield* this.around('hypothesis', 'after', hypothesis.title, hypothesis.controls, met);
    }
    return { steady_state_met: met, probes };
  }

  *#judge(probe: Activity, run: ActivityRun): Steps<ActivityRun> {
    if (run.status === 'failed') return { ...run, tolerance_met: false };
    if (this.#skips('probe') || probe.tolerance === null) return { ...run, tolerance_met: true };
    const judged = yield* this.#within(probe.tolerance, run.output);
    if (!judged.met) this.notes.push(`${probe.name}: ${judged.why}`);
    return { ...run, tolerance_met: judged.met };
  }

  *#within(tolerance: Tolerance, output: Json): Steps<{ readonly met: boolean; readonly why: string }> {
    if (tolerance.kind !== 'probe') {
      try {
        return within(tolerance, output, (text) => this.#values.fillText(text));
      } catch (error) {
        return { met: false, why: `the tolerance cannot be read: ${(error as Error).message}` };
      }
    }
    const provider = withValue(this.#filled(tolerance.provider), output);
    const request: Request = { kind: 'probe', name: tolerance.name, provider };
    const answer = yield* ask(request, provider.timeoutMs ?? CALL_TIMEOUT_MS);
    if (!answer.ok) return { met: false, why: `${tolerance.name} failed: ${answer.error}` };
    if (tolerance.tolerance !== null) return yield* this.#within(tolerance.tolerance, answer.output);
    return metByProbe(provider, answer.output);
  }

  *#perform(activity: Activity): Steps<{ readonly output: Json; readonly error: string | null }> {
    const { type, name, does } = activity;
    if (does.kind === 'fault') return yield* this.#skips('action') ? this.#targets(does.fault) : this.#strike(activity);
    if (this.#skips(type)) return { output: null, error: null };
    const provider = this.#filled(does.provider);
    const answer = yield* ask({ kind: type, name, provider }, provider.timeoutMs ?? CALL_TIMEOUT_MS);
    if (!answer.ok) return { output: null, error: answer.error };
    const status = isMap(answer.output) ? own(answer.output, 'status') : undefined;
    const expected = provider.type === 'http' ? provider.expectedStatus : null;
    const unexpected = expected !== null && status !== expected ? `status ${status}, expected ${expected}` : null;
    return { output: answer.output, error: unexpected };
  }

  *#targets(fault: FaultSpec): Steps<{ readonly output: Json; readonly error: string | null }> {
    const answer = yield* ask({ kind: 'targets', fault: this.#aimed(fault) }, INJECT_TIMEOUT_MS);
    return answer.ok ? { output: answer.output, error: null } : { output: null, error: answer.error };
  }

  /** In the foreground a fault with a duration takes that long; without one it stays until the run undoes it. */
  *#strike(activity: Activity): Steps<{ readonly output: Json; readonly error: string | null }> {
    const spec = this.#aimed((activity.does as { readonly fault: FaultSpec }).fault);
    const fault = this.ledger.open(activity.name, spec);
    const answer = yield* ask({ kind: 'inject', fault, spec }, INJECT_TIMEOUT_MS);
    if (!answer.ok) {
      this.ledger.refused(fault, answer.error);
      yield* join([this.ledger.revert(fault)]);
      return { output: null, error: answer.error };
    }
    this.ledger.begun(fault, answer.output);
    if (spec.forMs !== null) {
      yield* join([this.ledger.lasts(fault, this.tasks.now + spec.forMs)]);
      yield* join([this.ledger.revert(fault)]);
    }
    return { output: answer.output, error: null };
  }

  *#pause(ms: Ms): Steps<void> {
    if (ms > 0 && this.#dry !== 'pause') yield* sleepUntil(this.tasks.now + ms);
  }

  #skips(type: Activity['type']): boolean {
    return this.#dry === 'activities' || this.#dry === `${type}s`;
  }

  #aimed(fault: FaultSpec): FaultSpec {
    return { ...fault, parameters: this.#values.fill(fault.parameters) as FaultSpec['parameters'] };
  }

  #filled(provider: Provider): Provider {
    return this.#values.fill(provider as unknown as Json) as unknown as Provider;
  }

  #record(
    activity: Activity,
    start: Ms,
    outcome: { readonly output: Json; readonly error: string | null },
  ): ActivityRun {
    const end = this.tasks.now;
    const { output, error } = outcome;
    return {
      activity: activity.raw,
      status: error === null ? 'succeeded' : 'failed',
      output,
      start: this.#stamp(start),
      end: this.#stamp(end),
      duration: (end - start) / 1_000,
      ...(error === null ? {} : { exception: [error] }),
    };
  }
}

/** The answer to be judged travels as the argument `value`: named where arguments have names, otherwise last. */
function withValue(provider: Provider, value: Json): Provider {
  if (provider.type === 'holdfast') return provider;
  const given = provider.arguments;
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  if (provider.type === 'http') return { ...provider, arguments: { ...(isMap(given) ? given : {}), value } };
  if (isMap(given)) return { ...provider, arguments: { ...given, value: text } };
  if (isList(given)) return { ...provider, arguments: [...given, text] };
  return { ...provider, arguments: `${given} '${text.replaceAll("'", "'\\''")}'` };
}
