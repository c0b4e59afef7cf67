import { describe, expect, it } from 'vitest';
import { FakeView, serviceSpec } from '../../test/support/fake-view.ts';
import { symptom } from '../../test/support/recovery.ts';
import type { Change } from '../model/change.ts';
import type { Symptom } from '../model/symptom.ts';
import { ABSTAIN_BELOW, diagnose } from './index.ts';

const dependsOn = [{ service: 'db', condition: 'healthy' as const, required: true }];

function ask(view: FakeView, ...symptoms: Symptom[]): ReturnType<typeof diagnose> {
  return diagnose({ now: 100_000, onsetAt: 90_000, symptoms, view });
}

const at = (onsetAt: number): Partial<Symptom> => ({ onsetAt, detectedAt: onsetAt });

describe('diagnosis', () => {
  it('says that it knows nothing when there is nothing to go by', () => {
    expect(ask(new FakeView())).toMatchObject({ causes: [], abstained: true, summary: 'no cause found yet' });
  });

  it('abstains where two stories are equally good', () => {
    const view = new FakeView().add(serviceSpec('db')).add(serviceSpec('web', { dependsOn }));
    const { abstained, summary, causes } = ask(view, symptom('slow', 'web', at(90_000)));
    expect(abstained).toBe(true);
    expect(summary).toMatch(/^unclear; perhaps web/);
    expect(causes[0]?.confidence).toBeLessThan(ABSTAIN_BELOW);
  });

  it('does not take one that was stopped and another that is silent for the same thing', () => {
    const view = new FakeView().add(serviceSpec('web', { replicas: 3 }));
    const stopped: Symptom = {
      ...symptom('hung', 'web-1', at(90_100)),
      evidence: ['the kernel reports it as stopped (state T)'],
    };
    const [cause] = ask(view, symptom('hung', 'web-2', at(90_000)), stopped).causes;
    expect(cause).toMatchObject({ entity: { name: 'web-1' }, mechanism: 'stopped (SIGSTOP)' });
  });

  it('is less sure of a slow service that waits on connections whose answers nobody times', () => {
    const sure = (protocol: 'tcp' | 'http'): number => {
      const view = new FakeView().add(serviceSpec('db')).add(serviceSpec('web', { replicas: 2, dependsOn }));
      for (let second = 40; second <= 100; second++) {
        const slow = second > 90;
        view.called('users', 'web-1', { at: second * 1_000, ms: slow ? 300 : 10 });
        view.called('web', 'db-1', { at: second * 1_000, ms: 1, protocol });
      }
      const { causes } = ask(view, symptom('slow', 'web', at(90_000)));
      expect(causes[0]?.entity.name).toBe('web');
      return causes[0]?.confidence ?? 0;
    };
    expect(sure('tcp')).toBeLessThan(sure('http') - 0.03);
  });

  it('names what is not run by Holdfast as a dependency', () => {
    const view = new FakeView().add(
      serviceSpec('web', { dependsOn: [{ ...dependsOn[0], service: 'bank' } as (typeof dependsOn)[0]] }),
    );
    const { causes, victims } = ask(
      view,
      symptom('erroring', 'bank', at(90_000)),
      symptom('erroring', 'web', at(90_500)),
    );
    expect(causes[0]).toMatchObject({ faultClass: 'dependency', entity: { name: 'bank' } });
    expect(victims).toEqual(['web']);
  });

  it('lets two unrelated crashes both be what they are', () => {
    const view = new FakeView().add(serviceSpec('a', { replicas: 3 })).add(serviceSpec('b', { replicas: 3 }));
    const exit = { reason: 'signal', code: null, signal: 'SIGKILL', detail: null, lastOutput: [] } as const;
    for (const id of ['a-1', 'b-2']) {
      view.exits.set(id, [{ ...exit, at: 90_000 }]);
      Object.assign(view.get(id), { phase: 'exited', ready: false });
    }
    const { causes, victims } = ask(view, symptom('crashed', 'a-1', at(90_000)), symptom('crashed', 'b-2', at(90_000)));
    expect(causes.map(({ entity }) => entity.name)).toEqual(['a-1', 'b-2']);
    for (const { confidence } of causes) expect(confidence).toBeGreaterThan(0.9);
    expect(victims).toEqual([]);
  });

  it('blames a full disk on the node', () => {
    const full = symptom('saturating', 'x', { ...at(90_000), resource: 'disk', entity: { kind: 'node', name: 'n1' } });
    const { causes } = ask(new FakeView(), full);
    expect(causes[0]).toMatchObject({
      faultClass: 'capacity',
      entity: { kind: 'node', name: 'n1' },
      mechanism: 'disk full',
    });
  });
});

describe('changes', () => {
  function changed(over: Partial<Change> = {}): FakeView {
    const view = new FakeView().add(serviceSpec('db')).add(serviceSpec('web', { replicas: 2, dependsOn }));
    for (const id of ['web-1', 'web-2'])
      Object.assign(view.get(id), { revision: 'r2', startedAt: 81_000, readyAt: 82_000 });
    view.changes.push({
      id: 'chg-1',
      at: 80_000,
      kind: 'deploy',
      who: 'ann',
      why: '',
      services: ['web'],
      content: ['web: environment.RATE "5" → "0"'],
      from: { web: 'r1' },
      to: { web: 'r2' },
      ...over,
    });
    return view;
  }
  const blamed = (view: FakeView): string | null | undefined =>
    ask(view, symptom('erroring', 'web', at(90_000))).causes[0]?.changeId;

  it('shortly before the symptoms of what they touched are to blame, with their content shown', () => {
    const { causes } = ask(changed(), symptom('erroring', 'web', at(90_000)));
    expect(causes[0]).toMatchObject({ faultClass: 'human', changeId: 'chg-1' });
    expect(causes[0]?.evidenceFor.map(({ text }) => text)).toContain('web: environment.RATE "5" → "0"');
  });

  it('are not blamed when they came later, touched something else, are old, or changed nothing that runs', () => {
    expect(blamed(changed({ at: 95_000 }))).toBeNull();
    expect(blamed(changed({ services: ['db'], from: { db: 'r1' }, to: { db: 'r2' } }))).toBeNull();
    expect(blamed(changed({ at: -600_000 }))).toBeNull();
    expect(blamed(changed({ kind: 'restart', content: [], from: { web: 'r2' }, to: { web: 'r2' } }))).toBeNull();
  });

  it('are not blamed for what began after they were undone', () => {
    const view = changed();
    const back = { kind: 'rollback' as const, at: 85_000, from: { web: 'r2' }, to: { web: 'r1' } };
    view.changes.push({ ...(view.changes[0] as Change), id: 'chg-2', ...back });
    expect(blamed(view)).toBeNull();
  });

  it('stay to blame for what began before they were undone', () => {
    const view = changed();
    const back = { kind: 'rollback' as const, at: 95_000, from: { web: 'r2' }, to: { web: 'r1' } };
    view.changes.push({ ...(view.changes[0] as Change), id: 'chg-2', ...back });
    expect(blamed(view)).toBe('chg-1');
  });

  it('are cleared by instances of the old revision that fail as well', () => {
    const view = changed();
    view.get('web-1').revision = 'r1';
    const { causes } = ask(view, symptom('hung', 'web-1', at(90_000)), symptom('hung', 'web-2', at(90_000)));
    expect(causes[0]?.changeId).toBeNull();
  });
});
