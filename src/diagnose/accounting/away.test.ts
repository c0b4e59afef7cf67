import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BIN_MS, calls, measured, ONSET_MS, recording, service } from '../recorded/testing/build.ts';
import type { Recording } from '../recorded/types.ts';
import { accountFor, UNITS } from './account.ts';

const sum = (values: Iterable<number>): number => [...values].reduce((all, value) => all + value, 0);
const forGood = (name: string) => ({ service: name, fromMs: ONSET_MS, toMs: 10 * BIN_MS });

/** Users → front → api → db, where api fails and its calls of db are connections that show nothing. */
function outage(): Recording {
  return recording({
    services: [service('front', { failed: 0.5 }), service('api', { failed: 0.4 }), service('db')],
    edges: calls('front → api', 'api → db'),
    symptom: { service: 'front', kind: 'erroring', onsetMs: ONSET_MS },
  });
}

function own(of: Recording): Record<string, number> {
  const { graph, ledgers } = accountFor(of);
  return Object.fromEntries(graph.names.map((name, node) => [name, Math.round(ledgers.failed.own[node] as number)]));
}

describe('damage while nobody of a service is there', () => {
  it('starts in it, however far above it shows', () => {
    expect(own(outage())).toEqual({ front: 300, api: 1_200, db: 0 });
    expect(own({ ...outage(), away: [forGood('db')] })).toEqual({ front: 0, api: 0, db: 1_500 });
  });

  it('starts where it shows at any other time', () => {
    const early = { service: 'db', fromMs: 0, toMs: ONSET_MS - 10_000 };
    expect(own({ ...outage(), away: [early] }).db).toBe(0);
    // One bin of three, and the next one, in which calls end that began in it.
    const brief = { service: 'db', fromMs: ONSET_MS, toMs: ONSET_MS + BIN_MS };
    expect(own({ ...outage(), away: [brief] }).db).toBe(1_000);
  });

  it('is conserved', () => {
    const shape = fc.record({
      requests: fc.integer({ min: 100, max: 5_000 }),
      slowMs: fc.nat(2_000),
      failed: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    const edge = fc.tuple(fc.nat(5), fc.nat(5), fc.option(shape, { nil: null }));
    fc.assert(
      fc.property(
        fc.array(shape, { minLength: 6, maxLength: 6 }),
        fc.array(edge, { maxLength: 15 }),
        fc.nat(5),
        (shapes, edges, gone) => {
          const made = recording({
            services: shapes.map((each, at) => service(`s${at}`, each)),
            edges: edges.map(([a, b, seen]) => ({
              caller: `s${a}`,
              callee: `s${b}`,
              seen: seen && measured(seen),
              answered: null,
            })),
            symptom: { service: 's0', kind: 'slow', onsetMs: ONSET_MS },
            away: [forGood(`s${gone}`)],
          });
          const { ledgers } = accountFor(made);
          for (const unit of UNITS) {
            const { own: starts, gap, entered } = ledgers[unit];
            expect(sum(starts) + sum(gap)).toBeCloseTo(sum(entered), 3);
          }
        },
      ),
    );
  });
});
