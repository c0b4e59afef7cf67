/** Runs one check of one life: timers, the timeout, and never two runs at once. The rules are in scheduler.ts. */
import { type CheckSignal, NO_CONNECTION } from '../../model/signal.ts';
import type { CheckSpec } from '../../model/spec.ts';
import type { Ms } from '../../model/time.ts';
import type { LagMeter } from '../lag.ts';
import type { Clock } from '../ports.ts';
import type { Probe, ProbeTarget } from './probe.ts';
import { probeFor } from './registry.ts';
import { CheckSchedule, isVoid, Reporting, type Worth } from './scheduler.ts';
import { TtlSchedule } from './ttl.ts';

export interface CheckerOptions {
  readonly purpose: CheckSignal['purpose'];
  readonly spec: CheckSpec;
  readonly target: ProbeTarget;
  readonly startedAt: Ms;
  readonly clock: Clock;
  readonly lag: LagMeter;
  /** In [0, 1): this check's place in the interval. */
  readonly phase: number;
  readonly send: (signal: CheckSignal, worth: Worth) => void;
}

export interface Checker {
  stop(): void;
  /** The instance's own report; only a TTL check listens. */
  heartbeat(pass: boolean, note: string): void;
}

export function startChecker(options: CheckerOptions): Checker {
  return options.spec.probe.kind === 'ttl'
    ? new TtlChecker(options, options.spec.probe.ttlMs)
    : new ProbeChecker(options, probeOrFailure(options.spec.probe, options.target));
}

/** Connecting costs next to nothing, starting a process for it does not; a report of its own is not looked for. */
function isCheap({ probe }: CheckSpec): boolean {
  return probe.kind === 'http' || probe.kind === 'tcp' || probe.kind === 'grpc';
}

/** A probe that cannot even be made (no such port) fails each time it is run. */
function probeOrFailure(...[probe, target]: Parameters<typeof probeFor>): Probe {
  try {
    return probeFor(probe, target);
  } catch (error) {
    return async () => messageOf(error);
  }
}

class ProbeChecker implements Checker {
  readonly #options: CheckerOptions;
  readonly #probe: Probe;
  readonly #schedule: CheckSchedule;
  readonly #reporting = new Reporting();
  #timer: NodeJS.Timeout | undefined;
  /** The run that has not settled yet, be it abandoned. */
  #running: AbortController | null = null;
  #stopped = false;

  constructor(options: CheckerOptions, probe: Probe) {
    this.#options = options;
    this.#probe = probe;
    const now = options.clock.now();
    this.#schedule = new CheckSchedule(options.spec, options.startedAt, now, options.phase, isCheap(options.spec));
    this.#wait();
  }

  #wait(): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => this.#run(), Math.max(0, this.#schedule.dueAt - this.#options.clock.now()));
  }

  #run(): void {
    const { clock, spec } = this.#options;
    const began = clock.now();
    if (this.#running) {
      // Still not gone, though aborted: that it hangs is known, and a second one would only hang beside it.
      this.#finish('timeout', began, began);
      return;
    }
    const run = new AbortController();
    this.#running = run;
    let reported = false;
    const report = (error: string | null): void => {
      if (reported) return;
      reported = true;
      clearTimeout(deadline);
      this.#finish(error, began, clock.now());
    };
    const deadline = setTimeout(() => {
      run.abort();
      // The probe may say how far it came, but only at once.
      setImmediate(() => report('timeout'));
    }, spec.timeoutMs);
    this.#probe(run.signal)
      .catch(messageOf)
      .then((error) => {
        this.#running = null;
        report(run.signal.aborted && error !== NO_CONNECTION ? 'timeout' : error);
      });
  }

  #finish(error: string | null, began: Ms, now: Ms): void {
    if (this.#stopped) return;
    const { lag, spec, purpose, target, send } = this.#options;
    if (isVoid(lag.worstSince(began, now), spec.intervalMs)) {
      this.#schedule.repeat(now);
    } else {
      const starting = this.#schedule.isStarting(now);
      this.#schedule.finish(error === null, now);
      const worth = this.#reporting.worthOf(error, starting, now, now - began);
      if (worth) send(signalOf(purpose, target, error, now - began, now), worth);
    }
    this.#wait();
  }

  heartbeat(): void {}

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#running?.abort();
  }
}

class TtlChecker implements Checker {
  readonly #options: CheckerOptions;
  readonly #schedule: TtlSchedule;
  readonly #reporting = new Reporting();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: CheckerOptions, ttlMs: Ms) {
    this.#options = options;
    this.#schedule = new TtlSchedule(ttlMs, options.spec, options.startedAt, options.clock.now());
    this.#wait();
  }

  #wait(): void {
    clearTimeout(this.#timer);
    const { clock, lag, spec } = this.#options;
    const armed = clock.now();
    this.#timer = setTimeout(
      () => {
        const now = clock.now();
        // Reports may lie unread in our own queue: they get another chance.
        if (isVoid(lag.worstSince(armed, now), spec.intervalMs)) this.#schedule.report(now);
        else this.#tell(this.#schedule.expire(now), now);
        this.#wait();
      },
      Math.max(0, this.#schedule.dueAt - armed),
    );
  }

  heartbeat(pass: boolean, note: string): void {
    const now = this.#options.clock.now();
    this.#schedule.report(now);
    this.#tell(pass ? null : note || 'reported as failing', now);
    this.#wait();
  }

  #tell(error: string | null, now: Ms): void {
    const { purpose, target, send } = this.#options;
    const worth = this.#reporting.worthOf(error, false, now);
    if (worth) send(signalOf(purpose, target, error, 0, now), worth);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}

function signalOf(
  purpose: CheckSignal['purpose'],
  target: ProbeTarget,
  error: string | null,
  latencyMs: Ms,
  at: Ms,
): CheckSignal {
  const { instance, incarnation } = target.launch;
  return { kind: 'check', instance, incarnation, at, purpose, pass: error === null, latencyMs, error };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
