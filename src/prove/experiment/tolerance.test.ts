import { describe, expect, it } from 'vitest';
import type { Json } from './json.ts';
import { matches, parseJsonPath } from './jsonpath.ts';
import { pythonRegex } from './regex.ts';
import { metByProbe, within } from './tolerance.ts';
import type { Tolerance } from './types.ts';

const answer = (status: number, body: Json = ''): Json => ({ status, headers: {}, body });
const equals = (value: boolean | string | number): Tolerance => ({ kind: 'equals', value });
const list = (...values: Json[]): Tolerance => ({ kind: 'list', values });
const range = (low: number, high: number, target: string | null = null): Tolerance => ({
  kind: 'range',
  low,
  high,
  target,
});
const regex = (pattern: string, target: string | null = null): Tolerance => ({ kind: 'regex', pattern, target });
const path = (text: string, rest: { target?: string; count?: number; expect?: readonly Json[] } = {}): Tolerance => ({
  kind: 'jsonpath',
  path: text,
  parsed: parseJsonPath(text),
  target: rest.target ?? null,
  count: rest.count ?? null,
  expect: rest.expect ?? null,
});

describe('tolerances', () => {
  it.each<[string, Tolerance, Json, boolean]>([
    ['a bool', equals(true), true, true],
    ['a bool is no text', equals(true), 'true', false],
    ['a text', equals('OK'), 'OK', true],
    ['a number looks at the status', equals(200), answer(200), true],
    ['a number looks at the status, which differs', equals(200), answer(503), false],
    ['a number without status', equals(8), 8, true],
    ['two numbers are a range', list(4, 9), 9, true],
    ['outside the range', list(4, 9), 10, false],
    ['two numbers are members for a status', list(200, 204), answer(201), false],
    ['a member of the list', list(200, 201, 204), answer(201), true],
    ['three values are members', list('a', 'b', 'c'), 'b', true],
    ['a range of numbers in text', range(1, 2.5), '2.5', true],
    ['an empty text is not zero', range(-1, 1), '', false],
    ['nothing is not zero', range(-1, 1), null, false],
    ['a range of a target', range(0, 0, 'stderr'), { status: 1, stderr: '0' }, true],
    ['a regex', regex('^up [0-9]+'), 'up 17 days', true],
    ['a regex of a target', regex('(?i)READY', 'stdout'), { status: 0, stdout: 'now ready', stderr: '' }, true],
    ['a regex that does not match', regex('^ready$', 'stdout'), { status: 0, stdout: 'now ready' }, false],
    ['a path finds something', path('$.items[*].id', { target: 'body' }), answer(200, '{"items":[{"id":1}]}'), true],
    ['a path finds nothing', path('$.items[*].id', { target: 'body' }), answer(200, { items: [] }), false],
    [
      'a path counts',
      path('$.items[?(@.up == true)]', { count: 2 }),
      { items: [{ up: true }, { up: true }, {}] },
      true,
    ],
    ['a path expects', path('$.a', { expect: ['x'] }), { a: 'x' }, true],
    ['a path expects otherwise', path('$.a', { expect: ['x'] }), { a: 'y' }, false],
  ])('%s', (_, tolerance, value, met) => {
    if (tolerance.kind === 'probe') throw new Error('not here');
    expect(within(tolerance, value)).toMatchObject({ met });
  });

  it('says what it found and what it allows', () => {
    expect(within({ kind: 'list', values: [4, 9] }, 12).why).toBe('found 12, allowed 4 to 9');
  });

  it('takes the answer of a probe by exit status, HTTP status, or as it is', () => {
    const process = { type: 'process', path: 'test', arguments: [], timeoutMs: null } as const;
    const http = { type: 'http', url: '', method: 'GET', headers: {}, arguments: null } as const;
    const whole = { ...http, expectedStatus: null, verifyTls: true, timeoutMs: null };
    expect(metByProbe(process, { status: 1, stdout: '', stderr: '' }).met).toBe(false);
    expect(metByProbe(process, { status: 0, stdout: '', stderr: '' }).met).toBe(true);
    expect(metByProbe(whole, answer(204)).met).toBe(true);
    expect(metByProbe(whole, answer(404)).met).toBe(false);
  });
});

describe('JSON paths', () => {
  const store: Json = {
    book: [
      { title: 'A', price: 8, tags: ['x'] },
      { title: 'B', price: 12 },
      { title: 'C', price: 9, isbn: '0-5' },
    ],
    bicycle: { price: 20, 'wheel size': 28 },
  };
  it.each<[string, readonly Json[]]>([
    ['$.book[0].title', ['A']],
    ['$.book[-1].title', ['C']],
    ['$.book[0,2].price', [8, 9]],
    ['$.book[1:].title', ['B', 'C']],
    ['$.book[::-1].title', ['C', 'B', 'A']],
    ['$.book[:-1].title', ['A', 'B']],
    ['$..price', [8, 12, 9, 20]],
    ["$.bicycle['wheel size']", [28]],
    ['$.book[?(@.price < 10 && @.isbn)].title', ['C']],
    ['$.book[?(@.price > 10 or @.tags[0] == "x")].title', ['A', 'B']],
    ['$.book[?(!@.isbn)].title', ['A', 'B']],
    ['$.book[?(@.title =~ /^[BC]$/)].price', [12, 9]],
    ['$.bicycle.*', [20, 28]],
    ['$.constructor', []],
    ['$.book.title', []],
  ])('%s', (text, found) => {
    expect(matches(parseJsonPath(text), store)).toEqual(found);
  });

  it.each(['', 'a.b', '$.', '$[', '$[1', '$[?(@.a ==)]', '$[::0]', '$.a b', "$['a]", '$[?(@.a =~ "(")]'])(
    'refuses %j',
    (text) => {
      expect(() => parseJsonPath(text)).toThrow(SyntaxError);
    },
  );
});

describe("Python's regular expressions", () => {
  it('translates what means the same', () => {
    expect(pythonRegex('(?i)^(?P<word>\\w+) (?P=word)\\Z').test('Ha ha')).toBe(true);
    expect(pythonRegex('\\Aup').test('startup')).toBe(false);
    expect(pythonRegex('[\\\\]A').test('\\A')).toBe(true);
  });
  it('refuses what it cannot', () => {
    expect(() => pythonRegex('(?x) a')).toThrow(SyntaxError);
    expect(() => pythonRegex('(?P=')).toThrow(SyntaxError);
  });
});
