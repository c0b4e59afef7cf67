/** A world of make-believe around a run: scripted answers, virtual time, and the timeline of what happened. */
import { formatDuration, type Ms } from '../../../model/time.ts';
import type { Effect, RunEvent } from '../effects.ts';
import { type Journal, outcomeOf } from '../journal.ts';
import type { Json } from '../json.ts';
import type { ExperimentRun } from '../run.ts';
import type { Provider } from '../types.ts';

export interface Reply {
  readonly afterMs: Ms;
  /** null: never. */
  readonly event: { readonly output: Json } | { readonly error: string } | null;
}

type Asked = Extract<Effect, { readonly timeoutMs: Ms }>;

export interface World {
  reply(asked: Asked, nth: number): Reply;
  readonly events: readonly { readonly at: Ms; readonly event: RunEvent }[];
}

export interface Played {
  readonly journal: Journal;
  readonly timeline: readonly string[];
  readonly effects: readonly { readonly at: Ms; readonly effect: Effect }[];
}

interface Queued {
  readonly at: Ms;
  readonly event: RunEvent;
  readonly text: string | null;
}

/** More steps than any experiment here takes: a run that does not end is a failure, not a hang. */
const MAX_STEPS = 20_000;

export function play(run: ExperimentRun, world: World): Played {
  const queue: Queued[] = world.events.map(({ at, event }) => ({
    at,
    event,
    text: 'reason' in event ? `! ${event.kind}: ${event.reason}` : null,
  }));
  queue.unshift({ at: 0, event: { kind: 'start' }, text: null });
  const timeline: string[] = [];
  const effects: { at: Ms; effect: Effect }[] = [];
  const asked = new Map<number, Asked>();
  const counts = new Map<string, number>();
  const say = (at: Ms, text: string): void => void timeline.push(`${(at / 1_000).toFixed(3).padStart(9)}  ${text}`);
  let wake: Ms | null = null;
  let now = 0;
  for (let n = 0; n < MAX_STEPS; n++) {
    queue.sort((a, b) => a.at - b.at);
    const next = queue[0];
    const ticks: boolean = next === undefined || (wake !== null && wake < next.at);
    if (ticks && wake === null) throw new Error('nothing is going to happen any more');
    now = Math.max(now, ticks ? (wake as Ms) : (next as Queued).at);
    const item: Queued | undefined = ticks ? undefined : queue.shift();
    if (item?.text) say(now, item.text);
    wake = null;
    for (const effect of run.step(item?.event ?? { kind: 'tick' }, now)) {
      effects.push({ at: now, effect });
      if (effect.kind === 'done') return { journal: effect.journal, timeline, effects };
      if (effect.kind === 'wait') wake = effect.until;
      else if (effect.kind === 'cancel') say(now, `✕ ${titleOf(asked.get(effect.id) as Asked)} given up`);
      else {
        asked.set(effect.id, effect);
        say(now, `→ ${describe(effect)}`);
        const key = 'name' in effect ? effect.name : effect.kind;
        const nth = counts.get(key) ?? 0;
        counts.set(key, nth + 1);
        const { afterMs, event } = world.reply(effect, nth);
        if (event === null) continue;
        const told: RunEvent =
          'error' in event
            ? { kind: 'failure', id: effect.id, error: event.error }
            : { kind: 'answer', id: effect.id, output: event.output };
        const shown = 'error' in event ? `failed: ${event.error}` : JSON.stringify(event.output);
        queue.push({ at: now + afterMs, event: told, text: `← ${titleOf(effect)} ${shown}` });
      }
    }
  }
  throw new Error(`no end after ${MAX_STEPS} steps`);
}

function titleOf(effect: Asked): string {
  if (effect.kind === 'control') return `control ${effect.name} ${effect.scope} ${effect.level}`;
  if (effect.kind === 'residue') return 'residue';
  if (effect.kind === 'targets') return `targets of ${effect.fault.kind}`;
  if (effect.kind === 'inject' || effect.kind === 'renew' || effect.kind === 'revert')
    return `${effect.kind} ${effect.fault}`;
  return `${effect.kind} ${effect.name}`;
}

function describe(effect: Asked): string {
  const title = titleOf(effect);
  if (effect.kind === 'control') return `${title} (${effect.context}): ${call(effect.provider)}`;
  if (effect.kind === 'probe' || effect.kind === 'action') return `${title}: ${call(effect.provider)}`;
  if (effect.kind === 'renew') return `${title} for ${formatDuration(effect.leaseMs)}`;
  if (effect.kind !== 'inject') return title;
  const { kind, target, parameters, leaseMs } = effect.spec;
  return `${title}: ${kind} ${target.service ?? target.node} ${JSON.stringify(target.select)} ${JSON.stringify(parameters)}, lease ${formatDuration(leaseMs)}`;
}

function call(provider: Provider): string {
  if (provider.type === 'holdfast') return `is ${provider.service ?? 'everything'} ${provider.is}`;
  const given = JSON.stringify(provider.arguments);
  return provider.type === 'http' ? `${provider.method} ${provider.url} ${given}` : `${provider.path} ${given}`;
}

/** The journal, short enough for a golden text; its shape is held by other tests. */
export function summary(journal: Journal): string {
  const runs = (title: string, list: Journal['run']): string[] =>
    list.map(({ activity, status, duration, output, exception, tolerance_met: met }) => {
      const within = met === undefined ? '' : met ? ' (met)' : ' (not met)';
      const shown = exception ? exception.join() : JSON.stringify(output);
      return `${title}: ${activity.name} ${status}${within} in ${duration}s: ${shown}`;
    });
  const { before, after, during } = journal.steady_states;
  const own = journal['x-holdfast'];
  return [
    `outcome ${outcomeOf(journal)} (status ${journal.status}) after ${journal.duration}s`,
    ...runs('before', before?.probes ?? []),
    ...during.flatMap((state, n) => runs(`during ${n + 1}`, state.probes)),
    ...runs('run', journal.run),
    ...runs('after', after?.probes ?? []),
    ...runs('rollback', journal.rollbacks),
    ...runs('recovered', own.recovered?.probes ?? []),
    ...own.faults.map(
      ({ id, kind, state, askedAt, begunAt, revertedAt, error, bite }) =>
        `fault ${id} ${kind} ${state}: asked ${askedAt}, begun ${begunAt}, reverted ${revertedAt}, bite ${JSON.stringify(bite)}${error ? `, ${error}` : ''}`,
    ),
    `residue ${JSON.stringify(own.residue)}`,
    ...own.notes.map((note) => `note: ${note}`),
  ].join('\n');
}

const BITE: Json = { asked: 1, measured: 1, unit: 'instances', bitten: true };

/** What a healthy world answers at once. */
export function healthy(asked: Asked): Json {
  if (asked.kind === 'revert') return { bite: BITE, residue: [], reason: 'asked' };
  if (asked.kind === 'inject' || asked.kind === 'targets') return ['shop-1'];
  if (asked.kind === 'residue') return [];
  if (asked.kind !== 'probe' && asked.kind !== 'action') return null;
  if (asked.provider.type === 'http') return { status: 200, headers: {}, body: 'ok' };
  return { status: 0, stdout: '', stderr: '' };
}
