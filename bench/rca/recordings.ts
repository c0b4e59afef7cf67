/** Issues and windows of normal data as the diagnosis takes them. */
import type { Load, Norm, RecordedEdge, RecordedSymptom, Recording } from '../../src/diagnose/recorded/types.ts';
import { binsOf, type Issue, type Scenario, type Table } from './petshop.ts';

export function recordingOf(
  table: Table,
  normal: ReadonlyMap<string, Load | Norm> | null,
  edges: readonly RecordedEdge[],
  symptom: RecordedSymptom,
): Recording {
  const services = [...table.loads].map(([service, incident]) => ({
    service,
    incident,
    normal: normal?.get(service) ?? null,
  }));
  return { bins: binsOf(table), symptom, services, edges };
}

export function issueRecording(scenario: Scenario, issue: Issue, edges = scenario.edges): Recording {
  return recordingOf(issue.table, scenario.normal?.loads ?? null, edges, issue.symptom);
}
