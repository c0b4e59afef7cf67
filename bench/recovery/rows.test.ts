import { describe, expect, it } from 'vitest';
import { type Findings, rowsOf } from './rows.ts';

const quiet = { awayMs: 0, failed: 0, sent: 7_500, replacedMs: 1_000, lateBefore: false };

function findings(name: Findings['name'], over: Partial<Findings> = {}): Findings {
  const crashes = [10, 20, 30].map((noticedMs) => ({ noticedMs, replacedMs: noticedMs * 10 }));
  return { name, crashes, crashSent: 3_000, crashFailed: 0, hangs: [quiet, quiet], ...over };
}

const rowOf = (id: string, ...all: Findings[]) => {
  const row = rowsOf(all).find((candidate) => candidate.id === id);
  if (!row) throw new Error(`no row ${id}`);
  return row;
};

describe('rows of the recovery benchmark', () => {
  it('judges Holdfast by its targets and peers by nothing', () => {
    const own = findings('holdfast', { crashes: [{ noticedMs: 51, replacedMs: 1 }], crashFailed: 1 });
    expect(rowOf('crash.noticed.p99.holdfast', own)).toMatchObject({ value: 51, target: 50, pass: false });
    expect(rowOf('crash.failed.holdfast', own)).toMatchObject({ value: 1, pass: false, note: 'of 3000 in 1 rounds' });
    expect(rowOf('crash.failed.pm2', findings('pm2', { crashFailed: 9 }))).toMatchObject({ target: null, pass: null });
  });

  it('takes quantiles by nearest rank', () => {
    expect(rowOf('crash.replaced.p50.pm2', findings('pm2')).value).toBe(200);
    expect(rowOf('crash.replaced.p99.pm2', findings('pm2')).value).toBe(300);
  });

  it('counts what never came as a whole round, and says so', () => {
    const never = findings('swarm', { hangs: [quiet, { ...quiet, replacedMs: null }] });
    expect(rowOf('hang.replaced.swarm', never)).toMatchObject({ value: 20, note: 'not within 20 s in 1 of 2 rounds' });
  });

  it('says when the machine was late without a fault', () => {
    const noisy = findings('holdfast', { hangs: [{ ...quiet, awayMs: 2_000, lateBefore: true }] });
    const row = rowOf('hang.away.holdfast', noisy);
    expect(row).toMatchObject({ value: 2, pass: false });
    expect(row.note).toContain('before 1 of 1 stops');
  });

  it('compares with each peer, a tie being good enough', () => {
    const all = [findings('holdfast', { crashFailed: 2 }), findings('pm2', { crashFailed: 2 }), findings('swarm')];
    expect(rowOf('crash.failed.vs-pm2', ...all)).toMatchObject({ value: 0, target: 0, pass: true });
    expect(rowOf('crash.failed.vs-swarm', ...all)).toMatchObject({ value: 2, pass: false });
  });
});
