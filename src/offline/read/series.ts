/**
 * Series of Prometheus and OTLP metrics to measures: which service (and edge) each is about, what it measures, and
 * whose view it is. Labels as the common exporters, service meshes and OpenTelemetry's span metrics and service graph
 * connectors write them.
 */
import type { Measure, Quantity } from '../contract.ts';
import { serviceOfName } from './names.ts';
import { meaningOf, wordsOf } from './words.ts';

export interface ReadSeries {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly kind: 'gauge' | 'counter' | 'delta';
  readonly unit: string;
  readonly source: string;
  readonly atMs: number[];
  readonly values: number[];
}

const CALLER = [
  'source_workload',
  'source_app',
  'source_service_name',
  'source_service',
  'client',
  'caller',
  'client_service',
];
const CALLEE = [
  'destination_workload',
  'destination_app',
  'destination_service_name',
  'destination_service',
  'server',
  'callee',
  'server_service',
];
const SERVICE = [
  'service_name',
  'service',
  'exported_service',
  'app',
  'application',
  'app_kubernetes_io_name',
  'k8s_deployment_name',
  'deployment',
  'workload',
  'container',
  'container_name',
  'pod',
  'pod_name',
  'exported_job',
  'job',
];
const INSTANCE = ['service_instance_id', 'pod', 'pod_name', 'k8s_pod_name', 'instance', 'container_id', 'host_name'];
const PEER = ['peer_service', 'server_address', 'net_peer_name', 'upstream', 'upstream_cluster', 'target_service'];
const STATUS = [
  'http_response_status_code',
  'http_status_code',
  'status_code',
  'response_code',
  'code',
  'status',
  'http_status',
];
/** Words that gRPC, span metrics and frameworks have for failures of the callee. */
const BAD =
  /^(5\d\d|5xx|status_code_error|error|err|fail(ed|ure)?|unknown|deadlineexceeded|resourceexhausted|aborted|internal|unavailable|dataloss|server_error|false)$/i;

/** A family is one metric: counts of different ones about the same service are never added up. */
export interface FamilyMeasure extends Measure {
  readonly family: string;
}

/** null: says nothing that a diagnosis can use. A request counter that tells failures apart gives two. */
export function measuresOf(series: ReadSeries): FamilyMeasure[] {
  if (series.atMs.length === 0 || 'le' in series.labels) return [];
  const labels = plainLabels(series.labels);
  const name = series.name.replaceAll('.', '_');
  const what = quantityOf(name, series, labels);
  if (what === null) return [];
  const ends = endsOf(wordsOf(name), labels, series.source);
  if (ends === null) return [];
  const measure: FamilyMeasure = {
    ...ends,
    ...what,
    instance: first(labels, INSTANCE),
    atMs: series.atMs,
    values: what.values,
    family: name.replace(/_(count|sum|total)$/, ''),
  };
  if (measure.quantity !== 'requests' || !isFailure(labels)) return [measure];
  return [measure, { ...measure, quantity: 'failed' }];
}

function plainLabels(labels: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(labels).map(([name, value]) => [name.replaceAll('.', '_').toLowerCase(), value]),
  );
}

function first(labels: Readonly<Record<string, string>>, names: readonly string[]): string | null {
  for (const name of names) {
    const value = labels[name];
    if (value !== undefined && value !== '' && value !== 'unknown') return value;
  }
  return null;
}

export function isFailure(labels: Readonly<Record<string, string>>): boolean {
  const status = first(labels, STATUS);
  if (status !== null && BAD.test(status)) return true;
  const grpc = first(labels, [
    'grpc_code',
    'grpc_status',
    'grpc_response_status',
    'rpc_grpc_status_code',
    'outcome',
    'result',
  ]);
  if (grpc !== null && (BAD.test(grpc) || ['2', '4', '8', '10', '13', '14', '15'].includes(grpc))) return true;
  return labels.error === 'true' || labels.success === 'false';
}

type Ends = Pick<Measure, 'service' | 'callee' | 'view'>;

function endsOf(words: string, labels: Readonly<Record<string, string>>, source: string): Ends | null {
  const caller = first(labels, CALLER);
  const callee = first(labels, CALLEE);
  if (caller !== null && callee !== null) {
    // A mesh reports at both ends; a service graph says in the name whose clock it was.
    const atCaller = labels.reporter === 'source' || /\bclient\b/.test(words);
    return { service: serviceOfName(caller), callee: serviceOfName(callee), view: atCaller ? 'caller' : 'callee' };
  }
  const service = first(labels, SERVICE) ?? callee ?? (source === '' ? null : source);
  if (service === null) return null;
  const calls = /\bclient\b/.test(words) || /client|producer/i.test(labels.span_kind ?? '');
  if (!calls) {
    if (/internal/i.test(labels.span_kind ?? '')) return null;
    return { service: serviceOfName(service), callee: null, view: 'callee' };
  }
  const peer = first(labels, PEER);
  return peer === null ? null : { service: serviceOfName(service), callee: serviceOfName(peer), view: 'caller' };
}

type What = Pick<Measure, 'quantity' | 'resource' | 'form' | 'rank' | 'values'>;

function quantityOf(name: string, series: ReadSeries, labels: Readonly<Record<string, string>>): What | null {
  const { kind, unit } = series;
  const form = kind === 'counter' ? 'total' : kind === 'delta' ? 'added' : 'mean';
  const part = /_(count|sum)$/.exec(name)?.[1];
  const meaning = meaningOf(name.replace(/_(count|sum|total)$/, ''), unit);
  if (meaning === null) return null;
  const what = (quantity: Quantity, scale: number, rank = meaning.rank): What => ({
    quantity,
    resource: meaning.resource,
    form,
    rank,
    values: scale === 1 ? series.values : series.values.map((value) => value * scale),
  });
  if (part !== undefined && meaning.quantity === 'latencyMs') {
    if (part === 'count') return what('requests', 1, 0);
    return what('seconds', (meaning.scale ?? (unit === 'ms' ? 1 : 1_000)) / 1_000, 0);
  }
  if (part === 'sum' && form !== 'mean') return null;
  if (meaning.quantity === 'level') return what('level', 1);
  if (meaning.quantity === 'latencyMs') {
    if (form !== 'mean') return what('seconds', (meaning.scale ?? 1_000) / 1_000);
    const quantile = Number(labels.quantile ?? Number.NaN);
    return what('latencyMs', meaning.scale ?? 1_000, Number.isNaN(quantile) ? meaning.rank : 2 + quantile);
  }
  if (meaning.quantity === 'failedShare') {
    const scale = meaning.scale ?? (Math.max(...series.values) > 1.5 ? 0.01 : 1);
    return {
      ...what('failedShare', 1),
      values: series.values.map((value) => (meaning.inverse ? 1 - value * scale : value * scale)),
    };
  }
  if (form === 'mean') return { ...what(meaning.quantity, 1, meaning.rank + 2), form: 'rate' };
  return what(meaning.quantity, 1);
}
