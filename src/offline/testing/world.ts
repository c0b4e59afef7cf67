/**
 * A small system of services that never ran, as its OpenTelemetry exporters would have told of it: traces, logs and
 * resource metrics of some minutes, with one fault of a known kind at a known place. From a seed. With what real
 * recordings have: services without instrumentation, a queue, clocks that differ, lost spans, sampling, chatter,
 * victims that complain, and retries that hide some failures.
 */
import { Random } from '../../model/random.ts';

export const FAULTS = [
  'latency',
  'errors',
  'crash',
  'oom',
  'cpu',
  'network delay',
  'network loss',
  'bad release',
] as const;
export type WorldFault = (typeof FAULTS)[number];

export const EXPECTED_CLASS: Readonly<Record<WorldFault, readonly string[]>> = {
  latency: ['software'],
  errors: ['software'],
  crash: ['software'],
  oom: ['capacity'],
  cpu: ['capacity'],
  'network delay': ['network'],
  'network loss': ['network'],
  // Nobody recorded the deploy: its errors are all that can be seen of it.
  'bad release': ['software', 'human'],
};

export interface World {
  /** Export requests, as the collector's file exporter would write one per line. */
  readonly documents: readonly object[];
  readonly cause: string;
  readonly fault: WorldFault;
  readonly onsetMs: number;
  readonly services: readonly string[];
}

interface Service {
  readonly name: string;
  readonly ownMs: number;
  readonly calls: readonly string[];
  readonly parallel: boolean;
  readonly instrumented: boolean;
  readonly skewMs: number;
  /** Consumer of a queue: its caller does not wait. */
  readonly queued: boolean;
  /** Chance that a failure of a callee fails its caller too. */
  readonly passesOn: number;
}

export interface WorldOptions {
  readonly normalMs: number;
  readonly incidentMs: number;
  readonly perSecond: number;
  /** No logs, no metrics: spans alone. */
  readonly bare: boolean;
}

const USUAL: WorldOptions = { normalMs: 600_000, incidentMs: 240_000, perSecond: 1.5, bare: false };
const START_MS = 1_767_225_600_000;
const NAMES = [
  'checkout',
  'catalog',
  'basket',
  'pricing',
  'stock',
  'payments',
  'shipping',
  'search',
  'profile',
  'mail',
  'reviews',
  'tax',
  'fraud',
];

/** The same seed gives the same system and traffic whatever the fault; `place` picks who has it. */
export function worldOf(seed: number, fault: WorldFault | null, options: Partial<WorldOptions> = {}): World {
  const use = { ...USUAL, ...options };
  const random = Random.seeded(seed);
  const services = systemOf(random);
  const candidates = [...services.values()].filter(
    ({ name, instrumented }) => name !== 'front' && (instrumented || fault === 'latency'),
  );
  const cause = (candidates[random.int(candidates.length)] as Service).name;
  return new Story(services, cause, fault, random, use).tell();
}

function systemOf(random: Random): Map<string, Service> {
  const count = 6 + random.int(7);
  const names = ['front', ...NAMES.slice(0, count - 1)];
  const calls = new Map<string, string[]>(names.map((name) => [name, []]));
  // Everybody but the front is called by somebody before it; some by two.
  names.slice(1).forEach((name, n) => {
    const callers = new Set([names[random.int(Math.min(n + 1, 5))] as string]);
    if (n > 2 && random.chance(0.3)) callers.add(names[random.int(n + 1)] as string);
    for (const caller of callers) calls.get(caller)?.push(name);
  });
  const services = new Map<string, Service>();
  names.forEach((name, n) => {
    const leaf = calls.get(name)?.length === 0;
    services.set(name, {
      name,
      ownMs: 3 + 25 * random.float(),
      calls: calls.get(name) ?? [],
      parallel: random.chance(0.3),
      instrumented: n === 0 || !leaf || random.chance(0.75),
      skewMs: random.chance(0.3) ? Math.round(8_000 * (random.float() - 0.5)) : 0,
      queued: n > 3 && leaf && random.chance(0.1),
      passesOn: random.chance(0.2) ? 0.3 : 0.95,
    });
  });
  return services;
}

interface Outcome {
  readonly ms: number;
  readonly failed: boolean;
}

class Story {
  readonly #services: ReadonlyMap<string, Service>;
  readonly #cause: string;
  readonly #fault: WorldFault | null;
  readonly #random: Random;
  readonly #options: WorldOptions;
  readonly #spans = new Map<string, object[]>();
  readonly #logs = new Map<string, object[]>();
  readonly #size: number;
  readonly #sampled: number;
  readonly #lost: number;
  #nextId = 1;

  constructor(
    services: ReadonlyMap<string, Service>,
    cause: string,
    fault: WorldFault | null,
    random: Random,
    options: WorldOptions,
  ) {
    this.#services = services;
    this.#cause = cause;
    this.#fault = fault;
    this.#random = random;
    this.#options = options;
    this.#size = 0.5 + random.float();
    this.#sampled = random.chance(0.5) ? 1 : 0.4;
    this.#lost = random.chance(0.5) ? 0.02 : 0;
  }

  get #onsetMs(): number {
    return START_MS + this.#options.normalMs;
  }

  tell(): World {
    const { normalMs, incidentMs, perSecond, bare } = this.#options;
    const endMs = START_MS + normalMs + incidentMs;
    let at = START_MS;
    while (at < endMs) {
      at += (-Math.log(1 - this.#random.float()) * 1_000) / perSecond;
      this.#request(at);
    }
    if (!bare) this.#chatter(endMs);
    const documents = [
      ...[...this.#spans].map(([service, spans]) => ({
        resourceSpans: [{ resource: this.#resource(service), scopeSpans: [{ spans }] }],
      })),
      ...(bare
        ? []
        : [...this.#logs].map(([service, logRecords]) => ({
            resourceLogs: [{ resource: this.#resource(service), scopeLogs: [{ logRecords }] }],
          }))),
      ...(bare ? [] : this.#metrics(endMs)),
    ];
    return {
      documents,
      cause: this.#cause,
      fault: this.#fault ?? 'latency',
      onsetMs: this.#onsetMs,
      services: [...this.#services.keys()],
    };
  }

  #resource(service: string): object {
    return { attributes: [{ key: 'service.name', value: { stringValue: service } }] };
  }

  /** Is the fault in force at this service now? */
  #ill(name: string, at: number, ...faults: readonly WorldFault[]): boolean {
    return name === this.#cause && at >= this.#onsetMs && this.#fault !== null && faults.includes(this.#fault);
  }

  #request(at: number): void {
    const trace = this.#id(16);
    const kept = this.#random.float() < this.#sampled;
    this.#serve('front', at, trace, null, kept);
  }

  /** One call as its service sees it. */
  #serve(name: string, at: number, trace: string, parent: string | null, kept: boolean): Outcome {
    const service = this.#services.get(name) as Service;
    const id = this.#id(8);
    let own = service.ownMs * Math.exp(0.4 * this.#normal());
    if (this.#ill(name, at, 'latency')) own += this.#size * 250 * Math.exp(0.3 * this.#normal());
    if (this.#ill(name, at, 'cpu')) own *= 4 + 8 * this.#size;
    let failed = this.#random.chance(0.002);
    let ms = own * 0.5;
    let broken: string | null = null;
    const path = this.#ill(name, at, 'bad release') && this.#random.chance(0.6);
    if (this.#ill(name, at, 'errors') && this.#random.chance(0.3 + 0.4 * this.#size))
      [failed, broken] = [true, 'NullPointerException in handler'];
    if (path) [failed, broken] = [true, 'TypeError: undefined is not a function'];
    if (broken === null) {
      const outcomes = service.calls.map((callee) => {
        const outcome = this.#call(service, callee, at + (service.parallel ? own * 0.5 : ms), trace, id, kept);
        if (!service.parallel && !(this.#services.get(callee) as Service).queued) ms += outcome.ms;
        if (outcome.failed && this.#random.chance(service.passesOn)) failed = true;
        return outcome;
      });
      if (service.parallel) ms += Math.max(0, ...outcomes.map(({ ms: each }) => each));
    }
    ms += own * 0.5;
    if (service.instrumented)
      this.#span(service, {
        trace,
        id,
        parent,
        kind: service.queued ? 5 : 2,
        name: `${name}.handle`,
        at,
        ms,
        failed,
        kept,
        message: broken ?? '',
      });
    if (broken !== null) this.#log(service, at + ms, 17, `request ${id} failed: ${broken} at line 42`);
    else if (failed) this.#log(service, at + ms, 17, `request ${id} could not be answered`);
    else if (this.#random.chance(0.2)) this.#log(service, at + ms, 9, `handled request ${id} in ${Math.round(ms)} ms`);
    return { ms, failed };
  }

  /** The same call as its caller sees it. */
  #call(caller: Service, callee: string, at: number, trace: string, parent: string, kept: boolean): Outcome {
    const target = this.#services.get(callee) as Service;
    const id = this.#id(8);
    let network = 0.4 + this.#random.float();
    if (this.#ill(callee, at, 'network delay')) network += this.#size * 200 * Math.exp(0.2 * this.#normal());
    const gone = this.#ill(callee, at, 'crash', 'oom');
    const lost = this.#ill(callee, at, 'network loss') && this.#random.chance(0.3 + 0.3 * this.#size);
    let outcome: Outcome;
    if (gone) outcome = { ms: 1 + this.#random.float(), failed: true };
    else if (lost) outcome = { ms: 1_000, failed: true };
    else {
      const served = this.#serve(callee, at + network / 2, trace, id, kept);
      outcome = { ms: (target.queued ? 0 : served.ms) + network, failed: !target.queued && served.failed };
    }
    const message = gone ? 'connect ECONNREFUSED' : lost ? 'deadline exceeded' : '';
    const peer = target.instrumented ? [] : [{ key: 'server.address', value: { stringValue: callee } }];
    this.#span(caller, {
      trace,
      id,
      parent,
      kind: target.queued ? 4 : 3,
      name: `call ${callee}`,
      at,
      ms: outcome.ms,
      failed: outcome.failed,
      kept,
      message,
      attributes: peer,
    });
    if (outcome.failed) this.#log(caller, at + outcome.ms, 13, `call to ${callee} failed ${message}`);
    return outcome;
  }

  #span(
    service: Service,
    span: {
      trace: string;
      id: string;
      parent: string | null;
      kind: number;
      name: string;
      at: number;
      ms: number;
      failed: boolean;
      kept: boolean;
      message: string;
      attributes?: object[];
    },
  ): void {
    if (!span.kept || this.#random.chance(this.#lost)) return;
    const list = this.#spans.get(service.name) ?? [];
    this.#spans.set(service.name, list);
    const start = span.at + service.skewMs;
    list.push({
      traceId: span.trace,
      spanId: span.id,
      ...(span.parent === null ? {} : { parentSpanId: span.parent }),
      name: span.name,
      kind: span.kind,
      startTimeUnixNano: nanos(start),
      endTimeUnixNano: nanos(start + span.ms),
      attributes: span.attributes ?? [],
      status: span.failed ? { code: 2, message: span.message } : {},
    });
  }

  #log(service: Service, at: number, severityNumber: number, text: string): void {
    if (!service.instrumented) return;
    const list = this.#logs.get(service.name) ?? [];
    this.#logs.set(service.name, list);
    list.push({ timeUnixNano: nanos(at + service.skewMs), severityNumber, body: { stringValue: text } });
  }

  #chatter(endMs: number): void {
    for (const service of this.#services.values()) {
      for (let at = START_MS; at < endMs; at += 5_000 + 5_000 * this.#random.float()) {
        if (this.#ill(service.name, at, 'crash', 'oom')) continue;
        this.#log(service, at, 9, `pool has ${this.#random.int(20)} connections`);
        if (this.#random.chance(0.05))
          this.#log(service, at, 13, `slow garbage collection of ${this.#random.int(90)} ms`);
      }
    }
    if (this.#fault !== 'oom') return;
    const kernel = [
      {
        timeUnixNano: nanos(this.#onsetMs - 500),
        severityNumber: 17,
        body: { stringValue: `Out of memory: Killed process 4711 (${this.#cause}) total-vm:812345kB` },
      },
    ];
    this.#logs.set('kernel', kernel);
  }

  /** Use of processor and memory, a point every 15 s. */
  #metrics(endMs: number): object[] {
    return [...this.#services.values()]
      .filter(({ instrumented }) => instrumented)
      .map((service) => {
        const cpu: object[] = [];
        const memory: object[] = [];
        const [idle, used] = [0.05 + 0.2 * this.#random.float(), 1e8 * (1 + this.#random.float())];
        for (let at = START_MS; at < endMs; at += 15_000) {
          if (this.#ill(service.name, at, 'crash', 'oom')) continue;
          const busy = this.#ill(service.name, at, 'cpu') ? 0.9 : idle;
          const full =
            this.#fault === 'oom' && service.name === this.#cause ? Math.max(0, 1 - (this.#onsetMs - at) / 120_000) : 0;
          cpu.push({ timeUnixNano: nanos(at), asDouble: Math.min(1, busy * (1 + 0.1 * this.#normal())) });
          memory.push({ timeUnixNano: nanos(at), asDouble: used * (1 + 2 * full + 0.01 * this.#normal()) });
        }
        const metrics = [
          { name: 'process.cpu.utilization', unit: '1', gauge: { dataPoints: cpu } },
          { name: 'process.memory.usage', unit: 'By', gauge: { dataPoints: memory } },
        ];
        return { resourceMetrics: [{ resource: this.#resource(service.name), scopeMetrics: [{ metrics }] }] };
      });
  }

  #id(bytes: number): string {
    return (this.#nextId++).toString(16).padStart(bytes * 2, '0');
  }

  /** Box and Muller. */
  #normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.#random.float())) * Math.cos(2 * Math.PI * this.#random.float());
  }
}

function nanos(ms: number): string {
  return `${Math.floor(ms)}${String(Math.floor((ms % 1) * 1e6)).padStart(6, '0')}`;
}
