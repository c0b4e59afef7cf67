/** The symptoms of single instances, in the order in which they are looked for. */
import type { InstanceDetector } from './claim.ts';
import { crashed } from './crashed.ts';
import { flapping } from './flapping.ts';
import { hung } from './hung.ts';
import { saturatingCpu, saturatingFiles, saturatingMemory } from './saturating.ts';
import { unreachable } from './unreachable.ts';

export const INSTANCE_DETECTORS: readonly InstanceDetector[] = [
  crashed,
  hung,
  unreachable,
  flapping,
  saturatingMemory,
  saturatingCpu,
  saturatingFiles,
];
