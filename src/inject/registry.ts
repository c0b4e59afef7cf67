/** Every fault that can be injected at a target. Adding one is a file in executors/ and a line here. */
import type { Executor } from './contract.ts';
import { crashLoop } from './executors/crash-loop.ts';
import { kill, terminate } from './executors/kill.ts';
import { pause } from './executors/pause.ts';

export const EXECUTORS: readonly Executor[] = [kill, terminate, pause, crashLoop];

export const KINDS: readonly string[] = EXECUTORS.map(({ kind }) => kind);

export function executorOf(kind: string): Executor | undefined {
  return EXECUTORS.find((executor) => executor.kind === kind);
}
