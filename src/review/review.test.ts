/**
 * Golden texts: what the audit finds in testdata/NAME.yaml is what NAME.golden.txt says. `UPDATE_GOLDEN=1` writes them
 * anew; what changed is then for a human to judge.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { EXECUTORS } from '../inject/registry.ts';
import { parseExperiment } from '../prove/experiment/index.ts';
import type { ParsedSpec } from '../spec/index.ts';
import { parseSpec } from '../spec/index.ts';
import { audit, CATALOGUE, type Finding, type Observed } from './index.ts';

const DATA = new URL('./testdata/', import.meta.url).pathname;
const CASES = readdirSync(DATA)
  .filter((name) => name.endsWith('.yaml'))
  .map((name) => name.slice(0, -5));

function parse(text: string): ParsedSpec {
  return parseSpec({ file: 'compose.yaml', baseDir: '/srv/app', text, variables: {}, profiles: [], projectName: null });
}
const textOf = (name: string): string => readFileSync(`${DATA}${name}.yaml`, 'utf8');
function ofFile(text: string): Finding[] {
  const { spec, position } = parse(text);
  return audit({ spec, observed: null, position });
}

const NOTHING: Observed = { edges: [], memoryBytes: new Map(), nodes: new Map() };
function seen(observed: Partial<Observed>, text = textOf('sound')): Finding[] {
  return audit({ spec: parse(text).spec, observed: { ...NOTHING, ...observed }, position: null });
}
const edge = (caller: string, callee: string, more: object = {}) => ({
  caller,
  callee,
  requests: 1_000,
  retried: 0,
  p99Ms: 50,
  ...more,
});
const CALLS = [edge('(outside)', 'front'), edge('front', 'orders'), edge('orders', 'db')];

describe('the audit of a file', () => {
  it.each(CASES)('%s', (name) => {
    const golden = `${DATA}${name}.golden.txt`;
    const found = ofFile(textOf(name)).map(
      ({ severity, id, service, sentence, at }) =>
        `${severity} ${id} ${service ?? '-'}${at ? ` ${at.file}:${at.line}` : ''}\n  ${sentence}\n`,
    );
    const text = found.length === 0 ? 'nothing\n' : found.join('');
    if (process.env.UPDATE_GOLDEN || !existsSync(golden)) writeFileSync(golden, text);
    expect(text).toBe(readFileSync(golden, 'utf8'));
  });

  it('finds nothing any more where its lines were added to the file', () => {
    const text = textOf('everything');
    for (const { id, service, snippet, sentence } of ofFile(text)) {
      if (snippet === '' || id === 'secret-in-environment') continue;
      // A check of another kind takes the place of what was there.
      const replaces = /\{ (http|tcp|exec):/.test(snippet);
      const added = replaces ? snippet.replace(/(healthcheck|readiness): \{/g, '$1: !override {') : snippet;
      const still = ofFile(`${text}\n---\n${added}\n`).filter((each) => each.id === id && each.service === service);
      expect(still.map((each) => each.sentence)).not.toContain(sentence);
    }
  });

  it('proposes experiments that holdfast prove takes', () => {
    const kinds = Object.fromEntries(
      EXECUTORS.map(({ kind, what, parameters, instant }) => [
        kind,
        { what, parameters: Object.keys(parameters), instant },
      ]),
    );
    const experiments = ofFile(textOf('everything')).flatMap(({ experiment }) =>
      experiment === null ? [] : [experiment],
    );
    expect(experiments.length).toBeGreaterThan(10);
    for (const experiment of experiments)
      expect(parseExperiment(structuredClone(experiment), { kinds }).experiment.title).toBe(experiment.title);
  });

  it('never prints a secret', () => {
    expect(JSON.stringify(ofFile(textOf('everything')))).not.toContain('hunter2');
  });
});

describe('the audit of what runs', () => {
  it('finds nothing in a sound system', () => {
    expect(seen({ edges: CALLS, memoryBytes: new Map([['front', 1e8]]) })).toEqual([]);
  });

  it.each<[string, Partial<Observed>, string]>([
    ['undeclared-dependency', { edges: [...CALLS, edge('front', 'db')] }, 'front calls db, and does not say so'],
    ['dependency-cycle', { edges: [...CALLS, edge('db', 'front')] }, ' → '],
    [
      'unused-dependency',
      { edges: [edge('(outside)', 'front')] },
      'front depends on orders, and has not called it in 1000 calls',
    ],
    [
      'retries-seen',
      { edges: [...CALLS.slice(0, 2), edge('orders', 'db', { retried: 50 })] },
      '5 % of the calls of orders to db',
    ],
    [
      'timeout-below-latency',
      { edges: [...CALLS.slice(0, 2), edge('orders', 'db', { p99Ms: 1_200 })] },
      'orders waits 1s for db',
    ],
    ['memory-near-limit', { edges: CALLS, memoryBytes: new Map([['front', 250 * 2 ** 20]]) }, '98 % of its limit'],
    [
      'one-node',
      {
        edges: CALLS,
        nodes: new Map([
          ['front', ['a']],
          ['orders', ['a', 'b']],
        ]),
      },
      'although there are 2 machines',
    ],
    ['objective-without-data', { edges: CALLS.slice(1) }, 'nobody has called it yet'],
  ])('%s', (id, observed, words) => {
    const found = seen(observed).filter((finding) => finding.id === id);
    expect(found).toHaveLength(1);
    expect(found[0]?.sentence).toContain(words);
  });
});

it('has a test for every finding', () => {
  const here = readFileSync(new URL(import.meta.url), 'utf8');
  const found = new Set(CASES.flatMap((name) => ofFile(textOf(name)).map(({ id }) => id as string)));
  expect(Object.keys(CATALOGUE).filter((id) => !found.has(id) && !here.includes(`'${id}'`))).toEqual([]);
});

describe('what is redundant in other ways than by replicas', () => {
  const app = '{ command: ["./app"], expose: ["3000"], healthcheck: { http: /healthz, interval: 1s, timeout: 1s } }';
  const front = (apps: string): string =>
    `  front: { command: ["./front"], ports: ["80"], deploy: { replicas: 2 }, depends_on: [${apps}] }`;
  const alone = (text: string): readonly (string | null)[] =>
    ofFile(text).flatMap(({ id, service }) => (id === 'single-instance' ? [service] : []));

  it('the same service under several names is not called alone', () => {
    expect(alone(`services:\n  app1: ${app}\n  app2: ${app}\n${front('app1, app2')}\n`)).toEqual([]);
    expect(alone(`services:\n  app1: ${app}\n${front('app1')}\n`)).toEqual(['app1']);
  });

  it('another program under the same caller is', () => {
    const other = app.replace('./app', './other');
    expect(alone(`services:\n  app1: ${app}\n  app2: ${other}\n${front('app1, app2')}\n`)).toEqual(['app1', 'app2']);
  });

  it('more of what keeps state is not what it is told to be', () => {
    const [db] = ofFile(`services:\n  db: { command: ["/usr/sbin/mysqld"], expose: ["3306"] }\n${front('db')}\n`);
    expect(db).toMatchObject({ id: 'single-instance', service: 'db', snippet: '' });
    expect(db?.fix).toMatch(/replicate it as mysqld does/);
  });
});

it('has every finding in docs/doctor.md', () => {
  const docs = readFileSync(new URL('../../docs/doctor.md', import.meta.url), 'utf8');
  const rows = Object.entries(CATALOGUE).filter(
    ([id, { severity, title }]) => !docs.includes(`| \`${id}\` | ${severity} | ${title} |`),
  );
  expect(rows.map(([id]) => id)).toEqual([]);
});
