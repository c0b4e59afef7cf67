import { describe, expect, it } from 'vitest';
import { nothing, type ReadSpan } from '../contract.ts';
import { type RecordedReport, reportOf } from '../diagnose.ts';
import { Collector } from '../read/collector.ts';
import { readOtlp } from '../read/otlp.ts';
import { EXPECTED_CLASS, FAULTS, type World, worldOf } from '../testing/world.ts';
import { mend } from './mend.ts';
import type { Wanted } from './recording.ts';

const ANYTHING: Wanted = { atMs: null, untilMs: null, service: null, kind: null, baseline: null };
const SHORT = { normalMs: 400_000, incidentMs: 150_000, perSecond: 0.8 };

function diagnose(world: World, wanted: Wanted = ANYTHING): RecordedReport {
  const collector = new Collector();
  for (const document of world.documents) readOtlp(document as Record<string, unknown>, collector);
  return reportOf(collector.finish(), null, wanted);
}

describe('a system that was recorded', () => {
  it.each(FAULTS)('with %s: the right service, kind of fault and time', { timeout: 60_000 }, (fault) => {
    const world = worldOf(1_003, fault, SHORT);
    const report = diagnose(world);
    expect(report.causes[0]).toMatchObject({ name: world.cause });
    expect(EXPECTED_CLASS[fault]).toContain(report.causes[0]?.faultClass);
    expect(report.inconclusive).toBe(false);
    expect(Math.abs(Date.parse(report.symptom.onsetAt) - world.onsetMs)).toBeLessThanOrEqual(30_000);
    const { rows, small, absorbed, reached } = report.account;
    expect(rows.reduce((sum, { own }) => sum + own, small) - absorbed).toBeCloseTo(reached, 6);
  });

  it('without a fault: nobody is named', { timeout: 60_000 }, () => {
    expect(diagnose(worldOf(42, null, SHORT)).inconclusive).toBe(true);
  });

  it('takes what it is told: onset, who felt it, and how', { timeout: 60_000 }, () => {
    const world = worldOf(1_003, 'latency', SHORT);
    const report = diagnose(world, { ...ANYTHING, atMs: world.onsetMs, service: 'front', kind: 'slow' });
    expect(report.symptom).toEqual({
      service: 'front',
      kind: 'slow',
      onsetAt: new Date(world.onsetMs).toISOString(),
      found: false,
      onsetFile: null,
    });
    expect(report.causes[0]?.name).toBe(world.cause);
  });

  it('which does not have what was asked for is refused', () => {
    const world = worldOf(1_003, 'latency', { normalMs: 20_000, incidentMs: 5_000 });
    expect(() => diagnose(world, { ...ANYTHING, service: 'nobody' })).toThrow('nothing was recorded of nobody');
    expect(() => diagnose(world, { ...ANYTHING, atMs: 1 })).toThrow('outside what was recorded');
  });

  it('which says nothing of calls is refused', () => {
    const logs = [{ atMs: 1, service: 'a', instance: null, host: null, severity: null, text: 'x' }];
    expect(() => reportOf({ ...nothing(), logs }, null, ANYTHING)).toThrow('nothing in it says how calls went');
  });
});

describe('mending', () => {
  const span = (
    id: string,
    parent: string | null,
    service: string,
    startMs: number,
    durationMs: number,
    more: Partial<ReadSpan> = {},
  ): ReadSpan => ({
    trace: 't',
    id,
    parent,
    service,
    instance: null,
    host: null,
    kind: 'unknown',
    operation: `${service}.do`,
    startMs,
    durationMs,
    failed: false,
    peer: null,
    message: null,
    ...more,
  });

  it('finds kinds where the source has no word for them', () => {
    const read = [
      span('1', null, 'a', 0, 50),
      span('2', '1', 'a', 5, 40),
      span('3', '2', 'b', 10, 30),
      span('4', '3', 'b', 12, 5),
    ];
    expect(mend(read).spans.map(({ id, kind }) => [id, kind])).toEqual([
      ['1', 'server'],
      ['2', 'client'],
      ['3', 'server'],
      ['4', 'internal'],
    ]);
  });

  it('knows a call that nobody answered by those of its kind that were', () => {
    const read = [
      span('1', null, 'a', 0, 50),
      span('2', '1', 'a', 5, 40, { operation: 'call b' }),
      span('3', '2', 'b', 10, 30),
      span('4', null, 'a', 100, 50),
      span('5', '4', 'a', 105, 40, { operation: 'call b', failed: true }),
    ];
    expect(
      mend(read)
        .spans.filter(({ kind }) => kind === 'client')
        .map(({ id, peer }) => [id, peer]),
    ).toEqual([
      ['2', 'b'],
      ['5', 'b'],
    ]);
  });

  it('takes clocks that differ to one time', () => {
    const read = [
      span('1', null, 'a', 1_000, 50, { kind: 'server' }),
      span('2', '1', 'a', 1_005, 40, { kind: 'client' }),
      span('3', '2', 'b', 8_010, 30, { kind: 'server' }),
    ];
    const { spans, shiftMs } = mend(read);
    expect(shiftMs.get('b')).toBe(-7_000);
    expect(spans.find(({ id }) => id === '3')?.startMs).toBe(1_010);
  });

  it('knows whom an address means from calls that arrived, and leaves out inner spans without a parent', () => {
    const read = [
      span('1', null, 'a', 0, 50, { kind: 'client', peer: '10.0.0.7:80' }),
      span('2', '1', 'b', 5, 30, { kind: 'server' }),
      span('3', null, 'a', 60, 1, { kind: 'client', peer: '10.0.0.7:80', failed: true }),
      span('4', null, 'a', 60, 1, { kind: 'client', peer: 'c.shop.svc.cluster.local:80' }),
      span('5', 'gone', 'b', 60, 1, { kind: 'internal' }),
    ];
    expect(mend(read).spans.map(({ id, peer }) => [id, peer])).toEqual([
      ['1', 'b'],
      ['2', null],
      ['3', 'b'],
      ['4', 'c'],
    ]);
  });
});
