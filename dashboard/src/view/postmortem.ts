/** An incident as Markdown, ready for a postmortem: what Holdfast knows is filled in, what people must add is asked. */
import type { IncidentResource } from '../../../src/api/resources.ts';
import { count, duration, percent } from './format.ts';

type Cause = IncidentResource['causes'][number];

export function postmortem(incident: IncidentResource, system: string): string {
  return `${[
    `# ${incident.title}`,
    facts(incident, system),
    ...section('Summary', incident.summary === null ? [] : [incident.summary]),
    ...section('Impact', impact(incident)),
    ...section('Causes', incident.causes.flatMap(cause)),
    ...section('Ruled out as victims', list(incident.victims)),
    ...section(
      'Symptoms',
      list(incident.symptoms.map(({ summary, evidence }) => [summary, ...evidence].map(plain).join('; '))),
    ),
    ...section('What was done', incident.plans.flatMap(plan)),
    ...section('Timeline (UTC)', [timeline(incident)]),
    '## To be added by people\n\n- What made it possible?\n- What went well, what did not?\n- Follow-ups, each with an owner:',
  ].join('\n\n')}\n`;
}

function facts(incident: IncidentResource, system: string): string {
  const rows = [
    ['Incident', `\`${incident.id}\``],
    ['System', plain(system)],
    ['Services', incident.services.map(plain).join(', ')],
    ['Status', incident.status],
    ['Began', incident.onsetAt],
    ['Closed', incident.closedAt ?? 'still open'],
    ['Detected after', duration(incident.detectedAfterMs)],
    ['Explained after', duration(incident.explainedAfterMs)],
    ['Acted after', duration(incident.actedAfterMs)],
    ['Repaired after', duration(incident.repairedAfterMs)],
  ];
  return ['| | |', '| --- | --- |', ...rows.map(([name, value]) => `| ${name} | ${value} |`)].join('\n');
}

function impact({ damage }: IncidentResource): string[] {
  if (damage === null) return [];
  const failed = `${count(damage.failedRequests)} of ${count(damage.requests)} requests failed`;
  const waited = `users waited ${damage.extraWaitSeconds.toFixed(1)} s longer in total`;
  return [`${failed}; ${waited}; ${percent(damage.unexplainedShare)} of the damage is unexplained.`];
}

function cause(one: Cause, index: number): string[] {
  const share = one.share === null ? '' : `, ${percent(one.share)} of the damage`;
  const head = `${index + 1}. **${plain(one.entity.name)}: ${plain(one.mechanism)}** (${one.faultClass}), confidence ${percent(one.confidence)}${share}`;
  return [
    [
      head,
      ...one.evidenceFor.map(({ text }) => `   - for: ${plain(text)}`),
      ...one.evidenceAgainst.map(({ text }) => `   - against: ${plain(text)}`),
    ].join('\n'),
  ];
}

function plan({ level, status, outcome, actions }: IncidentResource['plans'][number]): string[] {
  const head = `Plan of level ${level}: ${status}${outcome === null ? '' : ` (${plain(outcome)})`}`;
  const lines = actions.map((action) => {
    const target = action.target === '' ? '' : ` \`${action.target}\``;
    const held = action.guards
      .filter(({ verdict }) => verdict !== 'allow')
      .map(({ rail, verdict, reason }) => `; ${rail} ${verdict}: ${plain(reason)}`)
      .join('');
    return `- ${action.kind}${target}: ${action.status} – ${plain(action.reason)}${held}`;
  });
  return [[head, ...lines].join('\n')];
}

function timeline({ timeline: entries }: IncidentResource): string {
  const rows = entries.map(
    ({ at, afterMs, stage, text }) => `| ${at.slice(11, 23)} | ${duration(afterMs)} | ${stage} | ${plain(text)} |`,
  );
  return ['| time | from onset | stage | what |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

function section(title: string, paragraphs: readonly string[]): string[] {
  const text = paragraphs.filter((paragraph) => paragraph !== '');
  return text.length === 0 ? [] : [`## ${title}`, ...text];
}

function list(lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [lines.map((line) => `- ${line}`).join('\n')];
}

/** Texts come from programs and their errors: they must not become tables, headings or links. */
function plain(text: string): string {
  return text.replace(/[\\`*_[\]<>|#]/g, '\\$&').replace(/\s*\n\s*/g, ' ');
}
