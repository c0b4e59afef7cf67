/**
 * Would the verdict survive? The diagnosis is repeated with one thing less at a time: each call that carries damage to
 * or from the accused, each normal past that its accusation rests on. What overturns it is named: the user can check
 * exactly that.
 */
import type { Sensitivity, Weakness } from '../model/incident.ts';
import type { RecordedAccounts, Unit } from './accounting/account.ts';
import { diagnoseRecording, type RecordedDiagnosis } from './combine.ts';
import type { Measured, RecordedEdge, Recording } from './recorded/types.ts';

export type { Sensitivity, Weakness } from '../model/incident.ts';

/** Repetitions at most; the edges and pasts with the most damage first. Each costs one diagnosis. */
const MOST = 24;

export function sensitivityOf(recording: Recording, diagnosis: RecordedDiagnosis): Sensitivity {
  const accused = diagnosis.causes[0];
  if (accused === undefined) return { tried: 0, overturned: [], robustness: 1 };
  return survives(recording, diagnosis, accused.name, (less) => diagnoseRecording(less).causes[0]?.name ?? null);
}

/** `again` names who is accused first by what is left of the recording; null: nobody. */
export function survives(
  recording: Recording,
  { accounts, unit }: { readonly accounts: RecordedAccounts; readonly unit: Unit },
  accused: string,
  again: (less: Recording) => string | null,
  most = MOST,
): Sensitivity {
  const trials = [...withoutEdges(recording, accounts, unit), ...withoutPasts(recording, accounts, unit)]
    .sort((a, b) => b.damage - a.damage)
    .slice(0, most);
  const overturned = trials.flatMap(({ weakness, recording: less }): Weakness[] => {
    const instead = again(less);
    return instead === accused ? [] : [{ ...weakness, instead }];
  });
  const robustness = trials.length === 0 ? 1 : 1 - overturned.length / trials.length;
  return { tried: trials.length, overturned, robustness };
}

interface Trial {
  readonly weakness: Omit<Weakness, 'instead'>;
  readonly damage: number;
  readonly recording: Recording;
}

function withoutEdges(recording: Recording, { graph, ledgers }: RecordedAccounts, unit: Unit): Trial[] {
  return graph.edges.flatMap((edge, index): Trial[] => {
    const damage = ledgers[unit].passed[index] as number;
    if (damage <= 0) return [];
    const edges = recording.edges.filter(({ caller, callee }) => caller !== edge.caller || callee !== edge.callee);
    const name = `${edge.caller} → ${edge.callee}`;
    return [{ weakness: { without: 'edge', name }, damage, recording: { ...recording, edges } }];
  });
}

/** A service's past is its own and, where only calls are measured, that of the calls to it. */
function withoutPasts(recording: Recording, { graph, ledgers }: RecordedAccounts, unit: Unit): Trial[] {
  const pasts = new Set([
    ...recording.services.filter(({ normal }) => normal !== null).map(({ service }) => service),
    ...recording.edges.filter(({ seen }) => seen !== null && seen.normal !== null).map(({ callee }) => callee),
  ]);
  return [...pasts].flatMap((service): Trial[] => {
    const damage = ledgers[unit].excess[graph.index.get(service) as number] as number;
    if (damage <= 0) return [];
    const forget = (view: Measured | null): Measured | null => view && { ...view, normal: null };
    const services = recording.services.map((each) => (each.service === service ? { ...each, normal: null } : each));
    const edges = recording.edges.map(
      (edge): RecordedEdge =>
        edge.callee === service ? { ...edge, seen: forget(edge.seen), answered: forget(edge.answered) } : edge,
    );
    return [{ weakness: { without: 'baseline', name: service }, damage, recording: { ...recording, services, edges } }];
  });
}
