/**
 * saturating: a resource is at its end, or will be soon.
 *   memory     at MEMORY_SHARE of the limit, or past half of it and rising so that it is exhausted within EXHAUST_MS
 *   cpu        at CPU_SHARE of the limit for CPU_MS
 *   openFiles  at FILES_SHARE of the limit
 *   disk       the node's file system of state and logs at DISK_SHARE
 *   memory     of the node, at NODE_MEMORY_SHARE of what there is: what can be given up without loss is not in use
 * What has no limit cannot saturate. Cleared CLEAR_MS after it has fallen below the threshold by MARGIN.
 */
import type { NodeSignal, ResourceSignal } from '../model/signal.ts';
import { symptomId } from '../model/symptom.ts';
import { formatDuration, type Ms } from '../model/time.ts';
import { type Claim, type InstanceDetector, type InstanceFacts, instanceRef, isAlive, lifeOf } from './claim.ts';
import { trend } from './statistics.ts';

export const MEMORY_SHARE = 0.9;
/** Longer warns earlier and believes straight lines more. */
export const EXHAUST_MS: Ms = 60_000;
/** A trend needs this many samples, this good a fit, and this much growth (share of the limit) to be believed. */
const TREND_SAMPLES = 8;
const TREND_R2 = 0.85;
const TREND_GROWTH = 0.1;
/** Programs grow while they start; below this share of the limit, or this young, growth says nothing. */
const TREND_FROM_SHARE = 0.5;
const TREND_FROM_AGE_MS: Ms = 15_000;
export const CPU_SHARE = 0.95;
export const CPU_MS: Ms = 15_000;
export const FILES_SHARE = 0.9;
export const DISK_SHARE = 0.95;
/** Lower warns earlier, and calls machines full that are meant to be well filled. Next comes the kernel, and kills. */
export const NODE_MEMORY_SHARE = 0.97;
const MARGIN = 0.03;
export const CLEAR_MS: Ms = 5_000;

export const saturatingMemory: InstanceDetector = {
  kind: 'saturating',
  resource: 'memory',
  clearAfterMs: CLEAR_MS,
  episode: lifeOf,
  find(facts) {
    const samples = samplesOf(facts);
    const last = samples.at(-1);
    if (!last?.memoryLimitBytes) return null;
    const limit = last.memoryLimitBytes;
    const share = last.memoryBytes / limit;
    const open = facts.isOpen('saturating', 'memory');
    const threshold = open ? MEMORY_SHARE - MARGIN : MEMORY_SHARE;
    const evidence = [`${mebibytes(last.memoryBytes)} of ${mebibytes(limit)}`];
    const age = last.at - (facts.record.startedAt ?? last.at);
    const grown = share >= TREND_FROM_SHARE && age >= TREND_FROM_AGE_MS;
    const left = grown ? timeToExhaustion(samples, limit) : null;
    if (left !== null) evidence.push(`at this rate its limit is reached in ${formatDuration(left)}`);
    if (share < threshold && (left === null || left > EXHAUST_MS)) return null;
    const what = share >= threshold ? `uses ${percent(share)} of its memory limit` : 'grows towards its memory limit';
    return claim(
      facts,
      'memory',
      onsetOf(samples, (sample) => sample.memoryBytes >= threshold * limit),
      what,
      evidence,
    );
  },
};

export const saturatingCpu: InstanceDetector = {
  kind: 'saturating',
  resource: 'cpu',
  clearAfterMs: CLEAR_MS,
  episode: lifeOf,
  find(facts) {
    const limit = facts.service.resources.cpus;
    if (limit === null || limit <= 0) return null;
    const samples = samplesOf(facts);
    const last = samples.at(-1);
    if (!last) return null;
    const threshold = (facts.isOpen('saturating', 'cpu') ? CPU_SHARE - MARGIN : CPU_SHARE) * limit;
    const onset = onsetOf(samples, (sample) => sample.cpuCores >= threshold);
    if (last.cpuCores < threshold || last.at - onset < CPU_MS) return null;
    return claim(facts, 'cpu', onset, `has used its CPU limit up for ${formatDuration(last.at - onset)}`, [
      `${last.cpuCores.toFixed(2)} of ${limit} cores`,
    ]);
  },
};

export const saturatingFiles: InstanceDetector = {
  kind: 'saturating',
  resource: 'openFiles',
  clearAfterMs: CLEAR_MS,
  episode: lifeOf,
  find(facts) {
    const samples = samplesOf(facts);
    const last = samples.at(-1);
    if (!last?.openFilesLimit) return null;
    const limit = last.openFilesLimit;
    const threshold = (facts.isOpen('saturating', 'openFiles') ? FILES_SHARE - MARGIN : FILES_SHARE) * limit;
    if (last.openFiles < threshold) return null;
    const onset = onsetOf(samples, (sample) => sample.openFiles >= threshold);
    return claim(facts, 'openFiles', onset, `has ${percent(last.openFiles / limit)} of its open files in use`, [
      `${last.openFiles} of ${limit}`,
    ]);
  },
};

export function saturatingDisk(signal: NodeSignal, open: boolean): Claim | null {
  if (signal.diskShare < (open ? DISK_SHARE - MARGIN : DISK_SHARE)) return null;
  return {
    kind: 'saturating',
    entity: { kind: 'node', name: signal.node },
    resource: 'disk',
    onsetAt: signal.at,
    logP: null,
    summary: `the disk of ${signal.node} is ${percent(signal.diskShare)} full`,
    evidence: [`${mebibytes(signal.diskFreeBytes)} free on the file system of state and logs`],
  };
}

export function saturatingNodeMemory(signal: NodeSignal, open: boolean): Claim | null {
  if (signal.memoryShare < (open ? NODE_MEMORY_SHARE - MARGIN : NODE_MEMORY_SHARE)) return null;
  return {
    kind: 'saturating',
    entity: { kind: 'node', name: signal.node },
    resource: 'memory',
    onsetAt: signal.at,
    logP: null,
    summary: `the memory of ${signal.node} is ${percent(signal.memoryShare)} in use`,
    evidence: ['by everybody together; what can be given up without loss (caches) is not counted'],
  };
}

/** What a machine may be at the end of, by the symptom's id; null: it is not. */
export function saturationsOf(
  signal: NodeSignal,
  isOpen: (symptom: string) => boolean,
): readonly (readonly [symptom: string, Claim | null])[] {
  const of = (resource: string, find: typeof saturatingDisk): readonly [string, Claim | null] => {
    const id = symptomId('saturating', { kind: 'node', name: signal.node }, resource);
    return [id, find(signal, isOpen(id))];
  };
  return [of('disk', saturatingDisk), of('memory', saturatingNodeMemory)];
}

function samplesOf({ instance, record, view }: InstanceFacts): readonly ResourceSignal[] {
  if (!isAlive(instance)) return [];
  const samples = view.resourcesOf(instance.id);
  const begin = record.startedAt ?? instance.startedAt ?? 0;
  // Almost always all of them are of this life.
  if (samples[0] && samples[0].incarnation === instance.incarnation && samples[0].at >= begin) return samples;
  return samples.filter(({ incarnation, at }) => incarnation === instance.incarnation && at >= begin);
}

/** Null: it does not rise, or not steadily enough to be extrapolated. */
export function timeToExhaustion(samples: readonly ResourceSignal[], limit: number): Ms | null {
  const recent = samples.slice(-30);
  const last = recent.at(-1);
  const first = recent[0];
  if (!last || !first || recent.length < TREND_SAMPLES) return null;
  // A step up is no leak: the newest samples must rise as well.
  if (last.memoryBytes - first.memoryBytes < TREND_GROWTH * limit) return null;
  const { slope, r2 } = trend(recent.map(({ at, memoryBytes }) => [at - first.at, memoryBytes]));
  const late = trend(recent.slice(-TREND_SAMPLES).map(({ at, memoryBytes }) => [at - first.at, memoryBytes])).slope;
  const rate = Math.min(slope, late);
  if (rate <= 0 || r2 < TREND_R2) return null;
  return Math.max(0, (limit - last.memoryBytes) / rate);
}

/** When the present spell above the threshold began, as far as samples reach. */
function onsetOf(samples: readonly ResourceSignal[], above: (sample: ResourceSignal) => boolean): Ms {
  let onset = samples.at(-1)?.at ?? 0;
  for (let index = samples.length - 1; index >= 0; index--) {
    const sample = samples[index] as ResourceSignal;
    if (!above(sample)) break;
    onset = sample.at;
  }
  return onset;
}

function claim(
  { instance }: InstanceFacts,
  resource: string,
  onsetAt: Ms,
  what: string,
  evidence: readonly string[],
): Claim {
  const summary = `${instance.id} ${what}`;
  return { kind: 'saturating', entity: instanceRef(instance), resource, onsetAt, logP: null, summary, evidence };
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 1_048_576)} MiB`;
}
