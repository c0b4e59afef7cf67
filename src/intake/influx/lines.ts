/**
 * InfluxDB line protocol: `measurement[,tag=value…] field=value[,field=value…] [time]`. Every numeric field is a
 * series `measurement.field`; booleans are 0 and 1; texts have no counterpart and are left out.
 *
 * Format: docs.influxdata.com/influxdb/v2/reference/syntax/line-protocol.
 */
import { Malformed } from '../wire/protobuf.ts';

export interface InfluxLine {
  /** Measurement and tags as written: what tells its series from others. */
  readonly key: string;
  readonly measurement: string;
  readonly tags: Readonly<Record<string, string>>;
  /** null: a text. */
  readonly fields: readonly (readonly [name: string, value: number | null])[];
  /** In the request's precision; null: now. */
  readonly time: number | null;
}

/** Throws Malformed with what is wrong with this line. */
export function parseInflux(line: string): InfluxLine {
  const keyEnd = until(line, 0, ' ', false);
  const fieldsEnd = until(line, keyEnd + 1, ' ', true);
  const key = line.slice(0, keyEnd);
  const fieldText = line.slice(keyEnd + 1, fieldsEnd);
  if (key === '') throw new Malformed('missing measurement');
  if (fieldText.trim() === '') throw new Malformed('missing fields');
  const [measurement = '', ...tagTexts] = split(key, ',', false);
  if (measurement === '') throw new Malformed('missing measurement');
  const tags: Record<string, string> = {};
  for (const text of tagTexts) {
    const equals = until(text, 0, '=', false);
    const [name, value] = [unescaped(text.slice(0, equals)), unescaped(text.slice(equals + 1))];
    if (name === '') throw new Malformed('missing tag key');
    if (equals === text.length || value === '') throw new Malformed('missing tag value');
    if (name !== '__proto__') tags[name] = value;
  }
  const fields = split(fieldText, ',', true).map((text): readonly [string, number | null] => {
    const equals = until(text, 0, '=', false);
    if (equals === 0) throw new Malformed('missing field key');
    if (equals >= text.length - 1) throw new Malformed('missing field value');
    return [unescaped(text.slice(0, equals)), fieldValue(text.slice(equals + 1))];
  });
  const timeText = line.slice(fieldsEnd + 1).trim();
  if (timeText !== '' && !/^-?\d{1,19}$/.test(timeText)) throw new Malformed('bad timestamp');
  return { key, measurement: unescaped(measurement), tags, fields, time: timeText === '' ? null : Number(timeText) };
}

function fieldValue(text: string): number | null {
  if (text.startsWith('"')) {
    if (text.length < 2 || !text.endsWith('"')) throw new Malformed('unbalanced quotes');
    return null;
  }
  if (/^(?:t|T|true|True|TRUE)$/.test(text)) return 1;
  if (/^(?:f|F|false|False|FALSE)$/.test(text)) return 0;
  if (/^-?\d+[iu]$/.test(text)) return Number(text.slice(0, -1));
  if (/^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/.test(text)) return Number(text);
  throw new Malformed('invalid number');
}

/** Index of the first unescaped `char` (outside of quotes, if they count), else the length. */
function until(text: string, from: number, char: string, quotes: boolean): number {
  let quoted = false;
  for (let at = from; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (quotes && text[at] === '"') quoted = !quoted;
    else if (text[at] === char && !quoted) return at;
  }
  return text.length;
}

function split(text: string, char: string, quotes: boolean): string[] {
  const parts: string[] = [];
  for (let at = 0; at <= text.length; ) {
    const end = until(text, at, char, quotes);
    parts.push(text.slice(at, end));
    at = end + 1;
  }
  return parts;
}

function unescaped(text: string): string {
  return text.includes('\\') ? text.replace(/\\([,= \\])/g, '$1') : text;
}

/** A request's lines: line ends within quotes do not count. */
export function splitLines(text: string): string[] {
  return text.includes('"') ? split(text, '\n', true) : text.split('\n');
}
