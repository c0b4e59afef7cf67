import { describe, expect, it } from 'vitest';
import { FakeView, serviceSpec } from '../../test/support/fake-view.ts';
import { action, cause, diagnosis, draft, incident, plan, symptom } from '../../test/support/recovery.ts';
import type { Diagnosis, Incident } from '../model/incident.ts';
import type { InstanceExit } from '../model/instance.ts';
import { Random } from '../model/random.ts';
import { RecoveryMemory } from './memory.ts';
import { planFor } from './plan.ts';

function wanted(view: FakeView, inc: Incident, diag: Diagnosis, now = 60_000, memory = new RecoveryMemory()): string[] {
  const level = inc.plans.filter(({ status }) => status === 'failed').length;
  const made = planFor({ incident: inc, diagnosis: diag, view, memory, level, now, random: Random.seeded(1) });
  return (made?.actions ?? []).map(({ kind, target }) => `${kind} ${target}`.trim());
}

function exitOf(over: Partial<InstanceExit> = {}): InstanceExit {
  return { at: 0, reason: 'code', code: 1, signal: null, detail: null, lastOutput: [], ...over };
}

function dead(view: FakeView, id: string): void {
  Object.assign(view.get(id), { phase: 'exited', process: null, ready: false, lastExit: exitOf() });
}

const tried = (kind: 'restart' | 'replace', id: string, at = 0) =>
  plan('failed', [action(draft(kind, id), 'done', { endedAt: at })]);

describe('the ladder of an instance', () => {
  it('goes restart, replace, page and restart, then restarts for ever', () => {
    const view = new FakeView().add(serviceSpec('web', { replicas: 3 }));
    dead(view, 'web-2');
    const crash = [symptom('crashed', 'web-2')];
    const diag = diagnosis([cause('web-2')]);
    const failed = [tried('restart', 'web-2'), tried('replace', 'web-2')];
    const paged = plan('failed', [action(draft('page', ''), 'done'), action(draft('restart', 'web-2'), 'failed')]);
    expect(wanted(view, incident(crash), diag)).toEqual(['restart web-2']);
    expect(wanted(view, incident(crash, failed.slice(0, 1)), diag)).toEqual(['replace web-2']);
    const early = incident(crash, failed).openedAt + 5_000;
    expect(wanted(view, incident(crash, failed), diag, early)).toEqual(['restart web-2']);
    expect(wanted(view, incident(crash, failed), diag)).toEqual(['page', 'restart web-2']);
    expect(wanted(view, incident(crash, [...failed, paged]), diag)).toEqual(['restart web-2']);
  });

  it('calls a human at once when restarts have used up their window', () => {
    const view = new FakeView().add(serviceSpec('web'));
    dead(view, 'web-1');
    const memory = new RecoveryMemory();
    for (let at = 10_000; at <= 50_000; at += 10_000) memory.noteRestart('web-1', at);
    expect(wanted(view, incident([symptom('crashed', 'web-1')]), diagnosis([cause('web-1')]), 55_000, memory)).toEqual([
      'page',
      'restart web-1',
    ]);
  });

  it('counts what failed for another instance for that one only', () => {
    const view = new FakeView().add(serviceSpec('web', { replicas: 3 }));
    dead(view, 'web-2');
    dead(view, 'web-3');
    const both = [symptom('crashed', 'web-2'), symptom('crashed', 'web-3')];
    const inc = incident(both, [tried('restart', 'web-2')]);
    expect(wanted(view, inc, diagnosis([cause('web-2')]))).toEqual(['replace web-2', 'restart web-3']);
  });

  it('does nothing twice within one plan', () => {
    const view = new FakeView().add(serviceSpec('web', { replicas: 3 }));
    const under = plan('verifying', [action(draft('replace', 'web-2'), 'done')]);
    expect(wanted(view, incident([symptom('hung', 'web-2')], [under]), diagnosis([cause('web-2')]))).toEqual([]);
  });

  it('pages, with advice, about an instance that is killed for memory again and again', () => {
    const view = new FakeView().add(serviceSpec('web'));
    dead(view, 'web-1');
    view.exits.set(
      'web-1',
      [1, 2, 3].map((at) => exitOf({ at: at * 10_000, reason: 'oom', code: null })),
    );
    const made = planFor({
      incident: incident([symptom('crashed', 'web-1')]),
      diagnosis: diagnosis([cause('web-1', { faultClass: 'capacity' })]),
      view,
      memory: new RecoveryMemory(),
      level: 0,
      now: 40_000,
      random: Random.seeded(1),
    });
    expect(made?.actions.map(({ kind }) => kind)).toEqual(['page', 'restart']);
    expect(made?.actions[0]?.reason).toContain('resources.limits.memory');
  });

  it('leaves what is about to start, and what was stopped, alone', () => {
    const view = new FakeView().add(serviceSpec('web', { replicas: 2 }));
    dead(view, 'web-1');
    view.get('web-1').phase = 'pending';
    view.get('web-2').phase = 'stopping';
    const symptoms = [symptom('crashed', 'web-1'), symptom('hung', 'web-2')];
    expect(wanted(view, incident(symptoms), diagnosis([cause('web-1')]))).toEqual([]);
  });

  it('uses only what the service allows', () => {
    const recovery = { ...serviceSpec('web').recovery, allow: ['restart' as const] };
    const view = new FakeView().add(serviceSpec('web', { recovery }));
    expect(wanted(view, incident([symptom('hung', 'web-1')]), diagnosis([cause('web-1')]))).toEqual(['page']);
  });
});

describe('an instance that is well behind a way that is not', () => {
  const ill = [symptom('erroring', 'redis-1')];
  const cut = diagnosis([cause('redis-1', { faultClass: 'network' })]);

  it('is not restarted when nobody else can serve: a human is called, and nothing is tried afterwards', () => {
    const view = new FakeView().add(serviceSpec('redis'));
    expect(wanted(view, incident(ill), cut, incident(ill).openedAt + 2_000)).toEqual([]);
    expect(wanted(view, incident(ill), cut)).toEqual(['page']);
    const paged = plan('failed', [action(draft('page', ''), 'done')]);
    expect(wanted(view, incident(ill, [paged]), cut)).toEqual([]);
    expect(wanted(view, incident(ill), diagnosis([cause('redis-1')]))).toEqual(['restart redis-1']);
  });

  it('is started anew among others that serve meanwhile', () => {
    const view = new FakeView().add(serviceSpec('redis', { replicas: 3 }));
    expect(wanted(view, incident(ill), cut)).toEqual(['eject redis-1', 'restart redis-1']);
  });
});

describe('changes', () => {
  function changed(): FakeView {
    const view = new FakeView().add(serviceSpec('web', { replicas: 3 }));
    view.changes.push({
      id: 'chg-1',
      at: 0,
      kind: 'deploy',
      who: 'ann',
      why: '',
      services: ['web'],
      content: ['web: image'],
      from: { web: 'r1' },
      to: { web: 'r2' },
    });
    return view;
  }
  const bad = (confidence: number) => diagnosis([cause('web', { faultClass: 'human', changeId: 'chg-1', confidence })]);
  const failing = [symptom('erroring', 'web')];

  it('are rolled back when believed to be the cause, instead of restarting anything', () => {
    const view = changed();
    dead(view, 'web-1');
    expect(wanted(view, incident([...failing, symptom('crashed', 'web-1')]), bad(0.9))).toEqual(['rollback web']);
  });

  it('are not rolled back on a weak belief: a human is called', () => {
    expect(wanted(changed(), incident(failing), bad(0.55))).toEqual(['page']);
  });

  it('are not rolled back twice, nor when they have been undone', () => {
    const rolled = plan('failed', [action(draft('rollback', 'web', { argument: 'chg-1', incarnation: null }), 'done')]);
    expect(wanted(changed(), incident(failing, [rolled]), bad(0.9))).toEqual(['page']);
    const view = changed();
    view.changes.push({
      ...(view.changes[0] as (typeof view.changes)[0]),
      id: 'chg-2',
      at: 9,
      kind: 'rollback',
      from: { web: 'r2' },
      to: { web: 'r1' },
    });
    expect(wanted(view, incident(failing), bad(0.9))).toEqual(['page']);
  });
});

describe('capacity', () => {
  it('is added when the load is what makes it slow, up to the maximum', () => {
    const autoscale = { min: 1, max: 4, metric: 'cpu' as const, target: 0.7 };
    const view = new FakeView().add(serviceSpec('web', { replicas: 3, autoscale }));
    const symptoms = [symptom('slow', 'web'), symptom('saturating', 'web-1', { resource: 'cpu' })];
    expect(wanted(view, incident(symptoms), diagnosis([cause('web')]))).toEqual(['scale web']);
    const full = new FakeView().add(serviceSpec('web', { replicas: 4, autoscale }));
    expect(wanted(full, incident(symptoms), diagnosis([cause('web')]))).toEqual(['page']);
  });
});

describe('victims', () => {
  const dependsOn = [{ service: 'db', condition: 'healthy' as const, required: true }];
  const view = (): FakeView =>
    new FakeView().add(serviceSpec('db')).add(serviceSpec('web', { replicas: 2, dependsOn }));

  it('are never acted upon while they run', () => {
    const symptoms = [symptom('erroring', 'db-1'), symptom('erroring', 'web-1'), symptom('slow', 'web-2')];
    expect(wanted(view(), incident(symptoms), diagnosis([cause('db-1')], ['web']))).toEqual(['restart db-1']);
  });

  it('give nobody reason to be called while their dependency has only just been repaired', () => {
    const echo = [symptom('slow', 'web'), symptom('crashed', 'db-1', { clearedAt: 55_000 })];
    const paged = (now: number) => wanted(view(), incident(echo), diagnosis([cause('db-1')], ['web']), now);
    expect(paged(60_000)).toEqual([]);
    expect(paged(66_000)).toEqual(['page']);
  });

  it('are left alone while the echo of their dependency fades', () => {
    const echo = [symptom('erroring', 'web-1'), symptom('erroring', 'db-1', { clearedAt: 55_000 })];
    expect(wanted(view(), incident(echo), diagnosis([cause('web-1')]))).toEqual([]);
    expect(wanted(view(), incident(echo), diagnosis([cause('web-1')]), 66_000)).toEqual([
      'eject web-1',
      'restart web-1',
    ]);
  });
});

describe('verification times', () => {
  it('give traffic symptoms longer to clear than facts about processes', () => {
    const view = new FakeView().add(serviceSpec('web', { replicas: 3 }));
    const times = (kind: 'hung' | 'slow') =>
      planFor({
        incident: incident([symptom(kind, 'web-1')]),
        diagnosis: diagnosis([cause('web-1')]),
        view,
        memory: new RecoveryMemory(),
        level: 0,
        now: 60_000,
        random: Random.seeded(1),
      });
    expect(times('hung')).toMatchObject({ verifyForMs: 5_000, verifyDeadlineMs: 20_000 });
    expect(times('slow')).toMatchObject({ verifyForMs: 5_000, verifyDeadlineMs: 50_000 });
  });
});
