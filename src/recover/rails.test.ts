import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FakeView, serviceSpec } from '../../test/support/fake-view.ts';
import { cause, context, draft, symptom } from '../../test/support/recovery.ts';
import type { GuardRail, GuardVerdict } from '../model/incident.ts';
import { Random } from '../model/random.ts';
import type { ResourceSignal } from '../model/signal.ts';
import type { SymptomKind } from '../model/symptom.ts';
import { HOLD_MS } from './brake.ts';
import type { ActionDraft, GuardContext } from './contract.ts';
import { combine, guard } from './guard.ts';
import { RecoveryMemory } from './memory.ts';
import { serves } from './target.ts';

function system(replicas = 3, over: Parameters<typeof serviceSpec>[1] = {}): FakeView {
  return new FakeView().add(serviceSpec('web', { replicas, ...over }));
}

function say(rail: GuardRail, action: ActionDraft, ctx: GuardContext, now = 100_000): GuardVerdict | undefined {
  return guard(action, ctx, now, Random.seeded(1)).find((verdict) => verdict.rail === rail);
}

const ill = (...ids: string[]) => ids.map((id) => symptom('hung', id, { onsetAt: 99_000 }));

describe('budget', () => {
  it('delays what would take out one more than allowed, and names what is out', () => {
    const ctx = context(system(), { out: [{ instance: 'db-1', why: 'rollout', since: 0 }] });
    expect(say('budget', draft('restart', 'web-1'), ctx)).toMatchObject({
      verdict: 'delay',
      reason: expect.stringContaining('db-1'),
    });
    expect(say('budget', draft('eject', 'web-1'), ctx)?.verdict).toBe('delay');
  });

  it('does not charge twice for what is out already, nor for what is dead', () => {
    const view = system();
    const out = [{ instance: 'web-1', why: 'ejected', since: 0 }];
    expect(say('budget', draft('restart', 'web-1'), context(view, { out }))?.verdict).toBe('allow');
    view.get('web-2').phase = 'exited';
    expect(say('budget', draft('restart', 'web-2'), context(view, { out }))).toBeUndefined();
  });

  it('is never exceeded, and quorum never undercut, whatever order actions are asked in', () => {
    const step = fc.record({
      id: fc.constantFrom('web-1', 'web-2', 'web-3', 'web-4', 'db-1', 'db-2'),
      kind: fc.constantFrom('restart' as const, 'replace' as const, 'eject' as const),
      event: fc.constantFrom('none', 'die', 'back'),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 3 }), (steps, maxDisruption) => {
        const view = system(4).add(serviceSpec('db', { replicas: 2 }));
        view.policy = { mode: 'auto', maxDisruption };
        const out = new Map<string, { instance: string; why: string; since: number }>();
        let now = 100_000;
        for (const { id, kind, event } of steps) {
          now += 1_000;
          if (event === 'die') Object.assign(view.get(id), { phase: 'exited', ready: false });
          if (event === 'back') {
            Object.assign(view.get(id), { phase: 'running', ready: true, ejected: false });
            out.delete(id);
          }
          const action = draft(kind, id);
          const ctx = context(view, { out: [...out.values()], causes: [cause(id)] });
          if (combine(guard(action, ctx, now, Random.seeded(1))).verdict !== 'allow') continue;
          const instance = view.get(id);
          const served = serves(instance);
          if (instance.phase === 'running') out.set(id, { instance: id, why: kind, since: now });
          if (kind === 'eject') instance.ejected = true;
          else Object.assign(instance, { phase: 'starting', ready: false });
          expect(out.size).toBeLessThanOrEqual(maxDisruption);
          const service = action.service;
          const left = [...view.instances.values()].filter((each) => each.service === service && serves(each)).length;
          if (served) expect(left).toBeGreaterThanOrEqual(view.services.get(service)?.recovery.minAvailable ?? 0);
        }
      }),
    );
  });
});

describe('quorum', () => {
  it('keeps minAvailable in service', () => {
    const view = system(3);
    expect(say('quorum', draft('restart', 'web-1'), context(view))?.verdict).toBe('allow');
    view.get('web-2').ready = false;
    expect(say('quorum', draft('restart', 'web-1'), context(view))).toMatchObject({ verdict: 'delay', until: null });
  });

  it('counts an ejected or unready target as gone already', () => {
    const view = system(3);
    view.get('web-2').ready = false;
    view.get('web-3').ejected = true;
    expect(say('quorum', draft('replace', 'web-2'), context(view))?.verdict).toBe('allow');
    expect(say('quorum', draft('restart', 'web-3'), context(view))?.verdict).toBe('allow');
  });

  it('never forbids every repair: one may be taken even when all are demanded', () => {
    const recovery = { ...serviceSpec('web', { replicas: 2 }).recovery, minAvailable: 2 };
    expect(say('quorum', draft('restart', 'web-1'), context(system(2, { recovery })))?.verdict).toBe('allow');
  });
});

describe('brake', () => {
  it('leaves running instances alone while half of them or more misbehave, and says so', () => {
    const ctx = context(system(4), { symptoms: ill('web-1', 'web-2') });
    expect(say('brake', draft('replace', 'web-1'), ctx)).toMatchObject({
      verdict: 'delay',
      reason: '2 of 4 instances of web misbehave at once: the cause is shared',
      until: 99_000 + HOLD_MS,
    });
  });

  it('does not hold for one instance, even of two', () => {
    expect(say('brake', draft('replace', 'web-1'), context(system(2), { symptoms: ill('web-1') }))?.verdict).toBe(
      'allow',
    );
    expect(say('brake', draft('restart', 'web-1'), context(system(1), { symptoms: ill('web-1') }))?.verdict).toBe(
      'allow',
    );
  });

  it('counts a symptom of the whole service for all of its instances', () => {
    const symptoms = [symptom('erroring', 'web', { onsetAt: 99_000 })];
    expect(say('brake', draft('restart', 'web-1'), context(system(3), { symptoms }))?.verdict).toBe('delay');
  });

  it('lets one restart through when it has held long enough, then holds again', () => {
    const memory = new RecoveryMemory();
    const ctx = context(system(3), { symptoms: ill('web-1', 'web-2', 'web-3'), memory });
    expect(say('brake', draft('replace', 'web-1'), ctx, 129_000)?.verdict).toBe('allow');
    memory.noteRestart('web-1', 129_000);
    expect(say('brake', draft('replace', 'web-2'), ctx, 129_000)).toMatchObject({ verdict: 'delay', until: 159_000 });
  });

  it('never holds back what is dead, nor what the kernel reports as stopped', () => {
    const view = system(3);
    const symptoms = ill('web-1', 'web-2', 'web-3');
    view.get('web-1').phase = 'exited';
    expect(say('brake', draft('restart', 'web-1'), context(view, { symptoms }))).toBeUndefined();
    view.resources.set('web-2', [{ incarnation: 1, state: 'T' } as ResourceSignal]);
    expect(say('brake', draft('replace', 'web-2'), context(view, { symptoms }))?.verdict).toBe('allow');
  });

  it('is not moved by instances that are near a limit', () => {
    const symptoms = ['web-1', 'web-2', 'web-3'].map((id) => symptom('saturating', id, { resource: 'memory' }));
    expect(say('brake', draft('restart', 'web-1'), context(system(3), { symptoms }))?.verdict).toBe('allow');
  });
});

describe('intensity', () => {
  it('delays the restart past maxAttempts until the window has room, and never refuses it', () => {
    const view = system();
    const memory = new RecoveryMemory();
    for (const at of [50_000, 60_000, 70_000, 80_000, 90_000]) memory.noteRestart('web-1', at);
    view.get('web-1').phase = 'exited';
    expect(say('intensity', draft('restart', 'web-1'), context(view, { memory }))).toMatchObject({
      verdict: 'delay',
      until: 110_000,
    });
    expect(say('intensity', draft('restart', 'web-1'), context(view, { memory }), 110_000)?.verdict).toBe('allow');
    expect(say('intensity', draft('restart', 'web-2'), context(view, { memory }))?.verdict).toBe('allow');
  });
});

describe('cooldown', () => {
  it('spaces actions on a running instance, not the starts of a dead one', () => {
    const view = system();
    const memory = new RecoveryMemory();
    memory.noteRestart('web-1', 95_000);
    expect(say('cooldown', draft('replace', 'web-1'), context(view, { memory }))).toMatchObject({
      verdict: 'delay',
      until: 105_000,
    });
    view.get('web-1').phase = 'exited';
    expect(say('cooldown', draft('restart', 'web-1'), context(view, { memory }))).toBeUndefined();
  });

  it('spaces rollbacks of one service', () => {
    const view = system();
    const empty = { content: [], from: {}, to: {}, who: 'holdfast', why: '' };
    view.changes.push({ id: 'chg-1', at: 96_000, kind: 'rollback', services: ['web'], ...empty });
    expect(say('cooldown', draft('rollback', 'web'), context(view))).toMatchObject({
      verdict: 'delay',
      until: 106_000,
    });
    expect(say('cooldown', draft('scale', 'web'), context(view))?.verdict).toBe('allow');
  });
});

describe('confidence', () => {
  it('refuses a rollback on a weak diagnosis', () => {
    const back = draft('rollback', 'web', { argument: 'chg-1' });
    const believed = (confidence: number, changeId = 'chg-1') =>
      say('confidence', back, context(system(), { causes: [cause('web', { confidence, changeId })] }))?.verdict;
    expect(believed(0.5)).toBe('refuse');
    expect(believed(0.6)).toBe('allow');
    expect(believed(0.9, 'chg-2')).toBe('refuse');
  });

  it('does not take belief in another cause for belief in this one', () => {
    const causes = [cause('db', { confidence: 0.95 }), cause('web-1', { confidence: 0.04 })];
    expect(say('confidence', draft('restart', 'web-1'), context(system(), { causes }))?.verdict).toBe('refuse');
    const own = [cause('db', { confidence: 0.6 }), cause('web-1', { confidence: 0.35 })];
    expect(say('confidence', draft('restart', 'web-1'), context(system(), { causes: own }))?.verdict).toBe('allow');
    expect(say('confidence', draft('eject', 'web-1'), context(system(), { causes: own }))?.verdict).toBe('allow');
  });

  it('refuses to restart what runs and answers without an idea of the cause', () => {
    expect(say('confidence', draft('restart', 'web-1'), context(system()))?.verdict).toBe('refuse');
  });

  it('is not asked about what is dead or silent', () => {
    const view = system();
    const kinds: SymptomKind[] = ['hung', 'unreachable', 'saturating'];
    for (const kind of kinds) {
      expect(
        say('confidence', draft('replace', 'web-1'), context(view, { symptoms: [symptom(kind, 'web-1')] })),
      ).toBeUndefined();
    }
    view.get('web-1').phase = 'exited';
    expect(say('confidence', draft('restart', 'web-1'), context(view))).toBeUndefined();
  });
});

describe("operators' rails", () => {
  it('hold everything while automation is stopped, except a page', () => {
    const ctx = context(system(), { stopped: true });
    expect(say('stopped', draft('restart', 'web-1'), ctx)?.verdict).toBe('refuse');
    expect(combine(guard(draft('page', '', { service: 'web' }), ctx, 0, Random.seeded(1))).verdict).toBe('allow');
  });

  it('only observe where the mode says so; the service overrides the system', () => {
    const view = system();
    view.policy = { mode: 'observe', maxDisruption: 1 };
    expect(say('observe', draft('restart', 'web-1'), context(view))?.verdict).toBe('refuse');
    const spec = serviceSpec('web', { replicas: 3 });
    view.services.set('web', { ...spec, recovery: { ...spec.recovery, mode: 'approve' } });
    expect(say('observe', draft('restart', 'web-1'), context(view))).toBeUndefined();
    expect(say('approval', draft('restart', 'web-1'), context(view))).toMatchObject({ verdict: 'delay', until: null });
  });

  it('respect what a service does not allow', () => {
    const recovery = { ...serviceSpec('web', { replicas: 3 }).recovery, allow: ['restart' as const] };
    const ctx = context(system(3, { recovery }));
    expect(say('not-allowed', draft('replace', 'web-1'), ctx)?.verdict).toBe('refuse');
    expect(say('not-allowed', draft('restart', 'web-1'), ctx)).toBeUndefined();
  });

  it('wait out a silence, of the service or of everything, pages included', () => {
    const silences = [{ service: null, until: 130_000, why: 'maintenance' }];
    const ctx = context(system(), { silences });
    expect(say('silence', draft('page', '', { service: 'web' }), ctx)).toMatchObject({
      verdict: 'delay',
      until: 130_000,
    });
    expect(say('silence', draft('restart', 'web-1'), ctx, 130_000)?.verdict).toBe('allow');
    const other = context(system(), { silences: [{ service: 'db', until: 130_000, why: '' }] });
    expect(say('silence', draft('restart', 'web-1'), other)?.verdict).toBe('allow');
  });
});

describe('the combined word', () => {
  const verdict = (word: GuardVerdict['verdict'], until: number | null = null): GuardVerdict => ({
    rail: 'budget',
    verdict: word,
    reason: '',
    until,
  });

  it.each([
    [[], { verdict: 'allow', until: null }],
    [[verdict('allow'), verdict('delay', 5), verdict('delay', 9)], { verdict: 'delay', until: 9 }],
    [[verdict('delay', 5), verdict('delay', null)], { verdict: 'delay', until: null }],
    [[verdict('delay', 5), verdict('refuse')], { verdict: 'refuse', until: null }],
  ] as const)('of %j is the strictest', (verdicts, expected) => {
    expect(combine(verdicts)).toEqual(expected);
  });
});
