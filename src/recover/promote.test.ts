import { describe, expect, it } from 'vitest';
import { FakeView, serviceSpec } from '../../test/support/fake-view.ts';
import { caughtUp } from './caught-up.ts';
import type { ActionDraft, GuardContext } from './contract.ts';

const DRAFT: ActionDraft = {
  kind: 'failover',
  service: 'db',
  target: 'db-1',
  incarnation: 1,
  reason: 'gone',
  reversible: false,
  argument: 'db-2',
};

function verdict(has: readonly string[], allowLoss: boolean, synchronous: 'on' | 'off' = 'on') {
  const failover = {
    engine: 'postgres',
    synchronous,
    maxLagBytes: 1,
    promoteWithinMs: 1,
    allowLoss,
    hooks: null,
  } as const;
  const view = new FakeView().add(serviceSpec('db', { replicas: 2, failover }));
  view.failovers.set('db', { token: 1, holder: 'db-1', confirmed: true, caughtUp: has, since: 0, previous: null });
  return caughtUp(DRAFT, { view } as unknown as GuardContext);
}

describe('the rail caught-up', () => {
  it('lets a standby take over that has everything', () => {
    expect(verdict(['db-2'], false)).toMatchObject({ verdict: 'allow', reason: 'db-2 has every acknowledged write' });
    expect(verdict(['db-2'], false, 'off')).toMatchObject({ verdict: 'allow', reason: 'db-2 was close behind' });
  });

  it('refuses one that may lack something, unless the policy permits that', () => {
    expect(verdict([], false)).toMatchObject({ verdict: 'refuse', reason: 'db-2 may lack acknowledged writes' });
    expect(verdict([], true)).toMatchObject({ verdict: 'allow' });
  });
});
