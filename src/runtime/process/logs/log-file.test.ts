import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lastLines, lastOutput } from './last-output.ts';
import { findTail, LineSplitter } from './lines.ts';
import { LogFile } from './log-file.ts';

let dir: string;
let path: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'holdfast-log-'));
  path = join(dir, 'x.log');
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

async function logOf(maxBytes: number, maxFiles: number): Promise<LogFile> {
  const log = new LogFile(path, { maxBytes, maxFiles });
  await log.init();
  return log;
}

async function all(log: LogFile, from: number): Promise<string> {
  let text = '';
  for (let at = from; ; ) {
    const { data, next } = await log.read(at, 7);
    if (data.length === 0) return text;
    text += data.toString();
    at = next;
  }
}

describe('LogFile', () => {
  it('rotates above the limit and not at it', async () => {
    const log = await logOf(10, 3);
    writeFileSync(path, '0123456789');
    expect(await log.rotateIfDue()).toBe(false);
    appendFileSync(path, 'a');
    expect(await log.rotateIfDue()).toBe(true);
    expect(readFileSync(path, 'utf8')).toBe('');
    expect(readFileSync(`${path}.1`, 'utf8')).toBe('0123456789a');
  });

  it('keeps so many files and one endless stream of positions', async () => {
    const log = await logOf(10, 3);
    for (const text of ['first-first', 'second-second', 'third-third', 'end']) {
      appendFileSync(path, text);
      await log.rotateIfDue();
    }
    expect(readFileSync(`${path}.2`, 'utf8')).toBe('second-second');
    expect(existsSync(`${path}.3`)).toBe(false);
    // What is gone is skipped; a reader in the middle goes on where it was.
    expect(await all(log, 0)).toBe('second-secondthird-thirdend');
    expect(await all(log, 11 + 7)).toBe('secondthird-thirdend');
    expect(await log.end()).toBe(11 + 13 + 11 + 3);
  });

  it('loses nothing over any number of rotations, whatever the reader has read so far', async () => {
    for (let lag = 0; lag < 4; lag++) {
      const log = new LogFile(join(dir, `lag-${lag}.log`), { maxBytes: 40, maxFiles: 6 });
      let written = '';
      let seen = '';
      let at = 0;
      for (let line = 0; line < 60; line++) {
        const text = `line ${line}\n`;
        appendFileSync(log.path, text);
        written += text;
        await log.rotateIfDue();
        for (let step = 0; line % (lag + 1) === 0 && step < 2 * (lag + 1); step++) {
          const { data, next } = await log.read(at, 9);
          seen += data.toString();
          at = next;
        }
      }
      expect(seen + (await all(log, at))).toBe(written);
    }
  });

  it('takes over what an earlier process left', async () => {
    writeFileSync(`${path}.2`, 'old\n');
    writeFileSync(`${path}.1`, 'middle\n');
    writeFileSync(path, 'new\n');
    const log = await logOf(100, 3);
    expect(await all(log, log.start)).toBe('old\nmiddle\nnew\n');
    expect(await all(log, await findTail(log, 2))).toBe('middle\nnew\n');
    expect(await all(log, await findTail(log, 99))).toBe('old\nmiddle\nnew\n');
    expect(await findTail(log, 0)).toBe(await log.end());
  });

  it('of far too much keeps the newest, and says so', async () => {
    const log = await logOf(1_000, 2);
    writeFileSync(path, `${'x'.repeat(9_999)}\nthe end\n`);
    await log.rotateIfDue();
    const kept = readFileSync(`${path}.1`, 'utf8');
    expect(kept.length).toBeLessThanOrEqual(1_000);
    expect(kept).toMatch(/^--- holdfast: 9008 bytes or more dropped here/);
    expect(kept).toMatch(/\nthe end\n$/);
  });

  it('with one file only drops everything', async () => {
    const log = await logOf(10, 1);
    writeFileSync(path, 'x'.repeat(11));
    await log.rotateIfDue();
    expect(existsSync(`${path}.1`)).toBe(false);
    appendFileSync(path, 'more');
    expect(await all(log, 5)).toBe('more');
  });

  it('begins again when somebody else truncated it', async () => {
    const log = await logOf(100, 2);
    writeFileSync(path, 'a long beginning');
    expect((await log.read(0, 100)).next).toBe(16);
    writeFileSync(path, 'short');
    expect((await log.read(16, 100)).data.toString()).toBe('short');
  });
});

describe('lines', () => {
  it('are the same however the bytes are cut', () => {
    const bytes = Buffer.from('eins\r\nzwölf\n\nend');
    for (let cut = 0; cut <= bytes.length; cut++) {
      const splitter = new LineSplitter();
      const lines = [
        ...splitter.push(bytes.subarray(0, cut)),
        ...splitter.push(bytes.subarray(cut)),
        ...splitter.flush(),
      ];
      expect(lines).toEqual(['eins', 'zwölf', '', 'end']);
    }
  });

  it('never grow without bound', () => {
    const pieces = new LineSplitter().push(Buffer.alloc(200 * 1024, 'x'));
    expect(pieces.map((piece) => piece.length)).toEqual([65536, 65536, 65536]);
  });

  it('the last words are found where rotation has put them', () => {
    const birth = join(dir, 'birth');
    writeFileSync(`${path}.1`, 'somebody else\n');
    utimesSync(`${path}.1`, 1, 1);
    writeFileSync(birth, '');
    writeFileSync(path, 'life before\nlast words\n');
    expect(lastOutput(path, 12, birth)).toEqual(['last words']);
    expect(lastOutput(path, 23, birth)).toEqual([]);
    writeFileSync(`${path}.1`, 'first words\n');
    utimesSync(birth, 1, 1);
    writeFileSync(path, 'more\n');
    expect(lastOutput(path, 23, birth)).toEqual(['first words', 'more']);
    writeFileSync(path, '');
    expect(lastOutput(path, 0, birth)).toEqual(['first words']);
  });

  it('the last words are 20 lines, without a cut one', () => {
    const text = Array.from({ length: 30 }, (_, index) => `${index}\n`).join('');
    expect(lastLines(text, false)).toEqual(Array.from({ length: 20 }, (_, index) => String(index + 10)));
    expect(lastLines('half\nwhole\n', true)).toEqual(['whole']);
    expect(lastLines('', false)).toEqual([]);
  });
});
