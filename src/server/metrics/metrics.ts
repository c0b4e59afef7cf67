/** GET /metrics: how things are now (from the core), what happened so far (from the tally), and our own cost. */

import type { TelemetryFigures } from '../../agent/telemetry/telemetry.ts';
import type { Core } from '../../core/contract.ts';
import type { NotifierFigures } from '../../notify/contract.ts';
import type { Moment } from '../mapping/facts.ts';
import { isOpen } from '../mapping/health.ts';
import { Exposition, type Sample } from './exposition.ts';
import { Counter, LATENCY_BOUNDS, LOOP_BOUNDS, type Tally } from './tally.ts';

/** Measured by the process about itself. */
export interface OwnFigures {
  readonly cpuSeconds: number;
  readonly residentBytes: number;
  readonly lagP50Seconds: number;
  readonly lagP99Seconds: number;
  readonly journalBytes: number;
  readonly journalEntries: number;
  readonly notifiers?: readonly NotifierFigures[];
  readonly telemetry?: TelemetryFigures;
}

export function metricsText(moment: Moment, tally: Tally, own: OwnFigures): string {
  const out = new Exposition();
  out.gauge('holdfast_up', 'Always 1 while the server answers.', one(1));
  out.gauge('holdfast_build_info', 'Version of the running server.', [
    { labels: { version: moment.facts.version }, value: 1 },
  ]);
  state(out, moment.core);
  // A counter that appears with its first event hides that event from rate().
  for (const service of moment.core.view.services.keys()) tally.restarts.add({ service }, 0);
  tally.incidents.add({}, 0);
  loop(out, tally);
  edges(out, tally);
  node(out, moment);
  ownFigures(out, own);
  notifiers(out, own.notifiers ?? []);
  if (own.telemetry) telemetry(out, own.telemetry);
  return out.text();
}

function one(value: number): readonly Sample[] {
  return [{ labels: {}, value }];
}

function state(out: Exposition, core: Core): void {
  const phases = new Counter();
  const ready = new Counter();
  const wanted: Sample[] = [];
  for (const service of core.view.services.values()) {
    ready.add({ service: service.name }, 0);
    wanted.push({ labels: { service: service.name }, value: service.replicas });
  }
  for (const instance of core.instances.values()) {
    phases.add({ service: instance.service, phase: instance.phase });
    ready.add({ service: instance.service }, instance.ready ? 1 : 0);
  }
  const symptoms = new Counter();
  for (const { kind } of core.symptoms) symptoms.add({ kind });
  out.gauge('holdfast_instances', 'Instances by service and phase.', phases.samples());
  out.gauge('holdfast_instances_ready', 'Instances that take traffic, by service.', ready.samples());
  out.gauge('holdfast_replicas_wanted', 'Declared instances, by service.', wanted);
  out.gauge('holdfast_incidents_open', 'Incidents that are not closed.', one(core.incidents.filter(isOpen).length));
  out.gauge('holdfast_symptoms_open', 'Symptoms that last, by kind.', symptoms.samples());
  out.gauge(
    'holdfast_disruption_budget',
    'Instances that automatic action may have out at once.',
    one(core.budget.max),
  );
  out.gauge('holdfast_disruption_out', 'Instances that it has out now.', one(core.budget.out.length));
  out.gauge('holdfast_automation_stopped', '1 while automation is stopped.', one(core.stopped ? 1 : 0));
  out.gauge('holdfast_state_index', 'Counts changes of the desired state.', one(core.index));
}

function loop(out: Exposition, tally: Tally): void {
  const whole = (buckets: Tally['detection']) => [{ labels: {}, counts: buckets.counts, sum: buckets.sum }];
  out.counter('holdfast_restarts_total', 'Lives after the first one, by service.', tally.restarts.samples());
  out.counter('holdfast_exits_total', 'Ended lives, by service and reason.', tally.exits.samples());
  out.counter('holdfast_incidents_total', 'Incidents opened.', tally.incidents.samples());
  out.counter('holdfast_symptoms_total', 'Symptoms raised, by kind.', tally.symptoms.samples());
  out.counter('holdfast_actions_total', 'Actions that came to a status, by kind.', tally.actions.samples());
  out.counter('holdfast_guard_refusals_total', 'Actions refused, by guard rail.', tally.refusals.samples());
  const since = 'seconds from the onset of the fault';
  out.histogram('holdfast_detection_seconds', `Detected: ${since}.`, LOOP_BOUNDS, whole(tally.detection));
  out.histogram('holdfast_action_seconds', `First action: ${since}.`, LOOP_BOUNDS, whole(tally.action));
  out.histogram('holdfast_repair_seconds', `Repaired: ${since}.`, LOOP_BOUNDS, whole(tally.repair));
}

function edges(out: Exposition, tally: Tally): void {
  out.counter('holdfast_edge_requests_total', 'Calls completed, by edge.', tally.requests.samples());
  out.counter('holdfast_edge_failures_total', 'Calls failed, by edge and kind.', tally.failures.samples());
  out.counter('holdfast_edge_retries_total', 'Attempts tried again elsewhere, by edge.', tally.retries.samples());
  out.histogram(
    'holdfast_edge_latency_seconds',
    'HTTP: time to the last byte; TCP: time to connect; by edge.',
    LATENCY_BOUNDS,
    [...tally.latency.values()].map(({ labels, buckets }) => ({ labels, counts: buckets.counts, sum: buckets.sum })),
  );
}

function node(out: Exposition, { core, facts }: Moment): void {
  const figures = core.view.nodeOf(facts.node);
  if (figures === undefined) return;
  const labels = { node: figures.node };
  const gauge = (name: string, help: string, value: number): void => out.gauge(name, help, [{ labels, value }]);
  gauge('holdfast_node_cpu_share', 'CPU in use, 0 to 1.', figures.cpuShare);
  gauge('holdfast_node_memory_share', 'Memory in use, 0 to 1.', figures.memoryShare);
  gauge('holdfast_node_disk_share', 'File system of the state directory in use, 0 to 1.', figures.diskShare);
  gauge('holdfast_node_disk_free_bytes', 'Free on the file system of the state directory.', figures.diskFreeBytes);
  gauge('holdfast_agent_lag_seconds', "How late the agent's own timer fired.", figures.ownLagMs / 1_000);
}

function ownFigures(out: Exposition, own: OwnFigures): void {
  out.counter('process_cpu_seconds_total', 'CPU time of the server process.', one(own.cpuSeconds));
  out.gauge('process_resident_memory_bytes', 'Resident memory of the server process.', one(own.residentBytes));
  const lag = "How late the server's event loop has been";
  out.gauge('holdfast_event_loop_lag_p50_seconds', `${lag}, median.`, one(own.lagP50Seconds));
  out.gauge('holdfast_event_loop_lag_p99_seconds', `${lag}, 99th percentile.`, one(own.lagP99Seconds));
  out.gauge('holdfast_journal_bytes', 'Size of the journal on disk.', one(own.journalBytes));
  out.gauge('holdfast_journal_entries', 'Entries in the journal.', one(own.journalEntries));
}

function notifiers(out: Exposition, all: readonly NotifierFigures[]): void {
  const each = (of: (figures: NotifierFigures) => Readonly<Record<string, number>>, label: string): readonly Sample[] =>
    all.flatMap((figures) =>
      Object.entries(of(figures)).map(([key, value]) => ({ labels: { notifier: figures.name, [label]: key }, value })),
    );
  const told = each(({ delivered, repeated }) => ({ ...delivered, repeat: repeated }), 'kind');
  out.counter('holdfast_notices_total', 'Told to a receiver, and taken by it.', told);
  const failed = each(({ failed, refused, dropped }) => ({ retried: failed, refused, dropped }), 'outcome');
  out.counter('holdfast_notice_failures_total', 'Attempts that a receiver did not take, by what follows.', failed);
  const now = (value: (figures: NotifierFigures) => number): readonly Sample[] =>
    all.map((figures) => ({ labels: { notifier: figures.name }, value: value(figures) }));
  out.gauge(
    'holdfast_notices_waiting',
    'Not yet taken by the receiver.',
    now(({ waiting }) => waiting),
  );
  const up = now(({ trouble }) => (trouble === null ? 1 : 0));
  out.gauge('holdfast_notifier_up', '1 unless the last attempt failed.', up);
}

/** What intakes took and left out, and what became of it. */
function telemetry(out: Exposition, { meter, judged, unjudged, streams, lines, unknown }: TelemetryFigures): void {
  const taken = meter.filter(({ reason }) => reason === null);
  const rows = (list: TelemetryFigures['meter']): readonly Sample[] =>
    list.map(({ protocol, what, reason, count }) => ({
      labels: { protocol, what, ...(reason === null ? {} : { reason }) },
      value: count,
    }));
  out.counter('holdfast_intake_accepted_total', 'Taken in, by protocol and kind.', rows(taken));
  const dropped = meter.filter(({ reason }) => reason !== null);
  out.counter('holdfast_intake_dropped_total', 'Left out, by protocol, kind and reason.', rows(dropped));
  out.counter('holdfast_intake_unknown_total', 'Samples and lines of nobody that runs here.', one(unknown));
  out.gauge('holdfast_series_judged', 'Series that are compared with their past.', one(judged));
  out.counter('holdfast_series_unjudged_total', 'Samples of series beyond that number.', one(unjudged));
  out.gauge('holdfast_log_streams', 'Log streams that are watched.', one(streams));
  out.counter('holdfast_log_lines_total', 'Log lines that were read.', one(lines));
}
