/**
 * Changed call structure: for the same operation a service now calls others, or in another order, or no longer. Code
 * that takes another branch shows so even when nothing is slow and nothing is logged.
 *
 *   change(s) = Σ_operations weight × total variation distance between the normal and the incident's mix of shapes
 *
 * A caller's shape also changes when its callee fails early (what comes after is not called), so callers of changed or
 * failing services count less.
 */
import type { RecordedShape } from '../recorded/types.ts';
import { type Lane, type LaneContext, ofService } from './contract.ts';

/** Fewer observations of an operation than this on either side say nothing. */
const FEWEST = 10;
/** Distances below this are sampling. */
const LEAST = 0.1;
const ECHO = 0.3;
const MOST_WEIGHT = 1.2;

export const shapes: Lane = {
  name: 'call structure',
  cap: 1.2,
  examine(context) {
    const recorded = context.recording.shapes ?? [];
    if (recorded.length === 0) return { evidence: [], missing: 'traces (which calls belong to which request)' };
    const changed = new Map<string, { change: number; operation: string }>();
    for (const [service, of] of groupBy(recorded, ({ service: name }) => name)) {
      const found = changeOf(of);
      if (found.change >= LEAST) changed.set(service, found);
    }
    const heard = new Map([...changed].map(([name, { change }]) => [name, change * echo(name, context, changed)]));
    const all = [...heard.values()].reduce((sum, change) => sum + change, 0);
    const evidence = [...heard].map(([service, change]) =>
      ofService(service, `${changed.get(service)?.operation} of ${service} now makes other calls than usual`, {
        weight: MOST_WEIGHT * (change / all) * Math.min(1, change * 2),
        faultClass: 'software',
        mechanism: 'takes another path through its code',
      }),
    );
    return { evidence, missing: null };
  },
};

function changeOf(of: readonly RecordedShape[]): { change: number; operation: string } {
  let [sum, counted, most] = [0, 0, 0];
  let operation = '';
  for (const [name, mix] of groupBy(of, (shape) => shape.operation)) {
    const now = mix.reduce((all, { incident }) => all + incident, 0);
    const past = mix.reduce((all, { normal }) => all + normal, 0);
    if (now < FEWEST || past < FEWEST) continue;
    const distance = mix.reduce((all, each) => all + Math.abs(each.incident / now - each.normal / past), 0) / 2;
    sum += now * distance;
    counted += now;
    if (now * distance > most) [most, operation] = [now * distance, name];
  }
  return { change: counted === 0 ? 0 : sum / counted, operation };
}

function echo(service: string, { accounts, unit }: LaneContext, changed: ReadonlyMap<string, unknown>): number {
  const { graph, ledgers } = accounts;
  const node = graph.index.get(service);
  if (node === undefined) return 1;
  const callees = (graph.out[node] as readonly number[]).map((edge) => graph.callee[edge] as number);
  const excused = callees.some(
    (callee) => changed.has(graph.names[callee] as string) || (ledgers[unit].own[callee] as number) > 0,
  );
  return excused ? ECHO : 1;
}

function groupBy<T>(items: readonly T[], key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(key(item));
    if (group) group.push(item);
    else groups.set(key(item), [item]);
  }
  return groups;
}
