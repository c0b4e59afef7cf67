/**
 * What became of a recorded life while Holdfast was away. A process is taken over only when pid, start time and boot
 * are those that it wrote down itself; anything else that has the pid now is somebody else.
 */
import type { Ms } from '../../model/time.ts';
import { claim } from './claim.ts';
import { endedAt, exitFromFile, exitWithout, readExitFile } from './exits.ts';
import type { Life } from './life.ts';
import { lastOutput } from './logs/last-output.ts';
import { isAlive } from './proc.ts';
import { readPidFile, type Surroundings } from './starter.ts';

/** How often, and for how long in all, a shim that is just writing is given time to finish. */
const SETTLE_STEP_MS = 10;
const SETTLE_MS = 500;

/** Sets the life's identity and, when it has ended, its exit. */
export async function adoptLife(life: Life, around: Surroundings, now: () => Ms): Promise<void> {
  const { record } = life;
  const pidPath = around.paths.pid(record.launchId);
  if (record.bootId === around.bootId && record.exit === null && claim(pidPath)) {
    life.end(exitWithout('spawn-failed', 'Holdfast ended before the process was started', now(), []));
    return;
  }
  const begun = now();
  for (;;) {
    const found = readPidFile(pidPath, record.bootId);
    if (found) life.claimedBy(found);
    if (record.exit !== null) return;
    const path = around.paths.exit(record.launchId);
    const file = readExitFile(path);
    const words = lastOutput(around.paths.log(record.launch.instance), record.logOffset, pidPath);
    if (file) {
      const oomKills = around.cgroups?.oomKills(record.launchId) ?? 0;
      const at = endedAt(file, path, record, around.bootId, now());
      life.end(exitFromFile(file, record.verdict, oomKills, at, words));
      return;
    }
    if (record.bootId !== around.bootId) {
      life.end(exitWithout('unknown', 'the machine was started again', now(), words));
      return;
    }
    if (life.identity && isAlive(life.identity, around.bootId)) return;
    if (now() - begun >= SETTLE_MS) {
      const why = 'it ended while Holdfast was away, and its shim left no exit status';
      life.end(exitWithout('unknown', why, now(), words));
      return;
    }
    await new Promise((done) => setTimeout(done, SETTLE_STEP_MS));
  }
}
