/** A state directory on disk with the real core, store and journal; no processes. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { CoreInput, CoreOptions } from '../core/contract.ts';
import { createCore, restoreCore } from '../core/index.ts';
import { EmbeddedStore } from '../store/embedded/store.ts';
import { Engine } from './engine.ts';
import { type OpenState, openState, stateRecord } from './state.ts';

const OPTIONS: CoreOptions = { seed: 1, portRange: [20_000, 21_000], node: 'n' };

let stateDir: string;
let said: string[];

beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'holdfast-state-'));
  said = [];
});

afterEach(() => rmSync(stateDir, { recursive: true, force: true }));

interface Changed {
  readonly version?: string;
  readonly options?: CoreOptions;
  readonly acceptReplay?: boolean;
}

function open({ version = '1.0.0', options = OPTIONS, acceptReplay = false }: Changed = {}): Promise<OpenState> {
  return openState({
    stateDir,
    version,
    cores: { create: createCore, restore: restoreCore },
    coreOptions: options,
    openStore: (dir) => EmbeddedStore.open({ dir }),
    acceptReplay,
    log: ({ text }) => said.push(text),
  });
}

function engineOf(state: OpenState, options = OPTIONS): Engine {
  return new Engine({
    core: state.core,
    journal: state.journal,
    clock: state.clock,
    seal: state.secrets.seal,
    snapshot: () =>
      stateRecord(state.core, { version: '1.0.0', clock: state.clock.record, eventSeq: 0, options }, state.secrets),
    command: () => undefined,
    page: () => undefined,
    event: () => undefined,
    stepped: () => undefined,
    journalTrouble: () => undefined,
  });
}

const silence: CoreInput = {
  kind: 'operator',
  command: { kind: 'silence', service: null, forMs: 3_600_000 },
  who: 'ann',
  why: 'drill',
};
const tick: CoreInput = { kind: 'tick', wallMs: 1_700_000_000_000 };

it('goes on where the last server stood', async () => {
  const first = await open();
  const engine = engineOf(first);
  await engine.submit(silence);
  await engine.submit(tick);
  await engine.sweep();
  const stood = first.core.snapshot();
  const at = first.clock.now();
  await first.close();

  const second = await open();
  expect(second.core.snapshot()).toBe(stood);
  expect(second.core.silences.map(({ who }) => who)).toEqual(['ann']);
  expect(second.clock.now()).toBeGreaterThanOrEqual(at);
  await second.close();
});

it('is used by one at a time', async () => {
  const first = await open();
  await expect(open()).rejects.toMatchObject({ code: 'HF2001' });
  await first.close();
  await (await open()).close();
});

it('refuses a replay that differs by the same version, and goes on from it when told to', async () => {
  const first = await open();
  await engineOf(first).submit(silence);
  const forged = { input: silence, digest: '0123456789abcdef', decisions: [] };
  first.journal.append({ at: first.clock.now(), wallMs: 1, kind: 'step', body: forged });
  await first.close();
  await expect(open()).rejects.toMatchObject({ code: 'HF2010' });
  const accepted = await open({ acceptReplay: true });
  expect(accepted.core.silences.length).toBe(2);
  expect(said.join()).toMatch(/another decision at entry \d+/);
  await accepted.close();
});

it('takes a replay that differs from another version, and says so', async () => {
  const first = await open();
  const forged = { input: silence, digest: '0123456789abcdef', decisions: [] };
  first.journal.append({ at: first.clock.now(), wallMs: 1, kind: 'step', body: forged });
  await first.close();
  const second = await open({ version: '1.0.1' });
  expect(said.join()).toMatch(/another decision/);
  await second.close();
});

it('replays with the options that were in force, and goes on with new ones', async () => {
  const first = await open();
  await engineOf(first).submit(silence);
  await first.close();
  const moved: CoreOptions = { ...OPTIONS, portRange: [25_000, 26_000] };
  const second = await open({ options: moved });
  expect(second.core.silences.length).toBe(1);
  engineOf(second, moved).rotate();
  await engineOf(second, moved).submit(tick);
  await second.close();
  await (await open({ options: moved })).close();
});

/** Text that does not shrink when it is packed. */
const noise = (): string => randomBytes(20_000).toString('base64');

it('begins new segments as it grows, and replays only the last', async () => {
  const first = await open();
  const engine = engineOf(first);
  for (let n = 0; n < 600; n++) {
    // About an instance that nobody knows: it leads to nothing, and leaves nothing but its record.
    const of = {
      node: 'n',
      id: 'x',
      command: 'start',
      instance: 'none-1',
      incarnation: 1,
      at: n,
      reason: 'unknown',
    } as const;
    await engine.submit({ kind: 'agent', message: { kind: 'command-failed', ...of, error: noise() } });
    if (n % 100 === 0) await engine.sweep();
  }
  await engine.close();
  const stood = first.core.snapshot();
  await first.close();
  expect(readdirSync(join(stateDir, 'journal')).filter((name) => name.endsWith('.jsonl')).length).toBeGreaterThan(2);
  const second = await open();
  expect(second.core.snapshot()).toBe(stood);
  await second.close();
});
