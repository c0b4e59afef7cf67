import { describe, expect, it } from 'vitest';
import { WORKLOADS } from '../model/consistency.ts';
import { textOf } from '../prove/history/event.ts';
import { ok } from './contract.ts';
import { ClientPlan, keysOf, lastLook, onlyLooks } from './generators.ts';

const written = (value: unknown): number[] => {
  if (typeof value === 'number') return [value];
  if (!Array.isArray(value)) return [];
  if (value[0] === 'append') return [value[2] as number];
  return value[0] === 'r' ? [] : value.flatMap(written);
};

describe('what clients do', () => {
  it.each(WORKLOADS)('%s: a seed gives every client the same plan, whatever the others do', (kind) => {
    const options = { kind, seed: 5, clients: 4 };
    const [a, b, other] = [new ClientPlan(options, 1), new ClientPlan(options, 1), new ClientPlan(options, 2)];
    const plan = Array.from({ length: 250 }, () => a.next());
    for (const call of plan) {
      other.next();
      expect(b.next()).toEqual(call);
    }
    expect(textOf(plan.map(({ value }) => value))).not.toBe(
      textOf(Array.from({ length: 250 }, () => other.next().value)),
    );
  });

  it.each(WORKLOADS.filter((kind) => kind !== 'counter' && kind !== 'cas-register'))(
    '%s: no value is written twice',
    (kind) => {
      const plans = Array.from({ length: 5 }, (_, client) => new ClientPlan({ kind, seed: 9, clients: 5 }, client));
      const all = plans.flatMap((plan) =>
        Array.from({ length: 300 }, () => plan.next()).flatMap((c) => written(c.value)),
      );
      expect(all.length).toBeGreaterThan(300);
      expect(new Set(all).size).toBe(all.length);
      expect(Math.min(...all)).toBeGreaterThan(0);
    },
  );

  it('moves on to fresh objects, all clients at the same turn', () => {
    const keysAt = (client: number, turn: number): Set<string> => {
      const plan = new ClientPlan({ kind: 'register', seed: 1, clients: 3, keys: 2, turnsPerKeys: 10 }, client);
      const calls = Array.from({ length: turn + 10 }, () => plan.next());
      return new Set(calls.slice(turn).flatMap(keysOf));
    };
    for (const client of [0, 1, 2]) expect([...keysAt(client, 10)].sort()).toEqual(['k2', 'k3']);
  });

  it('compares with what it saw last', () => {
    const plan = new ClientPlan({ kind: 'cas-register', seed: 3, clients: 1, keys: 1 }, 0);
    let last: unknown = null;
    let swaps = 0;
    for (let n = 0; n < 90; n++) {
      const call = plan.next();
      if (call.f === 'cas') {
        swaps++;
        expect((call.value as unknown[])[0]).toBe(last);
        last = (call.value as unknown[])[1];
      } else if (call.f === 'write') last = call.value;
      plan.saw(call, ok(call.f === 'read' ? (last as number) : call.value));
    }
    expect(swaps).toBeGreaterThan(10);
  });

  it('knows what only looks', () => {
    expect(onlyLooks(lastLook('list-append', 'k'))).toBe(true);
    expect(onlyLooks(lastLook('queue', 'k'))).toBe(false);
    expect(
      onlyLooks({
        f: 'txn',
        value: [
          ['r', 'a', null],
          ['append', 'b', 1],
        ],
      }),
    ).toBe(false);
  });
});
