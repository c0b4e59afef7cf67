import { describe, expect, it } from 'vitest';
import { IntakeHub } from '../../src/intake/hub.ts';
import { accept, KINDS } from '../../src/intake/otlp/decode.ts';
import { renew, SPANS_PER_REQUEST, tracePayloads } from './payload.ts';

describe('the spans that the benchmark sends', () => {
  it('are folded into calls between services, every round anew', () => {
    const payloads = tracePayloads(7);
    let [called, outside, databases] = [0, 0, 0];
    let now = 0;
    const hub = new IntakeHub({
      emit: ({ edges }) => {
        for (const edge of edges) {
          if (edge.callee.startsWith('orders-db')) databases += edge.count;
          else if (edge.caller === '(outside)') outside += edge.count;
          else called += edge.count;
        }
      },
      now: () => now,
      wallMs: () => 0,
    });
    const rounds = 3;
    for (let round = 1; round <= rounds; round++)
      for (const payload of payloads) {
        renew(payload, round);
        expect(accept(KINDS[0] as (typeof KINDS)[number], payload.bytes, hub, 'test')).toBeNull();
      }
    now += 60_000;
    hub.tick();
    hub.close();
    const spans = rounds * payloads.length * SPANS_PER_REQUEST;
    // Of six entries of a trace five are called by another's client span, and each service asks the database once.
    expect(databases / spans).toBeCloseTo(1 / 4, 1);
    expect(called / spans).toBeCloseTo(1 / 4, 1);
    expect(outside / spans).toBeGreaterThan(1 / 24 - 0.01);
    expect(outside / spans).toBeLessThan(0.1);
    expect(hub.meter.total('spans', 'join-crowded')).toBe(0);
  });
});
