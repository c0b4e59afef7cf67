/** How verdicts look: the shapes of health, which everybody has learnt by then. */
import type { ProofResource } from '../../../src/api/proof-resources.ts';
import type { Health, IncidentResource } from '../../../src/api/resources.ts';

export type VerdictWord = NonNullable<ProofResource['verdict']>;

export const VERDICT_HEALTH: Readonly<Record<VerdictWord, Health>> = {
  confirmed: 'healthy',
  mismatch: 'down',
  inconclusive: 'unknown',
};

export interface Course {
  readonly experiment: string;
  /** Oldest first. */
  readonly runs: readonly {
    readonly id: string;
    readonly verdict: VerdictWord;
    readonly detectedAfterMs: number | null;
    readonly repairedAfterMs: number | null;
  }[];
}

/** Of what has been judged more than once: its runs in their order. The one judged last comes first. */
export function courses(newestFirst: readonly ProofResource[]): readonly Course[] {
  const found = new Map<string, Course['runs'][number][]>();
  for (const { id, experiment, verdict, detectedAfterMs, repairedAfterMs } of newestFirst) {
    if (verdict === null) continue;
    const runs = found.get(experiment) ?? [];
    runs.unshift({ id, verdict, detectedAfterMs, repairedAfterMs });
    found.set(experiment, runs);
  }
  return [...found].flatMap(([experiment, runs]) => (runs.length > 1 ? [{ experiment, runs }] : []));
}

/** Diagnoses that a repair or an experiment has decided about; the later word on an incident counts. */
export function tried(
  incidents: readonly Pick<IncidentResource, 'id' | 'proof'>[],
  proofsNewestFirst: readonly Pick<ProofResource, 'cause'>[],
): { readonly right: number; readonly tested: number } {
  const words = new Map<string, boolean>();
  const decide = (incident: string, word: string | null | undefined): void => {
    if (!words.has(incident) && (word === 'confirmed' || word === 'refuted')) words.set(incident, word === 'confirmed');
  };
  for (const { cause } of proofsNewestFirst) if (cause !== null) decide(cause.incident, cause.verdict);
  for (const { id, proof } of incidents) decide(id, proof?.verdict);
  return { right: [...words.values()].filter(Boolean).length, tested: words.size };
}
