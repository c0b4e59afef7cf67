/** What sessions of `holdfast dev` leave behind, and waiting for what a process does. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { processesOf } from '../../src/cli/leftovers.ts';
import { pause } from './system.ts';

/** A temporary directory for the sessions of one test file: whoever else runs `holdfast dev` here is not looked at. */
export class DevSessions {
  readonly directory: string = mkdtempSync(join(tmpdir(), 'hf-dev-'));

  /** For the environment of the command. */
  get environment(): Readonly<Record<string, string>> {
    return { TMPDIR: this.directory };
  }

  /** Names of the directories of sessions. */
  get names(): readonly string[] {
    return readdirSync(this.directory).filter((name) => name.startsWith('holdfast-dev-'));
  }

  /** Directories and processes. */
  leftBehind(): readonly string[] {
    const processes = processesOf(join(this.directory, 'holdfast-dev-'));
    return [...this.names, ...processes.map(({ pid, command }) => `${pid} ${command}`)];
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}

export async function until(what: string, withinMs: number, look: () => boolean): Promise<void> {
  for (const end = performance.now() + withinMs; !look(); ) {
    if (performance.now() > end) throw new Error(`${what}: not within ${withinMs} ms`);
    await pause(50);
  }
}
