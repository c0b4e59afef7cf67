/**
 * What `holdfast dev` can break, and what a right diagnosis of it would say. The faults are done from outside, by
 * signals and by asking a service to harm itself: Holdfast is not told, it has to find out.
 */
import type { InstanceResource } from '../../api/resources.ts';
import type { FaultClass } from '../../model/incident.ts';

export interface Fault {
  readonly id: string;
  /** `SIGSTOP payments-2`: said at once. */
  readonly text: (instance: string) => string;
  /** Any of these classes is right. */
  readonly classes: readonly FaultClass[];
  readonly inject: (instance: InstanceResource) => Promise<void>;
}

export interface Injection {
  readonly fault: Fault;
  readonly instance: string;
  readonly service: string;
  /** Replicas of the service: with one, blaming the service is as precise as blaming the instance. */
  readonly replicas: number;
  /** Wall clock, ms. */
  readonly atMs: number;
}

async function signal(instance: InstanceResource, name: NodeJS.Signals): Promise<void> {
  if (instance.pid === null) throw new Error(`${instance.id} has no process`);
  process.kill(instance.pid, name);
}

function drill(order: Readonly<Record<string, string | number>>) {
  return async (instance: InstanceResource): Promise<void> => {
    const port = Object.values(instance.ports)[0];
    if (port === undefined) throw new Error(`${instance.id} has no port to ask it on`);
    const response = await fetch(`http://127.0.0.1:${port}/_drill`, {
      method: 'POST',
      body: JSON.stringify(order),
      signal: AbortSignal.timeout(2_000),
    });
    if (!response.ok) throw new Error(`${instance.id} refused the drill: ${response.status}`);
  };
}

export const FAULTS: readonly Fault[] = [
  {
    id: 'kill',
    text: (id) => `kill -9 ${id}`,
    classes: ['software'],
    inject: (instance) => signal(instance, 'SIGKILL'),
  },
  {
    id: 'stop',
    text: (id) => `SIGSTOP ${id}`,
    classes: ['software'],
    inject: (instance) => signal(instance, 'SIGSTOP'),
  },
  {
    id: 'errors',
    text: (id) => `${id} answers 500 to everything`,
    classes: ['software'],
    inject: drill({ kind: 'errors' }),
  },
  {
    id: 'slow',
    text: (id) => `${id} answers 800 ms late`,
    classes: ['software', 'capacity'],
    inject: drill({ kind: 'slow', ms: 800 }),
  },
  {
    id: 'hang',
    text: (id) => `${id} accepts and never answers`,
    classes: ['software'],
    inject: drill({ kind: 'hang' }),
  },
  {
    id: 'exit',
    text: (id) => `${id} exits, and again at each of its next two starts`,
    classes: ['software'],
    inject: drill({ kind: 'exit', times: 2 }),
  },
  {
    id: 'leak',
    text: (id) => `${id} leaks 20 MB of memory a second`,
    classes: ['software', 'capacity'],
    inject: drill({ kind: 'leak', mbPerSec: 20 }),
  },
];
