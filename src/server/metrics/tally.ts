/**
 * What has to be counted as it happens, because the core only knows how things are now. Everything here begins at
 * zero with the process, as Prometheus expects of counters. Labels are services, edges and closed lists: bounded.
 */
import type { Core, CoreInput, CoreOutput } from '../../core/contract.ts';
import { bucketMidUs } from '../../model/histogram.ts';
import { type Incident, repairedAt } from '../../model/incident.ts';
import type { EdgeSignal, Signal } from '../../model/signal.ts';
import { actedAt } from '../mapping/incidents.ts';
import { Buckets, type Labels, type Sample } from './exposition.ts';

/** Request latency: from a fast local call to what most callers have given up on. */
export const LATENCY_BOUNDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
/** Detection and repair: the targets (50 ms, 1.5 s, 3 s) lie on bounds. */
export const LOOP_BOUNDS = [0.025, 0.05, 0.1, 0.25, 0.5, 1, 1.5, 3, 5, 10, 30, 60, 300, 1_800];

/** Events of these topics mean that incidents may have changed. */
const INCIDENT_TOPICS: ReadonlySet<string> = new Set(['symptom', 'incident', 'diagnosis', 'plan', 'action', 'guard']);

export class Counter {
  readonly #values = new Map<string, { readonly labels: Labels; value: number }>();

  add(labels: Labels, by = 1): void {
    const key = Object.values(labels).join('\0');
    const known = this.#values.get(key);
    if (known === undefined) this.#values.set(key, { labels, value: by });
    else known.value += by;
  }

  samples(): readonly Sample[] {
    return [...this.#values.values()];
  }
}

interface Seen {
  readonly symptoms: Set<string>;
  readonly actions: Map<string, string>;
  acted: boolean;
}

export class Tally {
  readonly restarts = new Counter();
  readonly exits = new Counter();
  readonly symptoms = new Counter();
  readonly incidents = new Counter();
  readonly actions = new Counter();
  readonly refusals = new Counter();
  readonly requests = new Counter();
  readonly failures = new Counter();
  readonly retries = new Counter();
  readonly latency = new Map<string, { readonly labels: Labels; readonly buckets: Buckets }>();
  readonly detection = new Buckets(LOOP_BOUNDS);
  readonly action = new Buckets(LOOP_BOUNDS);
  readonly repair = new Buckets(LOOP_BOUNDS);
  readonly #seen = new Map<string, Seen>();
  /** Incidents that were closed when this process began are not counted again. */
  readonly #done = new Set<string>();

  constructor(core: Core) {
    for (const incident of core.incidents) {
      if (incident.closedAt !== null) this.#done.add(incident.id);
      else this.#seen.set(incident.id, snapshotOf(incident));
    }
  }

  step(core: Core, input: CoreInput, outputs: readonly CoreOutput[]): void {
    if (input.kind === 'agent' && input.message.kind === 'signals') {
      for (const signal of input.message.signals) this.#signal(core, signal);
    }
    let look = false;
    for (const output of outputs) {
      if (output.kind === 'command' && output.command.kind === 'start' && output.command.launch.incarnation > 1) {
        this.restarts.add({ service: output.command.launch.service });
      }
      look ||= output.kind === 'event' && INCIDENT_TOPICS.has(output.event.topic);
    }
    if (look) this.#look(core);
  }

  #signal(core: Core, signal: Signal): void {
    if (signal.kind === 'edge') this.#edge(signal);
    if (signal.kind !== 'exit') return;
    const service = core.instances.get(signal.instance)?.service ?? 'unknown';
    this.exits.add({ service, reason: signal.exit.reason });
  }

  #edge(edge: EdgeSignal): void {
    const labels = { caller: edge.caller, callee: edge.callee };
    this.requests.add(labels, edge.requests);
    this.retries.add(labels, edge.retried);
    for (const [kind, count] of Object.entries(edge.failures)) {
      if (count > 0) this.failures.add({ ...labels, kind }, count);
    }
    const key = `${edge.caller}\0${edge.callee}`;
    const known = this.latency.get(key) ?? { labels, buckets: new Buckets(LATENCY_BOUNDS) };
    this.latency.set(key, known);
    for (const [bucket, count] of edge.latency) known.buckets.add(bucketMidUs(bucket) / 1e6, count);
  }

  #look(core: Core): void {
    const present = new Set<string>();
    for (const incident of core.incidents) {
      present.add(incident.id);
      if (!this.#done.has(incident.id)) this.#incident(incident);
    }
    for (const id of this.#done) if (!present.has(id)) this.#done.delete(id);
  }

  #incident(incident: Incident): void {
    const { onsetAt } = incident;
    let seen = this.#seen.get(incident.id);
    if (seen === undefined) {
      seen = { symptoms: new Set(), actions: new Map(), acted: false };
      this.#seen.set(incident.id, seen);
      this.incidents.add({});
      const detected = Math.min(...incident.symptoms.map(({ detectedAt }) => detectedAt), incident.openedAt);
      this.detection.add(Math.max(0, detected - onsetAt) / 1_000);
    }
    this.#symptomsAndActions(incident, seen);
    const acted = actedAt(incident);
    if (!seen.acted && acted !== null) {
      seen.acted = true;
      this.action.add(Math.max(0, acted - onsetAt) / 1_000);
    }
    if (incident.closedAt === null) return;
    const repaired = repairedAt(incident);
    if (repaired !== null) this.repair.add(Math.max(0, repaired - onsetAt) / 1_000);
    this.#seen.delete(incident.id);
    this.#done.add(incident.id);
  }

  #symptomsAndActions(incident: Incident, seen: Seen): void {
    for (const symptom of incident.symptoms) {
      if (seen.symptoms.has(symptom.id)) continue;
      seen.symptoms.add(symptom.id);
      this.symptoms.add({ kind: symptom.kind });
    }
    for (const action of incident.plans.flatMap((plan) => plan.actions)) {
      if (seen.actions.get(action.id) === action.status) continue;
      seen.actions.set(action.id, action.status);
      this.actions.add({ kind: action.kind, status: action.status });
      const rail = action.guards.find(({ verdict }) => verdict === 'refuse')?.rail;
      if (action.status === 'refused' && rail !== undefined) this.refusals.add({ rail });
    }
  }
}

function snapshotOf(incident: Incident): Seen {
  const actions = incident.plans.flatMap((plan) => plan.actions);
  return {
    symptoms: new Set(incident.symptoms.map(({ id }) => id)),
    actions: new Map(actions.map(({ id, status }) => [id, status])),
    acted: actedAt(incident) !== null,
  };
}
