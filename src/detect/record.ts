/** What detection remembers of one instance: its current life, and of earlier ones only what flapping needs. */
import type { Instance, InstanceExit } from '../model/instance.ts';
import type { StallSignal } from '../model/signal.ts';
import type { CheckSpec, ServiceSpec } from '../model/spec.ts';
import type { Ms } from '../model/time.ts';
import type { CheckView } from '../model/view.ts';
import { type CheckTrack, isDeep, newTrack, settleTrack } from './checks.ts';

/** Without any check of its own a service with ports is taken for ready this long after its start. */
export const UNCHECKED_READY_MS: Ms = 2_000;

export interface Stall {
  readonly state: 'stalled' | 'refusing' | 'erroring';
  /** When it fell silent. */
  since: Ms;
  readonly waiting: number;
  readonly detail: string;
}

export interface InstanceRecord {
  incarnation: number;
  revision: string;
  /** Of this life; null: not seen to start yet. */
  startedAt: Ms | null;
  liveness: CheckTrack;
  readiness: CheckTrack;
  stall: Stall | null;
  /** The unmeant end that nothing has made good yet. */
  crash: InstanceExit | null;
  /** Ready as far as its own checks say. */
  passes: boolean;
  /** That, and it answers its callers. */
  ready: boolean;
  readySince: Ms | null;
  /** When it crashed or its checks turned bad, newest last; older ones fall away. */
  drops: Ms[];
  /** Since when the kernel reports it as stopped (T). */
  stoppedSince: Ms | null;
}

export function newRecord(instance: Instance): InstanceRecord {
  return {
    incarnation: instance.incarnation,
    revision: instance.revision,
    startedAt: null,
    liveness: newTrack(),
    readiness: newTrack(),
    stall: null,
    crash: null,
    passes: false,
    ready: false,
    readySince: null,
    drops: [],
    stoppedSince: null,
  };
}

/** Another life has begun: what was seen of the last one no longer counts, but a crash stays until it is made good. */
export function beginLife(record: InstanceRecord, instance: Instance): void {
  if (record.revision !== instance.revision) record.drops = [];
  Object.assign(record, newRecord(instance), { crash: record.crash, drops: record.drops });
}

export function takeStall(record: InstanceRecord, signal: StallSignal): void {
  if (signal.state === 'resumed' || signal.state === 'recovered') {
    record.stall = null;
    return;
  }
  const since = signal.at - signal.silentMs;
  record.stall = {
    state: signal.state,
    since: record.stall?.state === signal.state ? Math.min(record.stall.since, since) : since,
    waiting: signal.waitingRequests,
    detail: signal.detail,
  };
}

export function noteDrop(record: InstanceRecord, at: Ms, keepMs: Ms): void {
  record.drops = [...record.drops.filter((drop) => drop > at - keepMs), at];
}

/** That its callers wait may be its dependency's doing: only its own checks count as going down. */
export function notePasses(record: InstanceRecord, passes: boolean, alive: boolean, now: Ms, keepMs: Ms): void {
  if (record.passes && !passes && alive) noteDrop(record, now, keepMs);
  record.passes = passes;
}

/** Ready as far as checks say; a service without any is ready once it runs. */
export function judgeReady(record: InstanceRecord, instance: Instance, service: ServiceSpec, now: Ms): boolean {
  if (instance.phase !== 'starting' && instance.phase !== 'running') return false;
  settleTrack(record.liveness, service.healthcheck, now);
  settleTrack(record.readiness, service.readiness, now);
  if (service.healthcheck === null && service.readiness === null) return uncheckedReady(record, service, now);
  if (service.healthcheck !== null && record.liveness.verdict !== true) return false;
  return service.readiness === null || record.readiness.verdict === true;
}

function uncheckedReady(record: InstanceRecord, service: ServiceSpec, now: Ms): boolean {
  if (record.startedAt === null) return false;
  if (service.ports.length === 0) return true;
  // The agent may watch the port by itself; then its word counts.
  const seen = [record.readiness, record.liveness].find(({ lastPassAt, lastFailAt }) => lastPassAt ?? lastFailAt);
  return seen ? seen.verdict === true : now - record.startedAt >= UNCHECKED_READY_MS;
}

/**
 * A check that failed during the silence and passes again: it woke up, and the traffic layer, which no longer asks
 * it anything, may never see that.
 */
export function endsStall(record: InstanceRecord, track: CheckTrack, spec: CheckSpec | null): boolean {
  if (record.stall === null || !isDeep(spec)) return false;
  return track.lastFailAt !== null && track.lastFailAt > record.stall.since;
}

/** What its own checks said last, for whoever compares it with what its callers saw. */
export function checkViewOf(record: InstanceRecord | null): CheckView {
  if (record === null) return { failingSince: null, error: null, latencyMs: null };
  const { liveness, readiness } = record;
  const failing = [liveness, readiness].find(
    ({ lastFailAt, passingSince }) => lastFailAt !== null && passingSince === null,
  );
  const latencyMs = liveness.latencyMs ?? readiness.latencyMs;
  if (failing === undefined) return { failingSince: null, error: null, latencyMs };
  return { failingSince: failing.firstFailAt ?? failing.lastFailAt, error: failing.error, latencyMs };
}

/** Time alone may change what is to be said of it. */
export function isPressing(record: InstanceRecord): boolean {
  return (
    record.crash !== null ||
    record.stall !== null ||
    record.stoppedSince !== null ||
    !record.ready ||
    record.liveness.verdict === false ||
    record.readiness.verdict === false
  );
}
