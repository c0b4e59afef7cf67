import { describe, expect, it } from 'vitest';
import { Random } from '../../model/random.ts';
import { diagnoseRecording } from '../combine.ts';
import type { RecordedService, Recording } from '../recorded/types.ts';

const BINS = 30;
const BEFORE = 3;

/** Three services asked at random; every call of `cause` costs users 100 ms more after onset. */
function world(cause: string, presumed: boolean): Recording {
  const random = Random.seeded(5);
  const names = ['cart', 'pay', 'stock'];
  const asked = new Map(names.map((name) => [name, Array.from({ length: BINS }, () => 5 + random.int(20))]));
  const load = (requests: readonly number[], ms: (bin: number) => number) => ({
    requests,
    latencyMs: requests.map((_, bin) => ms(bin)),
    failedShare: requests.map(() => 0),
  });
  const all = Array.from({ length: BINS }, () => 60);
  const harm = (bin: number): number => (bin < BEFORE ? 0 : (100 * (asked.get(cause)?.[bin] ?? 0)) / 60);
  const services: RecordedService[] = [
    { service: 'front', incident: load(all, (bin) => 50 + harm(bin)), normal: load(all, (bin) => 50 + (bin % 3)) },
    ...names.map((name) => {
      const load_ = load(asked.get(name) ?? [], () => 10);
      return { service: name, incident: load_, normal: load_ };
    }),
  ];
  const edges = names.map((callee) => ({ caller: 'front', callee, seen: null, answered: null }));
  const bins = Array.from({ length: BINS }, (_, bin) => ({ fromMs: bin * 1_000, toMs: (bin + 1) * 1_000 }));
  return { bins, symptom: { service: 'front', kind: 'slow', onsetMs: BEFORE * 1_000 }, services, edges, presumed };
}

describe('dose and response', () => {
  const said = (of: Recording, name: string): number =>
    diagnoseRecording(of)
      .causes.flatMap(({ name: of_, evidenceFor, evidenceAgainst }) =>
        of_ === name ? [...evidenceFor, ...evidenceAgainst] : [],
      )
      .filter(({ text }) => /how often/.test(text))
      .reduce((sum, { weight }) => sum + weight, 0);

  it('speaks for the service whose calls the damage follows, and against the others', () => {
    for (const cause of ['pay', 'stock']) {
      const others = ['cart', 'pay', 'stock'].filter((name) => name !== cause);
      expect(said(world(cause, true), cause)).toBeGreaterThan(0.3);
      for (const other of others) expect(said(world(cause, true), other)).toBeLessThan(0);
    }
  });

  it('is silent where calls were recorded', () => {
    expect(said(world('pay', false), 'pay')).toBe(0);
  });
});
