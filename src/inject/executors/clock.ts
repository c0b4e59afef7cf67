/**
 * Shifts the wall clock of the next life of an instance, or has it go at another rate (libfaketime, by its environment); whoever asks for it restarts
 * the instance, as an operator would. The offset is in a file
 * that the library reads again every second, so the end of the lease sets the clock right without another restart.
 * The monotonic clock is left alone: no clock fault of a real machine touches it, and timers would go astray.
 */
import { execFile, execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Executor, Fault, Possibility } from '../contract.ts';
import { Parameters } from '../parameters.ts';
import { allStats, read } from '../processes.ts';
import { onLinux } from './common.ts';

interface Clock {
  readonly offsetSec: number;
  /** Seconds of its clock in one second, from the start of each process on. */
  readonly rate: number;
}

const LIBRARIES = [
  ...['x86_64', 'aarch64', 'riscv64', 'powerpc64le', 's390x'].map(
    (machine) => `/usr/lib/${machine}-linux-gnu/faketime`,
  ),
  '/usr/lib/faketime',
  '/usr/lib64/faketime',
  '/usr/local/lib/faketime',
].map((dir) => `${dir}/libfaketimeMT.so.1`);

const SCAN_MS = 1_000;
/** `date` counts in whole seconds, and so does the library read its file. */
const TOLERANCE_SEC = 2;

export const clock: Executor<Clock> = {
  kind: 'clock',
  what: 'shifts the wall clock of the next life of an instance, or has it go faster or slower',
  targets: ['launch'],
  instant: false,
  parameters: {
    offsetSec: 'seconds ahead, or behind when negative; 0 with `rate`',
    rate: 'how fast it goes, 0.1 to 100: 2 is twice as fast, from the start of each process on; 1',
  },
  needs: 'libfaketime; the instance is restarted when it begins, and again when it is over',
  measured:
    'what a program started the same way takes for the time, while an instance with the library in it runs; to 2 s, and to a tenth of the rate',
  reverted:
    'the file with the offset is removed: within a second the clock is right, also when nobody is left to restart it',
  parse: (given) => {
    const reader = new Parameters('clock', given);
    const rate = reader.number('rate', 0.1, 100, 1);
    const most = 10 ** 9;
    const offsetSec =
      rate === 1 ? reader.integer('offsetSec', -most, most) : reader.integer('offsetSec', -most, most, 0);
    reader.end();
    return { offsetSec, rate };
  },
  possible,
  prepare: ({ id }: Fault<Clock>) => {
    // Not in the state directory, which instances of other users may not read; under a name that nobody can have taken.
    const file = join(tmpdir(), `holdfast-clock-${id}-${randomBytes(8).toString('hex')}`);
    return { file, environment: environment(library() ?? '', file) };
  },
  begin: async ({ parameters: { offsetSec, rate } }: Fault<Clock>, given, at) => {
    const traces = given as unknown as Shifted;
    writeFileSync(traces.file, `${offsetSec < 0 ? '' : '+'}${offsetSec}s${rate === 1 ? '' : ` x${rate}`}\n`, {
      flag: 'wx',
      mode: 0o644,
    });
    let [scannedAt, lives, rateNow] = [Number.NEGATIVE_INFINITY, 0, 0];
    return {
      measure: () => {
        if (at.now() - scannedAt > SCAN_MS) {
          [scannedAt, lives] = [at.now(), livesWith(traces.file)];
          if (rate !== 1) rateSeen(traces.environment, (seen) => (rateNow = seen));
        }
        if (rate !== 1) {
          const measured = lives === 0 ? 0 : rateNow;
          return { asked: rate, measured, unit: 'seconds in a second', bitten: isNear(measured, rate) };
        }
        const measured = lives === 0 ? 0 : seenOffsetSec(traces.environment);
        const bitten = lives > 0 && Math.abs(measured - offsetSec) <= TOLERANCE_SEC;
        return { asked: offsetSec, measured, unit: 'seconds ahead', bitten };
      },
    };
  },
  // Without the file the library tells the true time.
  revert: async (_fault, traces) => rmSync((traces as unknown as Shifted).file, { force: true }),
  residue: (_fault, traces) => {
    const { file } = traces as unknown as Shifted;
    return existsSync(file) ? [`file ${file} is there`] : [];
  },
};

interface Shifted {
  readonly file: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** Whoever starts the instance puts LD_PRELOAD before one of its own, with a colon. */
function environment(preload: string, file: string): Readonly<Record<string, string>> {
  return {
    LD_PRELOAD: preload,
    FAKETIME_TIMESTAMP_FILE: file,
    FAKETIME_CACHE_DURATION: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
    DONT_FAKE_MONOTONIC: '1',
  };
}

function library(): string | undefined {
  return LIBRARIES.find((path) => existsSync(path));
}

function possible(): Possibility {
  if (process.platform !== 'linux' || library()) return onLinux('by libfaketime, from the next start of the instance');
  return { possible: false, why: 'libfaketime is not installed', instead: 'Install the package libfaketime.' };
}

/** Processes that have been started with it and have the library in them. */
function livesWith(file: string): number {
  return allStats().filter(({ pid }) => {
    const words = (read(`/proc/${pid}/environ`) ?? '').split('\0');
    return (
      words.includes(`FAKETIME_TIMESTAMP_FILE=${file}`) && (read(`/proc/${pid}/maps`) ?? '').includes('libfaketime')
    );
  }).length;
}

/** What a program that is started the same way takes for the time, against what it is. */
function seenOffsetSec(added: Readonly<Record<string, string>>): number {
  const options = { encoding: 'utf8', timeout: 2_000, env: { PATH: process.env.PATH, ...added } } as const;
  return Number(execFileSync('date', ['+%s'], options)) - Math.floor(Date.now() / 1_000);
}

/** How long a clock is watched for its rate, ms. */
const WATCHED_MS = 500;
const RATE_PROGRAM = `const [w, m] = [Date.now(), performance.now()];
setTimeout(() => console.log((Date.now() - w) / (performance.now() - m)), ${WATCHED_MS});`;

/** How fast the clock of a program goes that is started the same way. */
function rateSeen(added: Readonly<Record<string, string>>, tell: (rate: number) => void): void {
  const options = { encoding: 'utf8', timeout: 10 * WATCHED_MS, env: { PATH: process.env.PATH, ...added } } as const;
  execFile(process.execPath, ['-e', RATE_PROGRAM], options, (error, stdout) => {
    if (error === null) tell(Math.round(Number(stdout) * 100) / 100);
  });
}

function isNear(measured: number, rate: number): boolean {
  return Math.abs(measured - rate) <= rate / 10;
}
