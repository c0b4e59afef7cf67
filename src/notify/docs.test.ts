/** docs/notify.md says what the code does: receivers, options, fields, labels and figures. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { formatDuration } from '../model/time.ts';
import { alertOf } from './alertmanager/alerts.ts';
import { DEFAULT_REPEAT_MS, HOLD_REPEATS } from './alertmanager/index.ts';
import { MAX_ASKED_MS, MAX_BACKOFF_MS, MAX_ENTRIES, MIN_BACKOFF_MS } from './queue.ts';
import { KINDS } from './registry.ts';
import { COMMON_OPTIONS, DEFAULT_TIMEOUT_MS, parseTarget } from './target.ts';
import { notice } from './testing/notices.ts';
import { PAYLOAD_VERSION, payloadOf, SIGNATURE_HEADER } from './webhook/payload.ts';

const TEXT = readFileSync(new URL('../../docs/notify.md', import.meta.url), 'utf8');
const FLAT = TEXT.replace(/\s+/g, ' ');

/** The cells of each row of the table under a header that begins so; backticks taken off the first. */
function table(header: string): readonly (readonly string[])[] {
  const lines = TEXT.slice(TEXT.indexOf(`\n| ${header}`) + 1).split('\n');
  const rows = lines.slice(2, lines.indexOf('', 2));
  return rows.map((row) => {
    const [first = '', ...rest] = row.slice(2, -2).split(' | ');
    return [first.replaceAll('`', ''), ...rest];
  });
}

describe('docs/notify.md', () => {
  it('lists every kind of receiver, with its forms', () => {
    expect(table('address |')).toEqual(KINDS.map(({ title, examples }) => [examples.join(', '), title]));
  });

  it('lists every option, of whom, and what it means', () => {
    const own = KINDS.flatMap(({ name, options }) =>
      Object.entries(options).map(([option, meaning]) => [option, `\`${name}\``, meaning]),
    );
    const common = Object.entries(COMMON_OPTIONS).map(([option, meaning]) => [option, 'all', meaning]);
    const told = table('option |').map(([option, whose, , meaning]) => [option, whose, meaning]);
    expect(told).toEqual([...common, ...own]);
    const defaults = new Map(table('option |').map(([option, , value]) => [option, value]));
    expect(defaults.get('timeout')).toBe(`\`${DEFAULT_TIMEOUT_MS / 1_000}s\``);
    expect(defaults.get('repeat')).toBe(`\`${DEFAULT_REPEAT_MS / 1_000}s\``);
  });

  it('lists every field and shows the payload as it is sent', () => {
    const payload = payloadOf(notice('inc-7', 'page'));
    expect(table('field |').map(([field]) => field)).toEqual(Object.keys(payload));
    expect(TEXT).toContain(`\`\`\`json\n${JSON.stringify(payload, null, 2)}\n\`\`\``);
    const cause = table('field |').find(([field]) => field === 'cause')?.[1] ?? '';
    for (const field of Object.keys(payload.cause as object)) expect(cause).toContain(`\`${field}\``);
    expect(TEXT).toContain(`| \`version\` | ${PAYLOAD_VERSION}.`);
    expect(TEXT).toContain(`the header \`${SIGNATURE_HEADER}\``);
  });

  it('lists every label and annotation of an alert', () => {
    const { labels, annotations } = alertOf(notice('inc-7', 'page'), 0, 0);
    expect(table('label |').map(([label]) => label)).toEqual(Object.keys(labels));
    for (const [label, value] of [
      ['alertname', labels.alertname],
      ['severity', labels.severity],
    ]) {
      expect(TEXT).toContain(`| \`${label}\` | \`${value}\` |`);
    }
    for (const name of Object.keys(annotations)) expect(TEXT).toContain(`\`${name}\``);
  });

  it('states the figures that the code has', () => {
    const [first, second, third] = [1, 2, 4].map((times) => formatDuration(MIN_BACKOFF_MS * times));
    expect(FLAT).toContain(`after ${first}, ${second}, ${third} and so on up to ${MAX_BACKOFF_MS / 1_000}s`);
    expect(FLAT).toContain(`\`Retry-After\` is heeded, up to ${formatDuration(MAX_ASKED_MS)}`);
    expect(FLAT).toContain(`At most ${MAX_ENTRIES} incidents wait`);
    expect([HOLD_REPEATS, formatDuration(DEFAULT_REPEAT_MS)]).toEqual([4, '1m']);
    expect(FLAT).toContain('every minute while its incident lasts, with an end four repetitions ahead');
  });

  it('gives only addresses that are understood', () => {
    const options = new Map(KINDS.map((kind) => [kind.name, Object.keys(kind.options)]));
    const given = [...TEXT.matchAll(/(?:webhook|alertmanager)\+https?:\/\/[^\s`']+/g)].map(([address]) => address);
    expect(given.length).toBeGreaterThan(6);
    for (const address of given)
      expect(() => parseTarget(address.replace(/,$/, ''), options, ''), address).not.toThrow();
  });
});
