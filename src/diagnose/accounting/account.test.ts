import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { diagnoseRecording } from '../combine.ts';
import { calls, measured, recording, service } from '../recorded/testing/build.ts';
import type { Load, Measured, Recording } from '../recorded/types.ts';
import { accountFor, UNITS } from './account.ts';

const sum = (values: Iterable<number>): number => [...values].reduce((all, value) => all + value, 0);

const shape = fc.record({
  requests: fc.integer({ min: 100, max: 5_000 }),
  ms: fc.integer({ min: 20, max: 500 }),
  slowMs: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 2_000 })),
  failed: fc.oneof(fc.constant(0), fc.double({ min: 0.01, max: 1, noNaN: true })),
  past: fc.boolean(),
});
const view = fc.option(shape.map(measured), { nil: null });

/** Any graph (cycles too), any part of the services and edges measured. */
const anyRecording: fc.Arbitrary<Recording> = fc
  .integer({ min: 1, max: 8 })
  .chain((size) =>
    fc.record({
      shapes: fc.array(fc.option(shape, { nil: null }), { minLength: size, maxLength: size }),
      edges: fc.array(fc.tuple(fc.nat(size - 1), fc.nat(size - 1), view, view), { maxLength: 20 }),
      kind: fc.constantFrom('slow' as const, 'erroring' as const),
    }),
  )
  .map(({ shapes, edges, kind }) =>
    recording({
      services: shapes.flatMap((each, at) => (each === null ? [] : [service(`s${at}`, each)])),
      edges: edges.map(([a, b, seen, answered]) => ({ caller: `s${a}`, callee: `s${b}`, seen, answered })),
      symptom: { service: 's0', kind, onsetMs: 120_000 },
    }),
  );

function scaled(from: Measured, requests: number, ms: number): Measured {
  const times = (load: Load): Load => ({
    requests: Array.from(load.requests, (value) => value * requests),
    latencyMs: Array.from(load.latencyMs, (value) => value * ms),
    failedShare: load.failedShare,
  });
  const { normal } = from;
  return { incident: times(from.incident), normal: normal === null || 'bins' in normal ? normal : times(normal) };
}

function scaledAll(from: Recording, requests: number, ms: number): Recording {
  const view = (each: Measured | null): Measured | null => each && scaled(each, requests, ms);
  return {
    ...from,
    services: from.services.map((each) => ({ service: each.service, ...scaled(each, requests, ms) })),
    edges: from.edges.map((edge) => ({ ...edge, seen: view(edge.seen), answered: view(edge.answered) })),
  };
}

describe('accounts', () => {
  it('conserves the damage: what starts and what is lost on the way is what came in', () => {
    fc.assert(
      fc.property(anyRecording, (each) => {
        const { ledgers } = accountFor(each);
        for (const unit of UNITS) {
          const { own, gap, entered, excess } = ledgers[unit];
          const scale = 1 + sum(excess) + sum(ledgers[unit].passed);
          expect(Math.abs(sum(own) + sum(gap) - sum(entered)) / scale).toBeLessThan(1e-9);
        }
      }),
    );
  });

  it('ranks the same whatever the unit of time and the number of users', () => {
    fc.assert(
      fc.property(anyRecording, fc.constantFrom(2, 4, 16), fc.constantFrom(2, 4, 16), (each, requests, ms) => {
        // Binomial error and the 1 ms floor are absolute: only what they do not touch is compared.
        const [small, large] = [accountFor(each), accountFor(scaledAll(each, requests, ms))];
        fc.pre(small.excess.every((e, at) => e?.slowBins === large.excess[at]?.slowBins));
        const { own } = small.ledgers.seconds;
        const expected = own.map((value) => value * requests * ms);
        expected.forEach((value, node) => {
          const tolerance = 1e-9 * (1 + sum(large.ledgers.seconds.excess) + sum(large.ledgers.seconds.passed));
          expect(Math.abs((large.ledgers.seconds.own[node] as number) - value)).toBeLessThan(tolerance);
        });
      }),
    );
  });

  it('does not care what services are called or in which order they come', () => {
    fc.assert(
      fc.property(anyRecording, fc.array(fc.nat(), { minLength: 8, maxLength: 8 }), (each, keys) => {
        const name = (old: string): string => `${keys[Number(old.slice(1))]}-${old}`;
        const shuffled: Recording = {
          ...each,
          symptom: { ...each.symptom, service: name(each.symptom.service) },
          services: each.services.map((s) => ({ ...s, service: name(s.service) })).reverse(),
          edges: each.edges.map((e) => ({ ...e, caller: name(e.caller), callee: name(e.callee) })),
        };
        const scores = (of: Recording, rename: (old: string) => string): Map<string, number> =>
          new Map(diagnoseRecording(of).causes.map((cause) => [rename(cause.name), cause.score]));
        const [plain, renamed] = [scores(each, name), scores(shuffled, (same) => same)];
        expect([...renamed.keys()].sort()).toEqual([...plain.keys()].sort());
        for (const [service, score] of plain) expect(renamed.get(service)).toBeCloseTo(score, 5);
      }),
    );
  });

  it('subtracts what callees pass on: 1,000 calls a minute, 100 ms slower for three minutes', () => {
    const { graph, ledgers } = accountFor(
      recording({
        services: [service('front', { slowMs: 110 }), service('pay', { slowMs: 100 }), service('stock')],
        edges: calls('front → pay', 'front → stock'),
      }),
    );
    const own = (name: string): number => ledgers.seconds.own[graph.index.get(name) as number] as number;
    expect(own('pay')).toBeCloseTo(300, 0);
    expect(own('front')).toBeCloseTo(30, 0);
    expect(own('stock')).toBe(0);
  });

  it('shares a callee out among its callers by what they suffered', () => {
    const { graph, ledgers } = accountFor(
      recording({
        services: [
          service('front', { slowMs: 300 }),
          service('batch', { slowMs: 100 }),
          service('db', { slowMs: 200 }),
        ],
        edges: calls('front → db', 'batch → db'),
      }),
    );
    const passed = (edge: number): number => ledgers.seconds.passed[edge] as number;
    expect(passed(0) / passed(1)).toBeCloseTo(3, 1);
    expect(passed(0) + passed(1)).toBeCloseTo(ledgers.seconds.excess[graph.index.get('db') as number] as number, 6);
  });

  it('is not taken in by what was bad before onset', () => {
    const bad: Load = { requests: Array(5).fill(1_000), latencyMs: Array(5).fill(500), failedShare: Array(5).fill(0) };
    const old = { service: 'old', incident: bad, normal: measured({ ms: 20 }).normal };
    const { ledgers } = accountFor(
      recording({ services: [service('front', { slowMs: 50 }), old], edges: calls('front → old') }),
    );
    expect(ledgers.seconds.excess[1]).toBe(0);
  });

  it('leaves the damage of a callee that nobody knew with the caller that began to call it', () => {
    const nan = Number.NaN;
    const incident: Load = {
      requests: [0, 0, 500, 500, 500],
      latencyMs: [nan, nan, 900, 900, 900],
      failedShare: [nan, nan, 1, 1, 1],
    };
    const { graph, ledgers } = accountFor(
      recording({
        services: [service('front', { failed: 0.5 }), { service: 'brand-new', incident, normal: null }],
        edges: calls('front → brand-new'),
      }),
    );
    expect(ledgers.failed.own[graph.index.get('front') as number]).toBeCloseTo(1_500, 0);
    expect(ledgers.failed.own[graph.index.get('brand-new') as number]).toBe(0);
  });
});
