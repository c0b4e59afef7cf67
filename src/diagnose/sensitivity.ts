/**
 * Would the verdict survive? The diagnosis is repeated with one thing less at a time: each call that carries damage to
 * or from the accused, each normal past that its accusation rests on. What overturns it is named: the user can check
 * exactly that.
 */
import { diagnoseRecording, type RecordedDiagnosis } from './combine.ts';
import type { Recording } from './recorded/types.ts';

export interface Weakness {
  readonly without: 'edge' | 'baseline';
  /** `shop → payments`, or the service whose normal past was left out. */
  readonly name: string;
  /** Who would be accused instead; null: nobody. */
  readonly instead: string | null;
}

export interface Sensitivity {
  /** Repetitions. */
  readonly tried: number;
  readonly overturned: readonly Weakness[];
  /** 0–1: part of the repetitions with the same first cause. */
  readonly robustness: number;
}

/** Repetitions at most; the edges and pasts with the most damage first. Each costs one diagnosis. */
const MOST = 24;

export function sensitivityOf(recording: Recording, diagnosis: RecordedDiagnosis): Sensitivity {
  const accused = diagnosis.causes[0];
  if (accused === undefined) return { tried: 0, overturned: [], robustness: 1 };
  const trials = [...withoutEdges(recording, diagnosis), ...withoutPasts(recording, diagnosis)]
    .sort((a, b) => b.damage - a.damage)
    .slice(0, MOST);
  const overturned = trials.flatMap(({ weakness, recording: less }): Weakness[] => {
    const best = diagnoseRecording(less).causes[0];
    const same = best !== undefined && best.kind === accused.kind && best.name === accused.name;
    return same ? [] : [{ ...weakness, instead: best?.name ?? null }];
  });
  const robustness = trials.length === 0 ? 1 : 1 - overturned.length / trials.length;
  return { tried: trials.length, overturned, robustness };
}

interface Trial {
  readonly weakness: Omit<Weakness, 'instead'>;
  readonly damage: number;
  readonly recording: Recording;
}

function withoutEdges(recording: Recording, { accounts, unit }: RecordedDiagnosis): Trial[] {
  const { graph, ledgers } = accounts;
  return graph.edges.flatMap((edge, index): Trial[] => {
    const damage = ledgers[unit].passed[index] as number;
    if (damage <= 0) return [];
    const edges = recording.edges.filter(({ caller, callee }) => caller !== edge.caller || callee !== edge.callee);
    const name = `${edge.caller} → ${edge.callee}`;
    return [{ weakness: { without: 'edge', name }, damage, recording: { ...recording, edges } }];
  });
}

function withoutPasts(recording: Recording, { accounts, unit }: RecordedDiagnosis): Trial[] {
  const { graph, ledgers } = accounts;
  return recording.services.flatMap(({ service, normal }): Trial[] => {
    const damage = ledgers[unit].excess[graph.index.get(service) as number] as number;
    if (normal === null || damage <= 0) return [];
    const services = recording.services.map((each) => (each.service === service ? { ...each, normal: null } : each));
    return [{ weakness: { without: 'baseline', name: service }, damage, recording: { ...recording, services } }];
  });
}
