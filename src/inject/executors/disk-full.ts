/**
 * Fills the file system under a directory, down to so many free bytes, with a file that has no name: it is freed by
 * the kernel when the process that holds it ends, however it ends. (`df` shows it, `du` does not.)
 */
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { startStressor } from '../bound.ts';
import type { Executor, Fault } from '../contract.ts';
import { Parameters } from '../parameters.ts';
import { directoryOf, freeBytes, onLinux } from './common.ts';

interface DiskFull {
  readonly keepFreeBytes: number;
  readonly maxBytes: number;
}

/** Below this a file system that others use too is in danger; a small one made for the purpose may be filled up. */
export const DISK_FLOOR_BYTES = 64 * 1024 * 1024;
/** How far from what was asked the free space may be: others write too, and blocks are blocks. */
const TOLERANCE_BYTES = 2 * 1024 * 1024;

export const diskFull: Executor<DiskFull> = {
  kind: 'disk-full',
  what: 'fills the file system of a directory, down to so many free bytes',
  targets: ['directory'],
  instant: false,
  parameters: {
    keepFreeBytes: 'what is left free, at least 64 MiB on file systems of 512 MiB and more; 64 MiB',
    maxBytes: 'no more than this is written; no limit',
  },
  needs: 'a directory that may be written to',
  measured: 'bytes by which free space has shrunk, to 2 MiB',
  reverted: 'the stressor ends; its file has no name and goes with it',
  parse: (given) => {
    const read = new Parameters('disk-full', given);
    const parsed = {
      keepFreeBytes: read.integer('keepFreeBytes', 0, 2 ** 50, DISK_FLOOR_BYTES),
      maxBytes: read.integer('maxBytes', 1, 2 ** 50, 2 ** 50),
    };
    read.end();
    return parsed;
  },
  possible: () => onLinux('by writing a file without a name'),
  prepare: ({ id }: Fault<DiskFull>, at) => ({ path: join(directoryOf(at), `.holdfast-fill-${id}`) }),
  begin: async ({ id, parameters }: Fault<DiskFull>, traces, at) => {
    const dir = directoryOf(at);
    const before = freeBytes(dir);
    const keepFreeBytes = Math.max(parameters.keepFreeBytes, floorOf(dir));
    const stressor = startStressor(id, 'fill', { ...parameters, keepFreeBytes, path: traces.path });
    await stressor.until(() => stressor.figure > 0 || before <= keepFreeBytes);
    return {
      measure: () => {
        stressor.beat();
        const asked = Math.max(0, Math.min(parameters.maxBytes, before - keepFreeBytes));
        const measured = Math.max(0, before - freeBytes(dir));
        return { asked, measured, unit: 'bytes', bitten: asked > 0 && measured >= asked - TOLERANCE_BYTES };
      },
    };
  },
  revert: async (_fault, traces) => rmSync(String(traces.path), { force: true }),
  residue: (_fault, traces) => (existsSync(String(traces.path)) ? [`file ${traces.path} is there`] : []),
};

/** No floor where the whole file system is no larger than the floor would be useful for. */
function floorOf(dir: string): number {
  return freeBytes(dir, 'total') < 8 * DISK_FLOOR_BYTES ? 0 : DISK_FLOOR_BYTES;
}
