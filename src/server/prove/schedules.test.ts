import { beforeEach, describe, expect, it } from 'vitest';
import type { ProofRequest } from '../../api/proof-resources.ts';
import { HoldfastError } from '../../model/errors.ts';
import type { Store } from '../../store/contract.ts';
import { GRACE_MS, MOST_SCHEDULES, Schedules } from './schedules.ts';

const HOUR = 3_600_000;
const REQUEST: ProofRequest = {
  run: { kind: 'catalogue', faults: ['kill'], services: [] },
  environment: {},
  dryRun: false,
  why: 'nightly',
};
const ANN = { who: 'ann', why: 'we want to know' };

/** Of a store only what schedules use. */
function memory(): Store {
  const kept = new Map<string, string>();
  return {
    list: async (prefix: string) => ({
      items: [...kept].filter(([key]) => key.startsWith(prefix)).map(([key, value]) => ({ key, value })),
    }),
    txn: async ({ change }: { change: readonly { op: string; key: string; value?: string }[] }) => {
      for (const { op, key, value } of change) {
        if (op === 'put') kept.set(key, value ?? '');
        else kept.delete(key);
      }
    },
  } as unknown as Store;
}

let now: number;
let store: Store;
let started: { request: ProofRequest; who: string }[];
let refusal: HoldfastError | null;

beforeEach(() => {
  now = 1_700_000_000_000;
  store = memory();
  started = [];
  refusal = null;
});

const open = (): Promise<Schedules> =>
  Schedules.open({
    store,
    wallMs: () => now,
    leastEveryMs: 600_000,
    start: async (request, { who }) => {
      if (refusal) throw refusal;
      started.push({ request, who });
      return { suite: 'suite-1', proofs: ['proof-1'], notices: [] };
    },
    check: ({ run }) => {
      if (run.kind === 'catalogue' && run.services.includes('closed')) throw new HoldfastError('HF8305', 'closed');
    },
    changed: () => undefined,
    log: () => undefined,
  });

describe('runs that recur', () => {
  it('begin when they are due, once, by the name of the schedule, without anything of the terminal that asked', async () => {
    const schedules = await open();
    await schedules.put('nightly', 'every 1h', { ...REQUEST, environment: { TOKEN: 'secret' } }, ANN);
    await schedules.look();
    expect(started).toEqual([]);
    now += HOUR;
    await schedules.look();
    await schedules.look();
    expect(started).toEqual([{ request: { ...REQUEST, why: ANN.why }, who: 'schedule nightly' }]);
    expect(schedules.list()[0]).toMatchObject({ last: { outcome: 'started', suite: 'suite-1' }, missed: 0 });
    now += HOUR;
    await schedules.look();
    expect(started).toHaveLength(2);
  });

  it('survive the server; what was missed meanwhile is said and not made up for', async () => {
    await (await open()).put('nightly', 'every 1h', REQUEST, ANN);
    const due = now + HOUR;
    now += 3.5 * HOUR;
    const after = await open();
    await after.look();
    expect(started).toEqual([]);
    expect(after.list()[0]).toMatchObject({
      missed: 3,
      nextAt: new Date(due + 3 * HOUR).toISOString(),
      last: { outcome: 'missed', at: new Date(due).toISOString() },
    });
    now = due + 3 * HOUR + GRACE_MS - 1;
    await (await open()).look();
    expect(started).toHaveLength(1);
  });

  it('are refused by what refuses any run, and are tried again at their next time only', async () => {
    const schedules = await open();
    await schedules.put('nightly', 'every 1h', REQUEST, ANN);
    refusal = new HoldfastError('HF8303', 'experiments are under way');
    now += HOUR;
    await schedules.look();
    refusal = null;
    await schedules.look();
    expect(started).toEqual([]);
    expect(schedules.list()[0]?.last).toMatchObject({ outcome: 'refused', detail: 'experiments are under way' });
    now += HOUR;
    await schedules.look();
    expect(started).toHaveLength(1);
  });

  it('are removed, and cannot be what cannot be read, is a dry run, or would have nothing to do', async () => {
    const schedules = await open();
    await schedules.put('nightly', 'every 1h', REQUEST, ANN);
    await schedules.remove('nightly');
    await expect(schedules.remove('nightly')).rejects.toMatchObject({ code: 'HF6005' });
    expect((await open()).list()).toEqual([]);
    await expect(schedules.put('x', 'hourly', REQUEST, ANN)).rejects.toMatchObject({ code: 'HF6004' });
    await expect(schedules.put('x', 'every 1h', { ...REQUEST, dryRun: true }, ANN)).rejects.toMatchObject({
      code: 'HF6004',
    });
    const closed = { ...REQUEST, run: { kind: 'catalogue', faults: [], services: ['closed'] } } as const;
    await expect(schedules.put('x', 'every 1h', closed, ANN)).rejects.toMatchObject({ code: 'HF8305' });
    for (let n = 0; n < MOST_SCHEDULES; n++) await schedules.put(`s${n}`, 'every 1h', REQUEST, ANN);
    await expect(schedules.put('more', 'every 1h', REQUEST, ANN)).rejects.toMatchObject({ code: 'HF6004' });
  });

  it('keep nothing of what a client has read for an experiment', async () => {
    const file = { file: 'a.yaml', baseDir: '/', text: 'title: a', contents: { pw: 'a-word' } };
    const request: ProofRequest = { ...REQUEST, run: { kind: 'experiments', files: [file] } };
    await (await open()).put('nightly', 'every 1h', request, ANN);
    const { items } = await store.list('/schedules/');
    expect(items[0]?.value).toContain('title: a');
    expect(items[0]?.value).not.toContain('a-word');
  });
});
