/**
 * A small language for stories about a system, told to detection, diagnosis and recovery. A script is lines of
 * commands; the story is the script with what the three stages said to each line, times in seconds:
 *
 *   service NAME [replicas=N] [calls=NAME,…] [memory=MIB] [restart=any|on-failure|none] [check=none|tcp] [published]
 *   run SECONDS [rate=N] [noise=P]   time goes by, in ticks of 250 ms, with traffic and checks as the processes
 *                              are; every call fails with probability P besides
 *   kill|oom|exit ID [CODE]    the process ends
 *   stop|deaf|wait|lost|refuse|slow|fail|leak ID   the process ails (stop: SIGSTOP; wait: for its own calls;
 *                              lost: nothing that is sent to it arrives)
 *   heal ID                    it is well again
 *   cut|delay|mend A→B [ms=]   calls of A break on their way to B, arrive late, or as before
 *   start ID                   its next life begins
 *   deploy NAME [ails=…]       another revision of every instance, at once; each life of it ails so
 *   down NAME                  an operator stops the service
 *   lag SECONDS                the agent's timers were this late
 *   diagnose                   what is the cause?
 *   plan                       what is to be done, and what do the guard rails say?
 */
import { Detection, type SymptomUpdate } from '../../src/detect/index.ts';
import { diagnose } from '../../src/diagnose/index.ts';
import { Histogram } from '../../src/model/histogram.ts';
import type { Diagnosis, Evidence, Incident } from '../../src/model/incident.ts';
import type { InstanceExit } from '../../src/model/instance.ts';
import { Random } from '../../src/model/random.ts';
import { type EdgeSignal, OUTSIDE, type Signal } from '../../src/model/signal.ts';
import type { RestartCondition, ServiceSpec } from '../../src/model/spec.ts';
import type { Symptom } from '../../src/model/symptom.ts';
import type { Ms } from '../../src/model/time.ts';
import { combine, guard, planFor, RecoveryMemory } from '../../src/recover/index.ts';
import { FakeView, serviceSpec } from './fake-view.ts';

const TICK_MS = 250;
const OWN_MS = 5;
const SLOW_MS = 400;
const FAIL_SHARE = 0.6;
const MIB = 1_048_576;

type Ailment = 'stop' | 'deaf' | 'wait' | 'lost' | 'refuse' | 'slow' | 'fail' | 'leak' | 'crash';

interface Body {
  ailment: Ailment | null;
  ailsSince: number;
  /** Start of the check that is under way, and when it ends. */
  nextCheckAt: number;
  failing: boolean;
  lastPassAt: number;
  stalled: boolean;
  memory: number;
}

export function tell(script: string, seed = 1): string {
  const scenario = new Scenario(seed);
  return `${script
    .trim()
    .split('\n')
    .map((line) => scenario.obey(line.trim()))
    .join('\n')}\n`;
}

export class Scenario {
  readonly view = new FakeView();
  detection = new Detection();
  readonly memory = new RecoveryMemory();
  readonly raised: SymptomUpdate[] = [];
  now = 0;
  readonly #random: Random;
  readonly #bodies = new Map<string, Body>();
  readonly #calls = new Map<string, readonly string[]>();
  /** `caller→callee` and what is wrong with the way. */
  /** Cut, or how much later calls arrive. */
  readonly #ways = new Map<string, 'cut' | Ms>();
  readonly #ails = new Map<string, Ailment>();
  #out: string[] = [];
  #symptoms = new Map<string, Symptom>();
  #firstOnset = Number.POSITIVE_INFINITY;
  #rate = 60;
  #noise = 0;

  constructor(seed = 1) {
    this.#random = Random.seeded(seed);
  }

  /** One line of the script; returns it with what was said, indented. */
  obey(line: string): string {
    if (line === '' || line.startsWith('#')) return line;
    this.#out = [];
    const [command = '', subject = '', ...rest] = line.split(/\s+/);
    const options = new Map(rest.map((word) => word.split('=') as [string, string]));
    switch (command) {
      case 'service':
        this.#declare(subject, options, rest);
        break;
      case 'run':
        this.#rate = Number(options.get('rate') ?? 60);
        this.#noise = Number(options.get('noise') ?? 0);
        this.run(Number(subject) * 1_000);
        break;
      case 'kill':
        this.#end(subject, { reason: 'signal', signal: 'SIGKILL' });
        break;
      case 'oom':
        this.#end(subject, { reason: 'oom', detail: 'memory limit exceeded' });
        break;
      case 'exit':
        this.#end(subject, { reason: 'code', code: Number(rest[0] ?? 1) });
        break;
      case 'heal':
        this.#body(subject).ailment = null;
        break;
      case 'start':
        this.start(subject);
        break;
      case 'deploy':
        this.#deploy(subject, options.get('ails') as Ailment | undefined);
        break;
      case 'down':
        this.#down(subject);
        break;
      case 'cut':
        this.#ways.set(subject, command);
        break;
      case 'delay':
        this.#ways.set(subject, Number(options.get('ms') ?? SLOW_MS));
        break;
      case 'mend':
        this.#ways.delete(subject);
        break;
      case 'lag':
        this.#signal(this.#node(Number(subject) * 1_000));
        break;
      case 'diagnose':
        this.#explain();
        break;
      case 'plan':
        this.#plan();
        break;
      default:
        this.#ail(subject, command as Ailment);
    }
    return [line, ...this.#out.map((text) => `    ${text}`)].join('\n');
  }

  run(ms: number): void {
    for (const end = this.now + ms; this.now < end; ) {
      this.now += TICK_MS;
      this.#checks();
      this.#stalls();
      if (this.now % 1_000 === 0) this.#second();
      this.#hear(this.detection.evaluate(this.view, this.now));
      for (const instance of this.view.instances.values()) this.#refresh(instance.id);
    }
  }

  start(id: string): void {
    const instance = this.view.get(id);
    instance.incarnation += 1;
    Object.assign(instance, { phase: 'starting', ready: false, startedAt: this.now, readyAt: null, lastExit: null });
    this.#bodies.set(id, newBody(this.now));
    const ailment = this.#ails.get(`${instance.service} ${instance.revision}`);
    if (ailment === 'crash') {
      this.#startSignal(id);
      this.#end(id, { reason: 'code', code: 1 });
      return;
    }
    if (ailment !== undefined) this.#ail(id, ailment);
    this.#startSignal(id);
  }

  /** Detection goes on from its own snapshot: nothing may change by that. */
  reload(): void {
    this.detection = Detection.restore(JSON.parse(JSON.stringify(this.detection.snapshot())));
  }

  diagnosis(): Diagnosis {
    const open = [...this.#symptoms.values()];
    const onsetAt = Math.min(this.now, ...open.map((symptom) => symptom.onsetAt));
    return diagnose({ now: this.now, onsetAt, symptoms: open, view: this.view });
  }

  #declare(name: string, options: ReadonlyMap<string, string>, words: readonly string[]): void {
    const replicas = Number(options.get('replicas') ?? 1);
    const calls = (options.get('calls') ?? '').split(',').filter((callee) => callee !== '');
    const memory = options.get('memory');
    const base = serviceSpec(name, { replicas });
    const check = options.get('check');
    const spec: ServiceSpec = {
      ...base,
      dependsOn: calls.map((service) => ({ service, condition: 'healthy' as const, required: true })),
      resources: { ...base.resources, memoryBytes: memory === undefined ? null : Number(memory) * MIB },
      restart: { ...base.restart, condition: (options.get('restart') ?? 'any') as RestartCondition },
      healthcheck:
        check === 'none' || base.healthcheck === null
          ? null
          : check === 'tcp'
            ? { ...base.healthcheck, probe: { kind: 'tcp', port: '80' } }
            : base.healthcheck,
    };
    this.view.add(spec, this.now);
    this.view.inTransition.add(name);
    this.#calls.set(name, calls);
    if (words.includes('published')) this.#calls.set(OUTSIDE, [...(this.#calls.get(OUTSIDE) ?? []), name]);
    for (const { id, service } of this.view.instances.values()) {
      if (service !== name) continue;
      this.view.get(id).ready = false;
      this.#bodies.set(id, newBody(this.now));
      this.#startSignal(id);
    }
  }

  #body(id: string): Body {
    const body = this.#bodies.get(id);
    if (!body) throw new Error(`no instance ${id}`);
    return body;
  }

  #startSignal(id: string): void {
    const { incarnation, process } = this.view.get(id);
    if (process) this.#signal({ kind: 'started', instance: id, incarnation, at: this.now, process });
  }

  #ail(id: string, ailment: Ailment): void {
    const body = this.#body(id);
    body.ailment = ailment;
    body.ailsSince = this.now;
  }

  #end(id: string, how: Partial<InstanceExit> & Pick<InstanceExit, 'reason'>): void {
    const instance = this.view.get(id);
    const exit: InstanceExit = { at: this.now, code: null, signal: null, detail: null, lastOutput: [], ...how };
    if (instance.phase !== 'stopping') this.view.exits.set(id, [...(this.view.exits.get(id) ?? []), exit]);
    this.#signal({ kind: 'exit', instance: id, incarnation: instance.incarnation, at: this.now, exit });
    Object.assign(instance, { phase: 'exited', ready: false, live: null, lastExit: exit });
  }

  #deploy(service: string, ails: Ailment | undefined): void {
    const instances = [...this.view.instances.values()].filter((instance) => instance.service === service);
    const from = instances[0]?.revision ?? 'r1';
    const to = `r${Number(from.slice(1)) + 1}`;
    this.view.changes.push({
      id: `chg-${this.view.changes.length + 1}`,
      at: this.now,
      kind: 'deploy',
      who: 'ann',
      why: 'new version',
      services: [service],
      content: [`${service}: environment.VERSION "${from}" → "${to}"`],
      from: { [service]: from },
      to: { [service]: to },
    });
    if (ails !== undefined) this.#ails.set(`${service} ${to}`, ails);
    for (const instance of instances) {
      instance.phase = 'stopping';
      this.#end(instance.id, { reason: 'code', code: 0 });
      instance.revision = to;
      this.start(instance.id);
    }
  }

  #down(service: string): void {
    this.view.changes.push({
      id: `chg-${this.view.changes.length + 1}`,
      at: this.now,
      kind: 'down',
      who: 'ann',
      why: 'maintenance',
      services: [service],
      content: [],
      from: {},
      to: {},
    });
    this.view.inTransition.add(service);
    for (const instance of this.view.instances.values()) {
      if (instance.service !== service || instance.phase === 'exited') continue;
      instance.phase = 'stopping';
      this.#end(instance.id, { reason: 'code', code: 0 });
    }
  }

  #node(ownLagMs: number): Signal {
    const load = { cpuShare: 0.2, memoryShare: 0.3, diskShare: 0.4, diskFreeBytes: 5e10 };
    return { kind: 'node', node: 'node-1', at: this.now, ...load, ownLagMs };
  }

  #signal(signal: Signal): void {
    if (signal.kind === 'edge') this.view.edges.ingest(signal);
    this.#hear(this.detection.ingest(signal, this.view, this.now));
  }

  #hear(updates: readonly SymptomUpdate[]): void {
    for (const update of updates) {
      const { kind, symptom } = update;
      this.raised.push(update);
      if (kind === 'cleared') this.#symptoms.delete(symptom.id);
      else this.#symptoms.set(symptom.id, symptom);
      if (kind === 'updated' && symptom.detectedAt !== this.now) continue;
      this.#out.push(`${seconds(this.now)} ${kind === 'updated' ? 'again' : kind} ${symptom.id}: ${symptom.summary}`);
    }
  }

  #refresh(id: string): void {
    const instance = this.view.get(id);
    if (instance.phase !== 'starting' && instance.phase !== 'running') return;
    const { live, ready } = this.detection.liveness(id);
    instance.live = live;
    if (instance.ready === ready) return;
    instance.ready = ready;
    if (ready) this.view.inTransition.delete(instance.service);
    if (ready && instance.phase === 'starting') {
      instance.phase = 'running';
      instance.readyAt = this.now;
    }
  }

  #checks(): void {
    for (const { id, service, phase, incarnation } of this.view.instances.values()) {
      const check = this.view.services.get(service)?.healthcheck;
      const body = this.#body(id);
      if (!check || (phase !== 'starting' && phase !== 'running') || this.now < body.nextCheckAt) continue;
      const silent = body.ailment === 'deaf' || body.ailment === 'stop';
      // The kernel accepts connections for a stopped process.
      const hangs = silent && check.probe.kind !== 'tcp';
      const lost = body.ailment === 'lost' ? 'no connection in time' : null;
      const error = hangs ? 'timeout' : body.ailment === 'refuse' ? 'connection refused' : lost;
      body.nextCheckAt = this.now + check.intervalMs;
      if ((hangs || lost !== null) && this.now < body.ailsSince + check.timeoutMs) continue;
      const sign = this.now - body.lastPassAt >= 10_000;
      const tellIt = error !== null || body.failing || sign;
      body.failing = error !== null;
      if (error === null && tellIt) body.lastPassAt = this.now;
      const result = { purpose: 'liveness' as const, pass: error === null, latencyMs: 1, error };
      if (tellIt) this.#signal({ kind: 'check', instance: id, incarnation, at: this.now, ...result });
    }
  }

  #stalls(): void {
    for (const { id, incarnation, phase } of this.view.instances.values()) {
      const body = this.#body(id);
      const alive = phase === 'running' || phase === 'starting';
      const silent = alive && isSilent(body) && this.#rate > 0;
      const silentMs = this.now - body.ailsSince;
      if (silent === body.stalled || (silent && silentMs < 250)) continue;
      body.stalled = silent;
      const detail = { waitingRequests: silent ? 4 : 0, silentMs: silent ? silentMs : 0, detail: 'its peers answer' };
      const state = silent ? 'stalled' : 'resumed';
      if (alive) this.#signal({ kind: 'stall', instance: id, incarnation, at: this.now, state, ...detail });
    }
  }

  #second(): void {
    for (const { id, service, phase, incarnation } of this.view.instances.values()) {
      if (phase !== 'running' && phase !== 'starting') continue;
      const body = this.#body(id);
      const limit = this.view.services.get(service)?.resources.memoryBytes ?? null;
      if (body.ailment === 'leak') body.memory += 10 * MIB;
      const sample: Signal = {
        kind: 'resource',
        instance: id,
        incarnation,
        at: this.now,
        cpuCores: 0.1,
        memoryBytes: body.memory,
        memoryLimitBytes: limit,
        openFiles: 20,
        openFilesLimit: 1_024,
        processes: 1,
        state: body.ailment === 'stop' ? 'T' : 'S',
      };
      this.view.resources.set(id, [...(this.view.resources.get(id) ?? []).slice(-59), sample]);
      this.#signal(sample);
    }
    if (this.#rate > 0) for (const callee of this.#calls.get(OUTSIDE) ?? []) this.#call(OUTSIDE, callee, this.#rate);
  }

  /** One second of calls over an edge; returns what the caller suffers from it. */
  #call(caller: string, callee: string, rate: number): { readonly ms: number; readonly failShare: number } {
    let below = { ms: 0, failShare: 0 };
    for (const next of this.#calls.get(callee) ?? []) {
      const { ms, failShare } = this.#call(callee, next, rate);
      below = { ms: below.ms + ms, failShare: 1 - (1 - below.failShare) * (1 - failShare) };
    }
    const all = [...this.view.instances.values()].filter(({ service }) => service === callee);
    const able = all.filter(({ id, phase, ready, ejected }) => {
      const { ailment } = this.#body(id);
      return phase === 'running' && ready && !ejected && !isSilent(this.#body(id)) && ailment !== 'refuse';
    });
    if (able.length === 0) {
      const failures = { connect: 0, reset: 0, timeout: 0, status5xx: 0, unavailable: rate };
      this.#window(caller, callee, all[0]?.id ?? '', rate, failures, 0);
      return { ms: 0, failShare: 1 };
    }
    let ms = 0;
    let failShare = 0;
    for (const { id } of able) {
      const { ailment } = this.#body(id);
      const share = Math.round(rate / able.length);
      const way = this.#ways.get(`${caller}→${callee}`);
      const own = (ailment === 'slow' ? SLOW_MS : OWN_MS) + (typeof way === 'number' ? way : 0);
      const failing = 1 - (1 - (ailment === 'fail' ? FAIL_SHARE : 0)) * (1 - below.failShare);
      let status5xx = Math.round(share * failing);
      if (this.#noise > 0) for (let n = status5xx; n < share; n++) if (this.#random.chance(this.#noise)) status5xx += 1;
      const reset = way === 'cut' ? Math.round((share - status5xx) * FAIL_SHARE) : 0;
      const failures = { connect: 0, reset, timeout: 0, status5xx, unavailable: 0 };
      this.#window(caller, callee, id, share, failures, own + below.ms);
      ms += (own + below.ms) / able.length;
      failShare += (1 - (1 - failing) * (1 - (way === 'cut' ? FAIL_SHARE : 0))) / able.length;
    }
    return { ms, failShare };
  }

  #window(
    caller: string,
    callee: string,
    instance: string,
    requests: number,
    failures: EdgeSignal['failures'],
    ms: number,
  ): void {
    const histogram = new Histogram();
    const answered = requests - failures.unavailable;
    for (let n = 0; n < answered; n++) histogram.record(ms * 1_000 * this.#random.between(0.6, 1.4));
    const counts = { requests, failures, retried: 0, latency: histogram.toSparse(), inFlight: 1 };
    const waiting = [...this.view.instances.values()].filter(
      ({ id, service }) => service === caller && this.#body(id).ailment === 'wait',
    );
    const oldestWaitMs = Math.max(0, ...waiting.map(({ id }) => this.now - this.#body(id).ailsSince));
    const edge = { caller, callee, instance, protocol: 'http' as const };
    this.#signal({ kind: 'edge', at: this.now, windowMs: 1_000, ...edge, ...counts, oldestWaitMs });
  }

  #explain(): void {
    const { summary, causes, damage } = this.diagnosis();
    this.#out.push(summary);
    const { failedRequests, extraWaitSeconds, unexplainedShare } = damage;
    if (failedRequests > 0 || extraWaitSeconds > 0) {
      const unexplained = `${Math.round(unexplainedShare * 100)} % unexplained`;
      this.#out.push(
        `cost users ${failedRequests} failed requests, ${extraWaitSeconds.toFixed(1)} s of waiting, ${unexplained}`,
      );
    }
    for (const cause of causes.slice(0, 3)) {
      const share = cause.share === null ? '' : `, ${Math.round(cause.share * 100)} % of the damage`;
      this.#out.push(`${Math.round(cause.confidence * 100)} % ${cause.entity.name}: ${cause.mechanism}${share}`);
      for (const each of cause.evidenceFor) this.#out.push(`   for ${weigh(each)}`);
      for (const each of cause.evidenceAgainst) this.#out.push(`   against ${weigh(each)}`);
    }
  }

  #plan(): void {
    const diagnosis = this.diagnosis();
    const incident = this.#incident(diagnosis);
    const input = { incident, diagnosis, view: this.view, memory: this.memory, level: 0, now: this.now };
    const draft = planFor({ ...input, random: this.#random });
    if (draft === null) this.#out.push('nothing to do');
    for (const action of draft?.actions ?? []) {
      const context = {
        view: this.view,
        memory: this.memory,
        symptoms: this.detection.open(),
        causes: diagnosis.causes,
        out: [],
        silences: [],
        stopped: false,
      };
      const verdicts = guard(action, context, this.now, this.#random);
      const against = verdicts
        .filter(({ verdict }) => verdict !== 'allow')
        .map(({ rail, reason }) => `${rail}: ${reason}`);
      const word = combine(verdicts).verdict;
      // As the core does it: what is allowed has begun before the next action is asked about.
      if (word === 'allow' && (action.kind === 'restart' || action.kind === 'replace')) {
        this.memory.noteRestart(action.target, this.now);
      }
      const name = [action.kind, action.target, action.argument ?? ''].filter((part) => part !== '').join(' ');
      this.#out.push(`${word} ${name}: ${action.reason}${against.length > 0 ? ` [${against.join('; ')}]` : ''}`);
    }
  }

  #incident(diagnosis: Diagnosis): Incident {
    const symptoms = [...this.#symptoms.values()];
    this.#firstOnset = Math.min(this.#firstOnset, ...symptoms.map(({ onsetAt }) => onsetAt));
    return {
      id: 'inc-1',
      openedAt: Math.min(this.now, ...symptoms.map(({ detectedAt }) => detectedAt)),
      onsetAt: this.#firstOnset,
      closedAt: null,
      status: 'open',
      title: '',
      symptoms,
      diagnosis,
      plans: [],
      proof: null,
      timeline: [],
    };
  }
}

function newBody(now: number): Body {
  const never = Number.NEGATIVE_INFINITY;
  const memory = 50 * MIB;
  return {
    ailment: null,
    ailsSince: never,
    nextCheckAt: now + 500,
    failing: true,
    lastPassAt: never,
    stalled: false,
    memory,
  };
}

function weigh({ text, weight }: Evidence): string {
  return `${weight > 0 ? '+' : ''}${weight.toFixed(1)} ${text}`;
}

function seconds(ms: number): string {
  return (ms / 1_000).toFixed(2).padStart(6);
}

function isSilent({ ailment }: Body): boolean {
  return ailment === 'deaf' || ailment === 'stop' || ailment === 'wait' || ailment === 'lost';
}
