import {
  copyFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Journal, type JournalEntry, type JournalOptions, SEGMENT_KIND, verifyJournal } from './journal.ts';

let dir: string;
let opened: Journal[];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'journal-'));
  opened = [];
});

afterEach(async () => {
  for (const journal of opened) await journal.close().catch(() => undefined);
  rmSync(dir, { recursive: true, force: true });
});

async function open(options: Partial<JournalOptions> = {}): Promise<Journal> {
  const start = () => ({ at: 0, wallMs: 1_000, snapshot: '{"n":0}' });
  const journal = await Journal.open({ dir, start, ...options });
  opened.push(journal);
  return journal;
}

/** A closed journal of `count` entries after the header, in segments of about ten. */
async function written(count: number): Promise<JournalEntry[]> {
  const journal = await open({ segmentBytes: 3_000 });
  for (let n = 1; n <= count; n++) {
    if (journal.rotationDue) journal.rotate({ at: n, wallMs: 1_000 + n, snapshot: `{"n":${n - 1}}` });
    journal.append({ at: n, wallMs: 1_000 + n, kind: 'input', body: { n, text: 'ä "quoted" \n line' } });
  }
  await journal.close();
  const again = await open();
  const entries = [...again.read(1)];
  await again.close();
  return entries;
}

const segments = (): string[] => readdirSync(dir).filter((name) => name.endsWith('.jsonl'));

describe('journal', { timeout: 60_000 }, () => {
  it('begins with a header that holds the snapshot, and gives back what was appended', async () => {
    const entries = await written(3);
    expect(entries.map((entry) => [entry.seq, entry.kind, entry.at])).toEqual([
      [1, SEGMENT_KIND, 0],
      [2, 'input', 1],
      [3, 'input', 2],
      [4, 'input', 3],
    ]);
    expect(entries[0]?.body).toEqual({ format: 1, snapshot: '{"n":0}' });
    expect(entries[3]?.body).toEqual({ n: 3, text: 'ä "quoted" \n line' });
    for (const [index, entry] of entries.entries()) expect(entry.prev).toBe(entries[index - 1]?.hash ?? '0'.repeat(64));
  });

  it('goes on where it ended, over segments', async () => {
    const entries = await written(60);
    expect(segments().length).toBeGreaterThan(3);
    const journal = await open();
    expect(journal.opening).toEqual({ cutBytes: 0, entries: entries.length });
    expect(journal.starts).toEqual(entries.filter((entry) => entry.kind === SEGMENT_KIND).map((entry) => entry.seq));
    const position = journal.append({ at: 99, wallMs: 2_000, kind: 'input', body: {} });
    expect(position.seq).toBe(entries.length + 1);
    await journal.flush({ durable: true });
    expect((await journal.verify()).lastHash).toBe(position.hash);
    expect([...journal.read(position.seq)][0]?.prev).toBe(entries.at(-1)?.hash);
  });

  it('reads from any entry on', async () => {
    const entries = await written(600);
    const journal = await open();
    fc.assert(
      fc.property(fc.integer({ min: 1, max: entries.length + 1 }), (seq) => {
        const first = journal.read(seq).next();
        expect(first.done ? undefined : first.value).toEqual(entries[seq - 1]);
      }),
    );
    expect([...journal.read(590)]).toEqual(entries.slice(589));
  });

  it('deletes whole segments beyond retention and still verifies from the first that is kept', async () => {
    const journal = await open({ segmentBytes: 2_000, retainBytes: 6_000 });
    for (let n = 1; n <= 200; n++) {
      if (journal.rotationDue) journal.rotate({ at: n, wallMs: n, snapshot: String(n) });
      journal.append({ at: n, wallMs: n, kind: 'input', body: { n } });
      await journal.flush({ durable: false });
    }
    await journal.flush({ durable: true });
    expect(journal.bytes).toBeLessThan(9_000);
    expect(journal.firstSeq).toBeGreaterThan(100);
    expect((await journal.verify()).firstSeq).toBe(journal.firstSeq);
    const first = [...journal.read(1)][0];
    expect(first?.seq).toBe(journal.firstSeq);
    expect(first?.kind).toBe(SEGMENT_KIND);
    await journal.close();
    expect((await verifyJournal(dir)).lastSeq).toBe(journal.lastSeq);
    expect((await open()).firstSeq).toBe(journal.firstSeq);
  });

  it('refuses a second opener until the first has closed', async () => {
    const journal = await open();
    await expect(open()).rejects.toMatchObject({ code: 'HF2001' });
    await journal.close();
    await expect(open()).resolves.toBeInstanceOf(Journal);
  });

  it('refuses everything after close', async () => {
    const journal = await open();
    await journal.close();
    expect(() => journal.append({ at: 1, wallMs: 1, kind: 'input', body: 1 })).toThrow(
      expect.objectContaining({ code: 'HF2011' }),
    );
    await expect(journal.flush({ durable: true })).rejects.toMatchObject({ code: 'HF2011' });
  });

  it('refuses what is not JSON and what has no time, and stays usable', async () => {
    const journal = await open();
    const refused = expect.objectContaining({ code: 'HF2013' });
    expect(() => journal.append({ at: 1, wallMs: 1, kind: 'input', body: undefined })).toThrow(refused);
    expect(() => journal.append({ at: Number.NaN, wallMs: 1, kind: 'input', body: 1 })).toThrow(refused);
    expect(() => journal.append({ at: 1, wallMs: 1, kind: SEGMENT_KIND, body: 1 })).toThrow(refused);
    expect(journal.append({ at: 1, wallMs: 1, kind: 'input', body: null }).seq).toBe(2);
  });

  it('is readable only by its owner', async () => {
    await written(1);
    expect(statSync(dir).mode & 0o777).toBe(0o700);
    for (const name of readdirSync(dir)) expect(statSync(join(dir, name)).mode & 0o077).toBe(0);
  });

  it('shares one sync among concurrent flushes, each resolved after its entry is on disk', async () => {
    const journal = await open();
    const flushes = Array.from({ length: 50 }, (_, n) => {
      const { seq } = journal.append({ at: n, wallMs: n, kind: 'input', body: { n } });
      return journal.flush({ durable: true }).then(() => {
        const last = readFileSync(join(dir, segments()[0] as string), 'utf8');
        expect(last).toContain(`{"seq":${seq},`);
      });
    });
    await Promise.all(flushes);
  });
});

describe('a crash', () => {
  it('cuts a torn last line at any byte that was never acknowledged, and says so', async () => {
    const journal = await open();
    journal.append({ at: 1, wallMs: 1, kind: 'input', body: 'kept' });
    await journal.flush({ durable: true });
    const head = readFileSync(join(dir, 'head'));
    journal.append({ at: 2, wallMs: 2, kind: 'input', body: 'torn' });
    await journal.close();
    const file = join(dir, segments()[0] as string);
    const whole = readFileSync(file);
    const keep = whole.lastIndexOf('{"seq":3,');
    for (let size = keep + 1; size < whole.length; size += 7) {
      // As the crash left it: the mark of the last durable flush, and part of the line after it.
      writeFileSync(join(dir, 'head'), head);
      writeFileSync(file, whole.subarray(0, size));
      const again = await open();
      expect(again.opening.cutBytes).toBe(size - keep);
      expect(again.lastSeq).toBe(2);
      expect(statSync(file).size).toBe(keep);
      await again.close();
    }
  });

  it('gives up a segment whose header was never finished', async () => {
    const journal = await open();
    journal.append({ at: 1, wallMs: 1, kind: 'input', body: 1 });
    await journal.close();
    for (const rest of ['', '{"seq":3,"at":']) {
      writeFileSync(join(dir, '00000002.jsonl'), rest);
      const again = await open();
      expect(again.lastSeq).toBe(2);
      expect(segments()).toEqual(['00000001.jsonl']);
      await again.close();
    }
  });

  it('finishes a deletion that it interrupted', async () => {
    const journal = await open({ segmentBytes: 1_000, retainBytes: 2_000 });
    const first = join(dir, '00000001.jsonl');
    copyFileSync(first, join(dir, 'kept'));
    for (let n = 1; n <= 60; n++) {
      if (journal.rotationDue) journal.rotate({ at: n, wallMs: n, snapshot: '' });
      journal.append({ at: n, wallMs: n, kind: 'input', body: { n } });
    }
    await journal.flush({ durable: true });
    await journal.close();
    expect(segments()).not.toContain('00000001.jsonl');
    copyFileSync(join(dir, 'kept'), first);
    await (await open()).close();
    expect(segments()).not.toContain('00000001.jsonl');
  });
});

describe('tampering', { timeout: 60_000 }, () => {
  async function expectBroken(message?: RegExp): Promise<void> {
    const before = new Map(readdirSync(dir).map((name) => [name, readFileSync(join(dir, name))]));
    const error = await verifyJournal(dir).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({ code: 'HF2008' });
    if (message) expect((error as Error).message).toMatch(message);
    await expect(open()).rejects.toMatchObject({ code: 'HF2008' });
    for (const [name, bytes] of before) expect(readFileSync(join(dir, name)).equals(bytes)).toBe(true);
  }

  it('finds a flipped bit anywhere', async () => {
    await written(40);
    const files = segments().map((name) => ({ name, bytes: readFileSync(join(dir, name)) }));
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.nat(), fc.nat(7), async (pick, position, bit) => {
        const { name, bytes } = files[pick % files.length] as (typeof files)[number];
        const changed = Buffer.from(bytes);
        const at = position % bytes.length;
        changed[at] = (changed[at] as number) ^ (1 << bit);
        writeFileSync(join(dir, name), changed);
        await expectBroken();
        writeFileSync(join(dir, name), bytes);
      }),
      { numRuns: 300 },
    );
    expect((await verifyJournal(dir)).entries).toBeGreaterThan(40);
  });

  it('finds a line that was deleted, doubled or moved, and names segment, line and entry', async () => {
    await written(40);
    const [first] = segments() as [string];
    const bytes = readFileSync(join(dir, first), 'utf8');
    const lines = bytes.split('\n').slice(0, -1);
    for (let n = 0; n < lines.length; n++) {
      const line = lines[n] as string;
      writeFileSync(join(dir, first), `${lines.toSpliced(n, 1).join('\n')}\n`);
      await expectBroken();
      writeFileSync(join(dir, first), `${lines.toSpliced(n, 0, line).join('\n')}\n`);
      await expectBroken();
    }
    const [zero, one, two, ...rest] = lines as [string, string, string, ...string[]];
    writeFileSync(join(dir, first), `${[zero, two, one, ...rest].join('\n')}\n`);
    await expectBroken(/00000001\.jsonl line 2 \(entry 2\): it does not follow/);
  });

  it('finds a truncation at any place, the end of the journal included', async () => {
    await written(40);
    for (const name of segments()) {
      const bytes = readFileSync(join(dir, name));
      for (let size = 0; size < bytes.length; size += 97) {
        truncateSync(join(dir, name), size);
        await expectBroken();
        writeFileSync(join(dir, name), bytes);
      }
    }
  });

  it('finds a missing segment and a missing head', async () => {
    await written(40);
    for (const name of [...segments(), 'head']) {
      const bytes = readFileSync(join(dir, name));
      rmSync(join(dir, name));
      await expectBroken();
      writeFileSync(join(dir, name), bytes);
    }
    expect((await verifyJournal(dir)).entries).toBeGreaterThan(40);
  });

  it('finds an entry that was forged with a right hash of its own', async () => {
    await written(5);
    const name = join(dir, segments()[0] as string);
    const other = mkdtempSync(join(tmpdir(), 'journal-'));
    const forger = await Journal.open({ dir: other, start: () => ({ at: 0, wallMs: 1_000, snapshot: '{"n":0}' }) });
    for (let n = 1; n <= 5; n++)
      forger.append({ at: n, wallMs: 1_000 + n, kind: 'input', body: { n, text: 'forged' } });
    await forger.close();
    copyFileSync(join(other, '00000001.jsonl'), name);
    rmSync(other, { recursive: true });
    await expectBroken(/not the entry that was made durable/);
  });

  it('finds damage in a running journal too', async () => {
    const journal = await open();
    for (let n = 1; n <= 20; n++) journal.append({ at: n, wallMs: n, kind: 'input', body: { n } });
    await journal.flush({ durable: true });
    const name = join(dir, segments()[0] as string);
    const bytes = readFileSync(name);
    const middle = bytes.length >> 1;
    bytes[middle] = (bytes[middle] as number) ^ 1;
    writeFileSync(name, bytes);
    await expect(journal.verify()).rejects.toMatchObject({ code: 'HF2008' });
    expect(() => [...journal.read(1)]).toThrow(expect.objectContaining({ code: 'HF2008' }));
  });
});
