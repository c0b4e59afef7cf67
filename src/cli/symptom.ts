/** One symptom for people: what is claimed, on what grounds, and the series beside what was expected of it. */
import { leftAgoMs, leftAt } from '../api/figure.ts';
import type { SymptomResource } from '../api/resources.ts';
import { out } from './terminal.ts';
import { after, clock } from './text.ts';

const STANDINGS = {
  advisory: 'advisory: evidence, never reason enough to act',
  alone: 'calls a human when nothing else explains it',
} as const;
const BARS = '▁▂▃▄▅▆▇█';

export function symptomText(symptom: SymptomResource): string {
  const { clearedAt, standing, incident, figure } = symptom;
  const rows: [string, string][] = [
    ['what', `${symptom.kind} ${symptom.entity.kind} ${symptom.entity.name}`],
    ['began', clock(symptom.onsetAt)],
    ['detected', `${clock(symptom.detectedAt)} (${after(between(symptom.onsetAt, symptom.detectedAt))} after onset)`],
    ['state', clearedAt === null ? 'lasts' : `over since ${clock(clearedAt)}`],
    ['strength', strengthText(symptom)],
    [
      'standing',
      standing === undefined ? 'a fault: opens an incident, and its absence proves a repair' : STANDINGS[standing],
    ],
    ['incident', incident ?? 'none'],
  ];
  const width = Math.max(...rows.map(([title]) => title.length));
  const text = [
    out.bold(symptom.summary),
    ...rows.map(([title, value]) => `  ${out.dim(title.padEnd(width))}  ${value}`),
  ];
  if (symptom.evidence.length > 0) text.push('', out.bold('Evidence'), ...symptom.evidence.map((line) => `  ${line}`));
  if (figure !== undefined) text.push('', ...figureText(figure));
  return text.join('\n');
}

function strengthText({ logP, looksPerDay, standing }: SymptomResource): string {
  if (logP === null) return standing === 'advisory' ? 'not on a scale: does not add up with others' : 'not on a scale';
  const strength = `${logP.toFixed(1)} (−log10 p: ${chanceText(logP)} by chance)`;
  if (looksPerDay === undefined) return strength;
  const perDay = looksPerDay * 10 ** -logP;
  const often = perDay >= 0.01 ? `${perDay.toPrecision(1)} a day` : 'hardly ever';
  return `${strength}; in ${Math.round(looksPerDay).toLocaleString('en-US')} looks a day: ${often}`;
}

/** The series, what was expected of it, and where it left that. */
export function figureText(figure: NonNullable<SymptomResource['figure']>): string[] {
  const { title, unit, recent, baseline, compared, stepMs } = figure;
  const step = stepMs === null ? '' : `, one value every ${after(stepMs)}`;
  const all = [...recent, ...baseline];
  const [least, most] = [Math.min(...all), Math.max(...all)];
  const rows = [`  ${out.dim('recent  ')}  ${sparkline(recent, least, most)}  ${rangeText(recent, unit)}`];
  if (baseline.length > 0) {
    rows.push(`  ${out.dim('baseline')}  ${sparkline(baseline, least, most)}  ${rangeText(baseline, unit)}`);
  }
  const left = leftAt(figure);
  if (left !== null) {
    const ago = leftAgoMs(figure);
    const text = ago ? `left it here, ${after(ago)} before the last value` : 'left it here';
    rows.push(`  ${' '.repeat(10)}${' '.repeat(left)}${out.yellow('▲')} ${out.dim(text)}`);
  }
  return [out.bold(title), `  ${compared}${step}`, ...rows];
}

/** On one scale with what it is compared with. */
export function sparkline(values: readonly number[], least: number, most: number): string {
  const span = most - least;
  return values
    .map((value) => BARS[span > 0 ? Math.round(((value - least) / span) * (BARS.length - 1)) : 0] as string)
    .join('');
}

function rangeText(values: readonly number[], unit: string): string {
  const number = (value: number): string => String(Number(value.toPrecision(4)));
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const range = least === most ? number(least) : `${number(least)} to ${number(most)}`;
  return `${range}${unit === '' ? '' : ` ${unit}`}, last ${number(values.at(-1) ?? Number.NaN)}`;
}

function chanceText(logP: number): string {
  if (logP < 1) return `${Math.round(100 * 10 ** -logP)} %`;
  return logP < 15 ? `1 in ${Math.round(10 ** logP).toLocaleString('en-US')}` : 'next to never';
}

function between(from: string, to: string): number {
  return Math.max(0, Date.parse(to) - Date.parse(from));
}
