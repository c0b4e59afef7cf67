import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { diagnoseRecording } from '../combine.ts';
import { BIN_MS, calls, measured, ONSET_MS, recording, service } from '../recorded/testing/build.ts';
import type { Recording } from '../recorded/types.ts';
import { callRates } from './call-rates.ts';
import { changes } from './changes.ts';
import type { Lane, LaneEvidence } from './contract.ts';
import { edgeGap } from './edge-gap.ts';
import { exits } from './exits.ts';
import { logs } from './logs.ts';
import { LANES } from './registry.ts';
import { resources } from './resources.ts';
import { shapes } from './shapes.ts';
import { shared } from './shared.ts';

const services = [service('front', { slowMs: 100 }), service('a', { slowMs: 50 }), service('b', { slowMs: 50 })];
const edges = calls('front → a', 'front → b');

/** What one lane said, by candidate. */
function heard(lane: Lane, parts: Partial<Recording>): Record<string, LaneEvidence> {
  const { causes } = diagnoseRecording(recording({ services, edges, ...parts }), [lane]);
  const all = causes.flatMap(({ evidenceFor, evidenceAgainst }) => [...evidenceFor, ...evidenceAgainst]);
  return Object.fromEntries(all.map((each) => [each.name, each]));
}

it('each lane that has nothing to look at says what it misses, and does not vote', () => {
  const { missing, causes } = diagnoseRecording(recording({ services, edges }));
  // Latency and counts of calls there are, and calls are not guessed.
  expect(missing).toHaveLength(LANES.length - 4);
  const texts = causes.flatMap(({ evidenceFor, evidenceAgainst }) => [...evidenceFor, ...evidenceAgainst]);
  expect(texts.every(({ text }) => text.includes('start'))).toBe(true);
});

it('every lane is explained to users', () => {
  const page = readFileSync(new URL('../../../docs/diagnosis.md', import.meta.url), 'utf8');
  for (const { name } of LANES) expect(page).toContain(`| ${name} |`);
});

describe('edge gap', () => {
  const slow = measured({ slowMs: 100 });
  const usual = measured({});
  const lossy = (caller: string, callee: string, gap: boolean) => ({
    caller,
    callee,
    seen: gap ? slow : usual,
    answered: usual,
  });
  const all = ['front', 'a', 'b', 'c'];
  const diagnose = (of: Recording['edges']) =>
    diagnoseRecording(
      recording({ services: all.map((name) => service(name, { slowMs: name === 'front' ? 100 : 0 })), edges: of }),
    );

  it('blames the one callee whose calls lose time on the way, as network', () => {
    const { causes } = diagnose([lossy('front', 'a', true), lossy('front', 'b', false), lossy('front', 'c', false)]);
    expect(causes[0]).toMatchObject({ name: 'a', faultClass: 'network' });
  });

  it('blames the caller when all of its calls do', () => {
    const { causes } = diagnose([
      lossy('a', 'b', true),
      lossy('a', 'c', true),
      lossy('front', 'a', true),
      lossy('front', 'b', false),
      lossy('front', 'c', false),
    ]);
    expect(causes[0]).toMatchObject({ name: 'a', faultClass: 'network' });
  });

  it('is silent when both ends agree', () => {
    expect(heard(edgeGap, { edges: [lossy('front', 'a', false)] })).toEqual({});
  });
});

describe('resources', () => {
  const resource = (of: string, incident: number[], limit: number | null = 1) =>
    ({
      service: of,
      instance: null,
      resource: 'cpu',
      limit,
      class: 'capacity',
      incident,
      normal: Array(10).fill(0.3),
    }) as const;

  it('speaks for what is at its limit and was not', () => {
    const said = heard(resources, {
      resources: [resource('a', [0.3, 0.3, 1, 1, 1]), resource('b', [0.3, 0.3, 0.3, 0.3, 0.3])],
    });
    expect(said.a).toMatchObject({ faultClass: 'capacity', mechanism: 'cpu exhausted' });
    expect(said.a?.weight).toBeGreaterThan(1);
    expect(said.b?.weight).toBeLessThan(0);
  });

  it('hears less of each when many rise, and nothing of a rise that the calls explain', () => {
    const [one] = [heard(resources, { resources: [resource('a', [0.3, 0.3, 0.8, 0.8, 0.8], null)] })];
    const two = heard(resources, {
      resources: [resource('a', [0.3, 0.3, 0.8, 0.8, 0.8], null), resource('b', [0.3, 0.3, 0.8, 0.8, 0.8], null)],
    });
    expect(two.a?.weight).toBeLessThan((one.a?.weight as number) * 0.6);
    const busy = service('a');
    const more = { ...busy, incident: { ...busy.incident, requests: [1_000, 1_000, 2_700, 2_700, 2_700] } };
    const explained = heard(resources, {
      services: [service('front', { slowMs: 100 }), more],
      resources: [resource('a', [0.3, 0.3, 0.8, 0.8, 0.8], null)],
    });
    expect(explained.a?.weight).toBeLessThanOrEqual(0);
  });

  it('hears what was never used before, and not what has been as high', () => {
    const unused = { ...resource('a', [0, 0, 5, 5, 5], null), normal: Array(12).fill(0) };
    const wander = Array.from({ length: 40 }, (_, n) => (n % 20 < 6 ? 0.8 : 0.3));
    const often = { ...resource('b', [0.3, 0.3, 0.8, 0.8, 0.8], null), normal: wander };
    const said = heard(resources, { resources: [unused, often] });
    expect(said.a?.weight).toBeGreaterThan(1);
    expect(said.b?.weight).toBeLessThanOrEqual(0);
  });
});

describe('exits', () => {
  const exit = (atMs: number) =>
    ({ service: 'a', instance: 'a-1', atMs, reason: 'signal', detail: 'SIGSEGV' }) as const;

  it('weighs an exit at onset, less when the damage was there before it, none long before', () => {
    const at = heard(exits, { exits: [exit(119_000)] }).a?.weight ?? 0;
    const after = heard(exits, { exits: [exit(250_000)] }).a?.weight ?? 0;
    expect(at).toBeGreaterThan(1);
    expect(after).toBeCloseTo(at / 2);
    expect(heard(exits, { exits: [exit(-600_000)] })).toEqual({});
  });
});

describe('logs', () => {
  const template = (of: string, incident: number[], normal: number[] = Array(20).fill(0)) =>
    ({ service: of, template: `${of} failed: <*>`, severity: 'error', incident, normal }) as const;

  it('hears the deepest voice: a caller of one that complains too is an echo', () => {
    const said = heard(logs, { templates: [template('front', [0, 0, 90, 90, 90]), template('a', [0, 0, 90, 90, 90])] });
    expect(said.a?.weight).toBeGreaterThan(0.5);
    expect(said.front?.weight).toBeLessThan(said.a?.weight as number);
  });

  it('does not hear what is always said', () => {
    expect(heard(logs, { templates: [template('a', [50, 50, 52, 49, 50], Array(20).fill(50))] })).toEqual({});
  });
});

describe('call structure', () => {
  const shape = (operation: string, of: string, incident: number, normal: number) => ({
    service: 'a',
    operation,
    calls: of,
    incident,
    normal,
  });

  it('notices that an operation calls something else, and not that it is called more often', () => {
    const changed = heard(shapes, { shapes: [shape('buy', 'pay, mail', 0, 500), shape('buy', 'mail', 90, 0)] });
    expect(changed.a?.weight).toBeGreaterThan(1);
    expect(heard(shapes, { shapes: [shape('buy', 'pay', 900, 90), shape('look', '', 10, 900)] })).toEqual({});
  });

  it('lays work that stops right after asking somebody upon whoever was asked', () => {
    const stops = heard(shapes, {
      shapes: [shape('buy', 'b.find, c.take, c.pay', 20, 500), shape('buy', 'b.find', 80, 0)],
    });
    expect(stops.b?.weight).toBeGreaterThan(stops.a?.weight as number);
    const skips = heard(shapes, {
      shapes: [shape('buy', 'b.find, c.take, c.pay', 20, 500), shape('buy', 'b.find, c.pay', 80, 0)],
    });
    expect(skips).not.toHaveProperty('b');
  });
});

describe('call rates', () => {
  const BIN_COUNT = 10;
  const series = (value: (bin: number) => number) => Array.from({ length: BIN_COUNT }, (_, bin) => value(bin));
  const load = (calls: (bin: number) => number) => ({
    requests: series(calls),
    latencyMs: series(() => 10),
    failedShare: series(() => 0),
  });
  const counted = (name: string, now: number) => ({
    service: name,
    incident: load((bin) => (bin < 2 ? 100 : now)),
    normal: load(() => 100),
  });
  const asked = (b: number, c: number) =>
    heard(callRates, {
      bins: series((bin) => bin).map((bin) => ({ fromMs: bin * BIN_MS, toMs: (bin + 1) * BIN_MS })),
      symptom: { service: 'a', kind: 'slow', onsetMs: ONSET_MS },
      services: [counted('a', 100), counted('b', b), counted('c', c)],
      edges: calls('a → b', 'b → c'),
    });

  it('speak for whoever asks less, not for those below it that are asked less', () => {
    expect(asked(50, 50).a?.weight).toBeGreaterThan(0.5);
    expect(asked(50, 50)).not.toHaveProperty('b');
    expect(asked(100, 40)).toHaveProperty('b');
    expect(asked(95, 100)).toEqual({});
  });
});

describe('changes', () => {
  const change = (atMs: number, content: string[], kind = 'deploy') => ({ atMs, services: ['a'], kind, content });
  const weight = (...of: ReturnType<typeof change>[]): number => heard(changes, { changes: of }).a?.weight ?? 0;

  it('accuses what came right before, less what came earlier, nothing that came after', () => {
    const [before, earlier] = [weight(change(100_000, ['x'])), weight(change(-600_000, ['x']))];
    expect(before).toBeGreaterThan(1);
    expect(earlier).toBeGreaterThan(0);
    expect(earlier).toBeLessThan(before);
    expect(weight(change(200_000, ['x']))).toBe(0);
  });

  it('claims less of a change whose content it has not seen, and of a restart', () => {
    expect(weight(change(100_000, []))).toBeCloseTo(weight(change(100_000, ['x'])) / 2);
    expect(weight(change(100_000, ['x'], 'restart'))).toBeLessThan(0.5);
  });
});

describe('shared', () => {
  const on = (node: string, ...of: string[]) =>
    of.map((name) => ({ service: name, kind: 'node', name: node }) as const);
  const hurt = ['front', 'a', 'b', 'c', 'd', 'e', 'f', 'g'].map((name) =>
    service(name, { slowMs: 'abc'.includes(name) ? 50 : 0 }),
  );

  it('accuses a machine when all that is on it is hurt and nothing else is', () => {
    const said = heard(shared, {
      services: hurt,
      edges: calls('front → a', 'front → b', 'front → c', 'front → d'),
      placement: [...on('n1', 'a', 'b', 'c'), ...on('n2', 'd', 'e', 'f', 'g', 'front')],
    });
    expect(said.n1).toMatchObject({ kind: 'node', faultClass: 'hardware' });
    expect(said.n1?.weight).toBeGreaterThan(1);
    expect(said.n2).toBeUndefined();
  });

  it('does not accuse it for what one of its services does', () => {
    const said = heard(shared, { placement: on('n1', 'a', 'front') });
    expect(said).toEqual({});
  });
});
