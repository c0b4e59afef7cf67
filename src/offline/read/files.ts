/**
 * A file or a folder to what is in it. The format is seen from the content, not from the name: JSON documents and
 * lines of JSON (OTLP, Zipkin, Jaeger, a Prometheus server's answer), exposition text, tables.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { isObject } from '../../intake/wire/json.ts';
import { HoldfastError } from '../../model/errors.ts';
import { LIMITS } from '../contract.ts';
import type { Collector } from './collector.ts';
import { readCsv } from './csv.ts';
import { Meaningless, tooMuch, Unreadable, unreadable } from './errors.ts';
import { type Line, linesOf, rowsOf, unzipped } from './lines.ts';
import { timeOf } from './names.ts';
import { readOtlp } from './otlp.ts';
import { isPrometheusAnswer, readPrometheusAnswer } from './prometheus.ts';
import { isJaeger, isZipkinSpan, readJaeger, readZipkin } from './zipkin-jaeger.ts';

export function readPath(path: string, into: Collector): void {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) throw new HoldfastError('HF8401', `${path} does not exist`);
  if (!stat.isDirectory()) {
    const what = readFile(path, basename(path), into);
    if (what === null) throw new HoldfastError('HF8402', `${path} is in no format that is known here`);
    into.gathered.notes.push(`${path}: ${what}`);
    return;
  }
  const files = filesUnder(path);
  if (files.length > LIMITS.maxFiles) throw tooMuch(`${path} holds more than ${LIMITS.maxFiles} files`);
  let understood = 0;
  for (const file of files) {
    const name = relative(path, file);
    try {
      const what = readFile(file, name, into);
      into.gathered.notes.push(`${name}: ${what ?? 'not understood, left out'}`);
      if (what !== null) understood++;
    } catch (error) {
      if (!(error instanceof HoldfastError) || !(error.cause instanceof Meaningless)) throw error;
      into.gathered.notes.push(`${name}: left out, ${error.cause.message}`);
    }
  }
  if (understood === 0) throw new HoldfastError('HF8402', `nothing in ${path} is in a format that is known here`);
}

function filesUnder(dir: string): string[] {
  return readdirSync(dir, { withFileTypes: true })
    .filter(({ name }) => !name.startsWith('.'))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(dir, entry.name);
      return entry.isDirectory() ? filesUnder(path) : entry.isFile() ? [path] : [];
    });
}

/** `inject_time.txt`, `fault_time`, `onset`: what is in it is one time. */
const SAYS_ONSET =
  /^((fault|injection|inject|incident|anomaly|failure)[-_ ]?(time|start|begin|onset)|onset([-_ ]?time)?)$/i;
const ENDING = /\.(txt|csv|json|dat)$/i;

function readOnset(name: string, first: string, into: Collector): string | null {
  if (!SAYS_ONSET.test(basename(name).replace(ENDING, ''))) return null;
  const atMs = timeOf(first.trim().replace(/^"(.*)"$/, '$1'));
  if (Number.isNaN(atMs)) return null;
  into.gathered.onsets.push({ atMs, file: name });
  return `when it began: ${new Date(atMs).toISOString()}`;
}

/** What was in it; null when it is none of the formats. `name`: from the folder that was given. */
function readFile(path: string, name: string, into: Collector): string | null {
  const { size } = statSync(path);
  if (size > LIMITS.maxFileBytes) throw tooMuch(`${path} is larger than ${LIMITS.maxFileBytes} bytes`);
  const first = firstLine(path);
  if (first === null) return null;
  const position = { line: 1 };
  try {
    const onset = readOnset(name, first, into);
    if (onset !== null) return onset;
    if (/^\s*[[{]/.test(first) && !DUMPED.test(first)) return readJson(path, first, into, position);
    if (isExposition(first)) return readText(path, into, position);
    if (/[,\t;|]/.test(first)) return readTable(path, name, first, into, position);
    return null;
  } catch (error) {
    const named = /^line (\d+)/.exec(error instanceof Error ? error.message : '');
    throw unreadable(path, named ? Number(named[1]) : position.line, error);
  }
}

function firstLine(path: string): string | null {
  for (const { text } of linesOf(path)) {
    if (text.includes('\u0000')) return null;
    if (text.trim() !== '') return text;
  }
  return null;
}

function readTable(path: string, name: string, first: string, into: Collector, position: { line: number }): string {
  const separator = [',', '\t', ';', '|'].reduce((best, char) =>
    first.split(char).length > first.split(best).length ? char : best,
  );
  return readCsv(rowsOf(counted(linesOf(path), position), separator), into, name);
}

function* counted(lines: Iterable<Line>, position: { line: number }): Generator<Line> {
  for (const line of lines) {
    position.line = line.number;
    yield line;
  }
}

/** As `promtool tsdb dump` writes: the name is a label. */
const DUMPED = /^\{__name__="([^"]*)"(?:, ?)?/;

/** Exposition text: comments, or a name with labels and a number. */
function isExposition(line: string): boolean {
  if (DUMPED.test(line)) return true;
  return (
    /^# (HELP|TYPE|UNIT|EOF)\b/.test(line) ||
    /^[a-zA-Z_:][\w:.]*(\{.*\})?\s+[-+\dNI]\S*(\s+-?[\d.]+)?(\s+#.*)?$/.test(line)
  );
}

/** Text that comes without times is that of one moment: nothing can be compared with it. */
function readText(path: string, into: Collector, position: { line: number }): string {
  if (statSync(path).size > LIMITS.maxDocumentBytes)
    throw tooMuch(`${path}: text of more than ${LIMITS.maxDocumentBytes} bytes`);
  const raw = path.endsWith('.gz') ? unzipped(path) : readFileSync(path);
  const bytes = DUMPED.test(raw.subarray(0, 4_096).toString('utf8')) ? undumped(raw) : raw;
  const tail = bytes.subarray(-64).toString('utf8');
  if (!/\s-?\d+(\.\d+)?(\s+#.*)?\s*(# EOF\s*)?$/.test(tail.trimEnd()) && !/# EOF\s*$/.test(tail))
    throw new Unreadable('the last line has no value');
  position.line = 1;
  const openMetrics = /# EOF\s*$/.test(tail);
  const before = Number.NaN;
  into.prometheusText(bytes, openMetrics, before);
  return openMetrics ? 'OpenMetrics text' : 'Prometheus text';
}

function undumped(raw: Buffer): Buffer {
  return Buffer.from(raw.toString('utf8').replace(new RegExp(DUMPED.source, 'gm'), '$1{'));
}

function readJson(path: string, first: string, into: Collector, position: { line: number }): string | null {
  const counts = { documents: 0, unknown: 0, spans: into.gathered.spans.length, logs: into.gathered.logs.length };
  const take = (document: unknown): void => {
    counts.documents++;
    if (!readDocument(document, into)) counts.unknown++;
  };
  if (isWhole(first)) {
    for (const { text, number } of linesOf(path)) {
      position.line = number;
      if (text.trim() !== '') take(JSON.parse(text));
    }
  } else {
    if (statSync(path).size > LIMITS.maxDocumentBytes)
      throw tooMuch(`${path}: one JSON document of more than ${LIMITS.maxDocumentBytes} bytes; write one per line`);
    take(parseDocument(path.endsWith('.gz') ? unzipped(path).toString('utf8') : readFileSync(path, 'utf8'), position));
  }
  if (counts.documents === counts.unknown) return null;
  const spans = into.gathered.spans.length - counts.spans;
  const logs = into.gathered.logs.length - counts.logs;
  const parts = [spans > 0 ? `${spans} spans` : '', logs > 0 ? `${logs} log lines` : ''].filter((part) => part !== '');
  return parts.length === 0 ? 'metrics' : parts.join(', ');
}

/** Is the first line a document by itself? Then every line is one. */
function isWhole(line: string): boolean {
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}

function parseDocument(text: string, position: { line: number }): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const at = /position (\d+)/.exec((error as Error).message)?.[1];
    if (at !== undefined) position.line = text.slice(0, Number(at)).split('\n').length;
    throw error;
  }
}

function readDocument(document: unknown, into: Collector): boolean {
  if (Array.isArray(document)) {
    if (document.length === 0) return true;
    if (document.every(isZipkinSpan)) {
      for (const span of document) readZipkin(span, into);
      return true;
    }
    return document.map((one) => readDocument(one, into)).some((known) => known);
  }
  if (!isObject(document)) return false;
  if (readOtlp(document, into)) return true;
  if (isJaeger(document)) {
    readJaeger(document, into);
    return true;
  }
  if (isZipkinSpan(document)) {
    readZipkin(document, into);
    return true;
  }
  if (isPrometheusAnswer(document)) {
    readPrometheusAnswer(document, into);
    return true;
  }
  return false;
}
