/** Toxiproxy's toxics, and the network fault that each one is. Adding one is an entry in the table. */
import type { NetworkFaultParameters } from '../../model/network-fault.ts';
import type { NetworkFaultKind } from '../../model/network-fault-kinds.ts';
import { invalidStream, invalidType } from './errors.ts';
import { type Body, field, nested } from './fields.ts';

export type Stream = 'upstream' | 'downstream';
type Attributes = Readonly<Record<string, number>>;

export interface Toxic {
  readonly attributes: Attributes;
  readonly name: string;
  readonly type: string;
  readonly stream: Stream;
  readonly toxicity: number;
}

interface ToxicType {
  /** Whole numbers, 0 when they are not given. */
  readonly attributes: readonly string[];
  /** null: it does nothing. */
  fault(
    attributes: Attributes,
  ): { readonly kind: NetworkFaultKind; readonly parameters: NetworkFaultParameters } | null;
}

/** Ours end where an hour does. */
const MOST_MS = 3_600_000;
const ms = (value = 0): number => Math.min(MOST_MS, Math.max(0, value));
const bytes = (value = 0): number => Math.min(1e12, Math.max(0, value));

const TYPES: Readonly<Record<string, ToxicType>> = {
  latency: {
    attributes: ['latency', 'jitter'],
    // Its proxy opens connections at once; only data is late.
    fault: ({ latency, jitter }) => ({
      kind: 'latency',
      parameters: { ms: ms(latency), jitterMs: ms(jitter), handshake: false },
    }),
  },
  bandwidth: {
    attributes: ['rate'],
    // KB/s, with a KB of 1000 bytes as its own arithmetic has it.
    fault: ({ rate = 0 }) => ({ kind: 'bandwidth', parameters: { bytesPerSec: bytes(rate * 1_000) } }),
  },
  slow_close: {
    attributes: ['delay'],
    fault: ({ delay }) => ({ kind: 'slow-close', parameters: { delayMs: ms(delay) } }),
  },
  timeout: {
    attributes: ['timeout'],
    fault: ({ timeout }) => ({ kind: 'timeout', parameters: { afterMs: ms(timeout) } }),
  },
  reset_peer: {
    attributes: ['timeout'],
    fault: ({ timeout }) => ({ kind: 'reset', parameters: { afterMs: ms(timeout) } }),
  },
  slicer: {
    attributes: ['average_size', 'size_variation', 'delay'],
    fault: ({ average_size, size_variation, delay = 0 }) => ({
      kind: 'slicer',
      parameters: {
        averageBytes: Math.min(1e9, Math.max(1, average_size ?? 0)),
        variationBytes: Math.min(1e9, bytes(size_variation)),
        // Microseconds.
        delayMs: ms(delay / 1_000),
      },
    }),
  },
  limit_data: {
    attributes: ['bytes'],
    fault: ({ bytes: limit }) => ({ kind: 'limit', parameters: { bytes: bytes(limit) } }),
  },
  noop: { attributes: [], fault: () => null },
};

export const TOXIC_TYPES: readonly string[] = Object.keys(TYPES);

export function parseToxic(body: Body): Toxic {
  const type = field(body, 'type', 'string', '');
  const given = field(body, 'stream', 'string', 'downstream');
  const toxicity = field(body, 'toxicity', 'float', 1);
  const name = field(body, 'name', 'string', '');
  const stream = given.toLowerCase();
  if (stream !== 'upstream' && stream !== 'downstream') throw invalidStream();
  if (!Object.hasOwn(TYPES, type)) throw invalidType();
  return { attributes: {}, name: name === '' ? `${type}_${stream}` : name, type, stream, toxicity };
}

/** With the attributes of its type: what is not given stays as it is in `toxic`, or is 0. */
export function withAttributes(toxic: Toxic, body: Body): Toxic {
  const given = nested(body, 'attributes');
  const names = (TYPES[toxic.type] as ToxicType).attributes;
  const attributes = Object.fromEntries(
    names.map((name) => [name, field(given, name, 'int', toxic.attributes[name] ?? 0)]),
  );
  return { ...toxic, attributes };
}

export function updatedToxic(toxic: Toxic, body: Body): Toxic {
  return { ...withAttributes(toxic, body), toxicity: field(body, 'toxicity', 'float', toxic.toxicity) };
}

export function faultOf(toxic: Toxic): ReturnType<ToxicType['fault']> {
  return (TYPES[toxic.type] as ToxicType).fault(toxic.attributes);
}
