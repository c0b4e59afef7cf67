/** The last routes on disk: written atomically and durably, read back when the process starts. */
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { HoldfastError } from '../model/errors.ts';
import type { RouteTable } from '../model/routes.ts';

export function saveRoutes(path: string, table: RouteTable): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const next = `${path}.next`;
  const file = openSync(next, 'w', 0o600);
  try {
    writeSync(file, JSON.stringify(table));
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(next, path);
  const dir = openSync(dirname(path), 'r');
  try {
    fsyncSync(dir);
  } finally {
    closeSync(dir);
  }
}

/** Null when there are none; HF2002 when the file is not a route table. */
export function loadRoutes(path: string): RouteTable | null {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  try {
    const table: unknown = JSON.parse(text);
    if (isRouteTable(table)) return table;
  } catch (cause) {
    throw new HoldfastError('HF2002', `${path} is not JSON`, { cause });
  }
  throw new HoldfastError('HF2002', `${path} holds no route table`);
}

export function isRouteTable(value: unknown): value is RouteTable {
  if (typeof value !== 'object' || value === null) return false;
  const table = value as Record<string, unknown>;
  return (
    typeof table.version === 'number' &&
    typeof table.system === 'string' &&
    Array.isArray(table.listeners) &&
    Array.isArray(table.pools)
  );
}
