import { expect, it } from 'vitest';
import { bucketOf } from '../../model/histogram.ts';
import type { EdgeSignal } from '../../model/signal.ts';
import { diagnoseRecording } from '../combine.ts';
import { accountTable } from '../present.ts';
import { BINS, recording } from '../recorded/testing/build.ts';
import { fromWindows } from './from-windows.ts';

const NORMAL = Array.from({ length: 10 }, (_, bin) => ({ fromMs: (bin - 10) * 60_000, toMs: (bin - 9) * 60_000 }));

function windows(caller: string, callee: string, slowMs: number): EdgeSignal[] {
  return [...NORMAL, ...BINS].map(({ toMs }) => ({
    kind: 'edge',
    at: toMs,
    windowMs: 60_000,
    caller,
    callee,
    instance: `${callee}-1`,
    protocol: 'http',
    requests: 600,
    failures: { connect: 0, reset: 0, timeout: 0, status5xx: 0, unavailable: 0 },
    retried: 0,
    latency: [[bucketOf((toMs > 120_000 ? 20 + slowMs : 20) * 1_000), 600]],
    inFlight: 0,
    oldestWaitMs: 0,
  }));
}

it('accounts for edges alone: users suffer what enters, and it starts where nothing further down explains it', () => {
  const all = [
    ...windows('(outside)', 'front', 110),
    ...windows('front', 'pay', 105),
    ...windows('front', 'search', 0),
    ...windows('pay', 'db', 100),
  ];
  const edges = fromWindows(all, BINS, NORMAL);
  const diagnosis = diagnoseRecording(recording({ services: [], edges }));
  expect(diagnosis.causes[0]?.name).toBe('db');
  const { rows, small, absorbed, reached } = accountTable(diagnosis);
  expect(rows.reduce((sum, { own }) => sum + own, small) - absorbed).toBeCloseTo(reached, 6);
  // 600 calls a minute for three minutes, about 110 ms more each (histogram buckets are ±6 % wide).
  expect(reached).toBeGreaterThan(180);
  expect(reached).toBeLessThan(215);
});
