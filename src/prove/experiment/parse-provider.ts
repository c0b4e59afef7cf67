/** Providers, and what to write instead of a Python function, which Holdfast does not run. */

import { nearest } from '../../model/suggest.ts';
import type { Ms } from '../../model/time.ts';
import type { Fields } from './fields.ts';
import { isList, isMap } from './json.ts';
import type { Provider } from './types.ts';

const HTTP_KEYS = ['type', 'url', 'method', 'headers', 'arguments', 'expected_status', 'timeout', 'verify_tls'];
const PROCESS_KEYS = ['type', 'path', 'arguments', 'timeout'];
const HOLDFAST_KEYS = ['type', 'is', 'service', 'timeout'];
const COMMON_KEYS = ['secrets', 'configuration'];
const TYPES = ['http', 'process', 'holdfast', 'python'];

export function parseProvider(fields: Fields): Provider | null {
  const type = fields.needText('type', 'Add type: http or type: process.');
  if (type === 'http') return http(fields);
  if (type === 'process') return process(fields);
  if (type === 'holdfast') return holdfast(fields);
  if (type === 'python') refusePython(fields);
  else if (type !== '') {
    const near = nearest(type, TYPES);
    const remedy = near === null ? 'The providers are http, process and holdfast.' : `Did you mean ${near}?`;
    fields.problems.add('HF8106', fields.at('type'), `unknown provider ${JSON.stringify(type)}`, remedy);
  }
  return null;
}

function http(fields: Fields): Provider {
  fields.problems.keys(fields.map, fields.path, [...HTTP_KEYS, ...COMMON_KEYS]);
  const given = fields.get('arguments') ?? null;
  if (given !== null && !isMap(given) && typeof given !== 'string' && !isList(given))
    fields.wrong('arguments', 'a map');
  const status = fields.number('expected_status', 100, 599);
  return {
    type: 'http',
    url: fields.needText('url', 'Add url: the address to call.'),
    method: (fields.text('method') ?? 'GET').toUpperCase(),
    headers: fields.fields('headers')?.map ?? {},
    arguments: given,
    expectedStatus: status,
    verifyTls: fields.bool('verify_tls', true),
    timeoutMs: timeout(fields),
  };
}

function process(fields: Fields): Provider {
  fields.problems.keys(fields.map, fields.path, [...PROCESS_KEYS, ...COMMON_KEYS]);
  const given = fields.get('arguments') ?? [];
  if (!isList(given) && !isMap(given) && typeof given !== 'string')
    fields.wrong('arguments', 'a text, a list or a map', 'Write arguments: ["-c", "true"].');
  return {
    type: 'process',
    path: fields.needText('path', 'Add path: the program to run.'),
    arguments: given,
    timeoutMs: timeout(fields),
  };
}

function holdfast(fields: Fields): Provider {
  fields.problems.keys(fields.map, fields.path, [...HOLDFAST_KEYS, ...COMMON_KEYS], true);
  return {
    type: 'holdfast',
    is: fields.choice('is', ['healthy', 'quiet'] as const) ?? 'healthy',
    service: fields.text('service'),
    arguments: null,
    timeoutMs: timeout(fields),
  };
}

/** Seconds; a pair is the time to connect and the time to read, of which we keep the sum. */
function timeout(fields: Fields): Ms | null {
  const value = fields.get('timeout');
  if (!isList(value)) return fields.duration('timeout', 1);
  if (value.length > 0 && value.every((part) => typeof part === 'number' && part > 0))
    return (value as readonly number[]).reduce((sum, part) => sum + part, 0) * 1_000;
  fields.wrong('timeout', 'seconds, or a pair of them');
  return null;
}

/** Functions that existing files call often, and what does the same here. */
const INSTEAD: readonly (readonly [pattern: RegExp, remedy: string])[] = [
  [/^os\.path\.exists$/, 'Write a process provider: path: test, arguments: ["-e", FILE], with tolerance: 0.'],
  [/^os\.(?:remove|unlink)$/, 'Write a process provider: path: rm, arguments: [FILE].'],
  [/^time\.sleep$/, 'Write pauses: {after: SECONDS} at the activity before.'],
  [/^chaosk8s\.pod\.actions\.(?:terminate|kill|delete)/, 'Write x-holdfast: {fault: kill, target: {service: NAME}}.'],
  [/^chaosk8s\.node\./, 'Write x-holdfast: {fault: node-loss, target: {node: NAME}}.'],
  [/^chaosk8s\..*probes\./, 'Write a process provider: path: kubectl, arguments: [get, …, -o, json].'],
  [
    /^chaostoxi\./,
    'Write x-holdfast: {fault: latency, target: {service: NAME}, delay: 300ms} (or loss, bandwidth, …).',
  ],
  [/^chaosprometheus\./, 'Write an http provider: url: http://…/api/v1/query, arguments: {query: …}.'],
  [/^chaos(?:aws|azure|gcp|gce)\./, "Write a process provider that calls the cloud's own command line."],
];

function refusePython(fields: Fields): void {
  const module = fields.text('module') ?? '?';
  const name = `${module}.${fields.text('func') ?? ''}`.replace(/\.$/, '');
  const script = `Write a process provider: path: python3, arguments: ["-c", "import ${module}; …"].`;
  const remedy = INSTEAD.find(([pattern]) => pattern.test(name))?.[1] ?? script;
  fields.problems.add('HF8106', fields.path, `the Python function ${name} is not run by Holdfast`, remedy);
}
