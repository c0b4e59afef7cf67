import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HoldfastError } from '../model/errors.ts';
import { filesOf, withContents } from './experiment-files.ts';

let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'hf-files-'));
  mkdirSync(join(directory, 'nightly'));
  writeFileSync(join(directory, 'pw'), 'word\n');
  writeFileSync(join(directory, 'nightly', 'region'), 'north');
  writeFileSync(join(directory, 'large'), 'x'.repeat(65_537));
  writeFileSync(join(directory, 'bytes'), Buffer.from([0xff, 0xfe]));
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

function handed(text: string) {
  const file = join(directory, 'nightly', 'kill.yaml');
  writeFileSync(file, text);
  return filesOf(file).map(withContents);
}

describe('files that an experiment names', () => {
  it('are read beside it, in configuration and in both forms of secrets', () => {
    const [file] = handed(`
      configuration: { region: { type: file, path: region }, other: { type: env, key: X } }
      secrets: { store: { pw: { type: file, path: ../pw } }, token: { type: file, path: ${directory}/pw } }
      method: [{ type: file, path: large }]`);
    expect(file?.contents).toEqual({ region: 'north', '../pw': 'word\n', [`${directory}/pw`]: 'word\n' });
  });

  it('are none, and nothing is handed over', () => {
    expect(handed('title: t\n')[0]).not.toHaveProperty('contents');
    expect(handed('a: [')[0]).not.toHaveProperty('contents');
  });

  it('that cannot be read are all named, with what is wrong', () => {
    const files = {
      none: 'is not there',
      '..': 'is no file',
      '../large': 'is larger than 64 KiB',
      '../bytes': 'is no text (UTF-8)',
    };
    const sources = Object.keys(files).map((path, n) => `    s${n}: { type: file, path: ${path} }`);
    const expected = Object.entries(files).map(([path, why], n) => `secrets.g.s${n}: ${path} ${why}`);
    try {
      handed(`secrets:\n  g:\n${sources.join('\n')}\n`);
      expect.unreachable();
    } catch (error) {
      const { code, message, remedy, others } = error as HoldfastError;
      expect(remedy).toBe('Put it there, or name another file.');
      expect(code).toBe('HF8107');
      const said = [message, ...others.map((other) => other.message)];
      expect(said.map((line) => line.replace(/^.*kill\.yaml: /, ''))).toEqual(expected);
    }
  });
});
