/**
 * What is tried with each kind of fault when a whole system is proven: with which parameters, for how long, and what
 * Holdfast has to make of it. These are promises: a kind without expectations of the loop only has to bite, to be
 * borne or repaired, and to leave nothing behind.
 */
import type { JsonMap } from '../experiment/index.ts';

/** What is known of a service when it is to be tried. */
export interface ServiceFacts {
  readonly name: string;
  readonly replicas: number;
  readonly hasPort: boolean;
  /** Services that call it. */
  readonly callers: readonly string[];
}

export interface Trial {
  readonly kind: string;
  readonly parameters: JsonMap;
  /** null: it is over at once. */
  readonly for: string | null;
  /** Time for the echo of what is over at once. */
  readonly wait: string;
  readonly expect: JsonMap | null;
  /** service: on one instance of each; machine: once, on the machine itself. */
  readonly on: 'service' | 'machine';
  /** Why it makes no sense there; null: it does. */
  readonly unfit: (service: ServiceFacts) => string | null;
}

const fits = (): null => null;
const needsCalls = ({ hasPort, callers }: ServiceFacts): string | null => {
  if (!hasPort) return 'it has no port';
  return callers.length === 0 ? 'nobody calls it' : null;
};

/** A dead process is seen by whoever waits for it; the incident closes when the repair has been verified. */
const CRASH: JsonMap = { detected_within: '2s', fault_class: 'software', repaired_within: '60s' };
const HANG: JsonMap = { detected_within: '6s', fault_class: 'software', repaired_within: '60s' };
const CUT: JsonMap = { detected_within: '10s', repaired_within: '90s' };

const service = (kind: string, rest: Partial<Trial> = {}): Trial => ({
  kind,
  parameters: {},
  for: null,
  wait: '3s',
  expect: null,
  on: 'service',
  unfit: fits,
  ...rest,
});

export const TRIALS: readonly Trial[] = [
  service('kill', { expect: CRASH }),
  service('signal', { parameters: { signal: 'SIGABRT' }, expect: CRASH }),
  service('pause', { for: '20s', expect: HANG }),
  service('crash-loop', { for: '6s', expect: { ...CRASH, repaired_within: '90s' } }),
  service('descriptors', { for: '10s' }),
  service('network', { for: '15s', expect: CUT, unfit: needsCalls }),
  service('files', { for: '8s', parameters: { delayMs: 100 } }),
  service('cpu', { for: '10s', on: 'machine' }),
  service('memory', { for: '10s', parameters: { bytes: 268_435_456 }, on: 'machine' }),
  service('processes', { for: '10s', parameters: { count: 200 }, on: 'machine' }),
];
