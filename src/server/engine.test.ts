/** The engine and replay together, over a core that counts and a journal in memory. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { Core, CoreInput, CoreOptions, CoreOutput } from '../core/contract.ts';
import { HoldfastError } from '../model/errors.ts';
import type { CoreEvent } from '../model/event.ts';
import { Engine, type EngineJournal } from './engine.ts';
import { packQuiet, type QuietBody, type StateRecord, unpackQuiet } from './record.ts';
import { type CoreFactory, Replay, replayAll } from './replay.ts';

const same = (text: string): string => text;

/** Ticks lead to nothing; signals to an event; inventories to a command; operators to a reply. */
class CountingCore {
  total: number;
  readonly bias: number;

  constructor(total: number, bias: number) {
    this.total = total;
    this.bias = bias;
  }

  step(input: CoreInput, now: number): readonly CoreOutput[] {
    this.total += this.bias;
    if (input.kind === 'operator') return [{ kind: 'reply', ok: true, detail: `${this.total} at ${now}`, id: null }];
    if (input.kind !== 'agent') return [];
    const event: CoreEvent = {
      at: now,
      level: 'info',
      topic: 'instance',
      text: `${this.total}`,
      service: null,
      instance: null,
      incident: null,
    };
    if (input.message.kind === 'signals') return [{ kind: 'event', event }];
    const command = { kind: 'kill', id: `${this.total}`, instance: 'a-1', incarnation: 1 } as const;
    return [
      { kind: 'event', event },
      { kind: 'command', node: 'n', command },
    ];
  }

  snapshot(): string {
    return String(this.total);
  }
}

const coresWith = (bias: number): CoreFactory => ({
  create: () => new CountingCore(0, bias) as unknown as Core,
  restore: (_options: CoreOptions, text: string) => new CountingCore(Number(text), bias) as unknown as Core,
});
const CORES = coresWith(1);
const OPTIONS: CoreOptions = { seed: 1, portRange: [1, 2], node: 'n' };
const PLAIN = { seal: (text: string) => text, unseal: (text: string) => text };

interface Entry {
  seq: number;
  at: number;
  kind: string;
  body: unknown;
}

class MemoryJournal implements EngineJournal {
  readonly entries: Entry[] = [];
  rotationDue = false;
  durable = 0;
  /** Set: flushes fail with it. */
  failing: HoldfastError | null = null;
  flushes: (() => void)[] = [];
  held = false;

  append({ at, kind, body }: Omit<Entry, 'seq'>): void {
    this.entries.push({ seq: this.entries.length + 1, at, kind, body });
  }

  rotate({ at, snapshot }: { at: number; snapshot: string }): void {
    this.rotationDue = false;
    this.append({ at, kind: 'segment', body: { format: 1, snapshot } });
  }

  async flush(): Promise<void> {
    const upTo = this.entries.length;
    if (this.held) await new Promise<void>((resolve) => this.flushes.push(resolve));
    if (this.failing) throw this.failing;
    this.durable = Math.max(this.durable, upTo);
  }
}

const TICK: CoreInput = { kind: 'tick', wallMs: 0 };
const SIGNALS: CoreInput = { kind: 'agent', message: { kind: 'signals', node: 'n', signals: [] } };
const INVENTORY: CoreInput = {
  kind: 'agent',
  message: { kind: 'routes-applied', node: 'n', version: 1, failed: [] },
};
const RESUME: CoreInput = { kind: 'operator', command: { kind: 'resume' }, who: 'ann', why: 'drill' };

describe('Engine', () => {
  let journal: MemoryJournal;
  let core: Core;
  let engine: Engine;
  let now: number;
  let done: string[];
  let trouble: (string | null)[];
  let seal: (text: string) => string;

  const record = (): string => {
    const state: StateRecord = {
      version: '1',
      clock: { bootId: 'b', offsetMs: 0 },
      eventSeq: 0,
      options: OPTIONS,
      core: core.snapshot(),
    };
    return JSON.stringify(state);
  };

  beforeEach(() => {
    journal = new MemoryJournal();
    core = CORES.create(OPTIONS);
    now = 0;
    done = [];
    trouble = [];
    seal = (text) => text;
    engine = new Engine({
      core,
      journal,
      clock: { now: () => ++now, wallMs: () => 1_000 + now },
      seal: (text) => seal(text),
      snapshot: record,
      command: (command) => done.push(`${command.kind} with ${journal.durable} durable`),
      page: () => undefined,
      event: (event) => done.push(`event ${event.text}`),
      stepped: () => undefined,
      journalTrouble: (error) => trouble.push(error?.code ?? null),
    });
    engine.rotate();
  });

  it('acts only when the journal is durable, and shows events at once', async () => {
    journal.held = true;
    const fed = engine.submit(INVENTORY);
    expect(done).toEqual(['event 1']);
    await Promise.resolve();
    journal.flushes.shift()?.();
    await fed;
    expect(done).toEqual(['event 1', 'kill with 2 durable']);
  });

  it('acts in the order of decisions, however the flushes come', async () => {
    await Promise.all([engine.submit(INVENTORY), engine.submit(RESUME), engine.submit(INVENTORY)]);
    expect(done.filter((text) => text.startsWith('kill')).length).toBe(2);
    expect(journal.entries.map(({ kind }) => kind)).toEqual(['segment', 'step', 'step', 'step']);
  });

  it('answers operators with the reply of the core', async () => {
    expect(await engine.submit(RESUME)).toMatchObject({ ok: true, detail: '1 at 2' });
    expect(await engine.submit(TICK)).toBeNull();
  });

  it('gathers what leads to nothing, in order, in front of what does', async () => {
    for (let n = 0; n < 3; n++) await engine.submit(TICK);
    expect(journal.entries.length).toBe(1);
    await engine.submit(SIGNALS);
    expect(journal.entries.map(({ kind }) => kind)).toEqual(['segment', 'quiet', 'step']);
    expect(journal.entries[1]?.body).toHaveProperty('count', 3);
    expect(journal.durable).toBe(0); // an event changes nothing outside
  });

  it('waits for room when the disk is full, says so once, and loses nothing', async () => {
    journal.failing = new HoldfastError('HF2004', 'full');
    const fed = engine.submit(INVENTORY);
    while (trouble.length === 0) await new Promise(setImmediate);
    expect(done).toEqual(['event 1']);
    journal.failing = null;
    await fed;
    expect(trouble).toEqual(['HF2004', null]);
    expect(done).toEqual(['event 1', 'kill with 2 durable']);
  });

  it('tells of a full disk also when nothing is to be done, once, and when it is over', async () => {
    await engine.submit(TICK);
    journal.failing = new HoldfastError('HF2004', 'full');
    await engine.sweep();
    await engine.sweep();
    journal.failing = null;
    await engine.sweep();
    expect(trouble).toEqual(['HF2004', null]);
  });

  it('acts no more when the outcome of a write is unknown', async () => {
    journal.failing = new HoldfastError('HF2014', 'broken disk');
    await expect(engine.submit(INVENTORY)).rejects.toMatchObject({ code: 'HF2014' });
    expect(done).toEqual(['event 1']);
  });

  it('begins a new segment with the state when the old one is full', async () => {
    await engine.submit(TICK);
    journal.rotationDue = true;
    await engine.submit(TICK);
    await engine.sweep();
    expect(journal.entries.map(({ kind }) => kind)).toEqual(['segment', 'quiet', 'segment', 'quiet']);
    const header = journal.entries[2]?.body as { snapshot: string };
    expect((JSON.parse(header.snapshot) as StateRecord).core).toBe('1');
  });

  it('takes nothing after closing', async () => {
    await engine.submit(TICK);
    await engine.close();
    expect(journal.durable).toBe(journal.entries.length);
    await expect(engine.submit(TICK)).rejects.toMatchObject({ code: 'HF2011' });
  });

  it('writes no secret', async () => {
    seal = (text) => text.replaceAll('drill', 'mark');
    await engine.submit(RESUME);
    expect(JSON.stringify(journal.entries)).not.toContain('drill');
  });

  describe('replayed', () => {
    const run = async (cores: CoreFactory, entries: readonly Entry[] = journal.entries): Promise<Replay> => {
      const replay = new Replay(cores, PLAIN);
      await replayAll(entries, replay);
      return replay;
    };

    beforeEach(async () => {
      for (const input of [TICK, SIGNALS, TICK, TICK, INVENTORY]) await engine.submit(input);
      engine.rotate();
      for (const input of [RESUME, TICK, SIGNALS]) await engine.submit(input);
      await engine.sweep();
    });

    it('comes to the same state, decision by decision', async () => {
      const replay = await run(CORES);
      expect(replay.difference).toBeNull();
      expect(replay.replayed).toBe(8);
      expect(replay.core.snapshot()).toBe(core.snapshot());
      expect(replay.eventSeq).toBe(1);
      expect(replay.lastAt).toBe(now);
    });

    it('may begin at any segment', async () => {
      const second = journal.entries.findLastIndex(({ kind }) => kind === 'segment');
      const replay = await run(CORES, journal.entries.slice(second));
      expect(replay.difference).toBeNull();
      expect(replay.replayed).toBe(3);
      expect(replay.core.snapshot()).toBe(core.snapshot());
    });

    it('names the first decision that comes out otherwise', async () => {
      const replay = await run(coresWith(2));
      expect(replay.difference).toMatch(/^entry 3: signals of n/);
    });

    it('keeps no secret in packed inputs, and gives it back', () => {
      const input = { kind: 'configure', apiUrl: 'hunter2' } as const;
      const packed = packQuiet([[1, input]], (text) => text.replaceAll('hunter2', 'MARK'));
      expect(JSON.stringify(unpackQuiet(packed, same))).not.toContain('hunter2');
      expect(unpackQuiet(packed, (text) => text.replaceAll('MARK', 'hunter2'))).toEqual([[1, input]]);
    });

    it('notices inputs that were altered', async () => {
      const altered = structuredClone(journal.entries);
      const quiet = altered.find(({ kind }) => kind === 'quiet') as Entry;
      quiet.body = packQuiet([...unpackQuiet(quiet.body as QuietBody, same), [2, TICK]], same);
      expect((await run(CORES, altered)).difference).not.toBeNull();
    });

    it('notices when a segment begins with another state than the one before ended with', async () => {
      const altered = structuredClone(journal.entries);
      const last = altered.findLast(({ kind }) => kind === 'segment') as Entry;
      const { snapshot } = last.body as { snapshot: string };
      last.body = { format: 1, snapshot: JSON.stringify({ ...JSON.parse(snapshot), core: '99' }) };
      expect((await run(CORES, altered)).difference).toMatch(/the state reached/);
    });
  });
});
