/**
 * Signals to symptoms. One detector per file says what it sees; this class keeps what they need to remember, asks
 * them when there is something new (and everything once a second), and tells the news.
 *
 * Evidence gathered while the observer itself was late (an agent's timers, or our own pauses) is void: failures in
 * that time are forgotten and silences counted anew, so that a machine that stood still accuses nobody.
 */
import type { Instance } from '../model/instance.ts';
import type { EdgeSignal, NodeSignal, Signal } from '../model/signal.ts';
import type { ServiceSpec } from '../model/spec.ts';
import { type EntityRef, type Symptom, symptomId } from '../model/symptom.ts';
import type { Ms } from '../model/time.ts';
import type { CheckView, SystemView } from '../model/view.ts';
import { Board } from './board.ts';
import { takeCheck, voidFailures } from './checks.ts';
import { claimed, type Finding, type InstanceFacts, instanceRef, isAlive } from './claim.ts';
import { Claims, exists } from './claims.ts';
import type { Liveness, SymptomUpdate } from './contract.ts';
import { isStoppedOnPurpose, isUnmeant } from './crashed.ts';
import { CLEAR_MS as ERRORING_CLEAR_MS, erroringInstances, erroringService } from './erroring.ts';
import { EvidencePool, type EvidenceSnapshot } from './evidence/pool.ts';
import { WINDOW_MS as FLAPPING_WINDOW_MS } from './flapping.ts';
import { hung } from './hung.ts';
import { INSTANCE_DETECTORS } from './instance-detectors.ts';
import { Objectives, type ObjectivesSnapshot } from './objectives.ts';
import {
  beginLife,
  checkViewOf,
  endsStall,
  type InstanceRecord,
  isPressing,
  judgeReady,
  newRecord,
  noteDrop,
  notePasses,
  takeStall,
} from './record.ts';
import { CLEAR_MS as SATURATING_CLEAR_MS, saturationsOf } from './saturating.ts';
import { Member, ServiceFacts } from './service-facts.ts';
import { CLEAR_MS as SLOW_CLEAR_MS, slowInstances, slowService } from './slow.ts';
import { calleesOf, callersByCallee, gather, normBefore } from './traffic.ts';
import { CLEAR_MS as UNREACHABLE_CLEAR_MS, unreachableService } from './unreachable.ts';
import { onsetsOfWays, settleWays, waysOf, withoutWays } from './ways.ts';

export type { Liveness, SymptomUpdate } from './contract.ts';
export { ADAPT_MS } from './traffic.ts';

/** Everything is looked at this often; what has news, at every evaluation. */
const SCAN_MS: Ms = 1_000;
/** Lag of an agent's timers, or a pause of our own, beyond which evidence of that time is void. */
export const LAG_MS: Ms = 1_000;
/** Spans of void evidence that are remembered; older windows are out of the detectors' sight by then. */
const VOID_KEPT = 8;

interface Saved {
  readonly records: readonly (readonly [string, InstanceRecord])[];
  readonly board: unknown;
  readonly noneReadySince: readonly (readonly [string, Ms])[];
  readonly voids: readonly (readonly [from: Ms, to: Ms])[];
  readonly active: readonly string[];
  readonly trafficNews: readonly string[];
  readonly scannedAt: Ms | null;
  readonly evaluatedAt: Ms | null;
  readonly claims?: readonly (readonly [string, Ms])[];
  readonly objectives?: ObjectivesSnapshot;
  readonly evidence?: EvidenceSnapshot;
}

export class Detection {
  #records = new Map<string, InstanceRecord>();
  #board = new Board();
  /** Services without a ready instance, and since when. */
  #noneReadySince = new Map<string, Ms>();
  #voids: (readonly [from: Ms, to: Ms])[] = [];
  /** Instances with news, or with something that time alone may change. */
  #active = new Set<string>();
  #trafficNews = new Set<string>();
  #scannedAt: Ms | null = null;
  #evaluatedAt: Ms | null = null;
  #claims = new Claims();
  #objectives = new Objectives();
  #evidence = new EvidencePool();

  static restore(snapshot: unknown): Detection {
    const saved = structuredClone(snapshot) as Saved;
    const detection = new Detection();
    detection.#records = new Map(saved.records);
    detection.#board = Board.restore(saved.board);
    detection.#noneReadySince = new Map(saved.noneReadySince);
    detection.#voids = [...saved.voids];
    detection.#active = new Set(saved.active);
    detection.#trafficNews = new Set(saved.trafficNews);
    detection.#scannedAt = saved.scannedAt;
    detection.#evaluatedAt = saved.evaluatedAt;
    detection.#claims = new Claims(saved.claims);
    detection.#objectives = new Objectives(saved.objectives);
    detection.#evidence = new EvidencePool(saved.evidence);
    return detection;
  }

  snapshot(): unknown {
    const saved: Saved = {
      records: [...this.#records],
      board: this.#board.snapshot(),
      noneReadySince: [...this.#noneReadySince],
      voids: this.#voids,
      active: [...this.#active],
      trafficNews: [...this.#trafficNews],
      scannedAt: this.#scannedAt,
      evaluatedAt: this.#evaluatedAt,
      claims: this.#claims.snapshot(),
      objectives: this.#objectives.snapshot(),
      evidence: this.#evidence.snapshot(),
    };
    return saved;
  }

  open(): readonly Symptom[] {
    return this.#board.open();
  }

  forget(instance: string): void {
    this.#records.delete(instance);
    this.#active.delete(instance);
  }

  liveness(instance: string): Liveness {
    const record = this.#records.get(instance);
    return record ? { live: record.liveness.verdict, ready: record.ready } : { live: null, ready: false };
  }

  checkOf(instance: string): CheckView {
    return checkViewOf(this.#records.get(instance) ?? null);
  }

  ingest(signal: Signal, view: SystemView, now: Ms): readonly SymptomUpdate[] {
    if (signal.kind === 'edge') this.#takeEdge(signal, view);
    else if (signal.kind === 'node') this.#takeNode(signal, view, now);
    else if (signal.kind === 'claim') this.#claims.take(signal, this.#board, view, now);
    else if (signal.kind !== 'change') this.#takeOfInstance(signal, view, now);
    return this.#news(view, now);
  }

  /** Something was done about this service: what was said of it was worth it. */
  acted(service: string): void {
    this.#evidence.acted(service);
  }

  evaluate(view: SystemView, now: Ms): readonly SymptomUpdate[] {
    if (this.#evaluatedAt !== null && now - this.#evaluatedAt > LAG_MS) this.#void(this.#evaluatedAt, now, view);
    this.#evaluatedAt = now;
    if (this.#scannedAt === null || now - this.#scannedAt >= SCAN_MS) this.#scan(view, now);
    else for (const id of [...this.#active]) this.#judgeInstance(id, view, now);
    return this.#news(view, now);
  }

  #news(view: SystemView, now: Ms): readonly SymptomUpdate[] {
    const news = this.#board.takeNews();
    this.#evidence.note(news, view, now);
    return news;
  }

  #takeEdge(signal: EdgeSignal, view: SystemView): void {
    this.#objectives.take(signal, view);
    this.#trafficNews.add(signal.callee);
  }

  #takeNode(signal: NodeSignal, view: SystemView, now: Ms): void {
    if (signal.ownLagMs > LAG_MS) this.#void(signal.at - signal.ownLagMs - LAG_MS, signal.at, view);
    for (const [id, claim] of saturationsOf(signal, (each) => this.#board.get(each) !== undefined))
      this.#board.settle(id, claim, SATURATING_CLEAR_MS, now);
  }

  #takeOfInstance(
    signal: Exclude<Signal, { kind: 'edge' | 'node' | 'change' | 'claim' }>,
    view: SystemView,
    now: Ms,
  ): void {
    const instance = view.instances.get(signal.instance);
    const service = instance && view.services.get(instance.service);
    if (!instance || !service || signal.incarnation !== instance.incarnation) return;
    const record = this.#recordOf(instance);
    this.#active.add(instance.id);
    switch (signal.kind) {
      case 'started':
        record.startedAt = signal.at;
        return;
      case 'exit':
        if (isUnmeant(signal.exit, instance, service)) {
          record.crash = signal.exit;
          noteDrop(record, signal.exit.at, FLAPPING_WINDOW_MS);
        } else {
          record.crash = null;
        }
        // Said at once: everything else may wait for the next evaluation.
        this.#judgeInstance(instance.id, view, now);
        return;
      case 'check': {
        const [track, spec] =
          signal.purpose === 'liveness'
            ? [record.liveness, service.healthcheck]
            : [record.readiness, service.readiness];
        if (signal.pass && endsStall(record, track, spec)) record.stall = null;
        takeCheck(track, signal, spec, record.startedAt ?? instance.startedAt ?? signal.at);
        return;
      }
      case 'stall':
        takeStall(record, signal);
        return;
      case 'role':
      case 'way':
        return;
      case 'resource':
        if (signal.state === 'T') record.stoppedSince ??= signal.at;
        else record.stoppedSince = null;
        return;
    }
  }

  #recordOf(instance: Instance): InstanceRecord {
    let record = this.#records.get(instance.id);
    if (!record) {
      record = newRecord(instance);
      this.#records.set(instance.id, record);
    } else if (record.incarnation !== instance.incarnation) {
      beginLife(record, instance);
    }
    return record;
  }

  /** Nothing that was missed between `from` and `to` may be held against anybody. */
  #void(from: Ms, to: Ms, view: SystemView): void {
    this.#voids = [...this.#voids.slice(1 - VOID_KEPT), [from, to]];
    for (const [id, record] of this.#records) {
      if (!view.instances.has(id)) continue;
      voidFailures(record.liveness, from);
      voidFailures(record.readiness, from);
      if (record.stall && record.stall.since < to) record.stall.since = to;
      if (record.stoppedSince !== null && record.stoppedSince >= from) record.stoppedSince = to;
    }
  }

  #judgeInstance(id: string, view: SystemView, now: Ms): void {
    const instance = view.instances.get(id);
    const service = instance && view.services.get(instance.service);
    if (!instance || !service) {
      this.#active.delete(id);
      return;
    }
    const record = this.#recordOf(instance);
    // A life that was found running, not seen to start.
    if (record.startedAt === null && instance.process !== null) record.startedAt = instance.startedAt;
    if (isStoppedOnPurpose(instance, view)) record.crash = null;
    const isOpen: InstanceFacts['isOpen'] = (kind, resource) =>
      this.#board.get(symptomId(kind, instanceRef(instance), resource)) !== undefined;
    const facts: InstanceFacts = { instance, service, record, view, now, isOpen };
    this.#judgeReadiness(facts);
    const entity = instanceRef(instance);
    for (const detector of INSTANCE_DETECTORS) {
      const finding = detector.find(facts);
      const symptom = symptomId(detector.kind, entity, detector.resource);
      this.#board.settle(symptom, finding, detector.clearAfterMs, now, detector.episode(record));
    }
    if (!isPressing(record)) this.#active.delete(id);
  }

  #judgeReadiness(facts: InstanceFacts): void {
    const { record, instance, service, now } = facts;
    const passes = judgeReady(record, instance, service, now);
    notePasses(record, passes, isAlive(instance), now, FLAPPING_WINDOW_MS);
    const ready = passes && hung.find(facts) === null;
    if (ready === record.ready) return;
    record.ready = ready;
    if (!ready) return;
    record.readySince = now;
    record.crash = null;
  }

  #scan(view: SystemView, now: Ms): void {
    this.#scannedAt = now;
    const members = new Map<string, Member[]>();
    for (const instance of view.instances.values()) {
      this.#judgeInstance(instance.id, view, now);
      const member = new Member(instance, this.#recordOf(instance));
      const group = members.get(instance.service);
      if (group) group.push(member);
      else members.set(instance.service, [member]);
    }
    const callers = callersByCallee(view);
    for (const service of view.services.values()) {
      const group = members.get(service.name) ?? [];
      this.#judgeReachability(service, group, view, now);
      const suspected = group.some(({ record }) => record.liveness.verdict === false || record.stall !== null);
      if (suspected || this.#trafficNews.has(service.name) || this.#onsetsOf(service.name, group).length > 0) {
        this.#judgeTraffic(service, group, callers.get(service.name) ?? [], view, now);
      }
    }
    this.#trafficNews.clear();
    this.#objectives.evaluate(view, this.#board, now);
    this.#evidence.evaluate(view, this.#board, now);
    this.#sweep(view, now);
  }

  #judgeReachability(service: ServiceSpec, members: readonly Member[], view: SystemView, now: Ms): void {
    const id = symptomId('unreachable', { kind: 'service', name: service.name });
    // Jobs that have done their work are missed by nobody.
    const done = members.every(({ instance, record }) => instance.phase === 'exited' && record.crash === null);
    const meant = view.inTransition.has(service.name) || service.ports.length === 0 || done;
    if (meant || members.some(({ record }) => record.ready)) {
      this.#noneReadySince.delete(service.name);
      this.#board.settle(id, null, UNREACHABLE_CLEAR_MS, now);
      return;
    }
    const since = this.#noneReadySince.get(service.name) ?? now;
    this.#noneReadySince.set(service.name, since);
    const instances = members.map(({ instance }) => instance);
    this.#board.settle(id, unreachableService(service, instances, since, now), UNREACHABLE_CLEAR_MS, now);
  }

  /** Of the symptoms of its traffic. */
  #onsetsOf(service: string, members: readonly Member[]): Ms[] {
    const entities: EntityRef[] = [{ kind: 'service', name: service }, ...members.map((m) => instanceRef(m.instance))];
    const own = entities.flatMap((entity) => this.#trafficSymptoms(entity).map(({ onsetAt }) => onsetAt));
    return [...own, ...onsetsOfWays(this.#board, service)];
  }

  #trafficSymptoms(entity: EntityRef): Symptom[] {
    return [this.#board.get(symptomId('slow', entity)), this.#board.get(symptomId('erroring', entity))].filter(
      (symptom) => symptom !== undefined,
    );
  }

  #judgeTraffic(
    service: ServiceSpec,
    members: readonly Member[],
    callers: readonly string[],
    view: SystemView,
    now: Ms,
  ): void {
    const ref: EntityRef = { kind: 'service', name: service.name };
    const before = normBefore(this.#onsetsOf(service.name, members), now);
    const isVoid = (at: Ms): boolean => this.#voids.some(([from, to]) => at >= from && at <= to + 1_000);
    const calls = (callee: string, by: readonly string[]) => gather(view, callee, by, now, before, isVoid);
    const facts = new ServiceFacts(service, members, calls(service.name, callers), now);
    const ways = waysOf(facts, () => calleesOf(view, service.name).flatMap((callee) => calls(callee, [service.name])));
    settleWays(this.#board, service.name, callers, ways, now);
    const [forFailures, forSlowness] = [withoutWays(facts, ways.erroring), withoutWays(facts, ways.slow)];
    const failing = erroringInstances(forFailures, ways.erroring.size > 0);
    const slow = slowInstances(forSlowness);
    const [failingIds, slowIds] = [claimed(failing), claimed(slow)];
    // What is left once those that it comes from are named is nothing: no need to wait whether it stays so.
    const failsFor = ways.erroring.size > 0 ? 0 : ERRORING_CLEAR_MS;
    const slowFor = ways.slow.size > 0 ? 0 : SLOW_CLEAR_MS;
    this.#settleAll('erroring', members, failing, failsFor, now);
    const [fails, late] = [erroringService(forFailures, failingIds), slowService(forSlowness, slowIds)];
    this.#settleService('erroring', ref, members, fails, failingIds.size > 0 ? 0 : failsFor, now);
    if (members.length > 1) this.#settleAll('slow', members, slow, slowFor, now);
    this.#settleService('slow', ref, members, late, slowIds.size > 0 ? 0 : slowFor, now);
  }

  #settleAll(
    kind: 'slow' | 'erroring',
    members: readonly Member[],
    findings: ReadonlyMap<string, Finding>,
    clearAfterMs: Ms,
    now: Ms,
  ): void {
    for (const { instance } of members) {
      const finding = findings.get(instance.id) ?? null;
      this.#board.settle(symptomId(kind, instanceRef(instance)), finding, clearAfterMs, now, instance.incarnation);
    }
  }

  /** A service of one instance has no symptoms of traffic of its own: they are the instance's. */
  #settleService(
    kind: 'slow' | 'erroring',
    ref: EntityRef,
    members: readonly Member[],
    finding: Finding,
    clearAfterMs: Ms,
    now: Ms,
  ): void {
    const only = members.length === 1 ? members[0]?.instance : undefined;
    if (!only) this.#board.settle(symptomId(kind, ref), finding, clearAfterMs, now);
    else if (kind === 'slow')
      this.#board.settle(symptomId(kind, instanceRef(only)), finding, clearAfterMs, now, only.incarnation);
    if (only) this.#board.settle(symptomId(kind, ref), null, clearAfterMs, now);
  }

  /** Instances and services that are gone take their symptoms with them. */
  #sweep(view: SystemView, now: Ms): void {
    this.#claims.sweep(this.#board, now);
    for (const id of this.#records.keys()) if (!view.instances.has(id)) this.forget(id);
    for (const { id, entity } of this.#board.open()) {
      if (!exists(entity, view)) this.#board.clear(id, now);
    }
    for (const name of this.#noneReadySince.keys()) if (!view.services.has(name)) this.#noneReadySince.delete(name);
  }
}
