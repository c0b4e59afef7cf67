import { describe, expect, it } from 'vitest';
import { HONOURED, NOT_HONOURED, NOT_YET } from './honoured.ts';
import { parseSpec } from './parse.ts';
import { OWN_SERVICE_KEYS } from './schema/holdfast.ts';
import { COMPOSE_SERVICE_KEYS } from './schema/service.ts';

describe('honoured or named', () => {
  const known = [...Object.keys(COMPOSE_SERVICE_KEYS), ...Object.keys(OWN_SERVICE_KEYS)].sort();

  it('every key of a service is in exactly one of the tables', () => {
    const tables = [[...HONOURED], Object.keys(NOT_HONOURED), Object.keys(NOT_YET)].flat().sort();
    expect(tables).toEqual(known);
  });

  it('every key that is not honoured is named when it asks for something', () => {
    const sample = (key: string): string => {
      const shape = COMPOSE_SERVICE_KEYS[key];
      for (const text of [
        'all',
        '1',
        'true',
        '[x]',
        '{ x: 1 }',
        'private',
        '{ watch: [] }',
        '{ weight: 1 }',
        '[{ command: x }]',
        '{ config: x }',
      ])
        if (tryKey(key, text)) return text;
      throw new Error(`no sample for ${key}: ${shape?.what}`);
    };
    for (const key of Object.keys(NOT_HONOURED)) {
      const text = `services: { a: { command: run, ${key}: ${sample(key)} } }`;
      const { notices } = parse(text);
      expect(
        notices.map(({ what }) => what.split(' ')[0]),
        key,
      ).toContain(key);
      expect(notices.filter(({ what }) => what.split(' ')[0] === key)).toHaveLength(1);
    }
  });

  it('asks nothing, is not named', () => {
    const text = 'services: { a: { command: run, privileged: false, cap_add: [], tty: no, pid: host, networks: {} } }';
    expect(parse(text).notices).toEqual([]);
  });
});

function parse(text: string): ReturnType<typeof parseSpec> {
  return parseSpec({ file: 'x.yaml', baseDir: '/x', text, variables: {}, profiles: [], projectName: null });
}

function tryKey(key: string, value: string): boolean {
  try {
    return parse(`services: { a: { command: run, ${key}: ${value} } }`).notices.length > 0;
  } catch {
    return false;
  }
}
