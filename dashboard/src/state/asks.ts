/** The operations that the dashboard offers, each with its question. */
import type { ActionResource, ChangeResource, ServiceResource, SilenceResource } from '../../../src/api/resources.ts';
import type { RecoveryMode } from '../../../src/model/spec.ts';
import { api } from './live.ts';
import { type Ask, ask, type Experiment, toast } from './ui.ts';

const SILENCE_CHOICES = [
  ['900000', '15 minutes'],
  ['1800000', '30 minutes'],
  ['3600000', '1 hour'],
  ['14400000', '4 hours'],
  ['86400000', '1 day'],
] as const;
const MOST_REPLICAS = 1_000;

const plain = { danger: false, fields: [], points: [], why: '' } as const satisfies Partial<Ask>;

export function askRestart(service: string, instance: string | null): void {
  ask({
    ...plain,
    title: `Restart ${instance ?? service}?`,
    detail:
      instance === null
        ? 'Every instance, a batch at a time; the endpoint stays served as far as there are other instances.'
        : 'Traffic is led away first; then it is stopped and started again.',
    confirm: 'Restart',
    command: () => ({ kind: 'restart', service, instance }),
  });
}

export function askScale(service: ServiceResource): void {
  ask({
    ...plain,
    title: `Scale ${service.name}`,
    detail: `It runs ${service.replicas} now.`,
    confirm: 'Scale',
    fields: [
      {
        name: 'replicas',
        label: 'Replicas',
        initial: String(service.replicas),
        input: { kind: 'number', min: 0, max: MOST_REPLICAS },
      },
    ],
    command: ({ replicas }) => ({ kind: 'scale', service: service.name, replicas: Number(replicas) }),
  });
}

/** `change` null: the last change of the service. */
export function askRollback(service: string, change: ChangeResource): void {
  const what = change.content.join('; ') || change.kind;
  ask({
    ...plain,
    title: `Roll ${service} back?`,
    detail: `Undoes ${what}, by a rollout like any other: guarded, a batch at a time.`,
    confirm: 'Roll back',
    command: () => ({ kind: 'rollback', service, change: change.id }),
  });
}

export function askSilence(service: string | null): void {
  ask({
    ...plain,
    title: `Silence ${service ?? 'everything'}`,
    detail: 'Symptoms are still recorded, but nothing automatic is done and nobody is paged.',
    confirm: 'Silence',
    fields: [{ name: 'forMs', label: 'For', initial: '1800000', input: { kind: 'choice', choices: SILENCE_CHOICES } }],
    command: ({ forMs }) => ({ kind: 'silence', service, forMs: Number(forMs) }),
  });
}

export function askUnsilence(silence: SilenceResource): void {
  ask({
    ...plain,
    title: `End the silence of ${silence.service ?? 'everything'}?`,
    detail: `${silence.who}: ${silence.why}`,
    confirm: 'End silence',
    why: 'end of silence',
    command: () => ({ kind: 'unsilence', silence: silence.id }),
  });
}

const MODE_DETAIL: Readonly<Record<RecoveryMode, string>> = {
  auto: 'Holdfast repairs by itself, within its guard rails.',
  approve: 'Holdfast plans; every action waits for an approval.',
  observe: 'Holdfast detects and explains, and does nothing.',
};

export function askMode(mode: RecoveryMode): void {
  ask({
    ...plain,
    title: `Set the mode to ${mode}?`,
    detail: MODE_DETAIL[mode],
    confirm: `Set ${mode}`,
    command: () => ({ kind: 'mode', mode }),
  });
}

export function askDecision(kind: 'approve' | 'reject', action: ActionResource): void {
  ask({
    ...plain,
    title: `${kind === 'approve' ? 'Approve' : 'Reject'}: ${actionTitle(action)}`,
    detail: action.reason,
    confirm: kind === 'approve' ? 'Approve' : 'Reject',
    danger: kind === 'reject',
    command: () => ({ kind, action: action.id }),
  });
}

export function askOverride(action: ActionResource, rail: string, reason: string): void {
  ask({
    ...plain,
    title: `Override ${rail} for ${actionTitle(action)}?`,
    detail: `The guard rail says: ${reason} Overriding it is on you, and is journaled.`.replace(
      /([^.!?]) Over/,
      '$1. Over',
    ),
    confirm: `Override ${rail}`,
    danger: true,
    command: () => ({ kind: 'override', action: action.id, rail }),
  });
}

/** Has a reason already: in an emergency Enter is enough. */
export function askStopAll(): void {
  ask({
    ...plain,
    title: 'Stop all automation?',
    detail: 'Nothing automatic is begun until it is resumed. Instances and traffic go on as they are.',
    confirm: 'Stop all',
    danger: true,
    why: 'stopped from the dashboard',
    command: () => ({ kind: 'stop-all' }),
  });
}

export function askResume(): void {
  ask({
    ...plain,
    title: 'Resume automation?',
    detail: 'Open incidents are looked at again, and repaired within the guard rails.',
    confirm: 'Resume',
    why: 'resumed from the dashboard',
    command: () => ({ kind: 'resume' }),
  });
}

export function actionTitle(action: ActionResource): string {
  const target = action.target === '' ? '' : ` ${action.target}`;
  return `${action.kind}${target}${action.argument === null ? '' : ` → ${action.argument}`}`;
}

/** Nothing here is done without consent of the service that is struck: the server refuses the rest. */
export function askExperiment(
  title: string,
  points: readonly string[],
  experiment: Pick<Experiment, 'run'> & { readonly dryRun?: boolean },
  why = '',
): void {
  const { run, dryRun = false } = experiment;
  ask({
    ...plain,
    title,
    detail: dryRun
      ? 'Names the exact targets, and does nothing.'
      : 'Breaks something on purpose, in services that opted in and within the disruption budget. Every fault is a lease: it ends by itself whatever happens to Holdfast, and at once with “Stop all”.',
    points,
    confirm: dryRun ? 'Dry run' : 'Break it',
    danger: !dryRun,
    why: dryRun ? 'dry run' : why,
    command: () => ({ kind: 'experiment', run, dryRun }),
  });
}

export function askReversal(incident: string, what: string): void {
  ask({
    ...plain,
    title: `Prove the cause of ${incident} by reversing it?`,
    detail: 'Whether the damage goes away with it will tell.',
    points: [what],
    confirm: 'Reverse it',
    command: () => ({ kind: 'prove', incident }),
  });
}

/** Asks nothing: it only ends what is being done on purpose. */
export function stopProofs(): void {
  api()
    .stopProofs('stopped on the dashboard')
    .then(
      ({ detail }) => toast(detail),
      (error: unknown) => toast(`Not stopped: ${error instanceof Error ? error.message : String(error)}`),
    );
}
