/**
 * DogStatsD and StatsD lines. `name:value[:value…]|type[|@rate][|#tag:value,…][|T seconds]`, events `_e{…}`, service
 * checks `_sc|…`. Plain StatsD is the same without tags; its relative gauges (`+5|g`) are taken as levels, as Datadog's
 * agent takes them.
 *
 * Format: docs.datadoghq.com/developers/dogstatsd/datagram_shell.
 */
import type { ChangeReport, CheckReport, CheckState } from '../../model/telemetry.ts';
import { Malformed } from '../wire/protobuf.ts';

export type MetricType = 'c' | 'g' | 'ms' | 'h' | 'd' | 's';

export interface MetricLine {
  readonly name: string;
  readonly type: MetricType;
  /** Numbers as texts: members of a set need not be numbers. */
  readonly values: readonly string[];
  /** Share of events that are sent, in (0, 1]. */
  readonly rate: number;
  /** As written, '' when there are none. */
  readonly tags: string;
  /** Ms since 1970; null: now. */
  readonly wallMs: number | null;
}

const TYPES: ReadonlySet<string> = new Set(['c', 'g', 'ms', 'h', 'd', 's']);
const STATES: readonly CheckState[] = ['ok', 'warning', 'critical', 'unknown'];

/** Throws Malformed. */
export function parseMetric(line: string): MetricLine {
  const [head = '', type = '', ...rest] = line.split('|');
  const colon = head.indexOf(':');
  if (colon < 1) throw new Malformed('no name');
  if (!TYPES.has(type)) throw new Malformed(`type "${type.slice(0, 20)}"`);
  let rate = 1;
  let tags = '';
  let wallMs: number | null = null;
  for (const part of rest) {
    if (part.startsWith('@')) rate = Number(part.slice(1));
    else if (part.startsWith('#')) tags = part.slice(1);
    else if (part.startsWith('T')) wallMs = Number(part.slice(1)) * 1_000;
  }
  if (!(rate > 0 && rate <= 1)) throw new Malformed('a sample rate beyond 0 to 1');
  if (Number.isNaN(wallMs)) throw new Malformed('a time that is no number');
  const values = head.slice(colon + 1).split(':');
  if (type !== 's')
    for (const value of values)
      if (value.trim() === '' || Number.isNaN(Number(value))) throw new Malformed('a value that is no number');
  return { name: head.slice(0, colon), type: type as MetricType, values, rate, tags, wallMs };
}

/** `a:1,b:2,c` → labels; a tag without a value is `true`. */
export function labelsOf(tags: string): Record<string, string> {
  const labels: Record<string, string> = {};
  if (tags === '') return labels;
  for (const tag of tags.split(',')) {
    const colon = tag.indexOf(':');
    const name = colon < 0 ? tag : tag.slice(0, colon);
    if (name !== '' && name !== '__proto__') labels[name] = colon < 0 ? 'true' : tag.slice(colon + 1);
  }
  return labels;
}

/**
 * `_e{title length,text length}:title|text|…`. Lengths are in UTF-8 bytes; some clients count UTF-16 units, which is
 * noticed because no `|` stands where it must.
 */
export function parseEvent(line: string, wallMs: number): ChangeReport {
  const head = /^_e\{(\d{1,6}),(\d{1,6})\}:/.exec(line);
  if (!head) throw new Malformed('an event without lengths');
  const body = line.slice(head[0].length);
  const lengths = [Number(head[1]), Number(head[2])] as const;
  const bytes = Buffer.from(body);
  const [title, text, rest] = cut(bytes, lengths) ?? cut(body, lengths) ?? [];
  if (title === undefined || text === undefined || rest === undefined) throw new Malformed('an event of other lengths');
  const parts = fields(rest);
  const labels = labelsOf(parts['#'] ?? '');
  if (parts.t !== undefined) labels.alert_type = parts.t;
  if (parts.p !== undefined) labels.priority = parts.p;
  if (parts.k !== undefined) labels.aggregation_key = parts.k;
  return {
    wallMs: time(parts.d, wallMs),
    title: title.replaceAll('\\n', '\n'),
    text: text.replaceAll('\\n', '\n'),
    who: parts.s ?? parts.h ?? '',
    services: labels.service === undefined ? [] : [labels.service],
    labels,
  };
}

function cut(body: Buffer | string, [title, text]: readonly [number, number]): [string, string, string] | undefined {
  const bar = typeof body === 'string' ? '|' : 0x7c;
  const end = title + 1 + text;
  if (body[title] !== bar || body.length < end || (body.length > end && body[end] !== bar)) return undefined;
  const part = (from: number, to?: number): string => body.slice(from, to).toString();
  return [part(0, title), part(title + 1, end), part(end + 1)];
}

/** `_sc|name|status|d:…|h:…|#tags|m:message`; the message is last and may hold anything. */
export function parseCheck(line: string, wallMs: number): CheckReport {
  const messageAt = line.indexOf('|m:');
  const [, check, status, ...rest] = (messageAt < 0 ? line : line.slice(0, messageAt)).split('|');
  const state = STATES[Number(status ?? '')];
  if (!check || !status || state === undefined) throw new Malformed('a service check without name or status');
  const parts = fields(rest.join('|'));
  const labels = labelsOf(parts['#'] ?? '');
  return {
    wallMs: time(parts.d, wallMs),
    subject: labels.service ?? parts.h ?? '',
    check,
    state,
    text: messageAt < 0 ? '' : line.slice(messageAt + 3).replaceAll('\\n', '\n'),
    labels,
  };
}

/** `d:…|h:…|#…` by their letter. */
function fields(rest: string): Record<string, string | undefined> {
  const parts: Record<string, string> = {};
  for (const part of rest.split('|')) {
    if (part.startsWith('#')) parts['#'] = part.slice(1);
    else if (part[1] === ':') parts[part[0] as string] = part.slice(2);
  }
  return parts;
}

function time(seconds: string | undefined, otherwise: number): number {
  const wallMs = Number(seconds) * 1_000;
  return seconds === undefined || Number.isNaN(wallMs) ? otherwise : wallMs;
}
