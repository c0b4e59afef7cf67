/**
 * What `holdfast dev` can break, and what a right diagnosis of it would say. Each is an experiment like any other: under
 * a lease, reverted when it is over, looked for afterwards. Detection, diagnosis and recovery are not told.
 */
import type { FaultClass } from '../../model/incident.ts';

export interface Fault {
  readonly id: string;
  /** `SIGSTOP payments-2`: said at once. */
  readonly text: (instance: string) => string;
  /** Any of these classes is right. */
  readonly classes: readonly FaultClass[];
  /** The fault of the experiment, without its target. */
  readonly does: Readonly<Record<string, string | number>>;
}

export interface Injection {
  readonly fault: Fault;
  readonly instance: string;
  /** The run that does it. */
  readonly proof: string;
  readonly service: string;
  /** Replicas of the service: with one, blaming the service is as precise as blaming the instance. */
  readonly replicas: number;
  /** Wall clock, ms. */
  readonly atMs: number;
}

/** As long as a trial may take; what was repaired before that has ended it already. */
const FOR = '80s';

export const FAULTS: readonly Fault[] = [
  {
    id: 'kill',
    text: (id) => `kill -9 ${id}`,
    classes: ['software'],
    does: { fault: 'kill' },
  },
  {
    id: 'stop',
    text: (id) => `SIGSTOP ${id}`,
    classes: ['software'],
    does: { fault: 'pause', for: FOR },
  },
  {
    id: 'errors',
    text: (id) => `${id} answers 500 to everything`,
    classes: ['software'],
    does: { fault: 'drill', kind: 'errors', for: FOR },
  },
  {
    id: 'slow',
    text: (id) => `${id} answers 800 ms late`,
    classes: ['software', 'capacity'],
    does: { fault: 'drill', kind: 'slow', ms: 800, for: FOR },
  },
  {
    id: 'hang',
    text: (id) => `${id} accepts and never answers`,
    classes: ['software'],
    does: { fault: 'drill', kind: 'hang', for: FOR },
  },
  {
    id: 'exit',
    text: (id) => `kill -9 ${id}, and again whenever it comes back, for 8 s`,
    classes: ['software'],
    does: { fault: 'crash-loop', kills: 2, for: '8s' },
  },
  {
    id: 'leak',
    text: (id) => `${id} leaks 20 MB of memory a second`,
    classes: ['software', 'capacity'],
    does: { fault: 'drill', kind: 'leak', mbPerSec: 20, for: FOR },
  },
];

/** As `POST /v1/proofs` takes it. */
export function experimentOf({ text, does }: Fault, instance: string): string {
  return JSON.stringify({
    title: text(instance),
    description: 'Asked for in `holdfast dev`.',
    method: [{ type: 'action', name: 'break', 'x-holdfast': { ...does, target: { instances: [instance] } } }],
  });
}
