/** What holds in every run, whatever fails and in whatever order: faults do not stay, rollbacks run once. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Effect } from './effects.ts';
import type { Json } from './json.ts';
import { parseExperiment } from './parse.ts';
import { ExperimentRun, type RunOptions } from './run.ts';
import { KINDS } from './testing/kinds.ts';
import { healthy, type Played, play, type Reply } from './testing/world.ts';
import { ROLLBACK_STRATEGIES } from './types.ts';

const OPTIONS: RunOptions = {
  environment: {},
  wallOffsetMs: 0,
  id: 'r',
  version: '0',
  platform: 'test',
  node: 'here',
  settleMs: 3_000,
};

const provider = { type: 'http', url: 'http://127.0.0.1/' };
const probe = (name: string): Json => ({ type: 'probe', name, tolerance: 200, provider });
const pauses = fc.record({ before: fc.constantFrom(0, 0.5, 3), after: fc.constantFrom(0, 2) });
const fault = fc.record({ fault: fc.constant('cpu'), lease: fc.constantFrom('1s', '9s') });
const timed = fc.record({ fault: fc.constant('loss'), for: fc.constantFrom('500ms', '7s') });
const written = fc
  .array(fc.record({ pauses, background: fc.boolean(), does: fc.option(fc.oneof(fault, timed)) }), { maxLength: 5 })
  .map((all) =>
    all.map(({ does, ...rest }, n): Json => {
      const activity = { type: 'action', name: `a${n}`, ...rest };
      return does === null
        ? { ...activity, provider }
        : { ...activity, 'x-holdfast': { ...does, target: { service: 's' } } };
    }),
  );
const reply = fc.record({ after: fc.nat(12_000), outcome: fc.constantFrom('ok', 'ok', 'ok', '503', 'error', 'never') });
const world = fc.record({
  method: written,
  rollbacks: fc.integer({ min: 0, max: 3 }),
  strategy: fc.constantFrom(...ROLLBACK_STRATEGIES),
  hypothesis: fc.constantFrom('default', 'continuously', 'during-method-only', 'skip'),
  failFast: fc.option(fc.constant(0.5)),
  replies: fc.array(reply, { minLength: 1, maxLength: 30 }),
  ends: fc.array(fc.record({ at: fc.nat(40_000), kind: fc.constantFrom('stop' as const, 'halt' as const) }), {
    maxLength: 3,
  }),
});
type Case = typeof world extends fc.Arbitrary<infer T> ? T : never;

function run(one: Case): Played {
  const { experiment } = parseExperiment(
    {
      title: 't',
      description: 'd',
      runtime: { hypothesis: { strategy: one.hypothesis }, rollbacks: { strategy: one.strategy } },
      'steady-state-hypothesis': { title: 'h', probes: [probe('p1'), probe('p2')] },
      controls: [{ name: 'c', provider: { type: 'process', path: 'c' } }],
      method: one.method,
      rollbacks: Array.from({ length: one.rollbacks }, (_, n) => ({ type: 'action', name: `back${n}`, provider })),
    },
    { kinds: KINDS },
  );
  let n = 0;
  return play(new ExperimentRun(experiment, { ...OPTIONS, failFast: one.failFast }), {
    events: one.ends.map(({ at, kind }) => ({ at, event: { kind, reason: 'test' } })),
    reply: (asked): Reply => {
      const { after, outcome } = one.replies[n++ % one.replies.length] as Case['replies'][number];
      if (outcome === 'never') return { afterMs: 0, event: null };
      if (outcome === 'error') return { afterMs: after, event: { error: 'no' } };
      const bad = outcome === '503' && asked.kind === 'probe';
      return { afterMs: after, event: { output: bad ? { status: 503, headers: {}, body: '' } : healthy(asked) } };
    },
  });
}

const kinds = (
  { effects }: Played,
  kind: Effect['kind'],
): readonly { readonly at: number; readonly effect: Effect }[] => effects.filter(({ effect }) => effect.kind === kind);

describe('every run', () => {
  it('reverts each fault that it asked for, or names it', () => {
    fc.assert(
      fc.property(world, (one) => {
        const played = run(one);
        const faults = played.journal['x-holdfast'].faults;
        for (const { effect } of kinds(played, 'inject')) {
          if (effect.kind !== 'inject') continue;
          const record = faults.find(({ id }) => id === effect.fault);
          const reverts = kinds(played, 'revert').filter(
            (made) => 'fault' in made.effect && made.effect.fault === effect.fault,
          );
          expect(reverts.length).toBeGreaterThanOrEqual(1);
          expect(record?.state === 'reverted' || (record?.state === 'unconfirmed' && reverts.length === 3)).toBe(true);
        }
        expect(faults.length).toBe(kinds(played, 'inject').length);
      }),
      { numRuns: 150 },
    );
  });

  it('asks for the reverts of everything in the instant that it is stopped', () => {
    fc.assert(
      fc.property(world, (one) => {
        const played = run(one);
        const stop = Math.min(...one.ends.map(({ at }) => at));
        const before = kinds(played, 'inject').filter(({ at }) => at < stop);
        const late = kinds(played, 'inject').filter(({ at }) => at > stop);
        expect(one.ends.length > 0 ? late : []).toEqual([]);
        for (const { effect } of before) {
          const first = kinds(played, 'revert').find(
            (made) => 'fault' in made.effect && 'fault' in effect && made.effect.fault === effect.fault,
          );
          expect(first?.at).toBeLessThanOrEqual(Math.max(stop, 0));
        }
      }),
      { numRuns: 150 },
    );
  });

  it('renews no lease after its revert', () => {
    fc.assert(
      fc.property(world, (one) => {
        const reverted = new Set<string>();
        for (const { effect } of run(one).effects) {
          if (effect.kind === 'revert') reverted.add(effect.fault);
          if (effect.kind === 'renew') expect(reverted.has(effect.fault)).toBe(false);
        }
      }),
      { numRuns: 100 },
    );
  });

  it('plays each rollback exactly once, or none, as the strategy says', () => {
    fc.assert(
      fc.property(world, (one) => {
        const played = run(one);
        const { deviated, rollbacks } = played.journal;
        const asked = played.effects.flatMap(({ effect }) =>
          effect.kind === 'action' && effect.name.startsWith('back') ? [effect.name] : [],
        );
        expect(new Set(asked).size).toBe(asked.length);
        expect(asked.length === 0 || asked.length === one.rollbacks).toBe(true);
        expect(rollbacks.length).toBe(asked.length);
        if (one.strategy === 'always') expect(asked.length).toBe(one.rollbacks);
        if (one.strategy === 'never') expect(asked.length).toBe(0);
        if (one.strategy === 'deviated') expect(asked.length).toBe(deviated ? one.rollbacks : 0);
      }),
      { numRuns: 150 },
    );
  });

  it('closes every control that it opened, and only those', () => {
    fc.assert(
      fc.property(world, (one) => {
        const open = new Map<string, number>();
        for (const { effect } of run(one).effects) {
          if (effect.kind !== 'control') continue;
          const key = `${effect.level} ${effect.context}`;
          const depth = (open.get(key) ?? 0) + (effect.scope === 'before' ? 1 : -1);
          expect(depth).toBeGreaterThanOrEqual(0);
          open.set(key, depth);
        }
        expect([...open.values()].every((depth) => depth === 0)).toBe(true);
      }),
      { numRuns: 100 },
    );
  });

  it('is the same again with the same events', () => {
    fc.assert(
      fc.property(world, (one) => {
        expect(run(one).timeline).toEqual(run(one).timeline);
      }),
      { numRuns: 50 },
    );
  });
});

describe('a halt', () => {
  it('does not cut short the wait for the steady state: every fault is over by then', () => {
    const kill = { type: 'action', name: 'kill', 'x-holdfast': { fault: 'kill', target: { service: 's' } } };
    const { experiment } = parseExperiment(
      {
        title: 't',
        description: 'd',
        runtime: { hypothesis: { strategy: 'before-method-only' } },
        'steady-state-hypothesis': { title: 'h', probes: [probe('p')] },
        method: [kill],
      },
      { kinds: KINDS },
    );
    const played = play(new ExperimentRun(experiment, { ...OPTIONS, settleMs: 10_000 }), {
      events: [{ at: 2_500, event: { kind: 'halt', reason: 'users lose too much' } }],
      // Well before, ill for some seconds, well again.
      reply: (asked, nth) => {
        const output =
          asked.kind === 'probe' && nth > 0 && nth < 5 ? { status: 503, headers: {}, body: '' } : healthy(asked);
        return { afterMs: 0, event: { output } };
      },
    });
    expect(played.journal.status).toBe('completed');
    expect(played.journal['x-holdfast'].recovered?.steady_state_met).toBe(true);
  });
});
