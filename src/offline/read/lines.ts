/** Lines of files of any size, and rows of CSV. Compressed files (.gz) are read through. */
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import { gunzipSync } from 'node:zlib';
import { LIMITS } from '../contract.ts';
import { tooMuch, Unreadable } from './errors.ts';

const CHUNK = 1_048_576;

export interface Line {
  readonly text: string;
  /** From 1. */
  readonly number: number;
}

export function* linesOf(path: string): Generator<Line> {
  let number = 0;
  let rest = '';
  for (const chunk of chunksOf(path)) {
    const parts = (rest + chunk).split('\n');
    rest = parts.pop() as string;
    for (const part of parts) yield { text: part.endsWith('\r') ? part.slice(0, -1) : part, number: ++number };
    if (rest.length > LIMITS.maxDocumentBytes)
      throw tooMuch(`${path}: a line of more than ${LIMITS.maxDocumentBytes} bytes`);
  }
  if (rest !== '') yield { text: rest, number: number + 1 };
}

function* chunksOf(path: string): Generator<string> {
  if (path.endsWith('.gz')) {
    yield unzipped(path).toString('utf8');
    return;
  }
  const file = openSync(path, 'r');
  try {
    const decoder = new StringDecoder('utf8');
    const buffer = Buffer.allocUnsafe(CHUNK);
    for (let first = true; ; first = false) {
      const read = readSync(file, buffer, 0, CHUNK, null);
      if (read === 0) break;
      const text = decoder.write(buffer.subarray(0, read));
      yield first && text.startsWith('\uFEFF') ? text.slice(1) : text;
    }
    yield decoder.end();
  } finally {
    closeSync(file);
  }
}

export function unzipped(path: string): Buffer {
  return gunzipSync(readFileSync(path), { maxOutputLength: LIMITS.maxDocumentBytes });
}

/** A row of CSV with the line it began at. Fields may be quoted, quotes within are doubled, line ends may be quoted. */
export interface Row {
  readonly cells: readonly string[];
  readonly line: number;
}

export function* rowsOf(lines: Iterable<Line>, separator = ','): Generator<Row> {
  let open: { text: string; line: number } | null = null;
  for (const { text, number } of lines) {
    const whole: string = open === null ? text : `${open.text}\n${text}`;
    const line: number = open?.line ?? number;
    if (quotesOf(whole) % 2 === 1) {
      if (whole.length > 1_048_576) throw new Unreadable(`a quote that is opened in line ${line} is never closed`);
      open = { text: whole, line };
      continue;
    }
    open = null;
    if (whole.trim() !== '') yield { cells: cellsOf(whole, separator), line };
  }
  if (open !== null) throw new Unreadable(`a quote that is opened in line ${open.line} is never closed`);
}

function quotesOf(text: string): number {
  let count = 0;
  for (let at = text.indexOf('"'); at >= 0; at = text.indexOf('"', at + 1)) count++;
  return count;
}

function cellsOf(line: string, separator: string): string[] {
  if (!line.includes('"')) return line.split(separator);
  const cells: string[] = [];
  for (let at = 0; at <= line.length; ) {
    if (line[at] !== '"') {
      const next = line.indexOf(separator, at);
      const end = next < 0 ? line.length : next;
      cells.push(line.slice(at, end));
      at = end + 1;
      continue;
    }
    let end = at + 1;
    while (end < line.length && (line[end] !== '"' || line[end + 1] === '"')) end += line[end] === '"' ? 2 : 1;
    cells.push(line.slice(at + 1, end).replaceAll('""', '"'));
    at = end + 2;
  }
  return cells;
}
