/**
 * Systems that never ran, as benchmarks of recorded systems tell of theirs: a folder with a wide table of metrics, log
 * lines and spans, from services, stores and queues that call each other by operations, with caches, retries, fan-out
 * and load that changes. One fault of a known kind at a known place. Requests are simulated one by one, so that damage
 * spreads as it does: by waiting, failing, giving up and trying again, and not by the formula that looks for it.
 *
 * What is made as real recordings show it: metrics from a step of 1 s to 15 s, half of them over a sliding window, as the
 * callers saw a service or as it saw itself; users who wait for their answers, in half of the systems; stress that takes
 * processor time too; memory that slows its service as it fills, up to where, in half of the systems, its process is
 * killed and begins anew; caches that grow by themselves. What is not: machines whose services slow each other, several
 * instances of a service, stores whose calls no metric counts, clocks of metrics that differ, more than one fault.
 */
import { Random } from '../../src/model/random.ts';
import { type Habits, habitsOf, type Level, Levels, normally } from './habits.ts';
import { type Call, type Fault, mayHave, type Operation, plan, ratesOf, SELDOM, type Service } from './plan.ts';

export { FAULTS, type Fault } from './plan.ts';

export interface Span {
  readonly trace: number;
  readonly id: number;
  readonly parent: number | null;
  readonly service: string;
  readonly operation: string;
  readonly kind: 'client' | 'server' | 'producer' | 'consumer';
  readonly peer: string | null;
  readonly startMs: number;
  readonly ms: number;
  readonly failed: boolean;
}

export interface Line {
  readonly atMs: number;
  readonly service: string;
  readonly level: 'INFO' | 'WARN' | 'ERROR';
  readonly text: string;
}

/** Of one service in one bin. */
export interface Sample {
  calls: number;
  failed: number;
  latencies: number[];
}

export interface Town {
  readonly services: readonly Service[];
  readonly cause: string;
  readonly fault: Fault | null;
  readonly startMs: number;
  readonly onsetMs: number;
  readonly endMs: number;
  readonly spans: readonly Span[];
  readonly lines: readonly Line[];
  readonly habits: Habits;
  /** By service, by bin of the habits' step. */
  readonly samples: ReadonlyMap<string, readonly Sample[]>;
  readonly levels: ReadonlyMap<string, Readonly<Record<Level, readonly number[]>>>;
}

export interface TownOptions {
  readonly services: number;
  readonly perSecond: number;
  readonly normalMs: number;
  readonly incidentMs: number;
  /** Share of requests whose spans are kept. */
  readonly sampled: number;
  /** 0–1: how hard the fault strikes. */
  readonly size: number;
}

const START_MS = 1_767_225_600_000;
/** Fillings of memory from one killing to the next start. */
const DEAD = 1.08;
/** The same seed gives the same system. */
export function townOf(seed: number, fault: Fault | null, options: TownOptions): Town {
  const random = Random.seeded(seed);
  const services = plan(random, options.services);
  const rates = ratesOf(services);
  const places = services.filter((one) => mayHave(one, fault) && (rates.get(one.name) ?? 0) >= SELDOM);
  const cause = (places[random.int(places.length)] as Service).name;
  return new Story({ services, cause, fault, random, habits: habitsOf(seed), options }).tell();
}

interface Setting {
  readonly services: readonly Service[];
  readonly cause: string;
  readonly fault: Fault | null;
  readonly random: Random;
  readonly habits: Habits;
  readonly options: TownOptions;
}

interface Outcome {
  readonly ms: number;
  readonly failed: boolean;
  /** An answer that is none: the caller goes on differently. */
  readonly empty: boolean;
}

const REFUSED: Outcome = { ms: 0.3, failed: true, empty: false };

class Story {
  readonly #services: readonly Service[];
  readonly #byName: ReadonlyMap<string, Service>;
  readonly #cause: string;
  readonly #fault: Fault | null;
  readonly #random: Random;
  readonly #options: TownOptions;
  readonly #spans: Span[] = [];
  readonly #lines: Line[] = [];
  readonly #samples = new Map<string, Sample[]>();
  readonly #habits: Habits;
  /** Code faults are in the operation that is asked for most. */
  readonly #ofFault: string;
  #ids = 1;
  #kept = false;

  constructor({ services, cause, fault, random, habits, options }: Setting) {
    this.#services = services;
    this.#byName = new Map(services.map((each) => [each.name, each]));
    this.#cause = cause;
    this.#fault = fault;
    this.#random = random;
    this.#options = options;
    this.#habits = habits;
    const rates = ratesOf(services);
    const operations = this.#byName.get(cause)?.operations ?? [];
    this.#ofFault = [...operations].sort((a, b) => (rates.get(b.name) ?? 0) - (rates.get(a.name) ?? 0))[0]?.name ?? '';
    const bins = Math.ceil((options.normalMs + options.incidentMs) / habits.stepMs);
    for (const { name } of services)
      this.#samples.set(
        name,
        Array.from({ length: bins }, () => ({ calls: 0, failed: 0, latencies: [] })),
      );
  }

  tell(): Town {
    const { normalMs, incidentMs, perSecond, sampled } = this.#options;
    const endMs = START_MS + normalMs + incidentMs;
    const front = this.#services[0] as Service;
    const pages = front.operations;
    const phase = this.#random.float() * 6;
    // Closed: so many users, each of whom thinks for a second between two requests. Open: one who never waits.
    const next = Array.from(
      { length: this.#habits.closed ? perSecond : 1 },
      () => START_MS + this.#random.float() * 1e3,
    );
    for (;;) {
      const user = next.indexOf(Math.min(...next));
      const at = next[user] as number;
      if (at >= endMs) break;
      this.#kept = this.#random.chance(sampled);
      const page = pages[Math.floor(pages.length * this.#random.float() ** 1.5)] as Operation;
      const { ms } = this.#serve(front, page, at, this.#ids++, null);
      const load = 1 + 0.3 * Math.sin(phase + (2 * Math.PI * (at - START_MS)) / 900_000);
      const pause = this.#random.exponential(1_000 / (load * (this.#habits.closed ? 1 : perSecond)));
      next[user] = at + pause + (this.#habits.closed ? ms : 0);
    }
    return {
      services: this.#services,
      cause: this.#cause,
      fault: this.#fault,
      startMs: START_MS,
      onsetMs: this.#onsetMs,
      endMs,
      spans: this.#spans,
      lines: this.#lines.sort((a, b) => a.atMs - b.atMs),
      habits: this.#habits,
      samples: this.#samples,
      levels: this.#levels(),
    };
  }

  get #onsetMs(): number {
    return START_MS + this.#options.normalMs;
  }

  #ill(name: string, at: number, ...faults: readonly Fault[]): boolean {
    return name === this.#cause && at >= this.#onsetMs && this.#fault !== null && faults.includes(this.#fault);
  }

  /** 0–1: how far the memory of the ill one has filled; above 1 its process is gone. Killed, it begins anew. */
  #filled(name: string, at: number): number {
    if (!this.#ill(name, at, 'memory')) return 0;
    const filled = (at - this.#onsetMs) / (0.3 * this.#options.incidentMs);
    const dies = this.#habits.limited && this.#options.size >= 0.5;
    return dies ? filled % DEAD : Math.min(1, filled);
  }

  #serve(service: Service, operation: Operation, at: number, trace: number, parent: number | null): Outcome {
    const { size } = this.#options;
    const { name } = service;
    const id = this.#ids++;
    let own = operation.ms * Math.exp(0.5 * this.#normal());
    if (this.#random.chance(0.002)) own += 100 * this.#random.float();
    if (this.#ill(name, at, 'cpu')) own *= 1.5 + 5 * size * this.#random.float();
    if (this.#ill(name, at, 'disk')) own *= 1 + (service.kind === 'store' ? 6 : 1.5) * size * this.#random.float();
    own *= 1 + (0.5 + 5 * size) * this.#filled(name, at) ** 2 * this.#random.float();
    if (this.#ill(name, at, 'sockets')) own += 40 * size * this.#random.exponential(1);
    let ms = own * 0.5;
    let failed = this.#random.chance(0.0005);
    let empty = false;
    const throws =
      this.#ill(name, at, 'exception') && operation.name === this.#ofFault && this.#random.chance(0.3 + 0.7 * size);
    if (throws) {
      failed = true;
      this.#line(
        service,
        at + ms,
        'ERROR',
        `java.lang.IllegalStateException: cannot convert value ${this.#random.int(9_999)} of field amount\n\tat com.acme.${name.replaceAll('-', '')}.Handler.run(Handler.java:${80 + this.#random.int(2)})`,
      );
    } else {
      const spread = this.#callees(service, operation, at + ms, trace, id);
      ms += spread.ms;
      failed ||= spread.failed;
      empty = spread.empty;
    }
    ms += own * 0.5;
    if (
      this.#ill(name, at, 'wrong answer') &&
      operation.name === this.#ofFault &&
      this.#random.chance(0.4 + 0.6 * size)
    )
      empty = true;
    if (this.#habits.view === 'callee' || parent === null || service.kind === 'consumer')
      this.#count(name, at, ms, failed);
    if (service.kind !== 'store')
      this.#span(service, {
        trace,
        id,
        parent,
        operation: operation.name,
        kind: service.kind === 'consumer' ? 'consumer' : 'server',
        peer: null,
        at,
        ms,
        failed,
      });
    if (service.kind === 'store') {
      if (this.#random.chance(0.01))
        this.#line(service, at, 'INFO', `slow statement ${this.#random.int(1e6)} took ${Math.round(ms)} ms`);
    } else if (this.#random.chance(0.15))
      this.#line(
        service,
        at + ms,
        'INFO',
        `${operation.name} for user ${this.#random.int(5_000)} done in ${ms.toFixed(1)} ms`,
      );
    if (failed && !throws && this.#random.chance(0.8))
      this.#line(service, at + ms, 'ERROR', `${operation.name} failed: upstream error, request ${id}`);
    if (this.#random.chance(0.0004))
      this.#line(service, at, 'WARN', `connection pool resized to ${this.#random.int(50)}`);
    return { ms, failed, empty };
  }

  #callees(service: Service, operation: Operation, from: number, trace: number, id: number): Outcome {
    let [ms, failed, wide] = [0, false, 0];
    for (const call of operation.calls) {
      if (!this.#random.chance(call.chance)) continue;
      if (this.#ill(service.name, from, 'lost call') && call === operation.calls.find(({ chance }) => chance > 0.6))
        continue;
      for (let n = 0; n < call.times; n++) {
        let one = this.#call(service, call, from + (operation.parallel ? 0 : ms), trace, id);
        if (one.failed && service.retries) {
          const again = this.#call(service, call, from + ms + one.ms, trace, id);
          one = { ...again, ms: one.ms + again.ms };
        }
        if (operation.parallel) wide = Math.max(wide, one.ms);
        else ms += one.ms;
        if (one.failed && this.#random.chance(service.passesOn)) failed = true;
        if (one.empty) {
          if (this.#random.chance(0.7))
            this.#line(service, from + ms, 'WARN', `no result for item ${this.#random.int(9_999)}, using the default`);
          return { ms: Math.max(ms, wide), failed, empty: false };
        }
        if (failed) return { ms: Math.max(ms, wide), failed, empty: false };
      }
    }
    return { ms: ms + wide, failed, empty: false };
  }

  /** Clients give up after this long. */
  static readonly #PATIENCE_MS = 2_000;

  #call(caller: Service, { service, operation }: Call, at: number, trace: number, parent: number): Outcome {
    const { size } = this.#options;
    const callee = this.#byName.get(service) as Service;
    const id = this.#ids++;
    const toIll = this.#ill(service, at, 'delay', 'loss') || this.#ill(caller.name, at, 'delay', 'loss');
    let network = 0.2 + 0.5 * this.#random.float();
    let gone = false;
    if (toIll && this.#fault === 'delay') network += 2 * (20 + 130 * size) * Math.exp(0.1 * this.#normal());
    if (toIll && this.#fault === 'loss') {
      const share = 0.05 + 0.25 * size;
      for (let wait = 200; this.#random.chance(1 - (1 - share) ** 3); wait *= 2) network += wait;
    }
    const target = callee.operations.find(({ name }) => name === operation) as Operation;
    const refused = this.#filled(service, at) > 1;
    const served = refused ? REFUSED : this.#serve(callee, target, at + network / 2, trace, id);
    let ms = served.ms + network;
    if (callee.kind === 'consumer') ms = network;
    if (ms > Story.#PATIENCE_MS) {
      gone = true;
      ms = Story.#PATIENCE_MS;
    }
    const failed = gone || refused || (callee.kind !== 'consumer' && served.failed);
    if (this.#habits.view === 'caller' && callee.kind !== 'consumer') this.#count(service, at, ms, failed);
    this.#span(caller, {
      trace,
      id,
      parent,
      operation: `${callee.kind === 'store' ? 'db' : 'POST'} ${service}`,
      kind: callee.kind === 'consumer' ? 'producer' : 'client',
      peer: service,
      at,
      ms,
      failed,
    });
    if (refused) this.#line(caller, at + ms, 'ERROR', `call of ${service}: connection refused`);
    if (gone) this.#line(caller, at + ms, 'ERROR', `call of ${service} timed out after ${Story.#PATIENCE_MS} ms`);
    return { ms, failed, empty: served.empty && callee.kind === 'app' };
  }

  #span(service: Service, span: Omit<Span, 'service' | 'startMs'> & { readonly at: number }): void {
    if (!this.#kept || this.#random.chance(0.005)) return;
    const { at, ...rest } = span;
    this.#spans.push({ ...rest, service: service.name, startMs: at + service.skewMs });
  }

  #line({ name, skewMs }: Service, atMs: number, level: Line['level'], text: string): void {
    this.#lines.push({ atMs: atMs + skewMs, service: name, level, text });
  }

  #count(name: string, at: number, ms: number, failed: boolean): void {
    const sample = this.#samples.get(name)?.[Math.floor((at - START_MS) / this.#habits.stepMs)];
    if (sample === undefined) return;
    sample.calls++;
    if (failed) sample.failed++;
    sample.latencies.push(ms);
  }

  #levels(): Town['levels'] {
    const { stepMs } = this.#habits;
    const levels = new Map<string, Record<Level, number[]>>();
    for (const { name, cpu, memory } of this.#services) {
      const of: Record<Level, number[]> = { cpu: [], mem: [], diskio: [], socket: [] };
      const samples = this.#samples.get(name) as readonly Sample[];
      const usual = samples.reduce((sum, { calls }) => sum + calls, 0) / samples.length;
      const drawn = new Levels(cpu, memory, this.#random);
      samples.forEach(({ calls }, bin) => {
        const at = START_MS + bin * stepMs;
        const fault = name === this.#cause && at >= this.#onsetMs ? this.#fault : null;
        const filled = this.#filled(name, at);
        const used = {
          busy: calls / Math.max(1, usual),
          fault,
          filled: filled > 1 ? 0 : filled,
          size: this.#options.size,
        };
        for (const [level, value] of Object.entries(drawn.next(bin / samples.length, used)))
          of[level as Level].push(value);
      });
      levels.set(name, of);
    }
    return levels;
  }

  #normal(): number {
    return normally(this.#random);
  }
}
