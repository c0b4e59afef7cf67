/** Reads the benchmark's files: every one that the labels name and that is there. */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { LabelledRows, Window } from './score.ts';

export interface NabFile extends LabelledRows {
  readonly name: string;
  /** Milliseconds since 1970, as if written in UTC. */
  readonly times: Float64Array;
  readonly values: Float64Array;
}

/** The folder `nab`, by HOLDFAST_DATASETS or beside the checkout; null when it is not there. */
export function nabFolder(): string | null {
  const folder = join(resolve(process.env.HOLDFAST_DATASETS ?? '../shared/datasets'), 'nab');
  return existsSync(join(folder, 'labels/combined_windows.json')) ? folder : null;
}

export function readNab(folder: string): NabFile[] {
  const labels: Record<string, [string, string][]> = JSON.parse(
    readFileSync(join(folder, 'labels/combined_windows.json'), 'utf8'),
  );
  return Object.keys(labels)
    .sort()
    .filter((name) => existsSync(join(folder, 'data', name)))
    .map((name) => parse(name, readFileSync(join(folder, 'data', name), 'utf8'), labels[name] ?? []));
}

/** Windows are given by timestamps; where one occurs twice, its first row is meant, and where none, the next inside. */
export function parse(name: string, text: string, labels: readonly (readonly [string, string])[]): NabFile {
  const lines = text
    .split('\n')
    .slice(1)
    .filter((line) => line.trim() !== '');
  const first = new Map<string, number>();
  const times = new Float64Array(lines.length);
  const values = new Float64Array(lines.length);
  lines.forEach((line, row) => {
    const comma = line.indexOf(',');
    const stamp = wholeSeconds(line.slice(0, comma));
    if (!first.has(stamp)) first.set(stamp, row);
    times[row] = Date.parse(`${stamp.replace(' ', 'T')}Z`);
    values[row] = Number(line.slice(comma + 1));
  });
  const rowOf = (stamp: string, side: 'left' | 'right'): number => {
    const exact = first.get(wholeSeconds(stamp));
    if (exact !== undefined) return exact;
    const at = Date.parse(`${wholeSeconds(stamp).replace(' ', 'T')}Z`);
    const row = side === 'left' ? times.findIndex((time) => time >= at) : times.findLastIndex((time) => time <= at);
    if (row < 0) throw new Error(`${name}: no row at ${stamp}`);
    return row;
  };
  const windows: Window[] = labels.map(([left, right]) => ({
    left: rowOf(left, 'left'),
    right: rowOf(right, 'right'),
  }));
  return { name, rows: lines.length, times, values, windows };
}

function wholeSeconds(stamp: string): string {
  return stamp.trim().replace(/\.\d+$/, '');
}
