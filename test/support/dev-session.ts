/** What sessions of `holdfast dev` leave behind, and waiting for what a process does. */
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { processesOf } from '../../src/cli/leftovers.ts';
import { pause } from './system.ts';

export const sessions = (): string[] => readdirSync(tmpdir()).filter((name) => name.startsWith('holdfast-dev-'));

/** Processes of any dev session that was not there before. */
export function leftBehind(before: ReadonlySet<string>): string[] {
  const directories = sessions().filter((name) => !before.has(name));
  const processes = processesOf(join(tmpdir(), 'holdfast-dev-')).filter(
    ({ command }) => ![...before].some((name) => command.includes(name)),
  );
  return [...directories, ...processes.map(({ pid, command }) => `${pid} ${command}`)];
}

export async function until(what: string, withinMs: number, look: () => boolean): Promise<void> {
  for (const end = performance.now() + withinMs; !look(); ) {
    if (performance.now() > end) throw new Error(`${what}: not within ${withinMs} ms`);
    await pause(50);
  }
}
