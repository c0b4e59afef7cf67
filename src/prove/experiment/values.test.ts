import { describe, expect, it } from 'vitest';
import { parseExperiment } from './parse.ts';
import { filesNamed } from './parse-values.ts';
import { KINDS } from './testing/kinds.ts';
import { Values, withoutSecrets } from './values.ts';

const SECRET = 'p@ss/word';
const reference = (name: string): string => `\${${name}}`;
const REFERRING = `redis://:${reference('pw')}@cache`;
const WHOLE = reference('url');

function given(on: string): { values: Values; written: string } {
  const { experiment } = parseExperiment(
    {
      title: 't',
      description: 'd',
      secrets: { store: { pw: { type: 'env', key: 'PW' }, url: 'redis://:literal-one@cache' } },
      method: [],
      'x-holdfast': { workload: { kind: 'register', on } },
    },
    { kinds: KINDS },
  );
  return {
    values: new Values(experiment, { PW: SECRET }),
    written: JSON.stringify(withoutSecrets(experiment)),
  };
}

describe('secrets in the address of a store', () => {
  it('are quoted where they are a part of it, and stay what they are where they are all of it', () => {
    const { values } = given(REFERRING);
    expect(values.fillAddress(REFERRING)).toBe('redis://:p%40ss%2Fword@cache');
    expect(values.fillAddress(WHOLE)).toBe('redis://:literal-one@cache');
  });

  it('are hidden in what is said, as they are and as they stand in an address', () => {
    const { values } = given(WHOLE);
    expect(values.hideText(`${SECRET} and redis://:p%40ss%2Fword@cache`)).toBe('*** and redis://:***@cache');
  });

  it('are not journaled, even when they are written into the address itself', () => {
    expect(given('postgres://app:hunter22@db/app').written).toContain('postgres://app:***@db/app');
    const { written } = given(REFERRING);
    expect(written).toContain(REFERRING);
    expect(written).not.toContain('literal-one');
  });
});

describe('values from files', () => {
  const { experiment } = parseExperiment(
    {
      title: 't',
      description: 'd',
      configuration: { region: { type: 'file', path: 'region' } },
      secrets: { store: { pw: { type: 'file', path: '../pw.txt' } }, token: { type: 'file', path: 'token' } },
      method: [],
    },
    { kinds: KINDS },
  );

  it('are what is in them, without the newline at the end, and hidden wherever they are told', () => {
    const files = { region: 'north-1\n', '../pw.txt': 'one\n"two"\n\n', token: 'abcd-1234' };
    expect(filesNamed(experiment)).toEqual(['region', '../pw.txt', 'token']);
    const values = new Values(experiment, {}, {}, files);
    const wanted = `${reference('region')}|${reference('pw')}|${reference('token')}`;
    expect(values.fillText(wanted)).toBe('north-1|one\n"two"\n|abcd-1234');
    const said = `${values.fillText(wanted)} ${JSON.stringify(values.fillText(wanted))}`;
    expect(values.hideText(said)).toBe('***|***|*** "***|***|***"');
  });

  it('that nobody handed over are named, all of them', () => {
    expect(() => new Values(experiment, {}, {}, { region: 'r' })).toThrow(
      expect.objectContaining({
        code: 'HF8107',
        message: 'secrets.store.pw: file ../pw.txt was not handed over',
        others: [expect.objectContaining({ message: 'secrets.token.token: file token was not handed over' })],
      }),
    );
  });
});
