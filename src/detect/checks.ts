/**
 * Check results to a verdict, with hysteresis: `retries` failures in a row turn it, `successes` passes turn it back,
 * failures within the start period do not count until the first pass. Agents are silent about repeated passes, so
 * passes after the first one are counted by the time that went by without a failure.
 */
import { type CheckSignal, NO_CONNECTION } from '../model/signal.ts';
import type { CheckSpec } from '../model/spec.ts';
import type { Ms } from '../model/time.ts';

export interface CheckTrack {
  /** null: not judged yet in this life. */
  verdict: boolean | null;
  failures: number;
  firstFailAt: Ms | null;
  lastFailAt: Ms | null;
  /** First pass since the last failure. */
  passingSince: Ms | null;
  lastPassAt: Ms | null;
  error: string | null;
  /** Of the last pass that was told of. */
  latencyMs: Ms | null;
}

export function newTrack(): CheckTrack {
  return {
    verdict: null,
    failures: 0,
    firstFailAt: null,
    lastFailAt: null,
    passingSince: null,
    lastPassAt: null,
    error: null,
    latencyMs: null,
  };
}

export function takeCheck(track: CheckTrack, signal: CheckSignal, spec: CheckSpec | null, startedAt: Ms): void {
  if (signal.pass) {
    track.failures = 0;
    track.firstFailAt = null;
    track.passingSince ??= signal.at;
    track.lastPassAt = signal.at;
    track.latencyMs = signal.latencyMs;
    // The first pass of a life ends the start period at once.
    if (track.verdict === null) track.verdict = true;
    else settleTrack(track, spec, signal.at);
    return;
  }
  const starting = track.lastPassAt === null && signal.at < startedAt + (spec?.startPeriodMs ?? 0);
  track.passingSince = null;
  track.lastFailAt = signal.at;
  track.error = signal.error ?? 'failed';
  if (starting) return;
  track.failures += 1;
  track.firstFailAt ??= signal.at;
  if (track.failures >= (spec?.retries ?? 1)) track.verdict = false;
}

/** Turns a failing verdict back once enough passes must have gone by. */
export function settleTrack(track: CheckTrack, spec: CheckSpec | null, now: Ms): void {
  if (track.verdict !== false || track.passingSince === null) return;
  const needed = ((spec?.successes ?? 1) - 1) * (spec?.intervalMs ?? 0);
  if (now - track.passingSince >= needed) track.verdict = true;
}

/** Failures seen while the observer itself was late prove nothing; a verdict that was made before stays. */
export function voidFailures(track: CheckTrack, since: Ms): void {
  if (track.verdict === false || track.lastFailAt === null || track.lastFailAt < since) return;
  track.failures = 0;
  track.firstFailAt = null;
}

export type FailureNature = 'unopened' | 'silent' | 'refused' | 'wrong';

/** unopened: not even a connection in time; silent: no answer in time; refused: nobody there; wrong: an answer, but a bad one. */
export function natureOf(error: string | null): FailureNature {
  const text = (error ?? '').toLowerCase();
  if (error === NO_CONNECTION) return 'unopened';
  if (/time|ttl|silen|no report|deadline/.test(text)) return 'silent';
  if (/refused|reset|unreach|closed|hang up|epipe|not accept/.test(text)) return 'refused';
  return 'wrong';
}

/** The kernel accepts connections for a stopped process: a check that only connects proves nothing. */
export function isDeep(check: CheckSpec | null): boolean {
  return check !== null && check.probe.kind !== 'tcp';
}
