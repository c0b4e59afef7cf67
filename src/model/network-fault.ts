/**
 * Network faults that the traffic layer makes without privileges: what can be asked for, and what is told of it.
 *
 * A fault lies on the way from a caller to the instances of a callee, between the traffic process and the instance:
 * below everything that measures, so balancing, ejection, retries and detection see what they would see of the real
 * thing, and are told nothing. It is a lease in the traffic process itself: when nobody renews it, it ends there,
 * whoever else was killed; and a traffic process that starts anew has none. Nothing is left behind by construction:
 * a fault is state of that process alone, never of the kernel, the disk or an instance.
 */
import { HoldfastError } from './errors.ts';
import { NETWORK_FAULTS, type NetworkFaultKind, type ParameterSpec } from './network-fault-kinds.ts';
import { nearest } from './suggest.ts';
import type { Ms } from './time.ts';

/** towards: from the caller to the callee; back: the answers. */
export type FaultDirection = 'towards' | 'back' | 'both';

/** Which connections and requests. */
export interface NetworkFaultPlace {
  /** Service, or OUTSIDE for published endpoints; null: every caller, and the traffic layer's own probes. */
  readonly caller: string | null;
  /** Service. */
  readonly callee: string;
  /** Name of the callee's port as in the pool's id `callee:port`; null: all of its ports. */
  readonly port: string | null;
  /** One instance of the callee; null: all. */
  readonly instance: string | null;
}

/** A fault as it is asked for: `kind` and `parameters` as the catalogue (network-fault-kinds.ts) has them. */
export interface NetworkFault {
  /** 1–64 letters, digits, `.`, `_`, `-`. A fault that is put again under its id replaces the one before. */
  readonly id: string;
  readonly where: NetworkFaultPlace;
  readonly direction: FaultDirection;
  readonly kind: NetworkFaultKind;
  /** Complete: defaults are filled in by `parseNetworkFault`. */
  readonly parameters: NetworkFaultParameters;
  /** Share of connections (for `http-*` of requests) that it hits, 0–1. Drawn once for each. Default 1. */
  readonly probability: number;
  /** Of everything that is drawn at random for this fault. Default 1. */
  readonly seed: number;
  /** From the put or the last renewal; 200 ms to 600 s. */
  readonly leaseMs: Ms;
  /** Who asked, for people. */
  readonly holder: string;
}

export type NetworkFaultParameters = Readonly<Record<string, number | string | boolean | readonly string[]>>;

export const MIN_NETWORK_LEASE_MS: Ms = 200;
export const MAX_NETWORK_LEASE_MS: Ms = 600_000;

/** How much of what. Requests are counted on HTTP endpoints, bytes in the fault's directions. */
export interface NetworkFaultCount {
  readonly connections: number;
  readonly requests: number;
  readonly bytes: number;
}

export interface NetworkFaultStatus {
  readonly fault: NetworkFault;
  /** On the machine's monotonic clock, as all times of the traffic process. */
  readonly putAt: Ms;
  /** The end of the lease, as far as it has been renewed. */
  readonly deadline: Ms;
  readonly remainingMs: Ms;
  /** What went by where the fault is. */
  readonly seen: NetworkFaultCount;
  /** What the fault did something to. */
  readonly affected: NetworkFaultCount;
  readonly bite: NetworkBite;
}

/** What was asked and what came of it, in the fault's own unit. A fault that had no effect proves nothing. */
export interface NetworkBite {
  readonly asked: number;
  readonly measured: number;
  /** `ms of delay on average`, `bytes a second`, `connections reset`, … */
  readonly unit: string;
  readonly bitten: boolean;
}

/**
 * asked: somebody removed it, or put another under its id; lease: nobody renewed it; target-gone: the callee is not
 * in the routes any more. (A traffic process that ends takes its faults with it, and tells nobody.)
 */
export type NetworkFaultEnd = 'asked' | 'lease' | 'target-gone';

/** A fault that is over, with what it did. */
export interface NetworkFaultEnded {
  readonly status: NetworkFaultStatus;
  readonly reason: NetworkFaultEnd;
}

type Given = Readonly<Record<string, unknown>>;

const KEYS = ['id', 'where', 'direction', 'kind', 'parameters', 'probability', 'seed', 'leaseMs', 'holder'];
const PLACE_KEYS = ['caller', 'callee', 'port', 'instance'];
const ID = /^[A-Za-z0-9._-]{1,64}$/;

/** Fills in defaults. HF6004 for what is wrong, stray keys included; HF8202 for a kind that there is not. */
export function parseNetworkFault(value: unknown): NetworkFault {
  const given = mapOf('a network fault', value);
  strays('a network fault', given, KEYS);
  const kind = kindOf(given.kind);
  const { directions } = NETWORK_FAULTS[kind];
  const direction = given.direction ?? directions[0];
  if (!directions.some((each) => each === direction))
    throw wrong(`fault ${kind}: direction is one of ${directions.join(', ')}`, direction);
  if (typeof given.id !== 'string' || !ID.test(given.id)) throw wrong('id is 1–64 letters, digits, . _ -', given.id);
  return {
    id: given.id,
    where: parsePlace(given.where),
    direction: direction as FaultDirection,
    kind,
    parameters: parseParameters(kind, given.parameters ?? {}),
    probability: numberIn('probability', given.probability ?? 1, 0, 1),
    seed: numberIn('seed', given.seed ?? 1, 0, 0xffff_ffff),
    leaseMs: numberIn('leaseMs', given.leaseMs, MIN_NETWORK_LEASE_MS, MAX_NETWORK_LEASE_MS),
    holder: given.holder === undefined ? '' : textOf('holder', given.holder),
  };
}

function kindOf(value: unknown): NetworkFaultKind {
  if (typeof value === 'string' && Object.hasOwn(NETWORK_FAULTS, value)) return value as NetworkFaultKind;
  const close = typeof value === 'string' ? nearest(value, Object.keys(NETWORK_FAULTS)) : null;
  const hint = close === null ? `there are ${Object.keys(NETWORK_FAULTS).join(', ')}` : `did you mean ${close}?`;
  throw new HoldfastError('HF8202', `no network fault ${JSON.stringify(value)}; ${hint}`);
}

function parsePlace(value: unknown): NetworkFaultPlace {
  const given = mapOf('where', value);
  strays('where', given, PLACE_KEYS);
  const optional = (key: string): string | null =>
    given[key] === undefined || given[key] === null ? null : textOf(`where.${key}`, given[key]);
  return {
    caller: optional('caller'),
    callee: textOf('where.callee', given.callee),
    port: optional('port'),
    instance: optional('instance'),
  };
}

function parseParameters(kind: NetworkFaultKind, value: unknown): NetworkFaultParameters {
  const given = mapOf(`parameters of ${kind}`, value);
  const specs: Readonly<Record<string, ParameterSpec>> = NETWORK_FAULTS[kind].parameters;
  strays(`fault ${kind}`, given, Object.keys(specs));
  return Object.fromEntries(
    Object.entries(specs).map(([name, spec]) => [name, parseParameter(`fault ${kind}: ${name}`, spec, given[name])]),
  );
}

function parseParameter(
  what: string,
  spec: ParameterSpec,
  value: unknown,
): number | string | boolean | readonly string[] {
  const given = value ?? spec.otherwise;
  switch (spec.type) {
    case 'number':
      return numberIn(what, given, spec.low, spec.high);
    case 'word':
      if (typeof given === 'string' && spec.words.includes(given)) return given;
      throw wrong(`${what} is one of ${spec.words.join(', ')}`, given);
    case 'flag':
      if (typeof given === 'boolean') return given;
      throw wrong(`${what} is true or false`, given);
    case 'text':
      return textOf(what, given);
    case 'texts':
      if (Array.isArray(given) && given.every((each) => typeof each === 'string')) return given;
      throw wrong(`${what} is a list of texts`, given);
  }
}

function mapOf(what: string, value: unknown): Given {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Given;
  throw wrong(`${what} is a map`, value);
}

function textOf(what: string, value: unknown): string {
  if (typeof value === 'string' && value.length <= MAX_TEXT) return value;
  throw wrong(`${what} is a text of at most ${MAX_TEXT} characters`, value);
}

/** An answer's body that is put in place of another may be as large as a control message may well be. */
const MAX_TEXT = 1_000_000;

function numberIn(what: string, value: unknown, low: number, high: number): number {
  if (typeof value === 'number' && value >= low && value <= high) return value;
  throw wrong(`${what} is a number between ${low} and ${high}`, value);
}

function strays(what: string, given: Given, known: readonly string[]): void {
  const stray = Object.keys(given).find((key) => !known.includes(key));
  if (stray === undefined) return;
  const close = nearest(stray, known);
  const hint = close === null ? `known: ${known.join(', ') || 'none'}` : `did you mean ${close}?`;
  throw new HoldfastError('HF6004', `${what} has no ${stray}; ${hint}`);
}

function wrong(wanted: string, value: unknown): HoldfastError {
  const got = value === undefined ? 'it is missing' : `not ${JSON.stringify(value)?.slice(0, 80)}`;
  return new HoldfastError('HF6004', `${wanted}, ${got}`);
}
