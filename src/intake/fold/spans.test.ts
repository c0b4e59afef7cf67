import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { Histogram } from '../../model/histogram.ts';
import { SPAN_ENTRY, SPAN_EXIT, SPAN_INTERNAL, type SpanRow } from '../contract.ts';
import { type Rig, rig } from '../testing/rig.ts';

interface Told {
  readonly service: string;
  readonly instance?: string;
  readonly id: number;
  readonly parent?: number;
  readonly kind?: SpanRow['kind'];
  readonly peer?: string;
  readonly certain?: boolean;
  readonly us?: number;
  readonly error?: boolean;
}

let open: Rig | undefined;
afterEach(() => open?.hub.close());

function make(limits = {}): Rig {
  open = rig(limits);
  return open;
}

function tell({ hub }: Rig, ...spans: Told[]): void {
  const batch = hub.batch('test');
  for (const span of spans)
    batch.spans.add({
      entity: hub.entities.id(span.service, span.instance ?? null),
      peer: span.peer === undefined ? 0 : hub.entities.id(span.peer, null),
      peerCertain: span.certain ?? false,
      idLow: span.id,
      idHigh: 7,
      parentLow: span.parent ?? 0,
      parentHigh: span.parent === undefined ? 0 : 7,
      durationUs: span.us ?? 1_000,
      kind: span.kind ?? SPAN_INTERNAL,
      error: span.error ?? false,
    });
  batch.commit();
}

const exit = (service: string, id: number, more: Partial<Told> = {}): Told => ({
  service,
  id,
  kind: SPAN_EXIT,
  ...more,
});
const entry = (service: string, id: number, more: Partial<Told> = {}): Told => ({
  service,
  id,
  kind: SPAN_ENTRY,
  ...more,
});

describe('spans are folded into edges', () => {
  it('pairs both halves of a call, whichever comes first, with the time that the caller saw', () => {
    for (const callerFirst of [true, false]) {
      const it = make();
      const halves = [exit('shop', 1, { us: 9_000 }), entry('pay', 2, { parent: 1, us: 5_000, instance: 'pay-1' })];
      for (const half of callerFirst ? halves : halves.reverse()) tell(it, half);
      it.advance(1_000);
      expect(it.edges()).toEqual(['shop>pay/pay-1 1/0']);
      const latency = it.batches[0]?.edges[0]?.latency ?? [];
      expect(Histogram.from(latency).meanUs()).toBeCloseTo(9_000, -3);
      it.settle();
      expect(it.edges()).toEqual(['shop>pay/pay-1 1/0']);
    }
  });

  it('counts an error once when either half says so', () => {
    const it = make();
    tell(it, exit('shop', 1, { error: true }), entry('pay', 2, { parent: 1, error: true }));
    tell(it, exit('shop', 3), entry('pay', 4, { parent: 3, error: true }));
    tell(it, exit('shop', 5, { error: true }), entry('pay', 6, { parent: 5 }));
    it.settle();
    expect(it.edges()).toEqual(['shop>pay 3/3']);
  });

  it('takes a root as a call from outside, and a parent that never comes too, later', () => {
    const it = make();
    tell(it, entry('shop', 1), entry('pay', 2, { parent: 99 }));
    it.advance(1_000);
    expect(it.edges()).toEqual(['(outside)>shop 1/0']);
    it.settle();
    expect(it.edges()).toEqual(['(outside)>pay 1/0', '(outside)>shop 1/0']);
    expect(it.hub.meter.total('spans', 'unmatched')).toBe(1);
  });

  it('works without client spans: an entry under another service is a call, under its own is none', () => {
    const it = make();
    tell(it, entry('shop', 1), { service: 'shop', id: 2, parent: 1 });
    tell(it, entry('pay', 3, { parent: 2 }), entry('pay', 4, { parent: 3 }), entry('bank', 5, { parent: 4 }));
    it.settle();
    expect(it.edges()).toEqual(['(outside)>shop 1/0', 'pay>bank 1/0', 'shop>pay 1/0']);
  });

  it('believes a certain peer at once, and does not count the call again when its callee speaks', () => {
    const it = make();
    tell(it, exit('shop', 1, { peer: 'pay', certain: true }));
    it.advance(1_000);
    expect(it.edges()).toEqual(['shop>pay 1/0']);
    tell(it, entry('pay-service', 2, { parent: 1 }));
    it.settle();
    expect(it.edges()).toEqual(['shop>pay 1/0']);
  });

  it('learns which service answers at an address, and blames it by name when it no longer answers', () => {
    const it = make();
    tell(it, exit('shop', 1, { peer: '10.0.0.7:80' }), entry('pay', 2, { parent: 1 }));
    tell(it, exit('shop', 3, { peer: '10.0.0.7:80', error: true }));
    it.advance(1_000);
    expect(it.edges()).toEqual(['shop>pay 2/1']);
    tell(it, exit('shop', 4, { peer: '10.0.0.7:80' }), exit('shop', 5, { peer: 'elsewhere:80' }));
    it.settle();
    expect(it.edges()).toEqual(['shop>elsewhere:80 1/0', 'shop>pay 3/1']);
  });

  it('counts every consumer of one message', () => {
    const it = make();
    tell(it, entry('a', 2, { parent: 1 }), exit('shop', 1), entry('b', 3, { parent: 1 }), entry('c', 4, { parent: 1 }));
    it.settle();
    expect(it.edges()).toEqual(['shop>a 1/0', 'shop>b 1/0', 'shop>c 1/0']);
  });

  it('waits less, and says so, when more spans come than it holds', () => {
    const it = make({ joinSpans: 64 });
    for (let id = 1; id <= 1_000; id++) tell(it, exit('shop', id), entry('pay', 5_000 + id, { parent: id }));
    it.settle();
    expect(it.edges()).toEqual(['shop>pay 1000/0']);
    expect(it.hub.meter.total('spans', 'join-shortened')).toBeGreaterThan(0);
  });

  it('is not slowed down by a sender that uses one id for everything', () => {
    const it = make({ joinSpans: 100_000 });
    const same = Array.from({ length: 50_000 }, (_, n) => entry('pay', 1, { parent: (n % 2) + 10 }));
    const begin = performance.now();
    tell(it, ...same);
    it.settle();
    expect(performance.now() - begin).toBeLessThan(1_000);
    expect(it.edges()).toEqual(['(outside)>pay 50000/0']);
    expect(it.hub.meter.total('spans', 'join-crowded')).toBeGreaterThan(40_000);
  });

  it('bounds edges and services, and recovers from senders that invent them', () => {
    const it = make({ maxEdges: 10, maxEntities: 100 });
    for (let n = 1; n <= 89; n++) tell(it, entry(`s${n}`, n));
    it.advance(1_000);
    expect(it.edges()).toHaveLength(10);
    expect(it.hub.meter.total('spans', 'too-many-edges')).toBe(79);
    expect(it.hub.entities.id('s90', null)).toBeGreaterThan(0);
    for (let n = 91; n <= 200; n++) it.hub.entities.id(`s${n}`, null);
    expect(it.hub.entities.id('one more', null)).toBe(0);
    it.advance(1_000);
    expect(it.hub.entities.id('one more', null)).toBeGreaterThan(0);
  });

  it('gives the same edges in whatever order a trace arrives', () => {
    const trace: Told[] = [
      entry('shop', 1),
      exit('shop', 2, { parent: 1 }),
      entry('pay', 3, { parent: 2 }),
      { service: 'pay', id: 4, parent: 3 },
      exit('pay', 5, { parent: 4, peer: 'db', certain: true }),
      exit('pay', 6, { parent: 4, error: true }),
      entry('bank', 7, { parent: 6 }),
      entry('mail', 8, { parent: 4 }),
    ];
    const expected = ['(outside)>shop 1/0', 'pay>bank 1/1', 'pay>db 1/0', 'pay>mail 1/0', 'shop>pay 1/0'];
    fc.assert(
      fc.property(fc.shuffledSubarray(trace, { minLength: trace.length }), fc.array(fc.boolean()), (order, pauses) => {
        const it = make();
        order.forEach((span, at) => {
          tell(it, span);
          if (pauses[at]) it.advance(1_000);
        });
        it.settle();
        it.hub.close();
        return JSON.stringify(it.edges()) === JSON.stringify(expected);
      }),
      { numRuns: 200 },
    );
  });
});
