/** Writes to the disk under a directory and waits for it, again and again, in a file that has no name. */
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { HoldfastError } from '../../model/errors.ts';
import { startStressor } from '../bound.ts';
import type { Executor, Fault } from '../contract.ts';
import { Parameters } from '../parameters.ts';
import { directoryOf, freeBytes, onLinux } from './common.ts';

interface Io {
  readonly bytesPerSec: number;
  /** Size of the file that is written over and over. */
  readonly bytes: number;
}

/** A slow disk gives less than was asked; that it is busy is what was wanted. */
const BITE_SHARE = 0.25;

export const io: Executor<Io> = {
  kind: 'io',
  what: 'writes to the disk of a directory and syncs it, again and again',
  targets: ['directory'],
  instant: false,
  parameters: {
    bytesPerSec: 'bytes to write in a second; as many as the disk takes',
    bytes: 'size of the file that is written over and over; 64 MiB',
  },
  needs: 'a directory that may be written to, with twice `bytes` free',
  measured: 'bytes written and synced in a second; a quarter of what was asked is a bite',
  reverted: 'the stressor ends; its file has no name and goes with it',
  parse: (given) => {
    const read = new Parameters('io', given);
    const parsed = {
      bytesPerSec: read.integer('bytesPerSec', 4_096, 2 ** 40, 2 ** 40),
      bytes: read.integer('bytes', 4_096, 2 ** 32, 64 * 1024 * 1024),
    };
    read.end();
    return parsed;
  },
  possible: () => onLinux('by writing with fsync'),
  prepare: ({ id, parameters }: Fault<Io>, at) => {
    if (freeBytes(directoryOf(at)) < 2 * parameters.bytes) {
      throw new HoldfastError('HF8201', `less than ${2 * parameters.bytes} bytes are free there`);
    }
    return { path: join(directoryOf(at), `.holdfast-io-${id}`) };
  },
  begin: async ({ id, parameters }: Fault<Io>, traces, at) => {
    const stressor = startStressor(id, 'io', { ...parameters, path: traces.path });
    await stressor.until(() => stressor.figure > 0);
    const start = { at: at.now(), written: stressor.figure };
    return {
      measure: () => {
        stressor.beat();
        const sec = Math.max(1e-3, (at.now() - start.at) / 1_000);
        const measured = (stressor.figure - start.written) / sec;
        const unlimited = parameters.bytesPerSec === 2 ** 40;
        const bitten = unlimited ? measured > 0 : measured >= parameters.bytesPerSec * BITE_SHARE;
        return { asked: parameters.bytesPerSec, measured, unit: 'bytes written a second', bitten };
      },
    };
  },
  // The file loses its name as soon as it has one; this is for a stressor that was killed just then.
  revert: async (_fault, traces) => rmSync(String(traces.path), { force: true }),
  residue: (_fault, traces) => (existsSync(String(traces.path)) ? [`file ${traces.path} is there`] : []),
};
