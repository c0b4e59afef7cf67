import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HoldfastError } from '../model/errors.ts';
import { KINDS, notifiersOf } from './registry.ts';
import { parseTarget, shown, type Target } from './target.ts';

const OPTIONS = new Map(KINDS.map(({ name, options }) => [name, Object.keys(options)]));
const target = (text: string): Target => parseTarget(text, OPTIONS, 'FORMS');

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'hf-notify-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function file(name: string, text: string): string {
  const path = join(dir, name);
  writeFileSync(path, text);
  return path;
}

function errorOf(run: () => unknown): HoldfastError {
  try {
    run();
  } catch (error) {
    return error as HoldfastError;
  }
  throw new Error('it was accepted');
}

describe('an address', () => {
  it('is called without its user, its password and our options', () => {
    const { url, authorization, options, name } = target(
      'webhook+https://ann:p%40ss@hooks.example.com:8443/a/b?c=d#timeout=3s&dashboard=https%3A%2F%2Fhf.example.com%2F',
    );
    expect(url.href).toBe('https://hooks.example.com:8443/a/b?c=d');
    expect(authorization).toBe(`Basic ${Buffer.from('ann:p@ss').toString('base64')}`);
    expect([options.timeoutMs, options.dashboard]).toEqual([3_000, 'https://hf.example.com']);
    expect(name).toBe('webhook+https://hooks.example.com:8443/…');
  });

  it('has defaults', () => {
    const { url, authorization, options, name } = target('Alertmanager+http://localhost:9093');
    expect([url.href, authorization, name]).toEqual([
      'http://localhost:9093/',
      null,
      'alertmanager+http://localhost:9093',
    ]);
    expect([options.timeoutMs, options.dashboard]).toEqual([10_000, null]);
  });

  it.each([
    'https://hooks.example.com/hunter2',
    'webhook://hooks.example.com/hunter2',
    'webhook+ftp://hooks.example.com/hunter2',
    'webhook+https://',
    'webhook+https://:hunter2',
    'webhook+https://h:99999/hunter2',
    'webhook+https://a%ZZ:hunter2@h/',
    'slack+https://h/hunter2',
    'hunter2',
    '',
    'webhook+https://h/hunter2#hunter2=1',
    'webhook+https://h/#timeout=hunter2',
    'webhook+https://h/#timeout=10s&timeout=1s',
    'webhook+https://h/#timeout=',
    'webhook+https://h/#timeout=%ZZ',
    'webhook+https://h/#dashboard=hunter2',
    'webhook+https://h/#repeat=10s',
    'webhook+https://h/#secret-file=/nowhere/at/all',
    'webhook+https://h/#token-file=/tmp',
    'alertmanager+http://h/#repeat=1ms',
    'alertmanager+http://h/#secret-file=/dev/null',
  ])('%s is refused with what to do, and without its secrets', (text) => {
    const error = errorOf(() => notifiersOf([text]));
    expect(error).toBeInstanceOf(HoldfastError);
    expect(error.code).toBe('HF7002');
    expect(error.message).toContain('--notify');
    expect(error.remedy).not.toBe('');
    expect(error.format()).not.toContain('hunter2');
  });

  it('says which forms there are', () => {
    const { remedy } = errorOf(() => notifiersOf(['https://hooks.example.com']));
    for (const { name } of KINDS) expect(remedy).toContain(`${name}+http`);
  });

  it('never crashes, and never shows what may be secret', () => {
    const secret = fc.stringMatching(/^[A-Za-z0-9_-]{8,20}$/).map((text) => `XY${text}`);
    const form = fc.constantFrom(
      (s: string) => `webhook+https://${s}:${s}@host.example/`,
      (s: string) => `webhook+https://host.example/${s}`,
      (s: string) => `webhook+https://host.example/a?key=${s}`,
      (s: string) => `alertmanager+http://host.example/${s}/x#token-file=/nowhere`,
      (s: string) => `webhook+https://host.example/#${s}=${s}`,
      (s: string) => `${s}`,
      (s: string) => `nonsense+https://${s}@host.example/`,
    );
    fc.assert(
      fc.property(secret, form, (text, write) => {
        let said: string;
        try {
          said = notifiersOf([write(text)])
            .map(({ name, identity }) => `${name} ${identity}`)
            .join();
        } catch (error) {
          expect(error).toBeInstanceOf(HoldfastError);
          said = (error as HoldfastError).format();
        }
        expect(said.toLowerCase()).not.toContain(text.toLowerCase());
      }),
    );
  });
});

describe('what a receiver says', () => {
  it('is shown without the pieces of its address, in one short line', () => {
    const { secrets } = target('webhook+https://ann:hunter22@h/services/T0K3N/x?key=s3cr3t');
    const said = 'no such hook:\n/services/T0K3N/x?key=s3cr3t\u001b[31m for ann (hunter22), YW5uOmh1bnRlcjIy';
    const line = shown(said, secrets);
    for (const piece of ['T0K3N', 's3cr3t', 'hunter22', 'YW5uOmh1bnRlcjIy']) expect(line).not.toContain(piece);
    expect(line).toMatch(/^no such hook: \S*…\S* ?\[31m for ann \(…\), …$/);
    expect(shown('x'.repeat(1_000), [])).toHaveLength(200);
  });
});

describe('several addresses', () => {
  it('may be in a file, and are told apart', () => {
    const list = file('receivers', '# ours\nwebhook+https://h/one\n\n  webhook+https://h/two  \n');
    const made = notifiersOf([`@${list}`, 'webhook+https://h/three', 'alertmanager+http://h:9093']);
    expect(made.map(({ name }) => name)).toEqual([
      'webhook+https://h/…',
      'webhook+https://h/… (2)',
      'webhook+https://h/… (3)',
      'alertmanager+http://h:9093',
    ]);
    expect(new Set(made.map(({ identity }) => identity)).size).toBe(4);
  });

  it('are refused when one is given twice, or its file is not there', () => {
    expect(errorOf(() => notifiersOf(['webhook+https://h/x', 'webhook+https://h/x#timeout=2s'])).message).toContain(
      'twice',
    );
    expect(errorOf(() => notifiersOf(['@/nowhere/at/all'])).message).toContain('ENOENT');
    const many = file('many', 'webhook+https://h/x\n'.repeat(40));
    expect(errorOf(() => notifiersOf([`@${many}`])).message).toContain('40 addresses');
  });

  it('keep their identity when user, password and options change: a renewed password is no new receiver', () => {
    const [a] = notifiersOf(['webhook+https://ann:one@h/x']);
    const [b] = notifiersOf(['webhook+https://ann:two@h/x#timeout=2s']);
    const [c] = notifiersOf(['webhook+https://h/y']);
    expect(a?.identity).toBe(b?.identity);
    expect(a?.identity).not.toBe(c?.identity);
  });
});
