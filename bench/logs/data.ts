/**
 * Log lines with their true templates: every folder below HOLDFAST_DATASETS that holds a `*_structured.csv` with a
 * column `Content` and a column `EventId` (or `EventTemplate`). The data is for research and never bundled.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { parseCsv } from './csv.ts';

/** Folders below the data folder that are looked into. */
const DEPTH = 3;

export interface LogSet {
  readonly name: string;
  readonly lines: readonly string[];
  /** The true group of each line. */
  readonly truth: readonly string[];
}

/** Every set below HOLDFAST_DATASETS, by default ../shared/datasets; none when there is no such folder. */
export function loadSets(): LogSet[] {
  const root = resolve(process.env.HOLDFAST_DATASETS ?? '../shared/datasets');
  if (!existsSync(root)) return [];
  return structuredFiles(root, 0).map((file) => parseSet(basename(dirname(file)), readFileSync(file, 'utf8')));
}

function structuredFiles(dir: string, depth: number): string[] {
  const entries = readdirSync(dir, { withFileTypes: true }).sort((a, b) => a.name.localeCompare(b.name));
  const own = entries.filter((entry) => entry.isFile() && entry.name.endsWith('_structured.csv'));
  const below = depth < DEPTH ? entries.filter((entry) => entry.isDirectory()) : [];
  return [
    ...own.map(({ name }) => join(dir, name)),
    ...below.flatMap(({ name }) => structuredFiles(join(dir, name), depth + 1)),
  ];
}

/** Throws when the columns are not there. */
export function parseSet(name: string, text: string): LogSet {
  const [head = [], ...rows] = parseCsv(text);
  const content = head.indexOf('Content');
  const event = head.includes('EventId') ? head.indexOf('EventId') : head.indexOf('EventTemplate');
  if (content < 0 || event < 0) throw new Error(`${name}: no columns Content and EventId among ${head.join(', ')}`);
  const whole = rows.filter((row) => row.length > Math.max(content, event));
  return {
    name,
    lines: whole.map((row) => row[content] as string),
    truth: whole.map((row) => row[event] as string),
  };
}
