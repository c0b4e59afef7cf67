/** Whatever is handed in: a spec or a HoldfastError, and never anything else. */
import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { ERROR_CODES } from '../model/error-codes.ts';
import { HoldfastError } from '../model/errors.ts';
import { diffSystems } from './diff.ts';
import { parseSpec } from './parse.ts';
import { OWN_SERVICE_KEYS } from './schema/holdfast.ts';
import { COMPOSE_SERVICE_KEYS } from './schema/service.ts';

const DATA = new URL('./testdata/', import.meta.url).pathname;
const SPECS = readdirSync(DATA)
  .filter((name) => name.endsWith('.yaml'))
  .map((name) => readFileSync(DATA + name, 'utf8'));

/** Parses, and holds the outcome to what every outcome promises. */
function check(text: string, variables: Readonly<Record<string, string>> = {}, other = 'services: {}'): void {
  try {
    const source = { file: 'x.yaml', baseDir: '/x', text, variables, profiles: ['a'], projectName: null };
    const { spec, notices, position } = parseSpec(source, { readFile: () => other });
    expect(JSON.parse(JSON.stringify(spec))).toEqual(spec);
    expect(diffSystems(spec, spec).every(({ change }) => change === 'none')).toBe(true);
    for (const service of Object.values(spec.services)) {
      expect(service.run.command.length).toBeGreaterThan(0);
      expect(position(service.name, 'command').line).toBeGreaterThan(0);
      expect(service.dependsOn.every((dependency) => Object.hasOwn(spec.services, dependency.service))).toBe(true);
    }
    for (const { line, column, what, instead } of notices) {
      expect(Math.min(line, column)).toBeGreaterThan(0);
      expect(`${what}${instead}`).not.toContain('undefined');
    }
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error;
    for (const each of [error, ...error.others]) {
      expect(each.code).toMatch(/^HF10/);
      expect(ERROR_CODES).toHaveProperty(each.code);
      expect(each.message).not.toMatch(/undefined|\[object/);
      expect(each.at?.line ?? 1).toBeGreaterThan(0);
    }
  }
}

/** Pieces that mean something in a spec: random combinations of them get deeper than random letters. */
const PIECES = fc.constantFrom(
  ...[
    'services',
    ': ',
    '\n',
    '  ',
    '- ',
    '{',
    '}',
    '[',
    ']',
    ', ',
    '"',
    "'",
    '&a ',
    '*a',
    '<<: ',
    '!reset ',
    '!override ',
  ],
  ...[
    '#',
    '|',
    '>',
    '---\n',
    '$',
    '${',
    '${A:-',
    '}',
    '$$',
    '%',
    '@',
    '`',
    '? ',
    '\t',
    '\r',
    '\0',
    '\uFEFF',
    '💥',
    '__proto__',
  ],
  ...[
    'command',
    'image',
    'ports',
    '"80:80"',
    'healthcheck',
    'test',
    'CMD',
    'depends_on',
    'a',
    'extends',
    'include',
    '1s',
    'null',
  ],
);

const DEFAULTED = ['$', '{A:-x}'].join('');
const SERVICE_KEYS = [...Object.keys(COMPOSE_SERVICE_KEYS), ...Object.keys(OWN_SERVICE_KEYS), 'x-holdfast'];
const scalar = fc.oneof(
  fc.constantFrom(
    'a',
    'b',
    '80',
    '8080:80',
    '1s',
    '10m',
    'true',
    'curl -f http://localhost:80/',
    '$A',
    DEFAULTED,
    '__proto__',
    'constructor',
  ),
  fc.string(),
  fc.double(),
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
);
const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
  tree: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalar,
    fc.array(tie('tree'), { maxLength: 4 }),
    fc.dictionary(
      fc.oneof(
        fc.constantFrom(...SERVICE_KEYS, 'a', 'b', 'target', 'condition', 'limits', 'test', 'port'),
        fc.string(),
      ),
      tie('tree'),
      { maxKeys: 5 },
    ),
  ),
}));
const service = fc.dictionary(fc.constantFrom(...SERVICE_KEYS), tree, { maxKeys: 8 });
const file = fc.record(
  {
    services: fc.dictionary(fc.constantFrom('a', 'b', 'c', '__proto__', 'constructor'), service, { maxKeys: 4 }),
    include: tree,
    policy: tree,
    name: scalar,
    networks: tree,
  },
  { requiredKeys: ['services'] },
);

/** Any UTF-16 code unit, lone surrogates included. */
const UNIT = fc.nat(0xffff).map((code) => String.fromCharCode(code));

/** Generous: the machine may be busy. */
const LIMIT_MS = 60_000;

describe('anything may be handed in', () => {
  it(
    'arbitrary text',
    () => {
      fc.assert(
        fc.property(fc.string({ unit: UNIT, maxLength: 500 }), (text) => check(text)),
        { numRuns: 300 },
      );
    },
    LIMIT_MS,
  );

  it(
    'pieces of specs in any order',
    () => {
      const text = fc.array(PIECES, { maxLength: 60 }).map((pieces) => pieces.join(''));
      fc.assert(
        fc.property(text, (each) => check(each, { A: '1' })),
        { numRuns: 700 },
      );
    },
    LIMIT_MS,
  );

  it(
    'specs with random edits',
    () => {
      const edit = fc.record({
        at: fc.nat(),
        remove: fc.nat(12),
        insert: fc.oneof(PIECES, fc.string({ maxLength: 3 })),
      });
      const mutated = fc
        .tuple(fc.constantFrom(...SPECS), fc.array(edit, { minLength: 1, maxLength: 4 }))
        .map(([text, edits]) =>
          edits.reduce((now, { at, remove, insert }) => {
            const start = at % (now.length + 1);
            return now.slice(0, start) + insert + now.slice(start + remove);
          }, text),
        );
      fc.assert(
        fc.property(mutated, (text) => check(text, { A: '1', TOKEN: 't' })),
        { numRuns: 700 },
      );
    },
    LIMIT_MS,
  );

  it(
    'random trees of known keys',
    () => {
      fc.assert(
        fc.property(file, (value) => check(stringify(value), { A: '1' })),
        { numRuns: 700 },
      );
    },
    LIMIT_MS,
  );

  it(
    'other files and variables',
    () => {
      const text =
        'include: [o.yaml]\nservices: { a: { command: "$A", env_file: e, extends: { file: o.yaml, service: a } } }';
      fc.assert(
        fc.property(
          fc.string({ unit: UNIT }),
          fc.oneof(fc.string({ unit: UNIT }), fc.constantFrom(...SPECS)),
          (value, other) => check(text, { A: value }, other),
        ),
        { numRuns: 300 },
      );
    },
    LIMIT_MS,
  );
});
