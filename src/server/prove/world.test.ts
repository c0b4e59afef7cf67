import { describe, expect, it } from 'vitest';
import type { Core } from '../../core/contract.ts';
import type { FaultCommand, FaultKindFacts, FaultState } from '../../model/fault.ts';
import type { FaultSpec } from '../../prove/experiment/index.ts';
import { World } from './world.ts';

const facts = (kind: string, targets: readonly string[]): FaultKindFacts => ({
  kind,
  what: '',
  parameters: {},
  instant: false,
  targets,
  needs: '',
  measured: '',
  reverted: '',
  possible: true,
  how: 'on the machine as a whole',
});

/** All is well around it. */
const CALM = {
  residue: async () => [],
  isQuiet: () => true,
  isHealthy: () => true,
  directory: '/',
  experiment: 'proof-1',
  refused: () => undefined,
};

/** A world in which every fault is in force as soon as it is asked for, and restarts only bring another life. */
function open(stopped = false) {
  const restarted: string[] = [];
  const faults: FaultState[] = [];
  const instances = new Map(
    ['shop-1', 'shop-2'].map((id) => [id, { id, service: 'shop', ready: true, incarnation: 1 }]),
  );
  const core = { view: { services: new Map([['shop', {}]]) }, instances, faults, stopped } as unknown as Core;
  const order = async (command: FaultCommand): Promise<void> => {
    if (command.kind === 'inject') {
      const targets = command.fault.instances.map((instance) => ({
        id: instance,
        instance,
        phase: 'active',
        begunAt: 5,
      }));
      faults.push({ id: command.fault.id, kind: command.fault.kind, targets } as unknown as FaultState);
    }
    if (command.kind === 'revert') {
      const targets = faults[0]?.targets.map((target) => ({ ...target, phase: 'ended', end: { residue: [] } }));
      faults[0] = { ...faults[0], targets } as unknown as FaultState;
    }
  };
  const world = new World({
    core,
    order,
    restart: async (_service, instance) => {
      restarted.push(instance);
      const now = instances.get(instance);
      if (now) setTimeout(() => instances.set(instance, { ...now, incarnation: now.incarnation + 1 }), 50);
    },
    kinds: () => [facts('clock', ['launch']), facts('cpu', ['process', 'node']), facts('pause', ['process'])],
    complain: (error) => {
      throw error;
    },
    ...CALM,
  });
  return { world, restarted };
}

function spec(kind: string, target: object): FaultSpec {
  const where = { instances: [], service: null, node: null, from: null, select: 'all', seed: null, ...target };
  return { kind, target: where, parameters: {}, leaseMs: 1_000, instant: false, forMs: null } as unknown as FaultSpec;
}

const signal = new AbortController().signal;

/** Three instances of a published service that one other calls: two callers. */
function called(): { readonly world: World; readonly asked: FaultCommand[] } {
  const asked: FaultCommand[] = [];
  const running = (id: string, ready = true) => ({
    id,
    service: id.slice(0, -2),
    ready,
    phase: 'running',
    incarnation: 1,
  });
  const all = [running('store-1'), running('store-2'), running('store-3'), running('shop-1', false)];
  const core = {
    view: { services: new Map([['store', {}]]), failoverOf: () => undefined },
    instances: new Map(all.map((one) => [one.id, one])),
    routes: {
      pools: [{ id: 'store:80', service: 'store' }],
      listeners: ['(outside)', 'shop', 'batch'].map((caller) => ({ caller, pool: 'store:80' })),
    },
    faults: [] as FaultState[],
  };
  const world = new World({
    core: core as unknown as Core,
    order: async (command) => {
      asked.push(command);
      const bites = [true, false];
      const cuts = command.kind === 'inject' ? (command.fault.cuts ?? []) : [];
      if (command.kind === 'inject') {
        const targets = cuts.map((cut, n) => ({
          ...cut,
          phase: 'active',
          begunAt: n,
          bite: { bitten: bites[n] },
          end: null,
        }));
        core.faults.push({ id: 'f', kind: 'partition', targets } as unknown as FaultState);
      } else {
        const targets = core.faults[0]?.targets.map((target) => ({ ...target, phase: 'ended' as const }));
        core.faults[0] = { ...core.faults[0], targets } as FaultState;
      }
    },
    kinds: () => [],
    restart: async () => undefined,
    complain: () => undefined,
    ...CALM,
  });
  return { world, asked };
}

const struck = { instances: ['shop-1', 'shop-2'] };
const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 100));

describe('the world of a run', () => {
  it('restarts what a fault of the next life strikes, one after the other, and once more when it is over', async () => {
    const { world, restarted } = open();
    const inject = { kind: 'inject', id: 1, fault: 'f', spec: spec('clock', struck), timeoutMs: 1_000 } as const;
    await world.answer(inject, signal);
    expect(restarted).toEqual(['shop-1']);
    await expect.poll(() => restarted).toEqual(['shop-1', 'shop-2']);
    await settled();
    const revert = { kind: 'revert', id: 2, fault: 'f', timeoutMs: 1_000 } as const;
    await world.answer(revert, signal);
    // A revert may be asked for twice.
    await world.answer(revert, signal);
    await expect.poll(() => restarted).toEqual(['shop-1', 'shop-2', 'shop-1', 'shop-2']);
  });

  it('restarts nothing for other faults, nor in an emergency', async () => {
    const calm = open();
    await calm.world.answer(
      { kind: 'inject', id: 1, fault: 'f', spec: spec('pause', struck), timeoutMs: 1_000 },
      signal,
    );
    await calm.world.answer({ kind: 'revert', id: 2, fault: 'f', timeoutMs: 1_000 }, signal);
    expect(calm.restarted).toEqual([]);
    const stopped = open(true);
    await stopped.world.answer(
      { kind: 'inject', id: 1, fault: 'f', spec: spec('clock', struck), timeoutMs: 1_000 },
      signal,
    );
    await settled();
    stopped.restarted.length = 0;
    await stopped.world.answer({ kind: 'revert', id: 2, fault: 'f', timeoutMs: 1_000 }, signal);
    expect(stopped.restarted).toEqual([]);
  });

  it('says beforehand what is restarted, and what reaches further than its target', async () => {
    const { world } = open();
    const dry = (fault: FaultSpec) => world.answer({ kind: 'targets', id: 1, fault, timeoutMs: 1_000 }, signal);
    expect(await dry(spec('clock', { instances: ['shop-1'] }))).toEqual([
      'shop-1 (restarted when it begins, and again when it is over)',
    ]);
    expect(await dry(spec('cpu', { instances: ['shop-1'] }))).toEqual(['shop-1 (on the machine as a whole)']);
    expect(await dry(spec('pause', { instances: ['shop-1'] }))).toEqual(['shop-1']);
    expect(JSON.stringify(await dry(spec('cpu', { node: 'localhost' })))).toContain('the whole machine');
    expect(await dry(spec('node-loss', { node: 'localhost' }))).toEqual(['shop-1', 'shop-2']);
    await expect(async () => dry(spec('node-loss', { node: 'elsewhere' }))).rejects.toThrow('no node elsewhere');
  });
});

describe('a partition in the world of a run', () => {
  const ring = { ...spec('partition', { service: 'store' }), parameters: { shape: 'ring' } };

  it('names each way beforehand, of who runs and calls, and tells how many of them bit', async () => {
    const { world, asked } = called();
    const told = await world.answer({ kind: 'targets', id: 1, fault: ring, timeoutMs: 1_000 }, signal);
    expect(told).toHaveLength(2);
    expect(String(told)).toMatch(/^\(outside\) ↮ store-\d,shop ↮ store-\d$/);
    const begun = await world.answer({ kind: 'inject', id: 2, fault: 'f', spec: ring, timeoutMs: 1_000 }, signal);
    expect(begun).toEqual({ targets: told, begunAt: 0 });
    expect(asked[0]).toMatchObject({
      fault: {
        kind: 'partition',
        instances: [],
        beyondBudget: false,
        parameters: { shape: 'ring', direction: 'both' },
      },
    });
    const over = await world.answer({ kind: 'revert', id: 3, fault: 'f', timeoutMs: 1_000 }, signal);
    const unit = 'ways that swallowed something';
    expect(over).toMatchObject({ bite: { asked: 2, measured: 1, unit, bitten: true } });
  });

  it('is refused before anything is asked of anybody', async () => {
    const { world, asked } = called();
    const bridge = { ...ring, parameters: { shape: 'bridge' } };
    const inject = { kind: 'inject', id: 1, fault: 'f', spec: bridge, timeoutMs: 1_000 } as const;
    await expect(async () => world.answer(inject, signal)).rejects.toMatchObject({
      code: 'HF8203',
      remedy: 'Possible for store now: one, minority, majority, halves, ring.',
    });
    expect(asked).toEqual([]);
  });
});
