/** Tolerances of the hypothesis: scalars, lists, and maps with a type. Patterns and paths are tried when read. */
import type { Fields } from './fields.ts';
import { Fields as FieldsOf } from './fields.ts';
import { isList, isMap, type Json } from './json.ts';
import { type JsonPath, parseJsonPath } from './jsonpath.ts';
import { parseProvider } from './parse-provider.ts';
import { pythonRegex } from './regex.ts';
import type { Tolerance } from './types.ts';

export const TOLERANCE_TYPES = ['probe', 'regex', 'jsonpath', 'range'] as const;
const FORMS = 'Write true, a text, a number, [low, high], a list of values, or a map with type: ';

export function parseTolerance(fields: Fields, key: string): Tolerance | null {
  const value = fields.get(key);
  if (value === undefined) return null;
  if (isList(value)) {
    if (value.length > 0) return { kind: 'list', values: value };
    fields.wrong(key, 'a tolerance', `An empty list allows nothing. ${FORMS}${TOLERANCE_TYPES.join(', ')}.`);
    return null;
  }
  if (!isMap(value)) return { kind: 'equals', value: value as boolean | string | number };
  const inner = new FieldsOf(value, fields.at(key), fields.problems);
  if (!inner.has('type')) {
    inner.missing('type', `Add type: ${TOLERANCE_TYPES.join(', ')}.`);
    return null;
  }
  const type = inner.choice('type', TOLERANCE_TYPES);
  if (type === 'regex') return regex(inner);
  if (type === 'jsonpath') return jsonpath(inner);
  if (type === 'range') return range(inner);
  return type === 'probe' ? probe(inner) : null;
}

const filledLater = (text: string): boolean => text.includes('${');

function regex(fields: Fields): Tolerance {
  fields.problems.keys(fields.map, fields.path, ['type', 'name', 'pattern', 'target'], true);
  const pattern = fields.needText('pattern', 'Add pattern: a regular expression.');
  try {
    if (!filledLater(pattern)) pythonRegex(pattern);
  } catch (error) {
    fields.problems.add('HF8104', fields.at('pattern'), `is no regular expression: ${(error as Error).message}`);
  }
  return { kind: 'regex', pattern, target: fields.text('target') };
}

function jsonpath(fields: Fields): Tolerance {
  fields.problems.keys(fields.map, fields.path, ['type', 'name', 'path', 'target', 'count', 'expect'], true);
  const path = fields.needText('path', 'Add path: a JSON path, such as $.items[*].name.');
  let parsed: JsonPath = [];
  try {
    if (path !== '' && !filledLater(path)) parsed = parseJsonPath(path);
  } catch (error) {
    fields.problems.add('HF8104', fields.at('path'), `is no JSON path: ${(error as Error).message}`);
  }
  const expect = Object.hasOwn(fields.map, 'expect') ? (fields.map.expect as Json) : undefined;
  return {
    kind: 'jsonpath',
    path,
    parsed,
    target: fields.text('target'),
    count: fields.number('count', 0),
    expect: expect === undefined ? null : isList(expect) ? expect : [expect],
  };
}

function range(fields: Fields): Tolerance | null {
  fields.problems.keys(fields.map, fields.path, ['type', 'name', 'range', 'target'], true);
  const bounds = fields.get('range');
  if (bounds === undefined) fields.missing('range', 'Add range: [low, high].');
  else if (isList(bounds) && bounds.length === 2 && bounds.every((bound) => typeof bound === 'number')) {
    const [low, high] = bounds as readonly [number, number];
    if (low <= high) return { kind: 'range', low, high, target: fields.text('target') };
    fields.problems.add('HF8104', fields.at('range'), 'ends below its beginning', `Write range: [${high}, ${low}].`);
  } else fields.wrong('range', 'two numbers', 'Write range: [low, high].');
  return null;
}

function probe(fields: Fields): Tolerance | null {
  fields.problems.keys(fields.map, fields.path, ['type', 'name', 'provider', 'tolerance', 'controls', 'background']);
  const given = fields.fields('provider');
  if (given === null) fields.missing('provider', 'Add provider: with type: http or process.');
  const provider = given === null ? null : parseProvider(given);
  const tolerance = parseTolerance(fields, 'tolerance');
  if (provider === null) return null;
  return { kind: 'probe', name: fields.text('name') ?? 'tolerance', provider, tolerance };
}
