/** Which path and which service carry what, and how a request becomes a committed batch: the same for HTTP and gRPC. */
import type { BatchBuilder, IntakeContext, What } from '../contract.ts';
import { ProtoWriter } from '../wire/proto-writer.ts';
import { LOGS, METRICS, type Message, TRACES } from './json.ts';
import { decodeLogs } from './logs.ts';
import { decodeMetrics } from './metrics.ts';
import { decodeTraces } from './traces.ts';

export interface Kind {
  readonly what: What;
  /** HTTP path. */
  readonly path: string;
  /** gRPC method. */
  readonly method: string;
  readonly json: Message;
  /** Name of the field of partial_success that counts what was refused. */
  readonly rejected: string;
  decode(bytes: Uint8Array, context: IntakeContext, batch: BatchBuilder): void;
}

const COLLECTOR = '/opentelemetry.proto.collector';

export const KINDS: readonly Kind[] = [
  {
    what: 'spans',
    path: '/v1/traces',
    method: `${COLLECTOR}.trace.v1.TraceService/Export`,
    json: TRACES,
    rejected: 'rejectedSpans',
    decode: decodeTraces,
  },
  {
    what: 'points',
    path: '/v1/metrics',
    method: `${COLLECTOR}.metrics.v1.MetricsService/Export`,
    json: METRICS,
    rejected: 'rejectedDataPoints',
    decode: decodeMetrics,
  },
  {
    what: 'logs',
    path: '/v1/logs',
    method: `${COLLECTOR}.logs.v1.LogsService/Export`,
    json: LOGS,
    rejected: 'rejectedLogRecords',
    decode: decodeLogs,
  },
];

export interface Partial {
  readonly rejected: number;
  readonly message: string;
}

/** Decodes and commits. Null: all of it was taken. Throws Malformed, and nothing is committed. */
export function accept(kind: Kind, bytes: Uint8Array, context: IntakeContext, protocol: string): Partial | null {
  const batch = context.batch(protocol);
  kind.decode(bytes, context, batch);
  const rejected = batch.dropped(kind.what);
  batch.commit();
  if (rejected === 0) return null;
  return { rejected, message: `${rejected} ${kind.what} refused: see Holdfast's intake counters for the reasons` };
}

/** Export*ServiceResponse: empty, or partial_success {1: rejected, 2: message}. */
export function responseBytes(partial: Partial | null): Uint8Array {
  if (partial === null) return new Uint8Array(0);
  return new ProtoWriter().message(1, (inner) => inner.varint(1, partial.rejected).text(2, partial.message)).bytes();
}
