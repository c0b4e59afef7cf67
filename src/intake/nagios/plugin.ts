/**
 * Nagios plugins as checks: the exit code is the state, the first line the text, what follows `|` are numbers.
 * Whoever runs plugins (a check of an agent) hands the result to `takePlugin`; nothing is listened to or started here.
 *
 * Format: nagios-plugins.org/doc/guidelines.html, "Plugin Output" and "Performance data".
 */
import type { CheckReport, CheckState } from '../../model/telemetry.ts';
import type { BatchBuilder, IntakeContext } from '../contract.ts';
import { hashHigh, hashLow, hashStart, hashText } from '../wire/hash.ts';

export interface PluginResult {
  /** null: killed, timed out, or could not be started: unknown. */
  readonly exitCode: number | null;
  readonly stdout: string;
  /** What was checked, and by which check. */
  readonly subject: string;
  readonly check: string;
  readonly wallMs: number;
}

/** Values inside start..end are good, or (`inverted`) those outside of it. */
export interface Range {
  readonly start: number;
  readonly end: number;
  readonly inverted: boolean;
}

export interface PerfValue {
  readonly label: string;
  readonly value: number;
  /** `s`, `B`, `%`, `c` (a counter) or '': ms, us, KB … are turned into s and B. */
  readonly unit: string;
  readonly warn: Range | null;
  readonly crit: Range | null;
  readonly min: number | null;
  readonly max: number | null;
}

const STATES: readonly CheckState[] = ['ok', 'warning', 'critical', 'unknown'];
const UNITS: Readonly<Record<string, readonly [unit: string, factor: number]>> = {
  s: ['s', 1],
  ms: ['s', 1e-3],
  us: ['s', 1e-6],
  ns: ['s', 1e-9],
  B: ['B', 1],
  KB: ['B', 1_024],
  MB: ['B', 1_024 ** 2],
  GB: ['B', 1_024 ** 3],
  TB: ['B', 1_024 ** 4],
  '%': ['%', 1],
  c: ['c', 1],
};
/** Numbers of one plugin run; check_disk of a large machine has a few dozen. */
const MAX_VALUES = 256;

export function parsePlugin(stdout: string): { readonly text: string; readonly values: PerfValue[] } {
  const lines = stdout.split('\n');
  const [text, ...perf] = (lines[0] ?? '').split('|');
  let more = perf.join('|');
  // Long output: a second | begins more numbers, up to the end.
  const rest = lines.slice(1).join('\n');
  const bar = rest.indexOf('|');
  if (bar >= 0) more += ` ${rest.slice(bar + 1).replaceAll('\n', ' ')}`;
  return { text: (text ?? '').trim(), values: parsePerf(more) };
}

/** What is not a value is passed over, as Nagios does. */
export function parsePerf(text: string): PerfValue[] {
  const values: PerfValue[] = [];
  const item = /(?:'((?:[^']|'')*)'|([^\s'=]+))=(\S*)|\S+/g;
  for (const [, quoted, plain, data] of text.matchAll(item)) {
    if (data === undefined || values.length >= MAX_VALUES) continue;
    const [head = '', warn, crit, min, max] = data.split(';');
    const number = /^([-+]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][-+]?\d+)?)([a-zA-Z%]{0,8})$/.exec(head);
    if (!number) continue;
    const [unit, factor] = UNITS[number[2] as string] ?? ['', 1];
    const scaled = (one: string | undefined): number | null => {
      const value = Number((one ?? '').replace(',', '.'));
      return one === undefined || one === '' || Number.isNaN(value) ? null : value * factor;
    };
    values.push({
      label: quoted?.replaceAll("''", "'") ?? (plain as string),
      value: scaled(number[1]) as number,
      unit,
      warn: parseRange(warn, factor),
      crit: parseRange(crit, factor),
      min: scaled(min),
      max: scaled(max),
    });
  }
  return values;
}

/** `10`, `10:`, `~:10`, `10:20`, `@10:20`; null when it is none. */
export function parseRange(text: string | undefined, factor = 1): Range | null {
  const match = /^(@?)(?:(~|[-+]?[\d.]+)?:)?([-+]?[\d.]+)?$/.exec(text ?? '');
  if (!match || !text || text === '@') return null;
  const [, at, from, to] = match;
  const start = from === '~' ? Number.NEGATIVE_INFINITY : from === undefined ? 0 : Number(from) * factor;
  const end = to === undefined ? Number.POSITIVE_INFINITY : Number(to) * factor;
  if (Number.isNaN(start) || Number.isNaN(end) || start > end) return null;
  return { start, end, inverted: at === '@' };
}

/** Does this value call for an alert by this range? */
export function alerting({ start, end, inverted }: Range, value: number): boolean {
  const inside = value >= start && value <= end;
  return inverted ? inside : !inside;
}

/** A check report, and a series `CHECK.LABEL` for each number. */
export function takePlugin(result: PluginResult, context: IntakeContext, batch: BatchBuilder): void {
  const { text, values } = parsePlugin(result.stdout);
  const { maxLineBytes, maxLabelBytes } = context.limits;
  const { subject, check, wallMs } = result;
  const state = result.exitCode === null ? 'unknown' : (STATES[result.exitCode] ?? 'unknown');
  const report: CheckReport = { wallMs, subject, check, state, text: text.slice(0, maxLineBytes), labels: {} };
  batch.check(report);
  for (const { label, value, unit } of values) {
    if (label.length > maxLabelBytes) {
      batch.drop('points', 'too-many-labels');
      continue;
    }
    hashStart();
    for (const part of [subject, check, label, unit]) hashText(part);
    const [low, high] = [hashLow(), hashHigh()];
    const kind = unit === 'c' ? 'counter' : 'gauge';
    const draft = {
      name: `${check}.${label}`,
      labels: { subject },
      kind,
      unit: unit === 'c' ? '' : unit,
      source: subject,
    } as const;
    const known = context.series.find(low, high) ?? context.series.add(low, high, draft);
    if (known) batch.point(known.series, wallMs, value);
    else batch.drop('points', 'too-many-series');
  }
}
