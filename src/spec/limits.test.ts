/** Texts made to bring a parser down: each is refused, quickly, and before the parser sees it. */
import { describe, expect, it } from 'vitest';
import { diffSystems } from './diff.ts';
import { excess, MAX_SPEC_BYTES } from './limits.ts';
import { type ParsedSpec, parseSpec } from './parse.ts';

const MIB = MAX_SPEC_BYTES;
const HOSTILE: Readonly<Record<string, string>> = {
  brackets: '['.repeat(MIB),
  braces: '{a: '.repeat(MIB / 4),
  dashes: '- '.repeat(MIB / 2),
  questions: '? '.repeat(MIB / 2),
  colons: ': '.repeat(MIB / 2),
  steps: Array.from({ length: 1_400 }, (_, depth) => `${' '.repeat(depth)}- a:`).join('\n'),
  documents: '---\n'.repeat(MIB / 4),
  commas: `[${','.repeat(MIB - 1)}`,
  anchors: '&a '.repeat(MIB / 3),
  keys: Array.from({ length: 100_000 }, (_, index) => `k${index}: 1`).join('\n'),
  size: `a: ${'x'.repeat(MIB)}`,
};

function parse(text: string): ParsedSpec {
  return parseSpec({ file: 'x.yaml', baseDir: '/x', text, variables: {}, profiles: [], projectName: null });
}

/** A few seconds of work at most; the rest is for a busy machine. A pattern gone wrong takes minutes. */
const LIMIT_MS = 20_000;

describe('limits', () => {
  it.each(Object.entries(HOSTILE))('refuses %s', (_, text) => {
    expect(excess(text)).toEqual(expect.any(String));
    expect(() => parse(text)).toThrowError(expect.objectContaining({ code: 'HF1014' }));
  });

  it('lets large but sensible files pass: 500 services', () => {
    const services = Array.from({ length: 500 }, (_, index) => `  s${index}: { <<: *base, expose: [${index + 1000}] }`);
    const base = 'x-base: &base { command: run, environment: { A: 1, B: 2 }, healthcheck: { http: / } }';
    expect(parse(`${base}\nservices:\n${services.join('\n')}\n`)).toMatchObject({ notices: [] });
  });

  it('lets a long line of flow maps pass: depth counts, not length', () => {
    const list = Array.from({ length: 200 }, (_, index) => `{ n: ${index} }`).join(', ');
    expect(excess(`x-list: [${list}]`)).toBeNull();
  });

  it(
    'does not lose time in patterns that a text was made for',
    () => {
      const letters = 'a'.repeat(MIB / 2);
      const check = `{ test: "curl ${' '.repeat(MIB / 3)}||" }`;
      const texts = [
        `services: { a: { command: run, expose: [80], healthcheck: ${check} } }`,
        `services: { a: { command: "run ${letters}", environment: { A: "${letters.slice(0, MIB / 4)}" } } }`,
        `services: { a: { command: "run ${'password'.repeat(MIB / 16)}" } }`,
        `services: { a: { command: "run ${'x://a:'.repeat(MIB / 16)}" } }`,
      ];
      for (const text of texts) {
        const { spec } = parse(text);
        const other = parse('services: { a: { command: other } }');
        expect(diffSystems(spec, other.spec)).toMatchObject([{ change: 'update' }]);
      }
      const services = Array.from(
        { length: 4_000 },
        (_, n) => `  service${n}: { command: x, depends_on: [servise${n}] }`,
      );
      expect(() => parse(`services:\n${services.join('\n')}`)).toThrowError(
        expect.objectContaining({ code: 'HF1007' }),
      );
    },
    LIMIT_MS,
  );

  it(
    'survives services that extend one another, or depend on one another, in a very long line',
    () => {
      const COUNT = 3_000;
      const line = (each: (next: string) => string): string =>
        Array.from(
          { length: COUNT },
          (_, n) => `  s${n}: { command: run${n < COUNT - 1 ? each(`s${n + 1}`) : ''} }`,
        ).join('\n');
      const extending = `services:\n${line((next) => `, extends: ${next}`)}`;
      expect(() => parse(extending)).toThrowError(expect.objectContaining({ code: 'HF1014' }));
      const reversed = extending.split('\n').reverse();
      expect(() => parse(['services:', ...reversed.slice(0, -1)].join('\n'))).toThrowError(
        expect.objectContaining({ code: 'HF1014' }),
      );
      expect(parse(`services:\n${line((next) => `, depends_on: [${next}]`)}`)).toMatchObject({ notices: [] });
    },
    LIMIT_MS,
  );
});
