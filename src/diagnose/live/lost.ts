/**
 * A machine that is lost takes all that runs on it with it, at once. Processes that end by themselves do so one service
 * at a time, and what a dead callee does to its callers takes longer and leaves an exit code; so many of so many services
 * killed within seconds is no coincidence of faults of their own.
 *
 * A node counts as lost when MOST of its instances, LEAST or more, of at least two services, were killed from outside or
 * vanished within TOGETHER_MS. Looked for in the record of exits and not in the symptoms: those are over one by one when
 * the instances come back, and each service may have an incident of its own.
 */
import type { InstanceExit } from '../../model/instance.ts';
import type { Ms } from '../../model/time.ts';
import type { SystemView } from '../../model/view.ts';

export interface Lost {
  readonly node: string;
  /** For people. */
  readonly text: string;
  readonly services: readonly string[];
}

/** Agents report what ended once a second at the latest; killing hundreds takes a moment, too. Larger: more coincidence. */
const TOGETHER_MS: Ms = 3_000;
/** The rest may just have been starting, or be a job. */
const MOST = 0.8;
/** Two that end together are a coincidence that happens. */
const LEAST = 3;
/** Onset is known to a window or two. */
const LEAD_MS: Ms = 5_000;

interface End {
  readonly at: Ms;
  readonly instance: string;
  readonly service: string;
}

export function lostNodes(view: SystemView, onsetAt: Ms): readonly Lost[] {
  const byNode = new Map<string, { ends: End[]; here: number }>();
  for (const { id, service, node, phase } of view.instances.values()) {
    const ends = view.exitsOf(id).filter((exit) => exit.at >= onsetAt - LEAD_MS && isFromOutside(exit));
    // What had ended before, or was never begun, could not be lost.
    if (ends.length === 0 && (phase === 'exited' || phase === 'pending')) continue;
    const known = byNode.get(node) ?? { ends: [], here: 0 };
    known.here++;
    known.ends.push(...ends.map(({ at }) => ({ at, instance: id, service })));
    byNode.set(node, known);
  }
  return [...byNode].flatMap(([node, { ends, here }]) => {
    const together = mostAtOnce(ends);
    const instances = new Set(together.map(({ instance }) => instance)).size;
    const services = [...new Set(together.map(({ service }) => service))].sort();
    if (instances < LEAST || instances < MOST * here || services.length < 2) return [];
    const times = together.map(({ at }) => at);
    const seconds = ((Math.max(...times) - Math.min(...times)) / 1_000).toFixed(1);
    const text = `${instances} of ${here} instances on ${node}, of ${services.length} services, ended within ${seconds} s`;
    return [{ node, text, services }];
  });
}

/** Nobody's own doing: killed from outside, or gone with nobody left who saw it. */
function isFromOutside({ reason, signal }: InstanceExit): boolean {
  return reason === 'unknown' || (reason === 'signal' && signal === 'SIGKILL');
}

/** The span of TOGETHER_MS in which most instances ended; the first of them. */
function mostAtOnce(ends: readonly End[]): readonly End[] {
  const sorted = [...ends].sort((a, b) => a.at - b.at);
  const inside = new Map<string, number>();
  let [first, best, found] = [0, 0, [0, 0] as readonly [number, number]];
  for (const [last, { at, instance }] of sorted.entries()) {
    inside.set(instance, (inside.get(instance) ?? 0) + 1);
    for (let gone = sorted[first] as End; at - gone.at > TOGETHER_MS; gone = sorted[first] as End) {
      const left = (inside.get(gone.instance) ?? 0) - 1;
      if (left === 0) inside.delete(gone.instance);
      else inside.set(gone.instance, left);
      first++;
    }
    if (inside.size > best) [best, found] = [inside.size, [first, last + 1]];
  }
  return sorted.slice(...found);
}
