/**
 * Memory and descriptors of instances, disks of nodes: when will they be full? The detectors of the core know what is
 * full now or within a minute; this looks hours ahead, at what a restart or an empty trash bin still prevents.
 */
import type { NodeSignal, ResourceSignal } from '../../model/signal.ts';
import type { EntityRef } from '../../model/symptom.ts';
import type { Ms } from '../../model/time.ts';
import { createForecast, FORECASTS, type Forecast, type ForecastVerdict } from '../metrics/index.ts';
import type { Candidate } from './gate.ts';

/** Samples are taken this often: the shortest pace of a forecast. */
const STEP_MS: Ms = 10_000;
const KEPT = 64;
/** A disk that is likely to be full within this, and surely some day, calls a human. */
export const CALL_MS: Ms = 7_200_000;

type Resource = keyof typeof FORECASTS;

interface Track {
  readonly entity: EntityRef;
  readonly resource: Resource;
  readonly incarnation: number;
  readonly forecast: Forecast;
  readonly shares: number[];
  pushedAt: Ms;
  sinceAt: Ms | null;
  verdict: ForecastVerdict | null;
}

const WORDS: Readonly<Record<Resource, string>> = {
  disk: 'disk',
  memory: 'memory limit',
  descriptors: 'open files',
  connections: 'connections',
};

export class ForecastWatch {
  readonly #tracks = new Map<string, Track>();

  takeInstance(service: string, sample: ResourceSignal): void {
    const { instance, incarnation, at, memoryBytes, memoryLimitBytes, openFiles, openFilesLimit } = sample;
    const entity: EntityRef = { kind: 'instance', name: instance, service };
    if (memoryLimitBytes) this.#take(entity, 'memory', incarnation, at, memoryBytes, memoryLimitBytes);
    if (openFilesLimit) this.#take(entity, 'descriptors', incarnation, at, openFiles, openFilesLimit);
  }

  takeNode({ node, at, diskShare }: NodeSignal): void {
    this.#take({ kind: 'node', name: node }, 'disk', 0, at, diskShare, 1);
  }

  forget(instance: string): void {
    for (const resource of ['memory', 'descriptors'] as const) this.#tracks.delete(`${resource} ${instance}`);
  }

  candidates(): Candidate[] {
    const found: Candidate[] = [];
    for (const track of this.#tracks.values()) {
      if (track.verdict?.exhausting && track.verdict.reason !== null) found.push(candidateOf(track, track.verdict));
    }
    return found;
  }

  #take(entity: EntityRef, resource: Resource, incarnation: number, at: Ms, used: number, limit: number): void {
    const key = `${resource} ${entity.name}`;
    let track = this.#tracks.get(key);
    if (track && at - track.pushedAt < STEP_MS) return;
    if (!track || track.incarnation !== incarnation) {
      track = {
        entity,
        resource,
        incarnation,
        forecast: createForecast(FORECASTS[resource]),
        shares: [],
        pushedAt: at,
        sinceAt: null,
        verdict: null,
      };
      this.#tracks.set(key, track);
    }
    track.pushedAt = at;
    track.shares.push(used / limit);
    if (track.shares.length > KEPT) track.shares.shift();
    track.verdict = track.forecast.push(at, used, limit);
    if (track.verdict.exhausting) track.sinceAt ??= at;
    else track.sinceAt = null;
  }
}

function candidateOf(track: Track, verdict: ForecastVerdict): Candidate {
  const { entity, resource, shares } = track;
  const { timeToFull } = verdict;
  const calls =
    resource === 'disk' && timeToFull !== null && timeToFull.latestMs !== null && timeToFull.likelyMs <= CALL_MS;
  const claim = {
    kind: 'saturating',
    entity,
    resource: `${resource}.forecast`,
    onsetAt: track.sinceAt ?? track.pushedAt,
    logP: verdict.minusLog10P,
    summary: `${entity.name} is running out of ${WORDS[resource]}`,
    evidence: [verdict.reason ?? ''],
    standing: calls ? 'alone' : 'advisory',
    figure: {
      title: `${WORDS[resource]} of ${entity.name}`,
      unit: '%',
      recent: shares.map((share) => Math.round(share * 10_000) / 100),
      baseline: [],
      compared: 'share of its limit',
      stepMs: STEP_MS,
    },
  } as const;
  return { claim, looksPerDay: 0 };
}
