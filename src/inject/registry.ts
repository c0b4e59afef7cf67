/** Every fault that can be injected at a target. Adding one is a file in executors/ and a line here. */
import type { Executor } from './contract.ts';
import { clock } from './executors/clock.ts';
import { cpu } from './executors/cpu.ts';
import { crashLoop } from './executors/crash-loop.ts';
import { descriptors } from './executors/descriptors.ts';
import { diskFill } from './executors/disk-fill.ts';
import { files } from './executors/files.ts';
import { io } from './executors/io.ts';
import { kill, terminate } from './executors/kill.ts';
import { memory } from './executors/memory.ts';
import { network } from './executors/network.ts';
import { pause } from './executors/pause.ts';
import { processes } from './executors/processes.ts';

export const EXECUTORS: readonly Executor[] = [
  kill,
  terminate,
  pause,
  crashLoop,
  cpu,
  memory,
  io,
  descriptors,
  processes,
  diskFill,
  files,
  clock,
  network,
];

export const KINDS: readonly string[] = EXECUTORS.map(({ kind }) => kind);

export function executorOf(kind: string): Executor | undefined {
  return EXECUTORS.find((executor) => executor.kind === kind);
}
