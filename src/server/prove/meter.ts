/**
 * What users lose while an experiment runs, and whether it is more than it may be. Users are whoever calls from outside,
 * and services that nobody depends on (a load generator stands for its customers): what happens further inside only
 * counts as far as it reaches them.
 */

import { Histogram } from '../../model/histogram.ts';
import { type EdgeFailures, OUTSIDE } from '../../model/signal.ts';
import type { Ms } from '../../model/time.ts';
import type { EdgeBaseline, SystemView } from '../../model/view.ts';
import type { Lost } from '../../prove/cause/index.ts';
import type { Losses } from '../../prove/judge/index.ts';

interface Tick {
  readonly at: Ms;
  readonly requests: number;
  readonly failed: number;
  readonly waitedMs: Ms;
}

/** Windows of the traffic layer arrive up to this late. */
const LATE_MS: Ms = 1_200;
/** Fewer calls than this say nothing about a share. */
const MIN_REQUESTS = 20;
/** Longer than a run that is judged by its parts. */
const KEPT_MS: Ms = 600_000;

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
    const { requests, failed, waitedMs } = lossesOf(this.#view, this.#readTo, to, (caller, callee) =>
      this.#baseline(caller, callee),
    );
    this.#requests += requests;
    this.#failed += failed;
    this.#waitedMs += waitedMs;
    this.#ticks.push({ at: to, requests, failed, waitedMs });
    while ((this.#ticks[0]?.at ?? now) <= now - KEPT_MS) this.#ticks.shift();
    this.#readTo = to;
  }

  /** null: nobody called. */
  get losses(): Losses | null {
    if (this.#requests === 0) return null;
    const seconds = this.#waitedMs / 1_000;
    return { requests: this.#failed, seconds, budget: this.#budgetUsed() };
  }

  /** As far as it has been read. */
  between(from: Ms, to: Ms): Lost {
    const ticks = this.#ticks.filter(({ at }) => at > from && at <= to);
    const sum = (of: (tick: Tick) => number): number => ticks.reduce((all, tick) => all + of(tick), 0);
    return {
      overMs: Math.max(0, Math.min(to, this.#readTo) - from),
      requests: sum(({ requests }) => requests),
      failed: sum(({ failed }) => failed),
      waitedSeconds: sum(({ waitedMs }) => waitedMs) / 1_000,
    };
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

/** Over windows that are still kept, against what was usual before `normalBefore`. */
export function usersLosses(view: SystemView, normalBefore: Ms, from: Ms, to: Ms): Lost {
  const { requests, failed, waitedMs } = lossesOf(view, from, to, (caller, callee) =>
    view.edges.baseline(caller, callee, normalBefore),
  );
  return { overMs: to - from, requests, failed, waitedSeconds: waitedMs / 1_000 };
}

function lossesOf(
  view: SystemView,
  from: Ms,
  to: Ms,
  usualOf: (caller: string, callee: string) => EdgeBaseline | undefined,
): Omit<Tick, 'at'> {
  let [requests, failed, waitedMs] = [0, 0, 0];
  for (const { caller, callee } of view.edges.pairs()) {
    if (!isUser(view, caller)) continue;
    const usual = usualOf(caller, callee);
    for (const window of view.edges.windows(caller, callee, from, to)) {
      requests += window.requests;
      failed += failuresOf(window.failures);
      waitedMs += extraMs(window.latency, usual);
    }
  }
  return { requests, failed, waitedMs };
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
