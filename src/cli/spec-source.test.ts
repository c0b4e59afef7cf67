import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findSpecFile, parseDotEnv, readSpec } from './spec-source.ts';

describe('.env', () => {
  it.each([
    ['A=1', { A: '1' }],
    ['export A = b c # note', { A: 'b c' }],
    ['A=b#c', { A: 'b#c' }],
    ["A='$x # y'", { A: '$x # y' }],
    ['A="two\\nlines \\"q\\""', { A: 'two\nlines "q"' }],
    ['A="over\ntwo lines"\nB=2', { A: 'over\ntwo lines', B: '2' }],
    ['# A=1\n\nB=', { B: '' }],
    ['A=1\r\nB=2\r\n', { A: '1', B: '2' }],
  ])('reads %j', (text, expected) => {
    expect(parseDotEnv(text)).toEqual(expected);
  });
});

describe('spec files', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'hf-spec-'));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));
  const write = (name: string, text: string) => writeFileSync(join(directory, name), text);

  it('prefers holdfast.yaml, then compose.yaml, and says so when there is none', () => {
    expect(() => findSpecFile({}, directory)).toThrowError(expect.objectContaining({ code: 'HF1001' }));
    write('docker-compose.yml', '');
    expect(findSpecFile({}, directory)).toBe(join(directory, 'docker-compose.yml'));
    write('compose.yaml', '');
    expect(findSpecFile({}, directory)).toBe(join(directory, 'compose.yaml'));
    write('holdfast.yaml', '');
    expect(findSpecFile({}, directory)).toBe(join(directory, 'holdfast.yaml'));
    expect(() => findSpecFile({ file: 'none.yaml' }, directory)).toThrowError(/none\.yaml does not exist/);
  });

  it('sends only the variables that the file or what it includes may mean, the environment before .env', () => {
    write('compose.yaml', 'include: [more.yaml]\nservices: {a: {command: "x $PORT $RATE", environment: [KEY]}}\n');
    write('more.yaml', 'services: {b: {command: "x $DEEP", env_file: b.env}}\n');
    write('.env', 'PORT=1\nRATE=2\nSECRET=3\n');
    write('b.env', 'FROM=$OUTSIDE\n');
    const env = { PORT: '9', HOME: '/x', KEY: 'k', DEEP: 'd', OUTSIDE: 'o' };
    const source = readSpec(join(directory, 'compose.yaml'), {}, env);
    expect(source.variables).toEqual({ PORT: '9', RATE: '2', KEY: 'k', DEEP: 'd', OUTSIDE: 'o' });
    expect(source.baseDir).toBe(directory);
    expect(source.profiles).toEqual([]);
    expect(source.projectName).toBeNull();
  });

  it('takes profiles and the project name from the options, else from the environment', () => {
    write('compose.yaml', 'services: {}\n');
    const path = join(directory, 'compose.yaml');
    const env = { COMPOSE_PROFILES: 'a,b', COMPOSE_PROJECT_NAME: 'p' };
    expect(readSpec(path, {}, env)).toMatchObject({ profiles: ['a', 'b'], projectName: 'p' });
    expect(readSpec(path, { profile: ['c'], projectName: 'q' }, env)).toMatchObject({
      profiles: ['c'],
      projectName: 'q',
    });
  });
});
