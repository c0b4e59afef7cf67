/**
 * The claim of a life: the pid file, which is created exclusively. The shim creates it and becomes the service, or
 * Holdfast creates it and the shim gives up; it cannot be both, and it cannot be neither.
 */
import { closeSync, openSync } from 'node:fs';
import type { ProcessIdentity } from '../../model/instance.ts';
import type { Life } from './life.ts';

/** How long a shim may take to become the service before the start counts as failed. */
const CLAIM_MS = 10_000;
/** Where files can be watched the claim is seen at once; this is for where they cannot. */
const POLL_MS = 25;

/** True when the shim has not begun and, now that the file is ours, never will. */
export function claim(pidPath: string): boolean {
  try {
    closeSync(openSync(pidPath, 'wx', 0o600));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/**
 * Resolves when the process exists; rejects when it is certain that it never will. `look` reads the pid file of the
 * life, `words` what the shim wrote to the log.
 */
export function untilClaimed(
  life: Life,
  pidPath: string,
  look: () => void,
  words: () => readonly string[],
): Promise<ProcessIdentity> {
  const { shim } = life;
  return new Promise((resolve, reject) => {
    const begun = performance.now();
    const finish = (settle: () => void): void => {
      clearInterval(poll);
      life.claimed = () => {};
      settle();
    };
    const poll = setInterval(() => {
      look();
      if (life.identity || performance.now() - begun < CLAIM_MS || !claim(pidPath)) return;
      shim?.kill('SIGKILL');
      finish(() => reject(new Error(`the process did not begin within ${CLAIM_MS / 1_000} s`)));
    }, POLL_MS);
    life.claimed = (identity) => finish(() => resolve(identity));
    const ended = (status: number | null): void => {
      look();
      if (life.identity) return;
      finish(() =>
        reject(new Error(`the shim ended with status ${status}: ${words().join('; ') || 'it said nothing'}`)),
      );
    };
    const unstarted = (error: Error): void => finish(() => reject(error));
    shim?.once('error', unstarted);
    shim?.once('exit', ended);
    // What happened between its start and this.
    if (life.unstarted) unstarted(life.unstarted);
    else if (shim && (shim.exitCode !== null || shim.signalCode !== null)) ended(shim.exitCode);
  });
}
