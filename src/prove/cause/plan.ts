/** From a diagnosis to what will be done to whom, and what users will then lose. */
import { serviceOf } from '../../model/symptom.ts';
import { formatDuration, type Ms } from '../../model/time.ts';
import type { JsonMap } from '../experiment/index.ts';
import type { CauseFacts, CauseRefusal, CauseTest, Lost, Prediction, Range } from './contract.ts';
import { type Likeness, likenessOf } from './likeness.ts';

/** As long as the incident lasted, within these: users pay for every second of it. */
const LASTS = { low: 5_000, high: 20_000 } as const;
/** One incident is a sample of one: the like damage is within so many times of it, either way. More can hardly fail. */
const TIMES = 3;
/** Less extra waiting than this drowns in what is usual. */
const DUST_SECONDS = 0.5;
/** Looked at before the fault and after it. */
export const WATCH_MS: Ms = 5_000;
/** What is left of a fault after its end: windows that are on their way, calls that wait for their timeouts. */
export const ECHO_MS: Ms = 4_000;

export function isRefusal(plan: CauseTest | CauseRefusal): plan is CauseRefusal {
  return 'why' in plan;
}

export function causeTest(facts: CauseFacts): CauseTest | CauseRefusal {
  const { cause, incident, services, possible, delayMs } = facts;
  const nothing = (why: string): CauseRefusal => ({ code: 'HF8305', why });
  const like = likenessOf(cause, delayMs);
  if (like === null) return nothing(`${cause.mechanism}: nothing that can be injected is like it`);
  const target = targetOf(facts);
  if (target === null) return nothing(`${facts.on ?? cause.entity.name} has no instance that serves`);
  const service = services.get(target.service);
  if (service === undefined) return nothing(`${target.service} is not run by Holdfast`);
  if (!service.optedIn) return { code: 'HF8301', why: `${target.service} did not opt in` };
  if (!possible.has(like.kind)) return nothing(`${like.kind} cannot be done on this machine`);
  if (like.calls && service.callers.length === 0) return nothing(`nobody calls ${target.service}`);
  if (like.http && !service.speaksHttp) return nothing(`${target.service} does not speak HTTP`);
  const lasted = Math.max(1_000, facts.lost?.overMs ?? LASTS.low);
  const forMs = like.instant ? null : Math.round(Math.min(LASTS.high, Math.max(LASTS.low, lasted)));
  const { entity } = cause;
  return {
    incident,
    accused: entity.name,
    mechanism: cause.mechanism,
    kind: like.kind,
    parameters: like.parameters,
    ...target,
    from: entity.kind === 'edge' && services.has(entity.caller) ? entity.caller : null,
    forMs,
    unlike: like.unlike,
    prediction: predict(facts, like, target.service, (forMs ?? lasted) / lasted),
  };
}

function targetOf({ cause, ready, on }: CauseFacts): Pick<CauseTest, 'target' | 'service' | 'where'> | null {
  const { entity } = cause;
  const wanted = on ?? serviceOf(entity) ?? entity.name;
  const named = ready.find(({ id }) => id === on);
  const there = named ? [named] : ready.filter(({ service }) => service === wanted);
  const twin = there.find(({ id }) => id !== entity.name) ?? there[0];
  if (twin === undefined) return null;
  if (on !== null) return { target: twin.id, service: twin.service, where: 'elsewhere' };
  return { target: twin.id, service: twin.service, where: twin.id === entity.name ? 'itself' : 'twin' };
}

/** `part`: of the time that the incident lasted. */
function predict(facts: CauseFacts, { calls }: Likeness, service: string, part: number): Prediction {
  const { lost, usersPerSec, cause } = facts;
  const symptoms = [...new Set(facts.symptoms)].filter((kind) => kind !== 'anomalous' && kind !== 'flapping');
  const then = lost === null ? 0 : (1_000 * lost.requests) / lost.overMs;
  const busier = then > 0 && usersPerSec > 0 ? Math.min(10, Math.max(0.1, usersPerSec / then)) : 1;
  const scale = busier * part * (cause.share ?? 1);
  const failed = counted((lost?.failed ?? 0) * scale);
  const waitedSeconds = waited((lost?.waitedSeconds ?? 0) * scale);
  const seen = symptoms.length === 0 ? `${service} is hurt` : `${service} is ${symptoms.join(' or ')}`;
  const during = calls ? 'while it lasts' : 'by it';
  const text = `${seen}; users lose ${shown(failed)} requests and ${shown(waitedSeconds)} s of waiting ${during}; both end with it`;
  return { symptoms, failed, waitedSeconds, text };
}

function counted(expected: number): Range {
  const noise = 2 * Math.sqrt(expected);
  return {
    low: Math.max(0, Math.floor(expected / TIMES - noise)),
    high: Math.ceil(expected * TIMES + noise + TIMES),
  };
}

function waited(expected: number): Range {
  return {
    low: expected < DUST_SECONDS ? 0 : tenths(expected / TIMES),
    high: tenths(expected * TIMES + 2 * DUST_SECONDS),
  };
}

function shown({ low, high }: Range): string {
  return low === 0 ? `at most ${high}` : `${low} to ${high}`;
}

function tenths(value: number): number {
  return Math.round(value * 10) / 10;
}

/** What exactly will be done, for whoever is to consent to it. */
export function describeTest({ kind, parameters, target, service, where, forMs, from, unlike }: CauseTest): string {
  const given = Object.entries(parameters).map(([name, value]) => `${name} ${value}`);
  const what = given.length === 0 ? kind : `${kind} (${given.join(', ')})`;
  const which = { twin: 'a twin of the accused', itself: 'the accused itself: it has no twin', elsewhere: service };
  const lasts = forMs === null ? 'once' : `for ${formatDuration(forMs)}, under a lease`;
  const calls = from === null ? '' : `, calls from ${from} only`;
  return `${what} on ${target} (${which[where]}) ${lasts}${calls}${unlike === null ? '' : `; unlike the suspicion, ${unlike}`}`;
}

/** How the experiment of it is told from others. */
export function titleOf({ kind, target, incident }: CauseTest): string {
  return `cause of ${incident}: ${kind} on ${target}`;
}

const QUIET: JsonMap = {
  title: 'the system is healthy and nothing is under way',
  probes: [{ type: 'probe', name: 'quiet', tolerance: true, provider: { type: 'holdfast', is: 'quiet' } }],
};

export function experimentOfCause(test: CauseTest): JsonMap {
  const { kind, parameters, target, service, from, forMs, prediction } = test;
  return {
    title: titleOf(test),
    description: `Predicted: ${prediction.text}.`,
    tags: ['cause'],
    'steady-state-hypothesis': QUIET,
    method: [
      {
        type: 'action',
        name: kind,
        pauses: { before: WATCH_MS / 1_000, after: ECHO_MS / 1_000 },
        'x-holdfast': {
          fault: kind,
          target: { service, instances: [target], ...(from === null ? {} : { from }) },
          ...(forMs === null ? {} : { for: forMs / 1_000 }),
          ...parameters,
        },
      },
    ],
    runtime: { hypothesis: { strategy: 'before-method-only' } },
  };
}

/** Nobody called, nothing was lost. */
export const NOTHING: Lost = { overMs: 0, requests: 0, failed: 0, waitedSeconds: 0 };
