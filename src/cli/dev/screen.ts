/** The screen of `holdfast dev` as text, from what the API said last. Pure, so that it is tested as text. */
import type { ServiceResource, StatusResource } from '../../api/resources.ts';
import { table } from '../output.ts';
import type { Style } from '../terminal.ts';
import { after, HEALTH_MARK, healthColor, millis, percent, rate } from '../text.ts';
import type { Trial } from './verdict.ts';

export interface View {
  readonly url: string;
  /** Null until the first answer, and while the server is away. */
  readonly status: StatusResource | null;
  readonly services: readonly ServiceResource[];
  /** Oldest first; the last one may still be under way. */
  readonly trials: readonly Trial[];
  /** Said once to the user: why a key did nothing, what is being done. */
  readonly message: string;
}

/** Trials that stay on the screen. */
const KEPT = 4;

export function screen(view: View, style: Style): string {
  return [
    firstLine(view, style),
    '',
    serviceTable(view.services, style),
    '',
    ...view.trials.slice(-KEPT).flatMap((trial) => [...trialLines(trial, style), '']),
    ...(view.message === '' ? [] : [style.yellow(view.message), '']),
    `${style.bold('b')} break something   ${style.bold('d')} dashboard ${style.cyan(view.url)}   ${style.bold('q')} quit`,
  ].join('\n');
}

export function firstLine({ status }: View, style: Style): string {
  if (status === null) return `${style.dim('○')} ${style.bold('The server is starting …')}`;
  return `${healthColor(status.health, style)(HEALTH_MARK[status.health])} ${style.bold(status.sentence)}`;
}

function serviceTable(services: readonly ServiceResource[], style: Style): string {
  const rows = services.map((service) => [
    `${healthColor(service.health, style)(HEALTH_MARK[service.health])} ${service.name}`,
    `${service.ready}/${service.replicas}`,
    service.traffic ? rate(service.traffic.requestsPerSec) : '-',
    service.traffic ? errorText(service.traffic.failureShare, style) : '-',
    service.traffic ? millis(service.traffic.p99Ms) : '-',
    doing(service, style),
  ]);
  return table(['  SERVICE', 'READY', 'REQ/S', 'ERRORS', 'P99', ''], rows);
}

function errorText(share: number, style: Style): string {
  return share > 0.01 ? style.red(percent(share)) : percent(share);
}

function doing(service: ServiceResource, style: Style): string {
  if (service.rollout) return style.yellow(`${service.rollout.state} ${service.rollout.done}/${service.rollout.total}`);
  const troubled = service.instances.find((instance) => !instance.ready || instance.live === false || instance.ejected);
  if (!troubled) return '';
  const what =
    troubled.waitingFor ?? (troubled.ejected ? 'ejected' : troubled.phase === 'running' ? 'not ready' : troubled.phase);
  return style.dim(`${troubled.id}: ${what}`);
}

export function trialLines(trial: Trial, style: Style): string[] {
  const { injection, incident, verdict } = trial;
  const times = [
    `detected ${after(trial.detectedMs)}`,
    `explained ${after(trial.explainedMs)}`,
    `repaired ${after(trial.repairedMs)}`,
  ].join(' → ');
  return [
    `${style.bold('injected')}  ${injection.fault.text(injection.instance)}`,
    `  ${times}`,
    ...(incident ? [`  ${style.dim('found')}     ${incident.summary ?? incident.title}`] : []),
    ...(incident ? actionLines(incident, style) : []),
    ...(verdict ? [`  ${style.dim('verdict')}   ${verdictText(verdict, style)}`] : []),
  ];
}

function actionLines(incident: NonNullable<Trial['incident']>, style: Style): string[] {
  const done = incident.plans.flatMap((plan) => plan.actions.filter((action) => action.startedAt !== null));
  if (done.length === 0) return [];
  return [`  ${style.dim('did')}       ${done.map((action) => `${action.kind} ${action.target}`.trim()).join(', ')}`];
}

export function verdictText({ result, text }: NonNullable<Trial['verdict']>, style: Style): string {
  return `${result === 'match' ? style.green('✓ match') : style.red(`✗ ${result}`)}: ${text}`;
}
