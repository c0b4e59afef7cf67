/**
 * What users lose while an experiment runs, and whether it is more than it may be. Users are whoever calls from outside,
 * and services that nobody depends on (a load generator stands for its customers): what happens further inside only
 * counts as far as it reaches them.
 */
import { Histogram } from '../../model/histogram.ts';
import { type EdgeFailures, OUTSIDE } from '../../model/signal.ts';
import type { Ms } from '../../model/time.ts';
import type { EdgeBaseline, SystemView } from '../../model/view.ts';
import type { Losses } from '../../prove/judge/index.ts';

interface Tick {
  readonly at: Ms;
  readonly requests: number;
  readonly failed: number;
}

/** Windows of the traffic layer arrive up to this late. */
const LATE_MS: Ms = 1_200;
/** Fewer calls than this say nothing about a share. */
const MIN_REQUESTS = 20;
const KEPT_MS: Ms = 120_000;

export class LossMeter {
  readonly #view: SystemView;
  readonly #since: Ms;
  readonly #baselines = new Map<string, EdgeBaseline | undefined>();
  #readTo: Ms;
  #ticks: Tick[] = [];
  #requests = 0;
  #failed = 0;
  #waitedMs = 0;

  constructor(view: SystemView, since: Ms) {
    this.#view = view;
    this.#since = since;
    this.#readTo = since;
  }

  /** To be called about once a second. */
  read(now: Ms): void {
    const to = now - LATE_MS;
    if (to <= this.#readTo) return;
    let [requests, failed] = [0, 0];
    for (const { caller, callee } of this.#view.edges.pairs()) {
      if (!isUser(this.#view, caller)) continue;
      const usual = this.#baseline(caller, callee);
      for (const window of this.#view.edges.windows(caller, callee, this.#readTo, to)) {
        const bad = failuresOf(window.failures);
        requests += window.requests;
        failed += bad;
        this.#waitedMs += extraMs(window.latency, usual);
      }
    }
    this.#requests += requests;
    this.#failed += failed;
    this.#ticks = [...this.#ticks.filter(({ at }) => at > now - KEPT_MS), { at: to, requests, failed }];
    this.#readTo = to;
  }

  /** null: nobody called. */
  get losses(): Losses | null {
    if (this.#requests === 0) return null;
    const seconds = this.#waitedMs / 1_000;
    return { requests: this.#failed, seconds, budget: this.#budgetUsed() };
  }

  /** Over the last `forMs`; null while that long has not been looked at, or too few called. */
  failureShare(now: Ms, forMs: Ms): number | null {
    if (this.#readTo - this.#since < forMs) return null;
    const recent = this.#ticks.filter(({ at }) => at > now - LATE_MS - forMs);
    const requests = recent.reduce((sum, tick) => sum + tick.requests, 0);
    if (requests < MIN_REQUESTS) return null;
    return recent.reduce((sum, tick) => sum + tick.failed, 0) / requests;
  }

  /** Of the strictest availability objective that users' calls are held to: what may fail over its whole window. */
  #budgetUsed(): number | null {
    const seconds = (this.#readTo - this.#since) / 1_000;
    const shares = [...this.#view.services.values()].flatMap(({ objectives }) =>
      objectives
        .filter(({ kind }) => kind === 'availability')
        .map(({ target, windowMs }) => {
          const allowed = ((this.#requests / seconds) * windowMs * (1 - target)) / 1_000;
          return allowed === 0 ? 0 : this.#failed / allowed;
        }),
    );
    return shares.length === 0 || seconds <= 0 ? null : Math.max(...shares);
  }

  #baseline(caller: string, callee: string): EdgeBaseline | undefined {
    const key = `${caller}→${callee}`;
    if (!this.#baselines.has(key)) this.#baselines.set(key, this.#view.edges.baseline(caller, callee, this.#since));
    return this.#baselines.get(key);
  }
}

function isUser(view: SystemView, caller: string): boolean {
  if (caller === OUTSIDE) return true;
  for (const { dependsOn } of view.services.values()) {
    if (dependsOn.some(({ service }) => service === caller)) return false;
  }
  return true;
}

function failuresOf({ connect, reset, timeout, status5xx, unavailable }: EdgeFailures): number {
  return connect + reset + timeout + status5xx + unavailable;
}

/** Beyond what was usual, never less than nothing: a fast second does not pay back a slow one. */
function extraMs(latency: Parameters<Histogram['merge']>[0], usual: EdgeBaseline | undefined): Ms {
  if (usual === undefined) return 0;
  const histogram = new Histogram();
  histogram.merge(latency);
  if (histogram.total === 0) return 0;
  const extra = histogram.meanUs() / 1_000 - usual.meanMs - 3 * usual.meanMadMs;
  return Math.max(0, extra) * histogram.total;
}
