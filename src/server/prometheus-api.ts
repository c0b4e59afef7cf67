/**
 * Prometheus' HTTP API on the series that are kept, for promtool, Grafana and whatever else speaks it: the same paths,
 * parameters, answers and errors. Format: prometheus.io/docs/prometheus/latest/querying/api.
 */

import { numberText } from '../query/promql/aggregate.ts';
import type { Labels, Matcher } from '../query/promql/ast.ts';
import { QueryError } from '../query/promql/errors.ts';
import { MAX_STEPS, type QueryResult, queryInstant, queryRange } from '../query/promql/evaluate.ts';
import { durationOf } from '../query/promql/lex.ts';
import { parse } from '../query/promql/parse.ts';
import type { SampledSeries } from '../query/promql/source.ts';
import type { SeriesStore } from '../query/series-store.ts';

export interface PrometheusReply {
  readonly status: number;
  readonly body: unknown;
}

/** Parameters of the query string and of the form, by name. */
export type Parameters = URLSearchParams;

export interface PrometheusFacts {
  readonly version: string;
  readonly wallMs: () => number;
}

/** `path` after `/api/v1/`; null: there is no such path. */
export function answer(
  path: string,
  parameters: Parameters,
  store: SeriesStore,
  facts: PrometheusFacts,
): PrometheusReply | null {
  try {
    const data = route(path, parameters, store, facts);
    return data === undefined ? null : { status: 200, body: { status: 'success', data } };
  } catch (error) {
    if (!(error instanceof QueryError)) throw error;
    const status = error.type === 'bad_data' ? 400 : 422;
    return { status, body: { status: 'error', errorType: error.type, error: error.message } };
  }
}

function route(
  path: string,
  parameters: Parameters,
  store: SeriesStore,
  { version, wallMs }: PrometheusFacts,
): unknown {
  const values = /^label\/([^/]+)\/values$/.exec(path)?.[1];
  if (values !== undefined) return labelValues(decodeURIComponent(values), parameters, store, wallMs());
  switch (path) {
    case 'query': {
      const timeMs = timeOf(parameters, 'time', wallMs());
      return written(queryInstant(required(parameters, 'query'), timeMs, store));
    }
    case 'query_range':
      return range(parameters, store);
    case 'series': {
      if (parameters.getAll('match[]').length === 0) throw bad('no match[] parameter provided');
      return [...matching(parameters, store, wallMs())].map(({ labels }) => labels);
    }
    case 'labels': {
      const names = new Set<string>();
      for (const { labels } of matching(parameters, store, wallMs()))
        for (const name of Object.keys(labels)) names.add(name);
      return [...names].sort();
    }
    case 'metadata':
      return metadata(parameters, store);
    case 'status/buildinfo':
      // Grafana decides by the version what it may ask for.
      return {
        version: '2.42.0',
        revision: '',
        branch: '',
        buildUser: 'holdfast',
        buildDate: '',
        goVersion: '',
        holdfast: version,
      };
    case 'status/flags':
      return {};
    case 'status/config':
      return { yaml: '' };
    case 'status/runtimeinfo':
      return runtime(store, wallMs());
    case 'status/tsdb':
      return statistics(store);
    case 'rules':
      return { groups: [] };
    case 'alerts':
      return { alerts: [] };
    case 'targets':
      return { activeTargets: [], droppedTargets: [] };
    case 'alertmanagers':
      return { activeAlertmanagers: [], droppedAlertmanagers: [] };
    case 'query_exemplars':
      return [];
    default:
      return undefined;
  }
}

/** What Prometheus says of itself, as far as it has a counterpart. */
function runtime(store: SeriesStore, nowMs: number): unknown {
  return {
    startTime: new Date(nowMs).toISOString(),
    CWD: '',
    reloadConfigSuccess: true,
    lastConfigTime: new Date(nowMs).toISOString(),
    corruptionCount: 0,
    goroutineCount: 0,
    GOMAXPROCS: 1,
    GOGC: '',
    GODEBUG: '',
    storageRetention: '1h',
    timeSeriesCount: store.size,
  };
}

/** Where the series are: what cardinality dashboards ask. */
function statistics(store: SeriesStore): unknown {
  const names = new Map<string, number>();
  const labels = new Map<string, Set<string>>();
  let [count, first, last] = [0, Number.POSITIVE_INFINITY, 0];
  for (const series of store.select([])) {
    if (series.length === 0) continue;
    count++;
    first = Math.min(first, series.timeAt(0));
    last = Math.max(last, series.timeAt(series.length - 1));
    for (const [label, value] of Object.entries(series.labels)) {
      const values = labels.get(label);
      if (values) values.add(value);
      else labels.set(label, new Set([value]));
      if (label === '__name__') names.set(value, (names.get(value) ?? 0) + 1);
    }
  }
  const most = (rows: Iterable<readonly [string, number]>): unknown[] =>
    [...rows]
      .sort(([, a], [, b]) => b - a)
      .slice(0, 10)
      .map(([name, value]) => ({ name, value }));
  return {
    headStats: { numSeries: count, numLabelPairs: 0, chunkCount: 0, minTime: count > 0 ? first : 0, maxTime: last },
    seriesCountByMetricName: most(names),
    labelValueCountByLabelName: most([...labels].map(([name, values]) => [name, values.size])),
    memoryInBytesByLabelName: [],
    seriesCountByLabelValuePair: [],
  };
}

function range(parameters: Parameters, store: SeriesStore): unknown {
  const from = timeOf(parameters, 'start', null);
  const to = timeOf(parameters, 'end', null);
  if (to < from) throw bad('invalid parameter "end": end timestamp must not be before start time');
  const step = stepOf(required(parameters, 'step'));
  if (step <= 0)
    throw bad(
      'invalid parameter "step": zero or negative query resolution step widths are not accepted. Try a positive integer',
    );
  if ((to - from) / step > MAX_STEPS) {
    throw bad(
      'exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)',
    );
  }
  return written(queryRange(required(parameters, 'query'), from, to, step, store));
}

function labelValues(name: string, parameters: Parameters, store: SeriesStore, nowMs: number): string[] {
  if (!/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name)) throw bad(`invalid label name: "${name}"`);
  const values = new Set<string>();
  for (const { labels } of matching(parameters, store, nowMs)) if (labels[name]) values.add(labels[name]);
  return [...values].sort();
}

function metadata(parameters: Parameters, store: SeriesStore): unknown {
  const limit = Number(parameters.get('limit') ?? Number.NaN);
  const all = store.describe(parameters.get('metric') ?? undefined);
  const shown = Number.isInteger(limit) && limit >= 0 ? all.slice(0, limit) : all;
  return Object.fromEntries(
    shown.map(({ name, kind, unit }) => [name, [{ type: kind === 'counter' ? 'counter' : 'gauge', help: '', unit }]]),
  );
}

/** Series that any of the selectors means (all, without one) and that have a sample between start and end. */
function* matching(parameters: Parameters, store: SeriesStore, nowMs: number): Iterable<SampledSeries> {
  const from = timeOf(parameters, 'start', 0);
  const to = timeOf(parameters, 'end', nowMs);
  if (to < from) throw bad('invalid parameter "end": end timestamp must not be before start time');
  const texts = parameters.getAll('match[]');
  const selectors: readonly (readonly Matcher[])[] = texts.length === 0 ? [[]] : texts.map(selectorOf);
  const seen = new Set<SampledSeries>();
  for (const matchers of selectors) {
    for (const series of store.select(matchers)) {
      if (seen.has(series) || series.length === 0) continue;
      seen.add(series);
      if (series.timeAt(0) <= to && series.timeAt(series.length - 1) >= from) yield series;
    }
  }
}

function selectorOf(text: string): readonly Matcher[] {
  const expr = parse(text);
  if (expr.kind !== 'selector' || expr.rangeMs !== null)
    throw bad(`invalid parameter "match[]": ${text} is no instant vector selector`);
  return expr.matchers;
}

function required(parameters: Parameters, name: string): string {
  const value = parameters.get(name);
  if (value === null || value === '') {
    if (name === 'query') throw bad('invalid parameter "query": 1:1: parse error: no expression found in input');
    throw bad(`invalid parameter "${name}": cannot parse "" to a valid ${name === 'step' ? 'duration' : 'timestamp'}`);
  }
  return value;
}

/** Seconds since 1970, or RFC 3339. */
function timeOf(parameters: Parameters, name: string, fallback: number | null): number {
  const text = parameters.get(name);
  if ((text === null || text === '') && fallback !== null) return fallback;
  const value = text ?? '';
  const number = value.trim() === '' ? Number.NaN : Number(value);
  const ms = Number.isNaN(number) ? (/^\d{4}-\d\d-\d\dT/.test(value) ? Date.parse(value) : Number.NaN) : number * 1_000;
  if (!Number.isFinite(ms)) throw bad(`invalid parameter "${name}": cannot parse "${value}" to a valid timestamp`);
  return Math.round(ms);
}

/** Seconds, or a duration. */
function stepOf(text: string): number {
  const number = Number(text);
  if (!Number.isNaN(number)) return Math.round(number * 1_000);
  if (/^(?:\d+(?:ms|[smhdwy]))+$/.test(text)) return durationOf(text);
  throw bad(`invalid parameter "step": cannot parse "${text}" to a valid duration`);
}

function bad(message: string): QueryError {
  return new QueryError('bad_data', message);
}

type Point = readonly [seconds: number, value: string];

function point(timeMs: number, value: number): Point {
  return [timeMs / 1_000, numberText(value)];
}

function written(result: QueryResult): { readonly resultType: string; readonly result: unknown } {
  switch (result.type) {
    case 'scalar':
      return { resultType: 'scalar', result: point(result.timeMs, result.value) };
    case 'string':
      return { resultType: 'string', result: [result.timeMs / 1_000, result.value] };
    case 'vector':
      return {
        resultType: 'vector',
        result: result.samples.map(({ labels, value }) => ({
          metric: labels satisfies Labels,
          value: point(result.timeMs, value),
        })),
      };
    case 'matrix':
      return {
        resultType: 'matrix',
        result: result.series.map(({ labels, points }) => ({
          metric: labels,
          values: points.map(([at, value]) => point(at, value)),
        })),
      };
  }
}
