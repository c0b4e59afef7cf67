/**
 * The instance or the way to it: one question, asked twice. The agent's check asks an instance where it runs; the traffic
 * layer asks it the same on the way that its callers' calls take (WaySignal). What only fails on the way is the way's
 * doing: the caller's view of an edge against the callee's, without either of them being instrumented.
 *
 *   no connection in time   the way, whatever the check says: a kernel opens connections also for a program that hangs
 *   refused                 the way, when the check passes or has seen that the port is listened on
 *   reset, closed, silent, a wrong answer, a late one
 *                           the way, while the check passes (or answers that much sooner)
 *
 * A check that is about to fail has not yet: until it must have been made once more, such a finding counts as FRESH.
 * Slowness is held against a way only beyond what the ways to other instances show at the same time; where there are
 * none, not while the machine's own timers were late: then everything is slow on it. For a life that is over it counts what
 * its check had said by then.
 */
import type { Instance } from '../../model/instance.ts';
import type { Ms } from '../../model/time.ts';
import type { CheckView, SystemView, WayRecord } from '../../model/view.ts';
import { median, quantile, upperQuartile } from '../recorded/norm.ts';
import { WEIGHT } from './weights.ts';

export interface BadWay {
  readonly instance: string;
  readonly service: string;
  /** Whose calls suffer on it. */
  readonly callers: readonly string[];
  /** Of those that were asked for, those whose do not. */
  readonly well: readonly string[];
  /** First time that it was seen. */
  readonly at: Ms;
  /** For people: `no connection on the way from orders (4 of 4 tries), while its own check passes`. */
  readonly text: string;
  readonly mechanism: string;
  readonly weight: number;
}

/** Opening takes a round trip, and nothing of the program: more than this is the way. */
const OPENING_MS: Ms = 60;
/** An answer on the way takes this many times what it takes beside it, and so much more, before it counts as late. */
const LATE = { ratio: 4, ms: 100 };
/** Fewer bad tries than these, or a smaller part of all, may be chance. */
const FEWEST = 2;
const LEAST_SHARE = 0.25;
/** What more than the rest of others' tries meet is no way's own. Lower blames ways on machines that are late now and then. */
const OFTEN = 0.85;
/** Connections that break off in use: fewer are those of a client that restarts. */
const BREAKS = 5;
/** Tries from so long before onset belong to it: onsets are known to a window or two. */
const LEAD_MS: Ms = 2_500;
/** A timer of ours that was so late, and nothing can be said of slowness. */
const LAG_MS: Ms = 200;

interface Bad {
  readonly kind: 'unopened' | 'refused' | 'reset' | 'silent' | 'wrong' | 'slow to open' | 'slow';
  readonly text: string;
  /** Not to be explained by the program, whatever its check says. */
  readonly sure: boolean;
}

const MECHANISM: Readonly<Record<Bad['kind'], string>> = {
  unopened: 'cut off from its callers',
  refused: 'connections refused on the way',
  reset: 'connections broken on the way',
  silent: 'nothing comes through on the way',
  wrong: 'answers changed on the way',
  'slow to open': 'slow on the way',
  slow: 'slow on the way',
};

/** Instances whose callers' way to them is bad, since an incident began, by service. */
export function badWays(view: SystemView, onsetAt: Ms, now: Ms): ReadonlyMap<string, readonly BadWay[]> {
  const bad = new Map<string, BadWay[]>();
  for (const instance of view.instances.values()) {
    for (const way of badWay(instance, view, onsetAt, now))
      bad.set(way.service, [...(bad.get(way.service) ?? []), way]);
  }
  return bad;
}

function badWay(instance: Instance, view: SystemView, onsetAt: Ms, now: Ms): BadWay[] {
  const { process, phase, readyAt } = instance;
  // Who is only starting refuses by itself.
  if (process === null || phase !== 'running' || readyAt === null) return [];
  const since = onsetAt - LEAD_MS;
  const tries = view
    .waysOf(instance.id)
    .filter(({ at, incarnation }) => at >= (incarnation === instance.incarnation ? Math.max(since, readyAt) : since));
  if (tries.length === 0) return [];
  const check = view.checkOf(instance.id);
  const yardstick = yardstickOf(instance, tries, view, since);
  const byCaller = new Map<string, { readonly all: WayRecord[]; readonly bad: { way: WayRecord; how: Bad }[] }>();
  for (const way of tries) {
    const of = byCaller.get(way.caller) ?? { all: [], bad: [] };
    byCaller.set(way.caller, of);
    of.all.push(way);
    const how = badnessOf(way, way.incarnation === instance.incarnation ? check : way.beside, yardstick);
    if (how !== null) of.bad.push({ way, how });
  }
  const bad = [...byCaller].filter(([, of]) => of.bad.length >= FEWEST && of.bad.length >= LEAST_SHARE * of.all.length);
  if (bad.length === 0) return brokenOff(instance, tries, view, onsetAt, now);
  const all = bad.flatMap(([, of]) => of.bad);
  const count = bad.reduce((sum, [, of]) => sum + of.all.length, 0);
  const sure = all.filter(({ how }) => how.sure).length >= FEWEST;
  const at = Math.min(...all.map(({ way }) => way.at));
  const fresh = !sure && now - at < graceOf(instance, view);
  const [first] = all.filter(({ how }) => how.sure === sure || !sure).slice(-1);
  const how = (first ?? (all[0] as (typeof all)[number])).how;
  const callers = bad.map(([caller]) => caller);
  const beside = check.failingSince === null ? 'while its own check passes' : `its own check: ${check.error}`;
  return [
    {
      instance: instance.id,
      service: instance.service,
      callers,
      well: [...byCaller].filter(([, of]) => of.bad.length === 0 && of.all.length >= FEWEST).map(([caller]) => caller),
      at,
      text: `${instance.id}: ${how.text} on the way from ${callers.join(', ')} (${all.length} of ${count} tries), ${beside}`,
      mechanism: MECHANISM[how.kind],
      weight: fresh ? WEIGHT.wayFresh : WEIGHT.way,
    },
  ];
}

/**
 * A port on which nothing can be asked but for a connection: these open, and break off when they are used, time and
 * again, while its own check (which talks to it) passes. A program may do that by itself, but rarely does.
 */
function brokenOff(instance: Instance, tries: readonly WayRecord[], view: SystemView, onsetAt: Ms, now: Ms): BadWay[] {
  const check = view.services.get(instance.service)?.healthcheck;
  const talks = check !== null && check !== undefined && check.probe.kind !== 'tcp';
  const opened = tries.every(({ error, answerMs }) => error === null && answerMs === null);
  if (!talks || !opened || view.checkOf(instance.id).failingSince !== null) return [];
  const callers: string[] = [];
  let count = 0;
  for (const { caller, callee } of view.edges.pairs()) {
    if (callee !== instance.service) continue;
    const windows = view.edges
      .windows(caller, callee, onsetAt - LEAD_MS, now)
      .filter((one) => one.instance === instance.id);
    const resets = windows.reduce((sum, { failures }) => sum + failures.reset, 0);
    if (resets < BREAKS) continue;
    callers.push(caller);
    count += resets;
  }
  if (callers.length === 0) return [];
  return [
    {
      instance: instance.id,
      service: instance.service,
      callers,
      well: [],
      at: Math.min(...tries.map(({ at }) => at)),
      text: `${instance.id}: ${count} connections of ${callers.join(', ')} broke off, while its own check passes`,
      mechanism: MECHANISM.reset,
      weight: WEIGHT.wayBroken,
    },
  ];
}

/** What the ways to everybody else take at the same time, and what it takes the instance itself. */
interface Yardstick {
  /** What one in seven of the others' takes: so often a busy machine is late everywhere. */
  readonly connectMs: Ms;
  /** The upper quartile of its own checks, or of the others' answers: one late answer of each is no difference. */
  readonly answerMs: Ms;
}

/** Over all other instances; null: there are none, and our own timers were late. */
function yardstickOf(instance: Instance, own: readonly WayRecord[], view: SystemView, since: Ms): Yardstick | null {
  const tries = [...view.instances.values()].flatMap((other) =>
    other.id === instance.id ? [] : view.waysOf(other.id).filter(({ at }) => at >= since),
  );
  const connects = tries.flatMap(({ connectMs }) => connectMs ?? []);
  const answers = tries.flatMap(({ answerMs }) => answerMs ?? []);
  const beside = upperQuartile(own.flatMap(({ beside: { latencyMs } }) => latencyMs ?? []));
  if (connects.length >= FEWEST) {
    const elsewhere = answers.length >= FEWEST ? median(answers) : 0;
    return { connectMs: quantile(connects, OFTEN), answerMs: Math.max(beside, elsewhere) };
  }
  const late = view.nodePastOf(instance.node).some(({ at, ownLagMs }) => at >= since && ownLagMs >= LAG_MS);
  return late ? null : { connectMs: 0, answerMs: beside };
}

function badnessOf({ connectMs, answerMs, error }: WayRecord, check: CheckView, others: Yardstick | null): Bad | null {
  const passes = check.failingSince === null;
  if (error === 'timeout' && connectMs === null) return { kind: 'unopened', text: 'no connection', sure: true };
  if (error === 'refused') {
    const listens = check.error?.includes('listens') === true;
    return passes || listens ? { kind: 'refused', text: 'refused', sure: listens } : null;
  }
  if (connectMs !== null && others !== null && connectMs >= Math.max(OPENING_MS, LATE.ratio * others.connectMs)) {
    return { kind: 'slow to open', text: `${Math.round(connectMs)} ms to open a connection`, sure: true };
  }
  if (!passes) return null;
  if (error === 'timeout') return { kind: 'silent', text: 'no answer', sure: false };
  if (error === 'reset' || error === 'closed') return { kind: 'reset', text: `connections ${error}`, sure: false };
  if (error !== null) return { kind: 'wrong', text: `${error}`, sure: false };
  if (answerMs === null || check.latencyMs === null || others === null) return null;
  const usual = Math.max(check.latencyMs, others.answerMs, 1);
  if (answerMs < LATE.ratio * usual || answerMs < usual + LATE.ms) return null;
  return {
    kind: 'slow',
    text: `answers after ${Math.round(answerMs)} ms instead of ${Math.round(usual)} ms`,
    sure: false,
  };
}

/** By then a check that must fail has failed. */
function graceOf({ service }: Instance, view: SystemView): Ms {
  const spec = view.services.get(service);
  const check = spec?.healthcheck ?? spec?.readiness;
  return check ? check.intervalMs + check.timeoutMs : 0;
}
