/**
 * One way to print resources: as a table, wide, as JSON, YAML, or as names to feed to other commands. JSON and YAML
 * are the API's resources untouched, so what a script reads is what docs/api.md describes.
 */
import { HoldfastError } from '../model/errors.ts';
import { fold, visibleWidth, widthOf } from './fold.ts';
import { padEnd } from './terminal.ts';

export const FORMATS = ['table', 'wide', 'json', 'yaml', 'name'] as const;
export type Format = (typeof FORMATS)[number];

export interface Column<T> {
  readonly title: string;
  readonly of: (item: T) => string;
  /** Only with -o wide. */
  readonly wide?: true;
}

export interface Kind<T> {
  readonly columns: readonly Column<T>[];
  readonly name: (item: T) => string;
  /** What to say when there is nothing. */
  readonly none: string;
}

export function parseFormat(text: string): Format {
  const format = FORMATS.find((known) => known === text);
  if (!format) throw new HoldfastError('HF7002', `no output format "${text}"; there are ${FORMATS.join(', ')}`);
  return format;
}

export async function toYaml(value: unknown): Promise<string> {
  // Loaded when asked for: it is the largest part of the CLI's start-up otherwise.
  const { stringify } = await import('yaml');
  return stringify(value, { lineWidth: 0 }).trimEnd();
}

/** The text for a list; the empty string when there is nothing to print (the caller says so on stderr). */
export async function renderList<T>(items: readonly T[], kind: Kind<T>, format: Format): Promise<string> {
  if (format === 'json') return JSON.stringify(items, null, 2);
  if (format === 'yaml') return toYaml(items);
  if (format === 'name') return items.map(kind.name).join('\n');
  if (items.length === 0) return '';
  const columns = kind.columns.filter((column) => format === 'wide' || !column.wide);
  const whole = table(
    columns.map((column) => column.title),
    items.map((item) => columns.map((column) => column.of(item))),
  );
  return format === 'wide' ? whole : fold(whole, widthOf(process.stdout));
}

export async function renderOne(item: unknown, name: string, format: Format, text: () => string): Promise<string> {
  if (format === 'json') return JSON.stringify(item, null, 2);
  if (format === 'yaml') return toYaml(item);
  return format === 'name' ? name : fold(text(), widthOf(process.stdout));
}

export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((title, column) =>
    Math.max(visibleWidth(title), ...rows.map((row) => visibleWidth(row[column] ?? ''))),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => (column === cells.length - 1 ? cell : padEnd(cell, widths[column] as number)))
      .join('  ')
      .trimEnd();
  return [line(header), ...rows.map(line)].join('\n');
}

/** Finds one by its id or by a prefix that only it has. */
export function pickById<T>(items: readonly T[], id: string, idOf: (item: T) => string, word: string): T {
  const exact = items.find((item) => idOf(item) === id);
  if (exact !== undefined) return exact;
  const starting = items.filter((item) => idOf(item).startsWith(id));
  if (starting.length === 1) return starting[0] as T;
  if (starting.length > 1) {
    throw new HoldfastError('HF7003', `"${id}" could be ${starting.slice(0, 5).map(idOf).join(', ')}`);
  }
  const known = items.slice(0, 8).map(idOf).join(', ');
  const more = items.length > 8 ? ` and ${items.length - 8} more` : '';
  throw new HoldfastError('HF6005', `no ${word} "${id}"`, {
    remedy: known === '' ? `There is no ${word} yet.` : `There are: ${known}${more}.`,
  });
}
