/**
 * What a metric's name says that it measures. By the words that metrics of services are made of everywhere (Prometheus
 * and OpenTelemetry conventions, service meshes, columns of tables), never by the names of particular systems.
 */
import type { Quantity } from '../contract.ts';

export interface Meaning {
  readonly quantity: Quantity;
  readonly resource: string;
  /** Factor to the quantity's own unit (seconds, ms, share); null: to be guessed from the values (latencyMs). */
  readonly scale: number | null;
  /** 1 − value × scale: availability. */
  readonly inverse: boolean;
  /** Smaller is better: which of several statistics of one thing says most about the mean call. */
  readonly rank: number;
  /** Per second, as levels called "rate" or "rps" are. */
  readonly perSecond: boolean;
}

const LATENCY = /\b(latency|latencies|duration|response ?time|resp ?time|elapsed|rt|delay|time taken|lat|mrt)\b/;
const FAILED =
  /\b(errors?|err|failed|fail|failures?|faults?|exceptions?|5xx|http ?5\d\d|unsuccessful|server error|rejected)\b/;
const REQUESTS =
  /\b(requests?|reqs?|calls?|rps|qps|tps|throughput|workload|load|traffic|invocations?|hits|queries|transactions|messages|count|rate|sr)\b/;
const AVAILABLE = /\b(availability|success ?rate|success|uptime)\b/;
const RESOURCES: readonly (readonly [RegExp, string])[] = [
  [/\b(cpu|processor)\b/, 'cpu'],
  [/\b(mem|memory|rss|heap|working set|ram)\b/, 'memory'],
  [/\b(disk|diskio|io|iops|fs|filesystem|blkio|inodes?)\b/, 'disk'],
  [/\b(sockets?|connections?|conns?|pool)\b/, 'connections'],
  [/\b(threads?|goroutines?)\b/, 'threads'],
  [/\b(fds?|file descriptors?|open files)\b/, 'open files'],
  [/\b(queue|backlog|lag|pending)\b/, 'queue'],
  [/\b(gc|garbage)\b/, 'garbage collection'],
  [/\b(network|net|receive|transmit|bytes)\b/, 'network'],
];
/** Numbers about the machinery and not about use: they would be levels that never move, or that say nothing. */
const IDLE = /\b(limit|limits|quota|request limit|capacity|max|created|info|up|spec|bucket|size)\b/;

/** `http.server.request.duration` → `http server request duration`, `latencyP99` → `latency p99`. */
export function wordsOf(name: string): string {
  return name
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .replace(/[^A-Za-z0-9]+/g, ' ')
    .trim()
    .toLowerCase();
}

/** null: nothing that a diagnosis could use. `unit` as the sender says it. */
export function meaningOf(name: string, unit = ''): Meaning | null {
  const words = wordsOf(name);
  const plain = { resource: '', inverse: false, rank: rankOf(words), perSecond: false };
  if (/\bbucket\b/.test(words)) return null;
  const resource = RESOURCES.find(([pattern]) => pattern.test(words))?.[1];
  const ofCalls = LATENCY.test(words) || AVAILABLE.test(words) || (FAILED.test(words) && resource === undefined);
  if (resource !== undefined && !ofCalls && !/\b(request|call|http|rpc) (count|rate)\b/.test(words)) {
    if (IDLE.test(words)) return null;
    return { ...plain, quantity: 'level', resource, scale: 1, rank: 0 };
  }
  if (AVAILABLE.test(words)) return { ...plain, quantity: 'failedShare', scale: null, inverse: true };
  if (LATENCY.test(words)) return { ...plain, quantity: 'latencyMs', scale: scaleOf(words, unit) };
  if (FAILED.test(words)) {
    const share = /\b(rate|ratio|share|percent|percentage|pct|er)\b/.test(words) || unit === '%' || unit === '1';
    return share
      ? {
          ...plain,
          quantity: 'failedShare',
          scale: unit === '%' || /\b(percent|percentage|pct)\b/.test(words) ? 0.01 : null,
        }
      : { ...plain, quantity: 'failed', scale: 1 };
  }
  if (REQUESTS.test(words)) {
    if (IDLE.test(words) && !/\b(request|requests|calls?)\b/.test(words)) return null;
    const perSecond = /\b(rate|rps|qps|tps|per second|throughput|workload|load|sr)\b/.test(words);
    return { ...plain, quantity: 'requests', scale: 1, perSecond };
  }
  return null;
}

/** To ms; null when neither name nor unit says. */
function scaleOf(words: string, unit: string): number | null {
  const known: Readonly<Record<string, number>> = {
    s: 1_000,
    seconds: 1_000,
    ms: 1,
    milliseconds: 1,
    us: 1e-3,
    µs: 1e-3,
    ns: 1e-6,
  };
  if (known[unit] !== undefined) return known[unit] ?? null;
  if (/\b(ms|millis|milliseconds|msec)\b/.test(words)) return 1;
  if (/\b(us|micros|microseconds|usec)\b/.test(words)) return 1e-3;
  if (/\b(ns|nanos|nanoseconds)\b/.test(words)) return 1e-6;
  if (/\b(s|sec|secs|seconds)\b/.test(words)) return 1_000;
  return null;
}

/** Means are what accounts are made of; medians and quantiles stand in for them, the outermost last. */
function rankOf(words: string): number {
  if (/\b(avg|average|mean)\b/.test(words)) return 0;
  if (/\b(p ?50|50|median|q50|0 5)\b/.test(words)) return 2;
  if (/\b(p ?9\d|9\d|p ?75|q\d\d|0 9\d?|99\d?|max|min|stddev|std)\b/.test(words)) {
    const digits = Number(/\b(?:p ?|q|0 )?(\d\d)\d?\b/.exec(words)?.[1] ?? 99);
    return 3 + digits / 100;
  }
  return 1;
}

/** 0–1: which quantile of its kind this is (`latency p90`, `duration-0.95`, `latency-50`); null: none. */
export function quantileOf(name: string): number | null {
  const words = wordsOf(name);
  if (/\b(median|q50)\b/.test(words)) return 0.5;
  const digits =
    /\b(?:p|q|quantile|percentile) ?(?:0 )?(\d{2,4})\b/.exec(words)?.[1] ??
    /\b(?:0 )?([5-9]\d\d?)(?: ?(?:th|percentile|quantile))?$/.exec(words)?.[1];
  return digits === undefined ? null : Number(`0.${digits}`);
}

/** Does a word like this begin the metric part of a column's name? `front-end_latency-90`: `latency` does, `end` does not. */
export function beginsMetric(text: string): boolean {
  const first = wordsOf(text).split(' ')[0] ?? '';
  if (first === '') return false;
  return /^(container|docker|http|rpc|grpc|node|process|jvm|istio|envoy|avg|average|mean|p\d\d|kube|response|resp|success|success_rate|availability|fs|network|rx|tx|open)$/.test(
    first,
  )
    ? meaningOf(text) !== null
    : meaningOf(first) !== null;
}
