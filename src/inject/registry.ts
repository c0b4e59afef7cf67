/** Every fault that can be injected at a target. Adding one is a file in executors/ and a line here. */
import type { Executor } from './contract.ts';
import { clock } from './executors/clock.ts';
import { cpu } from './executors/cpu.ts';
import { crashLoop } from './executors/crash-loop.ts';
import { delayedStart } from './executors/delayed-start.ts';
import { descriptors } from './executors/descriptors.ts';
import { diskFull } from './executors/disk-full.ts';
import { dns } from './executors/dns.ts';
import { drill } from './executors/drill.ts';
import { files } from './executors/files.ts';
import { io } from './executors/io.ts';
import { kill, signal } from './executors/kill.ts';
import { memory } from './executors/memory.ts';
import { netem } from './executors/netem.ts';
import { network } from './executors/network.ts';
import { nodeLoss } from './executors/node-loss.ts';
import { pause } from './executors/pause.ts';
import { processes } from './executors/processes.ts';

export const EXECUTORS: readonly Executor[] = [
  kill,
  signal,
  pause,
  crashLoop,
  delayedStart,
  nodeLoss,
  cpu,
  memory,
  io,
  descriptors,
  processes,
  diskFull,
  files,
  clock,
  dns,
  network,
  netem,
  drill,
];

export const KINDS: readonly string[] = EXECUTORS.map(({ kind }) => kind);

export function executorOf(kind: string): Executor | undefined {
  return EXECUTORS.find((executor) => executor.kind === kind);
}

export interface CatalogueEntry {
  readonly what: string;
  readonly parameters: readonly string[];
  readonly instant: boolean;
}

/** What can be asked for, for those who read experiments. */
export const CATALOGUE: Readonly<Record<string, CatalogueEntry>> = Object.fromEntries(
  EXECUTORS.map(({ kind, what, parameters, instant }) => [
    kind,
    { what, parameters: Object.keys(parameters), instant },
  ]),
);
