/**
 * What passes between the traffic process and the agent: one JSON value per line over a unix socket. The traffic
 * process outlives the agent and may be older than it, hence the version in the first line.
 */
import { type ErrorBody, HoldfastError } from '../model/errors.ts';
import type { NetworkFault, NetworkFaultEnded, NetworkFaultStatus } from '../model/network-fault.ts';
import type { RouteTable } from '../model/routes.ts';
import type { EdgeSignal, StallSignal, WaySignal } from '../model/signal.ts';
import type { Ms } from '../model/time.ts';

/** Grows when either side could misunderstand the other. */
export const PROTOCOL_VERSION = 1;

/** Longest line: a table of a thousand instances is about half a megabyte. */
const MAX_LINE_BYTES = 64 * 1024 * 1024;

export type ToTraffic =
  | { readonly kind: 'routes'; readonly table: RouteTable }
  | { readonly kind: 'stop' }
  /** Whoever sends this is no agent: signals are not for it, and those that nobody took are kept. */
  | { readonly kind: 'observe' }
  /** `ask` is the asker's number for it; the answer has the same. */
  | { readonly kind: 'fault'; readonly ask: number; readonly work: FaultWork };

/** remove with `id` null: all. A fault as it came: the traffic process checks it. */
export type FaultWork =
  | { readonly op: 'put'; readonly fault: NetworkFault }
  | { readonly op: 'renew'; readonly id: string; readonly leaseMs: Ms | null }
  | { readonly op: 'remove'; readonly id: string | null }
  | { readonly op: 'list' }
  | { readonly op: 'endpoints' };

/** A listener of the routes in force, with what is behind it. */
export interface Endpoint {
  /** Service, or OUTSIDE. */
  readonly caller: string;
  readonly callee: string;
  /** Name of the callee's port. */
  readonly port: string;
  /** `host:port` that callers use. */
  readonly listen: string;
  /** `host:port` of each instance. */
  readonly members: readonly string[];
  /** Whether the callee has opted in to experiments. */
  readonly experiments: boolean;
}

export interface FaultAnswer {
  /** Those in force that were asked for; for a put or a renewal that one. */
  readonly faults: readonly NetworkFaultStatus[];
  /** Those that were removed. */
  readonly ended: readonly NetworkFaultEnded[];
  /** Only where they were asked for. */
  readonly endpoints?: readonly Endpoint[];
  readonly error: ErrorBody | null;
}

export type FromTraffic =
  | {
      readonly kind: 'hello';
      readonly protocol: number;
      readonly pid: number;
      /** Absent in processes that know nothing of network faults. */
      readonly faults?: true;
      /** What it serves already. */
      readonly system: string | null;
      readonly version: number | null;
    }
  | {
      readonly kind: 'routes-applied';
      readonly version: number;
      readonly failed: readonly { readonly listener: string; readonly error: string }[];
    }
  | { readonly kind: 'signals'; readonly signals: readonly (EdgeSignal | StallSignal | WaySignal)[] }
  | { readonly kind: 'stopping' }
  | { readonly kind: 'fault-answer'; readonly ask: number; readonly answer: FaultAnswer }
  /** A network fault is over, for whatever reason. Told to whoever is connected, and to nobody later. */
  | { readonly kind: 'fault-ended'; readonly ended: NetworkFaultEnded };

export function encode(message: ToTraffic | FromTraffic): string {
  return `${JSON.stringify(message)}\n`;
}

/** Splits a stream into lines and parses each. Throws HF4003 for what is not this protocol. */
export class LineDecoder {
  #pending: string[] = [];
  #length = 0;

  push(chunk: string): unknown[] {
    const lines = chunk.split('\n');
    const messages: unknown[] = [];
    for (let i = 0; i < lines.length - 1; i++) {
      this.#pending.push(lines[i] as string);
      const line = this.#pending.join('');
      this.#pending = [];
      this.#length = 0;
      if (line !== '') messages.push(parse(line));
    }
    const rest = lines[lines.length - 1] as string;
    this.#pending.push(rest);
    this.#length += rest.length;
    if (this.#length > MAX_LINE_BYTES) throw new HoldfastError('HF4003', 'a control message is too long');
    return messages;
  }
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw new HoldfastError('HF4003', 'a control message is not JSON', { cause });
  }
}
