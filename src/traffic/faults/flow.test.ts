import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseNetworkFault } from '../../model/network-fault.ts';
import { ActiveFault } from './active.ts';
import { Flow, type FlowClock } from './flow.ts';
import { Part, type Stage } from './stage.ts';
import { stageOf } from './stages.ts';

/** Time that passes only when it is told to. */
class Clock implements FlowClock {
  #now = 0;
  #due: { readonly at: number; readonly work: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  after(ms: number, work: () => void): () => void {
    const entry = { at: this.#now + ms, work };
    this.#due.push(entry);
    return () => {
      this.#due = this.#due.filter((each) => each !== entry);
    };
  }

  pass(ms: number): void {
    const until = this.#now + ms;
    for (;;) {
      const next = this.#due.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0];
      if (next === undefined) break;
      this.#due = this.#due.filter((each) => each !== next);
      this.#now = Math.max(this.#now, next.at);
      next.work();
    }
    this.#now = until;
  }
}

interface Rig {
  readonly clock: Clock;
  readonly flow: Flow;
  /** `at text`, `at end`, … */
  readonly out: string[];
  readonly sink: { flowing: boolean; rooms: number };
}

function rig(...stages: readonly Stage[]): Rig {
  const clock = new Clock();
  const out: string[] = [];
  const sink = { flowing: true, rooms: 0 };
  const say = (what: string): void => void out.push(`${Math.round(clock.now())} ${what}`);
  const flow = new Flow(
    {
      data: (bytes) => {
        say(bytes.toString());
        return sink.flowing;
      },
      end: () => say('end'),
      close: () => say('close'),
      reset: () => say('reset'),
      room: () => {
        sink.rooms++;
      },
    },
    clock,
  );
  flow.set(stages);
  return { clock, flow, out, sink };
}

function active(kind: string, parameters: object = {}, more: object = {}): ActiveFault {
  const common = { id: kind, where: { callee: 'web' }, leaseMs: 60_000 };
  return new ActiveFault(parseNetworkFault({ ...common, kind, parameters, ...more }), 0);
}

function stage(kind: string, parameters: object = {}, more: object = {}): Stage {
  return stageOf(new Part(active(kind, parameters, { direction: 'back', ...more })), 'back') as Stage;
}

const text = (value: string): Buffer => Buffer.from(value);

describe('a flow', () => {
  it('without stages passes everything at once, in order', () => {
    const { flow, out } = rig();
    flow.push(text('a'));
    flow.push(text('b'));
    flow.finish('end');
    expect(out).toEqual(['0 a', '0 b', '0 end']);
  });

  it('delays data and the end, and keeps their order whatever is drawn', () => {
    const { flow, out, clock } = rig(stage('latency', { ms: 100, jitterMs: 90 }));
    for (const each of 'abcdef') flow.push(text(each));
    flow.finish('end');
    clock.pass(200);
    expect(out.map((line) => line.split(' ')[1]).join('')).toBe('abcdefend');
    expect(Number(out[0]?.split(' ')[0])).toBeGreaterThanOrEqual(10);
  });

  it('lets everything go when the fault ends', () => {
    const { flow, out, clock } = rig(stage('blackhole'));
    flow.push(text('a'));
    clock.pass(5_000);
    expect(out).toEqual([]);
    flow.set([]);
    expect(out).toEqual(['5000 a']);
  });

  it('keeps to the other faults for what one that ends had held', () => {
    const slow = stage('latency', { ms: 1_000 });
    const hole = stage('blackhole');
    const { flow, out, clock } = rig(hole, slow);
    flow.push(text('a'));
    clock.pass(400);
    flow.set([slow]);
    clock.pass(599);
    expect(out).toEqual([]);
    clock.pass(2);
    expect(out).toEqual(['1000 a']);
  });

  it('spreads bytes over the time that a bandwidth gives them', () => {
    const limited = stage('bandwidth', { bytesPerSec: 1_000 });
    const { flow, out, clock } = rig(limited);
    flow.push(Buffer.alloc(500, 'x'));
    clock.pass(250);
    const half = out.join('').replaceAll(/[^x]/g, '').length;
    expect(half).toBeGreaterThan(200);
    expect(half).toBeLessThanOrEqual(250);
    clock.pass(260);
    expect(out.join('').replaceAll(/[^x]/g, '')).toHaveLength(500);
    expect(limited.part.active.status(510).bite).toMatchObject({ asked: 1_000, bitten: true });
  });

  it('says when it is full, and when there is room again', () => {
    const { flow, clock, sink } = rig(stage('bandwidth', { bytesPerSec: 100_000 }));
    expect(flow.push(Buffer.alloc(60_000))).toBe(true);
    expect(flow.push(Buffer.alloc(60_000))).toBe(false);
    clock.pass(500);
    expect(sink.rooms).toBe(0);
    clock.pass(200);
    expect(sink.rooms).toBe(1);
  });

  it('waits for a sink that takes no more', () => {
    const { flow, out, sink } = rig();
    sink.flowing = false;
    expect(flow.push(text('a'))).toBe(false);
    expect(flow.push(text('b'))).toBe(false);
    sink.flowing = true;
    flow.drained();
    expect(out).toEqual(['0 a', '0 b']);
    expect(sink.rooms).toBe(1);
  });

  it('closes after the bytes of a limit, also when the limit is put again', () => {
    const first = stage('limit', { bytes: 5 });
    const { flow, out } = rig(first);
    flow.push(text('abc'));
    flow.set([stage('limit', { bytes: 4 })]);
    flow.push(text('defg'));
    flow.push(text('h'));
    expect(out).toEqual(['0 abc', '0 d', '0 close']);
  });

  it('cuts at its time, and not when the fault has ended before', () => {
    const cut = rig(stage('timeout', { afterMs: 100 }));
    cut.flow.push(text('lost'));
    cut.clock.pass(101);
    expect(cut.out).toEqual(['100 close']);
    const spared = rig(stage('reset', { afterMs: 100 }));
    spared.clock.pass(50);
    spared.flow.set([]);
    spared.flow.push(text('a'));
    spared.clock.pass(200);
    expect(spared.out).toEqual(['50 a']);
  });

  it('ends a connection of which data was thrown away when the fault ends', () => {
    const timeout = rig(stage('timeout'));
    timeout.flow.push(text('lost'));
    timeout.flow.set([]);
    const due = rig(stage('reset', { afterMs: 100 }));
    due.flow.push(text('lost'));
    due.flow.set([]);
    expect([timeout.out, due.out]).toEqual([['0 close'], ['0 reset']]);
  });

  it('draws the same for the same seed', () => {
    const run = (seed: number): string[] => {
      const { flow, out, clock } = rig(stage('latency', { ms: 50, jitterMs: 40, distribution: 'normal' }, { seed }));
      for (let i = 0; i < 20; i++) {
        flow.push(text('x'));
        clock.pass(300);
      }
      return out;
    };
    expect(run(4)).toEqual(run(4));
    expect(run(4)).not.toEqual(run(5));
  });

  it('whatever holds it up, every byte comes once and in order', () => {
    const kinds = fc.constantFrom<[string, object]>(
      ['latency', { ms: 20, jitterMs: 20 }],
      ['bandwidth', { bytesPerSec: 2_000 }],
      ['slicer', { averageBytes: 3, variationBytes: 2, delayMs: 1 }],
      ['loss', { share: 0.3, retransmitMs: 20 }],
      ['slow-close', { delayMs: 30 }],
      ['blackhole', {}],
    );
    const pieces = fc.array(fc.record({ size: fc.integer({ min: 1, max: 40 }), wait: fc.nat(30) }), { maxLength: 12 });
    fc.assert(
      fc.property(fc.array(kinds, { maxLength: 4 }), pieces, fc.nat(60), (faults, sends, changeAt) => {
        const { flow, out, clock } = rig(
          ...faults.map(([kind, parameters], i) => stage(kind, parameters, { id: `${kind}-${i}` })),
        );
        let sent = '';
        let time = 0;
        for (const { size, wait } of sends) {
          const bytes = Array.from({ length: size }, (_, i) => String.fromCharCode(97 + ((sent.length + i) % 26))).join(
            '',
          );
          sent += bytes;
          flow.push(text(bytes));
          clock.pass(wait);
          time += wait;
          if (time > changeAt) flow.set([]);
        }
        flow.finish('end');
        flow.set([]);
        clock.pass(100_000);
        expect(out.map((line) => line.slice(line.indexOf(' ') + 1)).join('')).toBe(`${sent}end`);
      }),
    );
  });
});
