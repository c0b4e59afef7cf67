/**
 * A Prometheus server's HTTP API: which metrics it has, and those that a diagnosis can use over a range of time.
 * The same answers may have been saved to files.
 */
import { isObject, type JsonObject, textOf } from '../../intake/wire/json.ts';
import { HoldfastError } from '../../model/errors.ts';
import { LIMITS } from '../contract.ts';
import type { Collector } from './collector.ts';
import { Unreadable } from './errors.ts';
import { meaningOf } from './words.ts';

export interface PrometheusRange {
  readonly fromMs: number;
  readonly toMs: number;
  /** Between points. */
  readonly stepMs: number;
}

/** Longest that one answer may take. */
const TIMEOUT_MS = 60_000;
/** Metrics asked for: those of services come first by what they mean. */
const MOST_METRICS = 300;
/** A server refuses more points of one series than this. */
const MOST_STEPS = 10_000;

export async function readPrometheus(base: string, range: PrometheusRange, into: Collector): Promise<void> {
  const root = base.replace(/\/+$/, '').replace(/\/api\/v1.*$/, '');
  const steps = Math.ceil((range.toMs - range.fromMs) / range.stepMs);
  const stepMs = steps > MOST_STEPS ? (range.toMs - range.fromMs) / MOST_STEPS : range.stepMs;
  const names = await ask(`${root}/api/v1/label/__name__/values`);
  if (!Array.isArray(names.data)) throw new HoldfastError('HF8403', `${root} does not list its metrics`);
  const wanted = names.data
    .map(textOf)
    .filter((name) => !/_(bucket|created)$/.test(name) && meaningOf(plainFamily(name)) !== null);
  const levels = (name: string): number => (meaningOf(plainFamily(name))?.quantity === 'level' ? 1 : 0);
  wanted.sort((a, b) => levels(a) - levels(b) || (a < b ? -1 : 1));
  if (wanted.length > MOST_METRICS)
    into.gathered.notes.push(`${root}: ${wanted.length - MOST_METRICS} metrics of resources not asked for`);
  for (const name of wanted.slice(0, MOST_METRICS)) {
    const query = new URLSearchParams({
      query: name,
      start: (range.fromMs / 1_000).toFixed(3),
      end: (range.toMs / 1_000).toFixed(3),
      step: (stepMs / 1_000).toFixed(3),
    });
    readPrometheusAnswer(await ask(`${root}/api/v1/query_range?${query}`), into);
  }
  into.gathered.notes.push(`${root}: ${Math.min(wanted.length, MOST_METRICS)} of ${names.data.length} metrics`);
}

function plainFamily(name: string): string {
  return name.replace(/_(count|sum|total)$/, '');
}

async function ask(url: string): Promise<JsonObject> {
  let response: Response;
  let text: string;
  try {
    response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS), redirect: 'follow' });
    text = await response.text();
  } catch (error) {
    const why = error instanceof Error ? ((error.cause as Error | undefined)?.message ?? error.message) : String(error);
    throw new HoldfastError('HF8403', `${url}: ${why}`, { cause: error });
  }
  if (text.length > LIMITS.maxAnswerBytes)
    throw new HoldfastError('HF8404', `${url}: more than ${LIMITS.maxAnswerBytes} bytes`);
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch (error) {
    throw new HoldfastError('HF8403', `${url}: HTTP ${response.status}, and not JSON`, { cause: error });
  }
  if (!isObject(answer) || answer.status !== 'success') {
    const why = isObject(answer) ? textOf(answer.error) : '';
    throw new HoldfastError('HF8403', `${url}: HTTP ${response.status} ${why}`);
  }
  return answer;
}

export function isPrometheusAnswer(value: JsonObject): boolean {
  return value.status === 'success' && isObject(value.data) && Array.isArray(value.data.result);
}

/** `{data: {result: [{metric, values: [[seconds, "value"], …]}]}}` */
export function readPrometheusAnswer(answer: JsonObject, into: Collector): void {
  const result = isObject(answer.data) && Array.isArray(answer.data.result) ? answer.data.result : [];
  for (const row of result) {
    if (!isObject(row) || !isObject(row.metric) || !Array.isArray(row.values))
      throw new Unreadable('not a range of values (a matrix)');
    const { __name__: name = '', ...labels } = Object.fromEntries(
      Object.entries(row.metric).map(([label, value]) => [label, textOf(value)]),
    );
    const atMs: number[] = [];
    const values: number[] = [];
    for (const point of row.values) {
      if (!Array.isArray(point)) throw new Unreadable('a point is not a list of time and value');
      const value = Number(point[1]);
      if (Number.isNaN(value)) continue;
      atMs.push(Number(point[0]) * 1_000);
      values.push(value);
    }
    const counter = /_(total|count|sum)$/.test(name);
    into.series({ name, labels, kind: counter ? 'counter' : 'gauge', unit: '', source: '', atMs, values });
  }
}
