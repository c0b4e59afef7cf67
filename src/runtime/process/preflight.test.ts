import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkCommand } from './preflight.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'holdfast-preflight-'));
  mkdirSync(join(dir, 'bin'));
  mkdirSync(join(dir, 'bin2/tool'), { recursive: true });
  writeFileSync(join(dir, 'bin/tool'), 'x');
  writeFileSync(join(dir, 'script'), '#! /bin/sh -e\n', { mode: 0o755 });
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

describe('checkCommand', () => {
  const code = (value: string) => expect.objectContaining({ code: value });

  it('looks in PATH, relative to the working directory, and takes no directory for a program', () => {
    expect(() => checkCommand(['tool'], dir, '/none:bin2:bin')).toThrow(code('HF3002'));
    chmodSync(join(dir, 'bin/tool'), 0o755);
    expect(() => checkCommand(['tool'], dir, '/none:bin2:bin')).not.toThrow();
    expect(() => checkCommand(['tool'], dir, 'bin2')).toThrow(code('HF3001'));
    expect(() => checkCommand(['./script'], dir, '')).not.toThrow();
    expect(() => checkCommand(['./bin2/tool'], dir, '')).toThrow(code('HF3001'));
    expect(() => checkCommand([''], dir, 'bin')).toThrow(code('HF3001'));
  });

  it('wants the directory first', () => {
    expect(() => checkCommand(['sh'], join(dir, 'gone'), '/bin')).toThrow(code('HF3003'));
    expect(() => checkCommand(['sh'], join(dir, 'script'), '/bin')).toThrow(code('HF3003'));
  });
});
