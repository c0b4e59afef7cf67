/** Runs a command as an instance would: same directory, environment and user, but no log and no record. */
import { spawn } from 'node:child_process';
import type { ExecResult } from '../contract.ts';
import { send } from './signals.ts';
import type { PreparedLaunch } from './starter.ts';

/** Tells the next Holdfast which processes were only commands run beside an instance, by one that is gone. */
export const CHECK_MARK = 'HOLDFAST_EXEC';

const KEPT_BYTES = 4 * 1024;
const LINE_CHARS = 200;
const LAST_WORDS_MS = 100;

export function runBeside(prepared: PreparedLaunch, signal: AbortSignal): Promise<ExecResult> {
  const { launch, account, environment } = prepared;
  const [program = '', ...rest] = launch.command;
  return new Promise((resolve, reject) => {
    const child = spawn(program, rest, {
      cwd: launch.workingDir,
      env: { ...environment, [CHECK_MARK]: '1' },
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(account ? { uid: account.uid, gid: account.gid } : {}),
    });
    let said = Buffer.alloc(0);
    const keep = (data: Buffer): void => {
      said = Buffer.concat([said, data]).subarray(-KEPT_BYTES);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    const endGroup = (): void => {
      if (child.pid !== undefined && !send(-child.pid, 'SIGKILL')) child.kill('SIGKILL');
    };
    signal.addEventListener('abort', endGroup, { once: true });
    if (signal.aborted) endGroup();
    child.once('error', (error) => {
      signal.removeEventListener('abort', endGroup);
      reject(error);
    });
    child.once('exit', (code, killedBy) => {
      signal.removeEventListener('abort', endGroup);
      endGroup();
      const finish = (): void => {
        clearTimeout(deadline);
        child.off('close', finish);
        child.stdout.destroy();
        child.stderr.destroy();
        const output = said.toString('utf8').trimEnd();
        const lastLine = output.split('\n').at(-1) ?? '';
        resolve({ code, signal: killedBy, lastLine: lastLine.slice(0, LINE_CHARS), output });
      };
      // The pipes may still hold its last words, and a child that left the group may hold the pipes for ever.
      const deadline = setTimeout(finish, LAST_WORDS_MS);
      child.once('close', finish);
    });
  });
}
