import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ServiceSpec, SystemSpec } from '../model/spec.ts';
import { diffSystems } from './diff.ts';
import { parseSpec } from './parse.ts';
import { revisionOf } from './revision.ts';

function system(text: string): SystemSpec {
  return parseSpec({ file: 'x.yaml', baseDir: '/x', text, variables: {}, profiles: [], projectName: null }).spec;
}

function service(keys: string): ServiceSpec {
  return system(`services: { a: { command: run, ${keys} } }`).services.a as ServiceSpec;
}

const diff = (before: string, after: string) =>
  diffSystems(
    system(`services: { a: { command: run, ${before} } }`),
    system(`services: { a: { command: run, ${after} } }`),
  )[0];

describe('differences', () => {
  it.each([
    [
      'environment: { RATE: 5 }',
      'environment: { RATE: 0 }',
      'update',
      ['environment.RATE: "5" → "0"'],
      'replace 1 instance',
    ],
    [
      'environment: { A: 1 }',
      'labels: { B: 2 }',
      'update',
      ['environment.A: "1" → (none)', 'labels.B: (none) → "2"'],
      'replace 1 instance',
    ],
    ['scale: 1', 'scale: 3', 'scale', ['replicas: 1 → 3'], 'start 2 instances'],
    ['scale: 3', 'scale: 2', 'scale', ['replicas: 3 → 2'], 'stop 1 instance'],
    [
      'ports: ["80:80"]',
      'ports: ["81:80"]',
      'update',
      ['ports.80: 80 http, 127.0.0.1:80 → 80 http, 127.0.0.1:81'],
      'reroute only',
    ],
    ['mem_limit: 64m', 'mem_limit: 1g', 'update', ['mem_limit: 64m → 1g'], 'replace 1 instance'],
    ['restart: always', 'restart: "no"', 'update', ['restart: any → none'], 'no instance is touched'],
    [
      'scale: 4, environment: { A: 1 }',
      'scale: 5, environment: { A: 2 }, deploy: { update_config: { parallelism: 2, order: start-first } }',
      'update',
      [
        'replicas: 4 → 5',
        'environment.A: "1" → "2"',
        'deploy.update_config.parallelism: 1 → 2',
        'deploy.update_config.order: stop-first → start-first',
      ],
      'replace 4 instances 2 at a time, new ones first, start 1 instance',
    ],
  ])('%s → %s', (before, after, change, fields, effect) => {
    expect(diff(before, after)).toEqual({ service: 'a', change, fields, effect });
  });

  it('adds, removes, and keeps what is the same', () => {
    const before = system('services: { a: { command: run }, b: { command: run, scale: 2 } }');
    const after = system('services: { b: { command: run, scale: 2 }, c: { command: run, scale: 3 } }');
    expect(diffSystems(before, after)).toEqual([
      { service: 'a', change: 'remove', fields: [], effect: 'stop 1 instance' },
      { service: 'b', change: 'none', fields: [], effect: 'nothing' },
      { service: 'c', change: 'add', fields: [], effect: 'start 3 instances' },
    ]);
    expect(diffSystems(null, after).map(({ change }) => change)).toEqual(['add', 'add']);
  });

  it('never shows a secret', () => {
    const fields = ['DB_PASSWORD', 'SECRET', 'API_TOKEN', 'SIGNING_KEY', 'AWS_CREDENTIALS', 'PASSWD'].flatMap(
      (name) => diff(`environment: { ${name}: hunter1 }`, `environment: { ${name}: hunter2 }`)?.fields ?? [],
    );
    expect(fields).toHaveLength(6);
    for (const field of fields) expect(field).toMatch(/^environment\.\w+: \(changed\)$/);
    const url = diff('environment: { DB: "pg://u:hunter1@h/d" }', 'environment: { DB: "pg://u:hunter2@i/d" }');
    expect(url?.fields).toEqual(['environment.DB: "pg://u:***@h/d" → "pg://u:***@i/d"']);
    const same = diff('environment: { DB: "pg://u:hunter1@h/d" }', 'environment: { DB: "pg://u:hunter2@h/d" }');
    expect(same?.fields).toEqual(['environment.DB: (changed)']);
    const argument = diff(
      'entrypoint: [db, --password, hunter1, --token=hunter1]',
      'entrypoint: [db, --password, hunter2, --token=hunter2]',
    );
    expect(argument?.fields).toEqual(['command: (changed)']);
    const plain = diff('environment: { RATE: 1 }', 'environment: { RATE: 2 }');
    expect(plain?.fields).toEqual(['environment.RATE: "1" → "2"']);
  });
});

/** Every leaf of a spec, as a path. */
function leaves(value: unknown, path: readonly (string | number)[] = []): (readonly (string | number)[])[] {
  if (typeof value !== 'object' || value === null) return [path];
  return Object.entries(value).flatMap(([key, below]) => leaves(below, [...path, key]));
}

function changed(value: unknown, path: readonly (string | number)[]): unknown {
  const [key, ...rest] = path;
  if (key === undefined) {
    if (typeof value === 'number') return value + 1;
    if (typeof value === 'boolean') return !value;
    return typeof value === 'string' ? `${value}x` : 7;
  }
  if (Array.isArray(value)) return value.map((item, index) => (String(index) === key ? changed(item, rest) : item));
  return { ...(value as object), [key]: changed((value as Record<string, unknown>)[key], rest) };
}

const FULL = service(`
  entrypoint: [run], environment: { A: 1 }, user: me, working_dir: /w, labels: { l: v },
  ports: [{ target: 80, published: 8080, name: web }], expose: [9000],
  healthcheck: { http: { path: /x, headers: { h: v } } }, readiness: { tcp: 9000 },
  mem_limit: 64m, cpus: 1, pids_limit: 5, ulimits: { nofile: 100 }, restart: always,
  autoscale: { min: 1, max: 3 }, recovery: { mode: observe },
  objectives: [{ kind: latency, target: 99%, threshold: 1s }]
`);

describe('facts and revisions', () => {
  const whole: SystemSpec = {
    name: 'x',
    baseDir: '/x',
    services: { a: FULL },
    policy: { mode: 'auto', maxDisruption: 1 },
  };
  const paths = leaves(FULL).filter(([key]) => key !== 'name' && key !== 'replicas');

  it.each(paths.map((path) => [path.join('.'), path] as const))('a change of %s is shown', (_, path) => {
    const other = changed(FULL, path) as ServiceSpec;
    const [entry] = diffSystems(whole, { ...whole, services: { a: other } });
    expect(entry?.change).toBe('update');
    expect(entry?.fields.length).toBeGreaterThan(0);
  });

  it('what a process is started with makes a revision, and nothing else does', () => {
    const started = new Set(['run', 'ports', 'healthcheck', 'readiness', 'resources', 'logs', 'dependsOn', 'failover']);
    const rerouted = /^ports\.\d+\.(?:published|protocol)/;
    for (const path of paths) {
      const other = revisionOf(changed(FULL, path) as ServiceSpec);
      const needsProcess = started.has(String(path[0])) && !rerouted.test(path.join('.'));
      expect(other !== revisionOf(FULL), path.join('.')).toBe(needsProcess);
    }
  });

  it('a revision is short, and the same for the same service however it was built', () => {
    expect(revisionOf(FULL)).toMatch(/^[0-9a-f]{12}$/);
    fc.assert(
      fc.property(fc.shuffledSubarray(Object.keys(FULL), { minLength: Object.keys(FULL).length }), (keys) => {
        const shuffled = Object.fromEntries(keys.map((key) => [key, FULL[key as keyof ServiceSpec]]));
        expect(revisionOf(shuffled as unknown as ServiceSpec)).toBe(revisionOf(FULL));
      }),
    );
    expect(revisionOf(service('environment: { A: 1, B: 2 }'))).toBe(revisionOf(service('environment: [B=2, A=1]')));
  });
});
