/** What one caller did with one instance within the current window; turned into an EdgeSignal every second. */
import { Histogram } from '../model/histogram.ts';
import type { EdgeFailures, EdgeSignal } from '../model/signal.ts';
import type { Ms } from '../model/time.ts';

/** Less is no waiting: a refusal that comes at once is not the latency of anybody. */
const IN_VAIN_MS: Ms = 10;

export type FailureKind = keyof EdgeFailures;

export class EdgeWindow {
  requests = 0;
  retried = 0;
  inFlight = 0;
  readonly #latency = new Histogram();
  readonly #failures: Record<FailureKind, number> = { connect: 0, reset: 0, timeout: 0, status5xx: 0, unavailable: 0 };

  readonly caller: string;
  readonly callee: string;
  readonly instance: string;
  readonly protocol: 'tcp' | 'http';

  constructor(caller: string, callee: string, instance: string, protocol: 'tcp' | 'http') {
    this.caller = caller;
    this.callee = callee;
    this.instance = instance;
    this.protocol = protocol;
  }

  completed(latencyMs: Ms): void {
    this.requests++;
    this.#latency.record(latencyMs * 1_000);
  }

  /** A call that ended without a latency to be told. */
  closed(): void {
    this.requests++;
  }

  callFailed(kind: FailureKind): void {
    this.requests++;
    this.#failures[kind]++;
  }

  measured(latencyMs: Ms): void {
    this.#latency.record(latencyMs * 1_000);
  }

  /**
   * An attempt that another member has to make good. What it took is held against this one, and not against the one that
   * answers in the end; returns since when the call waits for that.
   */
  inVain(since: Ms, now: Ms): Ms {
    if (now - since < IN_VAIN_MS) return since;
    this.measured(now - since);
    return now;
  }

  failed(kind: FailureKind): void {
    this.#failures[kind]++;
  }

  get idle(): boolean {
    return this.inFlight === 0 && this.requests === 0 && this.retried === 0 && !this.#anyFailure();
  }

  #anyFailure(): boolean {
    const { connect, reset, timeout, status5xx, unavailable } = this.#failures;
    return connect + reset + timeout + status5xx + unavailable > 0;
  }

  /** The window as a signal, and a new one begun; null when there was nothing. */
  take(at: Ms, windowMs: Ms, oldestWaitMs: Ms): EdgeSignal | null {
    if (this.idle && this.#latency.total === 0) return null;
    const { caller, callee, instance, protocol, requests, retried, inFlight } = this;
    const failures = { ...this.#failures };
    const latency = this.#latency.toSparse();
    const signal: EdgeSignal = {
      kind: 'edge',
      at,
      windowMs,
      caller,
      callee,
      instance,
      protocol,
      requests,
      failures,
      retried,
      latency,
      inFlight,
      oldestWaitMs,
    };
    this.requests = 0;
    this.retried = 0;
    this.#latency.clear();
    for (const kind of Object.keys(this.#failures) as FailureKind[]) this.#failures[kind] = 0;
    return signal;
  }
}
