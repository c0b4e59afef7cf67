import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { looksSecret, redact, reveal } from './redact.ts';

const KEY = 'a key of this state directory';

describe('redact', () => {
  it('replaces what looks like a secret and nothing else', () => {
    const spec = {
      environment: {
        DB_PASSWORD: 'hunter2',
        api_key: 'k-123',
        GITHUB_TOKEN: 't-456',
        DATABASE_URL: 'postgres://app:s3cr3t@db:5432/app',
        REDIS_URL: 'redis://:pw@cache',
        PORT: '8080',
        EMPTY_TOKEN: '',
        DOCS: 'https://example.org/a:b@c',
      },
      command: ['serve', '--password', 'hunter3', '--api-key=k-789', 'ADMIN_SECRET=x y', '--port=80', 'plain'],
      nested: { privateKeys: ['one', { pem: 'two' }] },
      tokenCount: 7,
    };
    const { value, secrets } = redact(spec, KEY);
    const text = JSON.stringify(value);
    const found = ['hunter2', 'k-123', 't-456', 's3cr3t', 'pw', 'hunter3', 'k-789', 'x y', 'one', 'two'];
    expect([...secrets.values()].sort()).toEqual([...found].sort());
    for (const secret of found.filter((each) => each.length > 3)) expect(text).not.toContain(secret);
    expect(value.environment.PORT).toBe('8080');
    expect(value.environment.EMPTY_TOKEN).toBe('');
    expect(value.environment.DOCS).toBe(spec.environment.DOCS);
    expect(value.environment.DATABASE_URL).toMatch(/^postgres:\/\/app:secret:[0-9a-f]{32}@db:5432\/app$/);
    expect(value.command.slice(0, 2)).toEqual(['serve', '--password']);
    expect(value.command.slice(5)).toEqual(['--port=80', 'plain']);
    expect(value.tokenCount).toBe(7);
    expect(reveal(value, secrets)).toEqual(spec);
  });

  it('is stable: the same secret the same placeholder, another key another one, twice is once', () => {
    const value = { PASSWORD: 'x', more: { SECRET: 'x', TOKEN: 'y' } };
    const once = redact(value, KEY).value;
    expect(once).toEqual(redact(value, KEY).value);
    expect(once.PASSWORD).toBe(once.more.SECRET);
    expect(once.PASSWORD).not.toBe(once.more.TOKEN);
    expect(once.PASSWORD).not.toBe(redact(value, 'another').value.PASSWORD);
    const twice = redact(once, KEY);
    expect(twice.value).toEqual(once);
    expect(twice.secrets.size).toBe(0);
  });

  it('refuses to reveal a placeholder that is not known', () => {
    const { value } = redact({ PASSWORD: 'x' }, KEY);
    expect(() => reveal(value, new Map())).toThrow(expect.objectContaining({ code: 'HF2002' }));
  });

  it('gives any JSON back, and leaves no text under a secret name', () => {
    const names = fc.oneof(fc.string(), fc.constantFrom('PASSWORD', 'my_token', 'apiKey', 'name'));
    const text = fc.string().filter((each) => !/secret:[0-9a-f]{32}/.test(each));
    const json = fc.letrec((tie) => ({
      node: fc.oneof(
        { depthSize: 'small' },
        text,
        fc.integer(),
        fc.constant(null),
        fc.array(tie('node')),
        fc.dictionary(names, tie('node')),
      ),
    })).node;
    fc.assert(
      fc.property(json, (value) => {
        const { value: redacted, secrets } = redact(value, KEY);
        expect(reveal(redacted, secrets)).toEqual(value);
        expectHidden(redacted, false);
      }),
    );
  });
});

function expectHidden(value: unknown, secret: boolean): void {
  if (typeof value === 'string' && secret) expect(value).toMatch(/^(secret:[0-9a-f]{32})?$/);
  if (typeof value !== 'object' || value === null) return;
  for (const [name, item] of Object.entries(value)) {
    expectHidden(item, secret || (!Array.isArray(value) && looksSecret(name)));
  }
}
