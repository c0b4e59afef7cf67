/**
 * Windows cut from normal times: nothing happened, so nothing should be reported. Two ways of cutting:
 * as long as an issue's window, at every stride, with an alarm in the middle; and the dataset's own (the normal data
 * split at half, 60 %, … 90 %, the rest being the window). What was normal is learned from rows before the window only.
 */
import type { RecordedSymptom, Recording } from '../../src/diagnose/recorded/types.ts';
import { type Scenario, slice } from './petshop.ts';
import { recordingOf } from './recordings.ts';

const ROWS = 5;
/** Rows of a window before the alarm. */
const BEFORE = 2;

/** One recording per window and symptom; symptoms are those of the scenario's issues, without repeats. */
export function* normalWindows(scenario: Scenario, cut: 'short' | 'protocol', stride: number): Generator<Recording> {
  const { normal, edges } = scenario;
  if (normal === null) return;
  const rows = normal.startsMs.length;
  const starts: number[] = [];
  if (cut === 'short') for (let at = rows >> 1; at + ROWS <= rows; at += stride) starts.push(at);
  else for (let at = rows >> 1; at < rows - 3; at += Math.floor(rows * 0.1)) starts.push(at);
  for (const at of starts) {
    const past = slice(normal, 0, at).loads;
    const window = slice(normal, at, cut === 'short' ? at + ROWS : rows);
    for (const symptom of symptomsOf(scenario)) {
      yield recordingOf(window, past, edges, { ...symptom, onsetMs: window.startsMs[BEFORE] as number });
    }
  }
}

function symptomsOf({ issues }: Scenario): RecordedSymptom[] {
  const byKey = new Map(issues.map(({ symptom }) => [`${symptom.service} ${symptom.kind}`, symptom]));
  return [...byKey.values()];
}
