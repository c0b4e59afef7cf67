/**
 * Changed call structure: for the same operation a service now calls others, or in another order, or no longer. Code
 * that takes another branch shows so even when nothing is slow and nothing is logged.
 *
 *   change(s) = Σ_operations weight × (total variation distance between the normal and the incident's mix of shapes
 *               − what so few observations of so many shapes differ by chance)
 *
 * A caller's shape also changes when its callee fails early (what comes after is not called), so callers of changed or
 * failing services count less. And it changes when a callee answers, quickly and without an error, what makes the caller
 * stop: work that now ends right after asking somebody speaks for whoever was asked, the more so when several steps are
 * left out or several callers stop there. Then part of the change is laid upon that callee.
 */
import { ofExcess } from '../accounting/reality.ts';
import type { RecordedShape } from '../recorded/types.ts';
import { type Lane, type LaneContext, type LaneEvidence, ofService } from './contract.ts';

/** Fewer observations of an operation than this on either side say nothing. */
const FEWEST = 10;
/** Distances below this are sampling. */
const LEAST = 0.05;
/** Times the distance that chance alone makes on average. */
const CHANCE = 1.6;
/** … and from this many times on, beyond that, the change is certain, however small a part of the work it is. */
const CERTAIN = 4;
const ECHO = 0.3;
const MOST_WEIGHT = 1.2;
/** Part of what stops after an answer that is laid upon who gave it: one caller left out one step; or more than that. */
const ASKED = { once: 0.5, clear: 0.85 };

interface Change {
  /** 0–1, of all that the service does. */
  change: number;
  /** 0–1: how far beyond chance. */
  certainty: number;
  operation: string;
  /** Parts of it that end right after asking this service. */
  readonly after: Map<string, { part: number; steps: number }>;
}

export const shapes: Lane = {
  name: 'call structure',
  cap: 1.2,
  examine(context) {
    const recorded = context.recording.shapes ?? [];
    if (recorded.length === 0) return { evidence: [], missing: 'traces (which calls belong to which request)' };
    const changed = new Map<string, Change>();
    const names = context.accounts.graph.names;
    for (const [service, of] of groupBy(recorded, ({ service: name }) => name)) {
      const found = changeOf(of, names);
      if (found.certainty > 0) changed.set(service, found);
    }
    const heard = new Map(
      [...changed].map(([name, { certainty }]) => [name, certainty * echo(name, context, changed)]),
    );
    const all = [...heard.values()].reduce((sum, change) => sum + change, 0);
    const asked = askedOf(changed, heard);
    const evidence = [...heard].map(([service, change]): LaneEvidence => {
      const own = change - (asked.taken.get(service) ?? 0);
      return ofService(service, `${changed.get(service)?.operation} of ${service} now makes other calls than usual`, {
        weight: (MOST_WEIGHT * own) / Math.max(1, all),
        faultClass: 'software',
        mechanism: 'takes another path through its code',
      });
    });
    for (const [service, { given, callers }] of asked.given) {
      evidence.push(
        ofService(service, `${callers.join(', ')} now stop after asking ${service}`, {
          weight: (MOST_WEIGHT * given) / Math.max(1, all),
          faultClass: 'software',
          mechanism: 'answers otherwise than usual',
        }),
      );
    }
    return { evidence, missing: null };
  },
};

/** What of the callers' changes is laid upon those after whose answers they stop. */
function askedOf(
  changed: ReadonlyMap<string, Change>,
  heard: ReadonlyMap<string, number>,
): {
  readonly given: Map<string, { given: number; readonly callers: string[] }>;
  readonly taken: Map<string, number>;
} {
  const stops = new Map<string, { caller: string; part: number; steps: number }[]>();
  for (const [caller, { after, change }] of changed) {
    for (const [callee, { part, steps }] of after) {
      // What stops there must be most of what is different.
      if (part < 0.5 * change) continue;
      const of = stops.get(callee) ?? [];
      of.push({ caller, part: Math.min(1, part / change), steps });
      stops.set(callee, of);
    }
  }
  const given = new Map<string, { given: number; readonly callers: string[] }>();
  const taken = new Map<string, number>();
  for (const [callee, of] of stops) {
    const clear = of.length > 1 || of.some(({ steps }) => steps > 1);
    for (const { caller, part } of of) {
      const moved = (clear ? ASKED.clear : ASKED.once) * part * (heard.get(caller) ?? 0);
      const known = given.get(callee) ?? { given: 0, callers: [] };
      given.set(callee, { given: known.given + moved, callers: [...known.callers, caller] });
      taken.set(caller, (taken.get(caller) ?? 0) + moved);
    }
  }
  return { given, taken };
}

function changeOf(of: readonly RecordedShape[], names: readonly string[]): Change {
  const result: Change = { change: 0, certainty: 0, operation: '', after: new Map() };
  let [counted, most] = [0, 0];
  for (const [name, mix] of groupBy(of, (shape) => shape.operation)) {
    const now = mix.reduce((all, { incident }) => all + incident, 0);
    const past = mix.reduce((all, { normal }) => all + normal, 0);
    if (now < FEWEST || past < FEWEST) continue;
    const moved = mix.reduce((all, each) => all + Math.abs(each.incident / now - each.normal / past), 0) / 2;
    const chance = Math.max(byChance(mix, now, past), 1e-9);
    const distance = Math.max(0, moved - CHANCE * chance);
    if (distance >= LEAST) result.certainty = Math.max(result.certainty, Math.min(1, distance / chance / CERTAIN));
    result.change += now * distance;
    counted += now;
    if (now * distance > most) [most, result.operation] = [now * distance, name];
    if (distance > 0) noteStops(mix, now, past, names, result.after);
  }
  result.change = counted === 0 ? 0 : result.change / counted;
  for (const stop of result.after.values()) stop.part /= Math.max(1, counted);
  return result;
}

/** Mean distance between two samples of the same mix: the mean of |N(0, σ)| is √(2/π) σ. */
function byChance(mix: readonly RecordedShape[], now: number, past: number): number {
  const sum = mix.reduce((all, { incident, normal }) => {
    const share = (incident + normal) / (now + past);
    return all + Math.sqrt(share * (1 - share) * (1 / now + 1 / past));
  }, 0);
  return (Math.sqrt(2 / Math.PI) * sum) / 2;
}

/** Shapes seen more often than before that are the beginning of one seen less often. */
function noteStops(
  mix: readonly RecordedShape[],
  now: number,
  past: number,
  names: readonly string[],
  after: Change['after'],
): void {
  const risen = ({ incident, normal }: RecordedShape): number => incident / now - normal / past;
  const fallen = mix.filter((each) => risen(each) < 0);
  for (const each of mix) {
    if (risen(each) < LEAST || each.calls === '') continue;
    const longer = fallen.filter(({ calls }) => calls.startsWith(`${each.calls}, `));
    if (longer.length === 0) continue;
    const last = each.calls.split(', ').at(-1) as string;
    const callee = names.filter((name) => last.startsWith(`${name}.`)).sort((a, b) => b.length - a.length)[0];
    if (callee === undefined) continue;
    const steps = Math.max(...longer.map(({ calls }) => calls.slice(each.calls.length + 2).split(', ').length));
    const known = after.get(callee) ?? { part: 0, steps: 0 };
    after.set(callee, { part: known.part + now * risen(each), steps: Math.max(known.steps, steps) });
  }
}

function echo(service: string, { accounts, unit }: LaneContext, changed: ReadonlyMap<string, unknown>): number {
  const { graph, ledgers } = accounts;
  const node = graph.index.get(service);
  if (node === undefined) return 1;
  const callees = (graph.out[node] as readonly number[]).map((edge) => graph.callee[edge] as number);
  const hurts = (callee: number): boolean => {
    const excess = accounts.excess[callee];
    return (ledgers[unit].own[callee] as number) > 0 && !!excess && ofExcess(excess, unit) > 0;
  };
  const excused = callees.some((callee) => changed.has(graph.names[callee] as string) || hurts(callee));
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
