/**
 * What is tried with each kind of fault when a whole system is proven: with which parameters, for how long, and what
 * Holdfast has to make of it. These are promises: a kind without expectations of the loop only has to bite, to be
 * borne or repaired, and to leave nothing behind.
 */
import type { Ms } from '../../model/time.ts';
import type { JsonMap } from '../experiment/index.ts';

/** What is known of a service when it is to be tried. */
export interface ServiceFacts {
  readonly name: string;
  readonly replicas: number;
  readonly hasPort: boolean;
  readonly speaksHttp: boolean;
  /** Services that call it. */
  readonly callers: readonly string[];
}

export interface Trial {
  readonly kind: string;
  readonly parameters: JsonMap;
  /** null: it is over at once. */
  readonly forMs: Ms | null;
  /** Time for the echo of what is over at once. */
  readonly wait: string;
  readonly expect: JsonMap | null;
  /** service: on one instance of each; machine: once, on the machine itself. */
  readonly on: 'service' | 'machine';
  /** Only when it is named: whether it can bite depends on what the service does. */
  readonly named: boolean;
  /** Why it makes no sense there; null: it does. */
  readonly unfit: (service: ServiceFacts) => string | null;
}

const fits = (): null => null;
const needsCalls = ({ hasPort, callers }: ServiceFacts): string | null => {
  if (!hasPort) return 'it has no port';
  return callers.length === 0 ? 'nobody calls it' : null;
};

const needsHttp = (facts: ServiceFacts): string | null =>
  needsCalls(facts) ?? (facts.speaksHttp ? null : 'it does not speak HTTP');

/** A dead process is seen by whoever waits for it; the incident closes when the repair has been verified. */
const CRASH: JsonMap = { detected_within: '2s', fault_class: 'software', repaired_within: '60s' };
const HANG: JsonMap = { detected_within: '6s', fault_class: 'software', repaired_within: '60s' };
/**
 * While it lasts: the traffic layer leads calls elsewhere at once, so users feel little of it, and what is called seldom
 * shows late. Whose fault a broken way is cannot be told from one end of it: the class is left open.
 */
const CUT: JsonMap = { detected_within: '20s', repaired_within: '90s' };

/**
 * A fault of the only instance is an outage while it lasts. Half of all calls failing for 15 s halts a run (it would
 * prove nothing), so it is over before that, and long enough to be detected and blamed.
 */
export const ALONE_FOR_MS: Ms = 9_000;
/** What ends before this halts nothing. */
export const HALT_FOR_MS: Ms = 15_000;

const service = (kind: string, rest: Partial<Trial> = {}): Trial => ({
  kind,
  parameters: {},
  forMs: null,
  wait: '3s',
  expect: null,
  on: 'service',
  named: false,
  unfit: fits,
  ...rest,
});

export const TRIALS: readonly Trial[] = [
  service('kill', { expect: CRASH }),
  // Its first second of life is a crash like any other; what follows is a start that takes its time. Early, because
  // starts come later after every crash: one that comes after the fault is over would not be delayed by it.
  service('delayed-start', {
    forMs: 12_000,
    parameters: { delayMs: 5_000 },
    expect: { ...CRASH, repaired_within: '90s' },
  }),
  service('signal', { parameters: { signal: 'SIGABRT' }, expect: CRASH }),
  service('pause', { forMs: 20_000, expect: HANG }),
  service('crash-loop', { forMs: 12_000, expect: { ...CRASH, repaired_within: '90s' } }),
  // It is a change like any other: a human's doing, and taken back. What is drained first is struck later.
  service('bad-deploy', {
    forMs: 20_000,
    parameters: { exit: 1 },
    expect: { detected_within: '15s', fault_class: 'human', repaired_within: '90s' },
  }),
  service('descriptors', { forMs: 10_000 }),
  service('network', { forMs: 20_000, expect: CUT, unfit: needsCalls }),
  // As it is felt: the health checks take the same way. Where the kernel has no netem it is said so.
  service('netem', { named: true, forMs: 20_000, parameters: { delayMs: 400 }, expect: CUT, unfit: needsCalls }),
  service('latency', { forMs: 20_000, parameters: { ms: 800, jitterMs: 100 }, expect: CUT, unfit: needsCalls }),
  service('blackhole', { forMs: 20_000, expect: CUT, unfit: needsCalls }),
  // As blackhole, when one is cut off; with other shapes it is worth a file of its own.
  service('partition', { named: true, forMs: 20_000, parameters: { shape: 'one' }, expect: CUT, unfit: needsCalls }),
  service('reset', { forMs: 20_000, expect: CUT, unfit: needsCalls }),
  // Connections that are kept feel nothing of it: whether it bites depends on how the service is called.
  service('refuse', { named: true, forMs: 20_000, expect: CUT, unfit: needsCalls }),
  service('http-status', { forMs: 20_000, parameters: { status: 503 }, expect: CUT, unfit: needsHttp }),
  // A service that touches no file while it runs feels nothing of it.
  service('files', { named: true, forMs: 8_000, parameters: { delayMs: 100 } }),
  // Who has what it calls by its address, or keeps connections, looks nothing up.
  service('dns', { named: true, forMs: 12_000 }),
  // Only programs that know how.
  service('drill', { named: true, forMs: 20_000, parameters: { kind: 'errors' }, expect: CUT, unfit: needsCalls }),
  // Nobody's incident: Holdfast starts its own part again, and the verdict says for how long nothing was answered.
  service('kill-part', { parameters: { part: 'traffic' }, on: 'machine' }),
  // All that runs is away meanwhile: nobody should be surprised by that.
  service('node-loss', {
    named: true,
    forMs: 8_000,
    parameters: { beyondBudget: true },
    expect: { detected_within: '5s', blamed: 'localhost', fault_class: 'hardware', repaired_within: '90s' },
    on: 'machine',
  }),
  service('cpu', { forMs: 10_000, on: 'machine' }),
  service('memory', { forMs: 10_000, parameters: { bytes: 268_435_456 }, on: 'machine' }),
  service('processes', { forMs: 10_000, parameters: { count: 200 }, on: 'machine' }),
];
