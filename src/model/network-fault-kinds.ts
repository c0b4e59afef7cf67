/**
 * The catalogue of network faults: kinds, directions, and parameters with ranges and defaults. One table for the
 * parser, for the traffic layer and for the docs (docs/network-faults.md is held to it by a test).
 *
 * The `http-*` kinds understand HTTP endpoints only; all others work on bytes, for TCP and HTTP endpoints alike.
 */

export type ParameterSpec = { readonly what: string } & (
  | { readonly type: 'number'; readonly low: number; readonly high: number; readonly otherwise?: number }
  | { readonly type: 'word'; readonly words: readonly string[]; readonly otherwise?: string }
  | { readonly type: 'flag'; readonly otherwise?: boolean }
  | { readonly type: 'text'; readonly otherwise?: string }
  | { readonly type: 'texts'; readonly otherwise?: readonly string[] }
);

export interface NetworkFaultSpec {
  /** One line for the catalogue. */
  readonly what: string;
  /** The first is the default. */
  readonly directions: readonly ('towards' | 'back' | 'both')[];
  /** For HTTP endpoints only. */
  readonly http: boolean;
  /** What `NetworkBite` counts. */
  readonly unit: string;
  readonly parameters: Readonly<Record<string, ParameterSpec>>;
}

const HOUR_MS = 3_600_000;
const EACH = ['both', 'towards', 'back'] as const;

const ms = (what: string, otherwise?: number): ParameterSpec => ({
  type: 'number',
  what,
  low: 0,
  high: HOUR_MS,
  ...(otherwise === undefined ? {} : { otherwise }),
});

const DELAY = {
  ms: ms('delay in ms; the mean (uniform, normal), the least (pareto), the ordinary one (tail)'),
  jitterMs: ms('uniform: up to this much more or less; normal: standard deviation; pareto: mean of what is added', 0),
  distribution: {
    type: 'word',
    what: 'of the delay',
    words: ['uniform', 'normal', 'pareto', 'tail'],
    otherwise: 'uniform',
  },
  tailShare: { type: 'number', what: 'tail: share that takes tailMs instead', low: 0, high: 1, otherwise: 0.01 },
  tailMs: ms('tail: delay of that share, in ms', 1_000),
} as const satisfies Readonly<Record<string, ParameterSpec>>;

const MATCH = {
  methods: { type: 'texts', what: 'request methods; empty: all', otherwise: [] },
  path: { type: 'text', what: 'path without query; a `*` at the end stands for any rest', otherwise: '*' },
  nth: { type: 'number', what: 'only the n-th matching request; 0: all', low: 0, high: 1e9, otherwise: 0 },
  every: { type: 'number', what: 'every n-th matching request; 0: all', low: 0, high: 1e9, otherwise: 0 },
} as const satisfies Readonly<Record<string, ParameterSpec>>;

export const NETWORK_FAULTS = {
  latency: {
    what: 'everything takes longer; opening a connection too',
    directions: EACH,
    http: false,
    unit: 'ms of delay on average',
    parameters: {
      ...DELAY,
      handshake: { type: 'flag', what: 'whether opening a connection is delayed as well', otherwise: true },
    },
  },
  bandwidth: {
    what: 'at most so many bytes a second on each connection',
    directions: EACH,
    http: false,
    unit: 'bytes a second while it held back',
    parameters: {
      bytesPerSec: {
        type: 'number',
        what: 'bytes a second, for each direction; 0: nothing passes',
        low: 0,
        high: 1e12,
      },
    },
  },
  loss: {
    what: 'lost packets, as TCP shows them: stalls of a retransmission timeout, doubled when it is lost again',
    directions: EACH,
    http: false,
    unit: 'share of segments lost',
    parameters: {
      share: { type: 'number', what: 'share of segments lost', low: 0, high: 1 },
      retransmitMs: ms('first retransmission after this many ms', 200),
    },
  },
  reset: {
    what: 'connections are reset (RST) some time after the first byte in its direction',
    directions: EACH,
    http: false,
    unit: 'connections reset',
    parameters: { afterMs: ms('after the first byte, in ms', 0) },
  },
  'half-open': {
    what: 'connections are accepted, then nothing: no answer, no end. The peer has silently gone',
    directions: ['both'],
    http: false,
    unit: 'connections left hanging',
    parameters: {},
  },
  slicer: {
    what: 'data arrives in small pieces',
    directions: EACH,
    http: false,
    unit: 'bytes in a piece on average',
    parameters: {
      averageBytes: { type: 'number', what: 'mean size of a piece', low: 1, high: 1e9 },
      variationBytes: { type: 'number', what: 'up to this much more or less', low: 0, high: 1e9, otherwise: 0 },
      delayMs: ms('pause between pieces, in ms (fractions count)', 0),
    },
  },
  limit: {
    what: 'each connection is closed after so many bytes',
    directions: ['back', 'towards'],
    http: false,
    unit: 'connections closed',
    parameters: { bytes: { type: 'number', what: 'bytes that pass', low: 0, high: 1e15 } },
  },
  'slow-close': {
    what: 'the end of a connection arrives late',
    directions: EACH,
    http: false,
    unit: 'ms of delay on average',
    parameters: { delayMs: ms('in ms') },
  },
  blackhole: {
    what: 'nothing arrives and nothing is refused; what was sent meanwhile arrives when it is over',
    directions: EACH,
    http: false,
    unit: 'connections and attempts swallowed',
    parameters: {},
  },
  timeout: {
    what: 'data is thrown away, and the connection closed after a time or when the fault ends',
    directions: EACH,
    http: false,
    unit: 'connections cut off',
    parameters: { afterMs: ms('closed after this many ms; 0: not before the fault ends', 0) },
  },
  refuse: {
    what: 'new connections are refused; those that are open go on, unless they are to be cut',
    directions: ['both'],
    http: false,
    unit: 'connections refused or cut',
    parameters: {
      cutOpen: { type: 'flag', what: 'whether connections that are open are reset when it begins', otherwise: false },
    },
  },
  'http-status': {
    what: 'the instance seems to answer with this status; it never sees the request',
    directions: ['back'],
    http: true,
    unit: 'requests answered',
    parameters: {
      status: { type: 'number', what: 'status of the answer', low: 200, high: 599, otherwise: 503 },
      body: { type: 'text', what: 'body of the answer', otherwise: '' },
      contentType: { type: 'text', what: 'Content-Type of the answer', otherwise: 'text/plain' },
      ...MATCH,
    },
  },
  'http-delay': {
    what: 'requests that match reach the instance later',
    directions: ['towards'],
    http: true,
    unit: 'ms of delay on average',
    parameters: { ...DELAY, ...MATCH },
  },
  'http-body': {
    what: 'the body of the answer is replaced, cut short or damaged',
    directions: ['back'],
    http: true,
    unit: 'answers changed',
    parameters: {
      change: { type: 'word', what: 'what is done to it', words: ['replace', 'truncate', 'corrupt', 'break'] },
      body: { type: 'text', what: 'replace: the new body', otherwise: '' },
      bytes: {
        type: 'number',
        what: 'truncate: so much is left, in a well-formed answer; break: so much comes before the connection breaks',
        low: 0,
        high: 1e12,
        otherwise: 0,
      },
      share: { type: 'number', what: 'corrupt: share of bytes that are changed', low: 0, high: 1, otherwise: 0.01 },
      ...MATCH,
    },
  },
} as const satisfies Readonly<Record<string, NetworkFaultSpec>>;

export type NetworkFaultKind = keyof typeof NETWORK_FAULTS;
