/** Reads the keys of one map: the value in its type, or a problem with the path and what would be right. */

import { nearest } from '../../model/suggest.ts';
import { formatDuration, type Ms, parseDuration } from '../../model/time.ts';
import { isList, isMap, type Json, type JsonMap, kindOf, own } from './json.ts';
import type { Path, Problems } from './problems.ts';

export class Fields {
  readonly map: JsonMap;
  readonly path: Path;
  readonly problems: Problems;

  constructor(map: JsonMap, path: Path, problems: Problems) {
    this.map = map;
    this.path = path;
    this.problems = problems;
  }

  get(key: string): Json | undefined {
    const value = own(this.map, key);
    return value === null ? undefined : value;
  }

  has(key: string): boolean {
    return this.get(key) !== undefined;
  }

  at(key: string | number): Path {
    return [...this.path, key];
  }

  wrong(key: string, wanted: string, remedy?: string): void {
    const found = this.get(key);
    const shown = typeof found === 'string' || typeof found === 'number' ? JSON.stringify(found) : kindOf(found);
    this.problems.add('HF8104', this.at(key), `is ${shown}, not ${wanted}`, remedy);
  }

  missing(key: string, remedy?: string): void {
    this.problems.add('HF8102', this.path, `has no ${key}`, remedy);
  }

  text(key: string): string | null {
    const value = this.get(key);
    if (value === undefined || typeof value === 'string') return value ?? null;
    this.wrong(key, 'a text');
    return null;
  }

  /** Demanded, and not empty. */
  needText(key: string, remedy?: string): string {
    const value = this.get(key);
    if (value === undefined || value === '') {
      this.missing(key, remedy ?? `Add ${key}: a text.`);
      return '';
    }
    return this.text(key) ?? '';
  }

  bool(key: string, otherwise: boolean): boolean {
    const value = this.get(key);
    if (value === undefined || typeof value === 'boolean') return value ?? otherwise;
    this.wrong(key, 'true or false');
    return otherwise;
  }

  number(key: string, low = Number.NEGATIVE_INFINITY, high = Number.POSITIVE_INFINITY): number | null {
    const value = this.get(key);
    if (value === undefined) return null;
    if (typeof value === 'number' && value >= low && value <= high) return value;
    const limits = high < Number.POSITIVE_INFINITY ? ` from ${low} to ${high}` : low === 0 ? ' of at least 0' : '';
    this.wrong(key, `a number${limits}`);
    return null;
  }

  choice<T extends string>(key: string, words: readonly T[]): T | null {
    const value = this.get(key);
    if (value === undefined) return null;
    if ((words as readonly Json[]).includes(value)) return value as T;
    const near = typeof value === 'string' ? nearest(value, words) : null;
    this.wrong(key, `one of ${words.join(', ')}`, near === null ? undefined : `Did you mean ${near}?`);
    return null;
  }

  /** Seconds as a number (Chaos Toolkit), or a text with its unit; `${…}` is filled in at run time and thus refused. */
  duration(key: string, lowMs: Ms = 0): Ms | null {
    const value = this.get(key);
    if (value === undefined) return null;
    const ms = typeof value === 'number' ? value * 1_000 : typeof value === 'string' ? parseDuration(value) : undefined;
    if (ms !== undefined && Number.isFinite(ms) && ms >= lowMs) return ms;
    const least = lowMs > 0 ? ` of at least ${formatDuration(lowMs)}` : '';
    this.wrong(key, `a duration${least}`, 'Write seconds as a number, or a number with its unit: 500ms, 10s, 1m30s.');
    return null;
  }

  fields(key: string): Fields | null {
    const value = this.get(key);
    if (value === undefined) return null;
    if (isMap(value)) return new Fields(value, this.at(key), this.problems);
    this.wrong(key, 'a map');
    return null;
  }

  list(key: string): readonly Json[] {
    const value = this.get(key);
    if (value === undefined || isList(value)) return value ?? [];
    this.wrong(key, 'a list');
    return [];
  }

  /** The items of a list, each of which must be a map. */
  maps(key: string): readonly Fields[] {
    return this.list(key).flatMap((item, n) => {
      if (isMap(item)) return [new Fields(item, [...this.at(key), n], this.problems)];
      this.problems.add('HF8104', [...this.at(key), n], `is ${kindOf(item)}, not a map`);
      return [];
    });
  }

  texts(key: string): readonly string[] {
    const items = this.list(key);
    const texts = items.filter((item) => typeof item === 'string') as string[];
    if (texts.length < items.length) this.wrong(key, 'a list of texts');
    return texts;
  }
}
