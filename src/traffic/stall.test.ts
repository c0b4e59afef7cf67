import { describe, expect, it } from 'vitest';
import { Random } from '../model/random.ts';
import { LatencyModel } from './latency-model.ts';
import { judgeStall, type StallEvidence } from './stall.ts';

const STALL_MS = 250;

/** A model that has seen `count` requests of the given latency, one after the other. */
function seen(count: number, latency: (i: number) => number): LatencyModel {
  const model = new LatencyModel(0);
  for (let i = 0; i < count; i++) {
    model.latency(latency(i));
    model.gap(latency(i));
  }
  return model;
}

const evidence = (silentMs: number, ages: readonly number[], more: Partial<StallEvidence> = {}): StallEvidence => ({
  now: 100_000,
  silentSince: 100_000 - silentMs,
  ages,
  peers: 2,
  peersLastByteAt: 99_999,
  ...more,
});

describe('judgeStall', () => {
  const fast = seen(1_000, (i) => 2 + (i % 5));

  it('claims when several requests of a fast service wait in silence', () => {
    expect(judgeStall(evidence(260, [260, 100]), fast, STALL_MS)).toBe('stalled');
  });

  it('says nothing before stallMs, or without requests', () => {
    expect(judgeStall(evidence(249, [249, 200, 200]), fast, STALL_MS)).toBe('fine');
    expect(judgeStall(evidence(900, []), fast, STALL_MS)).toBe('fine');
  });

  it('does not believe a single slow request, but wants a probe', () => {
    expect(judgeStall(evidence(5_000, [5_000]), fast, STALL_MS)).toBe('suspect');
  });

  it('needs a peer that did better meanwhile', () => {
    expect(judgeStall(evidence(400, [400, 400], { peersLastByteAt: 99_600 }), fast, STALL_MS)).toBe('fine');
    expect(judgeStall(evidence(400, [400, 400], { peersLastByteAt: 99_601 }), fast, STALL_MS)).toBe('stalled');
  });

  it('is four times as patient with a pool of one, and asks for a past', () => {
    const alone = { peers: 0, peersLastByteAt: 0 };
    expect(judgeStall(evidence(900, [900, 900], alone), fast, STALL_MS)).toBe('fine');
    expect(judgeStall(evidence(1_000, [1_000, 1_000], alone), fast, STALL_MS)).toBe('stalled');
    const many = Array.from({ length: 32 }, () => 60_000);
    expect(
      judgeStall(
        evidence(60_000, many, alone),
        seen(19, () => 2),
        STALL_MS,
      ),
    ).toBe('fine');
  });

  it('adapts to a slow service: eight times its usual silence', () => {
    const slow = seen(1_000, (i) => 400 + (i % 100));
    expect(judgeStall(evidence(3_000, [3_000, 3_000, 3_000]), slow, STALL_MS)).toBe('fine');
    expect(judgeStall(evidence(4_500, [4_500, 4_500, 4_500]), slow, STALL_MS)).toBe('stalled');
  });

  it('is more patient for a minute after a pause that it took for a stall', () => {
    const model = seen(1_000, () => 3);
    model.pause(400, 90_000);
    expect(judgeStall(evidence(590, [590, 500, 500]), model, STALL_MS)).toBe('fine');
    expect(judgeStall(evidence(610, [610, 500, 500]), model, STALL_MS)).toBe('stalled');
    model.pause(5_000, 90_000);
    expect(judgeStall(evidence(610, [610, 500, 500]), model, STALL_MS)).toBe('stalled');
    const later = evidence(300, [300, 300, 300], { now: 160_000, silentSince: 159_700, peersLastByteAt: 159_990 });
    expect(judgeStall(later, model, STALL_MS)).toBe('stalled');
  });

  it('wants much evidence while it knows nothing', () => {
    const unknown = new LatencyModel(0);
    expect(judgeStall(evidence(1_000, [1_000, 1_000, 1_000]), unknown, STALL_MS)).toBe('fine');
    const many = Array.from({ length: 30 }, () => 1_000);
    expect(judgeStall(evidence(1_000, many), unknown, STALL_MS)).toBe('stalled');
  });

  it('takes no endpoint for stalled where one request in twenty is slow', () => {
    const random = Random.seeded(7);
    const mixed = seen(5_000, () => (random.chance(0.05) ? random.between(1_000, 3_000) : 2));
    // Two slow ones on the same member, at low traffic.
    expect(judgeStall(evidence(2_500, [2_500, 2_000]), mixed, STALL_MS)).toBe('fine');
  });

  it('never claims for members that answer as they always did', () => {
    for (const seed of [1, 2, 3, 4, 5]) expect(falseClaims(seed)).toEqual([]);
  });
});

/**
 * Three members, Poisson arrivals, latencies from a mixture with a long tail, judged every 50 ms for ten minutes:
 * returns the claims, of which every one would be false.
 */
function falseClaims(seed: number): string[] {
  const random = Random.seeded(seed);
  const model = new LatencyModel(0);
  const members = [0, 1, 2].map(() => ({ lastByteAt: 0, busySince: 0, held: new Map<number, number>() }));
  const claims: string[] = [];
  const perMs = [0.5, 0.02, 0.002][seed % 3] as number;
  const latency = (): number => (random.chance(0.02) ? random.between(300, 4_000) : random.exponential(8));
  let nextAt = 0;
  for (let now = 0; now < 600_000; now += 10) {
    for (const [index, member] of members.entries()) {
      for (const [sentAt, doneAt] of member.held) {
        if (doneAt > now) continue;
        member.held.delete(sentAt);
        model.latency(doneAt - sentAt);
        model.gap(doneAt - Math.max(member.busySince, Math.min(member.lastByteAt, doneAt)));
        member.lastByteAt = now;
      }
      if (now % 50 !== 0 || now < 30_000) continue;
      const silentSince = Math.max(member.lastByteAt, member.busySince);
      const ages = [...member.held.keys()].map((sentAt) => now - sentAt).slice(0, 32);
      const peersLastByteAt = Math.max(...members.filter((other) => other !== member).map((other) => other.lastByteAt));
      const verdict = judgeStall({ now, silentSince, ages, peers: 2, peersLastByteAt }, model, STALL_MS);
      if (verdict === 'stalled') claims.push(`${index} at ${now}: ${ages.join(' ')}`);
    }
    while (nextAt <= now) {
      const [a, b] = [random.pick(members), random.pick(members)];
      const member = b.held.size < a.held.size ? b : a;
      if (member.held.size === 0) member.busySince = now;
      member.held.set(nextAt, nextAt + latency());
      nextAt += random.exponential(1 / perMs);
    }
    model.tick(now);
  }
  return claims;
}
