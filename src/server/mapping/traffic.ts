/** Rates, failures and latencies of edges, from the core's one-second windows. */
import type { EdgeResource, TrafficSummary } from '../../api/resources.ts';
import { Histogram } from '../../model/histogram.ts';
import type { EdgeFailures, EdgeSignal } from '../../model/signal.ts';
import type { Ms } from '../../model/time.ts';

/** Long enough to be steady, short enough to show what happens now. */
export const SUMMARY_MS = 10_000;
export const HISTORY_SECONDS = 60;

export function failuresOf(failures: EdgeFailures): number {
  return failures.connect + failures.reset + failures.timeout + failures.status5xx + failures.unavailable;
}

/** Over the last 10 s up to `now`; null when nothing was measured in them. */
export function summarise(windows: readonly EdgeSignal[], now: Ms): TrafficSummary | null {
  const recent = windows.filter(({ at }) => at > now - SUMMARY_MS && at <= now);
  const first = recent[0];
  if (first === undefined) return null;
  let requests = 0;
  let failures = 0;
  let begin = first.at - first.windowMs;
  const latency = new Histogram();
  for (const window of recent) {
    requests += window.requests;
    failures += failuresOf(window.failures);
    begin = Math.min(begin, window.at - window.windowMs);
    latency.merge(window.latency);
  }
  // An edge that is younger than 10 s is measured over its age; a fraction of a second would only magnify chance.
  const seconds = Math.min(SUMMARY_MS, Math.max(1_000, now - begin)) / 1_000;
  return {
    requestsPerSec: round(requests / seconds),
    failureShare: share(failures, requests),
    p50Ms: quantileMs(latency, 0.5),
    p99Ms: quantileMs(latency, 0.99),
  };
}

/** null: nothing was answered. */
export function quantileMs(latency: Histogram, q: number): Ms | null {
  return latency.total === 0 ? null : latency.quantileUs(q) / 1_000;
}

/** The last 60 seconds in steps of one, oldest first. */
export function history(windows: readonly EdgeSignal[], now: Ms): EdgeResource['history'] {
  const steps: { requests: number; failures: number; sumUs: number; count: number; ms: Ms }[] = [];
  for (const window of windows) {
    const age = Math.floor((now - window.at) / 1_000);
    if (age < 0 || age >= HISTORY_SECONDS) continue;
    const index = HISTORY_SECONDS - 1 - age;
    const step = steps[index] ?? { requests: 0, failures: 0, sumUs: 0, count: 0, ms: window.windowMs };
    steps[index] = step;
    step.requests += window.requests;
    step.failures += failuresOf(window.failures);
    const latency = Histogram.from(window.latency);
    step.sumUs += latency.sumUs();
    step.count += latency.total;
  }
  return Array.from({ length: HISTORY_SECONDS }, (_, index) => {
    const step = steps[index];
    if (step === undefined) return null;
    return {
      requestsPerSec: round((step.requests * 1_000) / step.ms),
      failureShare: share(step.failures, step.requests),
      meanMs: step.count === 0 ? 0 : step.sumUs / step.count / 1_000,
    };
  });
}

/** Failures may exceed completed requests (refused ones complete nothing); the share never exceeds 1. */
function share(failures: number, requests: number): number {
  return failures === 0 ? 0 : Math.min(1, failures / Math.max(requests, failures));
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
