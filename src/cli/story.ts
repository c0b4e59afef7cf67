/** An incident told from its beginning: what was seen, why it was, what was done, and whether that held. */
import type { IncidentResource } from '../api/resources.ts';
import { explanationLines } from './explanation.ts';
import type { Style } from './terminal.ts';
import { after, clock, percent } from './text.ts';

type Cause = IncidentResource['causes'][number];

export function tellIncident(incident: IncidentResource, style: Style): string {
  return [
    `${style.bold(incident.title)}  ${style.dim(incident.id)}`,
    headline(incident),
    ...(incident.summary ? ['', incident.summary] : []),
    ...damageLines(incident),
    ...explanationLines(incident, style),
    ...section(
      'Symptoms',
      incident.symptoms.map((symptom) => symptomLine(symptom, style)),
      style,
    ),
    ...section(
      'Causes',
      incident.causes.flatMap((cause, index) => causeLines(cause, index, style)),
      style,
    ),
    ...(incident.victims.length > 0 ? [`  ${style.dim(`victims, left alone: ${incident.victims.join(', ')}`)}`] : []),
    ...(incident.abstained ? [`  ${style.yellow('not sure enough to act irreversibly')}`] : []),
    ...section(
      'Plans',
      incident.plans.flatMap((plan) => planLines(plan, style)),
      style,
    ),
    ...section(
      'Timeline',
      incident.timeline.map((entry) => timelineLine(entry, style)),
      style,
    ),
  ].join('\n');
}

/** `detected 40ms → explained 80ms → acted 90ms → repaired 6.2s`, as far as it got. */
export function headline(incident: IncidentResource): string {
  const steps: readonly (readonly [string, number | null])[] = [
    ['detected', incident.detectedAfterMs],
    ['explained', incident.explainedAfterMs],
    ['acted', incident.actedAfterMs],
    ['repaired', incident.repairedAfterMs],
  ];
  const reached = steps.filter(([, ms]) => ms !== null).map(([step, ms]) => `${step} ${after(ms)}`);
  return `${clock(incident.onsetAt)} began → ${[...reached, incident.status].join(' → ')}`;
}

function damageLines({ damage }: IncidentResource): string[] {
  if (!damage || damage.requests === 0) return [];
  const parts = [
    `${damage.failedRequests} of ${damage.requests} requests failed`,
    `${damage.extraWaitSeconds.toFixed(1)} s of extra waiting`,
  ];
  if (damage.unexplainedShare > 0.005) parts.push(`${percent(damage.unexplainedShare)} of it unexplained`);
  return [`Users lost: ${parts.join(', ')}.`];
}

function section(title: string, lines: readonly string[], style: Style): string[] {
  return lines.length === 0 ? [] : ['', style.bold(title), ...lines];
}

function symptomLine(symptom: IncidentResource['symptoms'][number], style: Style): string {
  const mark = symptom.clearedAt === null ? style.red('●') : style.green('✓');
  const evidence = symptom.evidence.length > 0 ? style.dim(` — ${symptom.evidence.join('; ')}`) : '';
  return `  ${mark} ${clock(symptom.detectedAt)} ${symptom.summary}${evidence}`;
}

function causeLines(cause: Cause, index: number, style: Style): string[] {
  const share = cause.share === null ? '' : `, ${percent(cause.share)} of the damage`;
  const head = `  ${index + 1}. ${cause.entity.name}: ${cause.mechanism} (${cause.faultClass}), confidence ${percent(cause.confidence)}${share}`;
  return [
    index === 0 ? style.bold(head) : head,
    ...cause.evidenceFor.map(({ text }) => `     ${style.green('+')} ${text}`),
    ...cause.evidenceAgainst.map(({ text }) => `     ${style.red('-')} ${text}`),
  ];
}

function planLines(plan: IncidentResource['plans'][number], style: Style): string[] {
  const outcome = plan.outcome ? `: ${plan.outcome}` : '';
  return [
    `  ${plan.id} level ${plan.level}, ${plan.status}${outcome}`,
    ...plan.actions.flatMap((action) => [
      `     ${action.kind} ${action.target} ${style.dim(`[${action.status}]`)} ${action.reason}${
        action.error ? style.red(` ${action.error}`) : ''
      }`,
      ...action.guards
        .filter((guard) => guard.verdict !== 'allow')
        .map((guard) => `       ${style.yellow(`${guard.rail} ${guard.verdict}s`)}: ${guard.reason}`),
    ]),
  ];
}

function timelineLine(entry: IncidentResource['timeline'][number], style: Style): string {
  return `  ${style.dim(`+${after(entry.afterMs)}`.padEnd(8))} ${entry.stage.padEnd(9)} ${entry.text}`;
}
