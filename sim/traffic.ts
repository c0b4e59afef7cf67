/**
 * Traffic as arithmetic: once a second the load from outside flows down the dependencies, and what each instance
 * does to it (slow, failing, silent) flows back up to the callers. Produces the edge windows that the real traffic
 * layer would have measured, and its fast claims about instances that stopped answering.
 */
import { Histogram } from '../src/model/histogram.ts';
import type { Random } from '../src/model/random.ts';
import type { Pool, RouteTable } from '../src/model/routes.ts';
import { type EdgeSignal, OUTSIDE, type Signal } from '../src/model/signal.ts';
import type { SystemSpec } from '../src/model/spec.ts';
import type { Ms } from '../src/model/time.ts';
import type { Process, SimulatedMachine } from './machine.ts';

const OWN_LATENCY_MS = 5;
const SLOW_LATENCY_MS = 900;
const ERROR_SHARE = 0.6;

interface Answer {
  readonly failShare: number;
  readonly latencyMs: Ms;
}

export interface TrafficTotals {
  requests: number;
  failed: number;
}

export class SimulatedTraffic {
  readonly totals: TrafficTotals = { requests: 0, failed: 0 };
  readonly #machine: SimulatedMachine;
  readonly #random: Random;
  /** Instances that were told of as stalled, by incarnation. */
  readonly #stalled = new Map<string, number>();

  constructor(machine: SimulatedMachine, random: Random) {
    this.#machine = machine;
    this.#random = random;
  }

  /** One second of traffic. `ratePerSec` enters at every published service. */
  flow(spec: SystemSpec, table: RouteTable | null, ratePerSec: number, now: Ms): Signal[] {
    const signals: Signal[] = [];
    const answers = new Map<string, Answer>();
    const rates = this.#rates(spec, ratePerSec);
    for (const name of callOrder(spec)) {
      const pool = table?.pools.find((candidate) => candidate.service === name);
      const callers = rates.get(name) ?? [];
      const dependencies = spec.services[name]?.dependsOn.map(({ service }) => answers.get(service)) ?? [];
      answers.set(name, this.#serve(pool, callers, dependencies, now, signals));
    }
    return signals;
  }

  #rates(spec: SystemSpec, outside: number): Map<string, { caller: string; rate: number }[]> {
    const rates = new Map<string, { caller: string; rate: number }[]>();
    for (const service of Object.values(spec.services)) {
      if (service.ports.some((port) => port.published)) rates.set(service.name, [{ caller: OUTSIDE, rate: outside }]);
    }
    for (const name of callOrder(spec).reverse()) {
      const incoming = (rates.get(name) ?? []).reduce((sum, { rate }) => sum + rate, 0);
      if (incoming === 0) continue;
      for (const { service } of spec.services[name]?.dependsOn ?? []) {
        const list = rates.get(service) ?? [];
        list.push({ caller: name, rate: incoming });
        rates.set(service, list);
      }
    }
    return rates;
  }

  #serve(
    pool: Pool | undefined,
    callers: readonly { caller: string; rate: number }[],
    dependencies: readonly (Answer | undefined)[],
    now: Ms,
    signals: Signal[],
  ): Answer {
    const members = (pool?.members ?? []).filter((member) => member.state === 'serve');
    const below: Answer = {
      failShare: 1 - dependencies.reduce((ok, answer) => ok * (1 - (answer?.failShare ?? 1)), 1),
      latencyMs: dependencies.reduce((sum, answer) => sum + (answer?.latencyMs ?? 0), 0),
    };
    const processes = members.map((member) => this.#machine.processes.get(member.instance));
    const usable = processes.filter((process): process is Process => process !== undefined && this.#answers(process));
    for (const process of processes) if (process) this.#claim(process, usable.length > 0, now, signals);
    let failed = 0;
    let waited = 0;
    let total = 0;
    for (const { caller, rate } of callers) {
      total += rate;
      if (caller === OUTSIDE) this.totals.requests += rate;
      if (usable.length === 0) {
        failed += rate;
        if (caller === OUTSIDE) this.totals.failed += rate;
        const first = members[0]?.instance;
        if (first !== undefined && pool)
          signals.push(this.#window(pool, caller, first, rate, { failShare: 1, latencyMs: 1 }, now, true));
        continue;
      }
      for (const process of usable) {
        const share = rate / usable.length;
        const answer = answerOf(process, below);
        failed += share * answer.failShare;
        waited += share * answer.latencyMs;
        if (caller === OUTSIDE) this.totals.failed += share * answer.failShare;
        if (pool) signals.push(this.#window(pool, caller, process.launch.instance, share, answer, now, false));
      }
    }
    return total === 0 ? { failShare: 0, latencyMs: 0 } : { failShare: failed / total, latencyMs: waited / total };
  }

  #answers(process: Process): boolean {
    return this.#machine.isUp(process) && process.ailment !== 'hung' && process.ailment !== 'deaf';
  }

  #claim(process: Process, peers: boolean, now: Ms, signals: Signal[]): void {
    const { instance, incarnation } = process.launch;
    const silent = process.exit === null && (process.ailment === 'hung' || process.ailment === 'deaf');
    const told = this.#stalled.get(instance) === incarnation;
    if (silent === told) return;
    if (silent) this.#stalled.set(instance, incarnation);
    else this.#stalled.delete(instance);
    const state = silent ? 'stalled' : 'resumed';
    signals.push({
      kind: 'stall',
      instance,
      incarnation,
      at: now,
      state,
      waitingRequests: silent ? 8 : 0,
      silentMs: silent ? 500 : 0,
      detail: peers ? 'its peers answer' : 'it used to answer',
    });
  }

  #window(
    pool: Pool,
    caller: string,
    instance: string,
    requests: number,
    answer: Answer,
    now: Ms,
    unavailable: boolean,
  ): EdgeSignal {
    const failures = Math.round(requests * answer.failShare);
    const histogram = new Histogram();
    for (let sample = 0; sample < 6; sample++) {
      histogram.record(
        answer.latencyMs * 1_000 * this.#random.between(0.7, 1.5),
        Math.max(1, Math.round(requests / 6)),
      );
    }
    return {
      kind: 'edge',
      at: now,
      windowMs: 1_000,
      caller,
      callee: pool.service,
      instance,
      protocol: pool.protocol,
      requests: Math.round(requests),
      failures: {
        connect: 0,
        reset: 0,
        timeout: 0,
        status5xx: unavailable ? 0 : failures,
        unavailable: unavailable ? failures : 0,
      },
      retried: 0,
      latency: histogram.toSparse(),
      inFlight: 1,
      oldestWaitMs: 0,
    };
  }
}

function answerOf(process: Process, below: Answer): Answer {
  const latencyMs = below.latencyMs + (process.ailment === 'slow' ? SLOW_LATENCY_MS : OWN_LATENCY_MS);
  const own = process.ailment === 'erroring' ? ERROR_SHARE : 0;
  return { failShare: 1 - (1 - own) * (1 - below.failShare), latencyMs };
}

/** Callees before callers. */
function callOrder(spec: SystemSpec): string[] {
  const order: string[] = [];
  const visit = (name: string): void => {
    if (order.includes(name)) return;
    for (const { service } of spec.services[name]?.dependsOn ?? []) visit(service);
    order.push(name);
  };
  for (const name of Object.keys(spec.services)) visit(name);
  return order;
}
