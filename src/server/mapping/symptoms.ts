/** Symptoms for people: those that last, and on request those that are over and still known from their incidents. */
import type { IncidentResource, SymptomResource } from '../../api/resources.ts';
import type { Core } from '../../core/contract.ts';
import type { Symptom } from '../../model/symptom.ts';
import { iso, isoOrNull } from './facts.ts';

export function symptomFacts(core: Core, symptom: Symptom): IncidentResource['symptoms'][number] {
  return {
    ...symptom,
    evidence: [...symptom.evidence],
    onsetAt: iso(core, symptom.onsetAt),
    detectedAt: iso(core, symptom.detectedAt),
    clearedAt: isoOrNull(core, symptom.clearedAt),
  };
}

/** Newest first. */
export function symptomResources(core: Core, state: 'open' | 'all', limit: number): readonly SymptomResource[] {
  const incidents = core.incidents.filter(({ closedAt }) => state === 'all' || closedAt === null);
  const found: { readonly symptom: Symptom; readonly incident: string | null }[] = [];
  const homes = new Map<string, string>();
  for (const { id, symptoms } of incidents) {
    for (const symptom of symptoms) {
      if (symptom.clearedAt === null && !homes.has(symptom.id)) homes.set(symptom.id, id);
      if (symptom.clearedAt !== null && state === 'all') found.push({ symptom, incident: id });
    }
  }
  for (const symptom of core.symptoms) found.push({ symptom, incident: homes.get(symptom.id) ?? null });
  return found
    .sort((a, b) => b.symptom.detectedAt - a.symptom.detectedAt)
    .slice(0, limit)
    .map(({ symptom, incident }) => ({ ...symptomFacts(core, symptom), incident }));
}
