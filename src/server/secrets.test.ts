import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ServiceSpec, SystemSpec } from '../model/spec.ts';
import { Secrets, type SecretVault, secretsOf } from './secrets.ts';

function systemWith(environment: Record<string, string>, command: readonly string[] = ['run']): SystemSpec {
  const run = { command, environment, workingDir: '/', user: null };
  return {
    name: 's',
    baseDir: '/',
    services: { api: { name: 'api', run } as unknown as ServiceSpec },
    policy: { mode: 'auto', maxDisruption: 1 },
  };
}

function memoryVault(): SecretVault & { readonly kept: Map<string, string> } {
  const kept = new Map<string, string>();
  return {
    kept,
    load: async () => kept,
    save: async (entries) => {
      for (const [id, value] of entries) kept.set(id, value);
    },
  };
}

describe('secrets', () => {
  it('are environment values whose name says so, and passwords in URLs', () => {
    const found = secretsOf(
      systemWith(
        {
          DB_PASSWORD: 'hunter22',
          API_KEY: 'k-123456',
          GITHUB_TOKEN: 'tok-123456',
          DATABASE_URL: 'postgres://ann:url-pass@db:5432/x',
          PORT: '8080123',
          MONKEY: 'not-secret',
          PIN_SECRET: '123',
        },
        ['run', '--url', 'redis://:cmd-pass@host'],
      ),
    );
    expect([...found].sort()).toEqual(['cmd-pass', 'hunter22', 'k-123456', 'tok-123456', 'url-pass']);
  });

  it('leave no trace in sealed text and come back the same', async () => {
    const vault = memoryVault();
    const secrets = await Secrets.open(vault);
    const password = 'p"4\\ss\nwörd';
    const spec = systemWith({ DB_PASSWORD: password, OTHER: `url?x=${password}` });
    const text = JSON.stringify({ spec });
    await secrets.learn(spec);
    const sealed = secrets.seal(text);
    expect(sealed).not.toContain(JSON.stringify(password).slice(1, -1));
    expect(JSON.stringify(JSON.parse(sealed))).toBe(sealed);
    expect(secrets.unseal(sealed)).toBe(text);
    const again = await Secrets.open(vault);
    expect(again.unseal(sealed)).toBe(text);
    expect(again.seal(text)).toBe(sealed);
  });

  it('come back whatever they contain, also when one contains another', async () => {
    const value = fc.string({ minLength: 6, maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(fc.array(value, { minLength: 1, maxLength: 5 }), fc.string(), async (values, other) => {
        const secrets = await Secrets.open(memoryVault());
        const environment = Object.fromEntries(values.map((text, index) => [`TOKEN_${index}`, text]));
        const nested = { ...environment, TOKEN_X: values.join('-'), PLAIN: other };
        const spec = systemWith(nested);
        await secrets.learn(spec);
        const text = JSON.stringify({ text: other, nested, all: values.join('') });
        JSON.parse(secrets.seal(text));
        expect(secrets.unseal(secrets.seal(text))).toBe(text);
      }),
      { numRuns: 200 },
    );
  });

  it.each([
    [
      'a secret that is part of a mark',
      { A_TOKEN: 'holdfast-secret', B_TOKEN: 'secret-0', C_TOKEN: 'abc-holdfast-secret' },
    ],
    ['a secret that looks like the end of an escape', { A_TOKEN: 'nnnnnn', B: '\n\nnnnnnnn' }],
  ])('come back with %s', async (_what, environment) => {
    const secrets = await Secrets.open(memoryVault());
    await secrets.learn(systemWith(environment));
    const text = JSON.stringify(environment);
    expect(JSON.parse(secrets.seal(text))).toBeTypeOf('object');
    expect(secrets.unseal(secrets.seal(text))).toBe(text);
  });

  it('keeps nothing twice and leaves text without secrets alone', async () => {
    const vault = memoryVault();
    const secrets = await Secrets.open(vault);
    await secrets.learn(systemWith({ DB_PASSWORD: 'hunter22' }));
    await secrets.learn(systemWith({ OTHER_PASSWORD: 'hunter22' }));
    expect(vault.kept.size).toBe(2); // the key and one value
    expect(secrets.seal('{"a":1}')).toBe('{"a":1}');
    expect(secrets.unseal('holdfast-secret-0123456789abcdef')).toBe('holdfast-secret-0123456789abcdef');
  });
});
