/**
 * Log patterns that are new or come in bursts. Strength of one pattern: how unlikely so many lines are at its usual
 * rate (Poisson), by how grave it calls itself. Callers complain about their callees, so a service whose callee
 * complains too is heard less: the deepest voice counts.
 */
import type { RecordedTemplate, Series } from '../recorded/types.ts';
import { type Lane, type LaneContext, ofService } from './contract.ts';

/** What a burst says by how grave its loudest line is: everybody warns of everybody, and counts what is done. */
const SAYS = { fatal: 1, error: 1, warning: 0.6, info: 0.4, debug: 0.3 };
const GRAVITY = { fatal: 1.2, error: 1, warning: 0.5, info: 0.2, debug: 0.1 };
/** Severity unknown: as a warning. */
const UNKNOWN_GRAVITY = 0.5;
/** One pattern is no stronger than this (−log10 p): thousands of lines of one loop are one fact. */
const MOST = 6;
/** Sums below this are chatter. */
const LEAST = 1;
/** What remains of a voice whose callee complains at least half as loud. */
const ECHO = 0.3;
/** All strength with one service → +SINGLED_OUT; a tenth of it → none; none → slightly against. */
const SINGLED_OUT = 1.4;
const NEUTRAL_PART = 0.15;

export const logs: Lane = {
  name: 'logs',
  cap: 1.5,
  examine(context) {
    const templates = context.recording.templates ?? [];
    if (templates.length === 0) return { evidence: [], missing: 'log lines' };
    const loudest = new Map<string, { strength: number; top: number; text: string; says: number }>();
    for (const template of templates) {
      const strength = strengthOf(template, context);
      if (strength <= 0) continue;
      const known = loudest.get(template.service) ?? { strength: 0, top: 0, text: '', says: 0 };
      const text = strength > known.top ? template.template : known.text;
      const says = strength > known.top ? SAYS[template.severity ?? 'warning'] : known.says;
      const top = Math.max(known.top, strength);
      loudest.set(template.service, { strength: known.strength + strength, top, text, says });
    }
    const heard = new Map(
      [...loudest].map(([service, { strength }]) => [service, strength * echo(service, context, loudest)]),
    );
    const all = [...heard.values()].reduce((sum, strength) => sum + strength, 0);
    if (all < LEAST) return { evidence: [], missing: null };
    const evidence = [...heard].map(([service, strength]) => {
      const part = strength / all;
      const says = SINGLED_OUT * (loudest.get(service)?.says ?? 1);
      const weight = part >= NEUTRAL_PART ? (says * (part - NEUTRAL_PART)) / (1 - NEUTRAL_PART) : part - NEUTRAL_PART;
      const text = `new or bursting in the log of ${service}: ${loudest.get(service)?.text ?? ''}`;
      return ofService(service, text, { weight, faultClass: 'software', mechanism: 'reports errors of its own' });
    });
    return { evidence, missing: null };
  },
};

function strengthOf({ incident, normal, severity }: RecordedTemplate, { accounts }: LaneContext): number {
  const { beforeTo, end } = accounts.windows;
  const now = total(incident, beforeTo, end);
  const past = normal ?? Array.from(incident).slice(0, beforeTo);
  // One line in all of the past stands for what was never seen: nothing has the rate zero.
  const rate = (total(past, 0, past.length) + 1) / Math.max(1, past.length);
  const expected = rate * (end - beforeTo);
  if (now <= expected) return 0;
  return Math.min(MOST, poissonSurprise(now, expected)) * (severity === null ? UNKNOWN_GRAVITY : GRAVITY[severity]);
}

/** −log10 of (a bound on) P(X ≥ k), X ~ Poisson(m), k > m: Chernoff's, e^(k − m) (m/k)^k. */
function poissonSurprise(k: number, m: number): number {
  return (k * Math.log(k / m) - (k - m)) / Math.LN10;
}

function echo(
  service: string,
  { accounts }: LaneContext,
  loudest: ReadonlyMap<string, { readonly strength: number }>,
): number {
  const { graph } = accounts;
  const node = graph.index.get(service);
  if (node === undefined) return 1;
  const own = loudest.get(service)?.strength ?? 0;
  const callees = (graph.out[node] as readonly number[]).map(
    (edge) => graph.names[graph.callee[edge] as number] as string,
  );
  return callees.some((callee) => (loudest.get(callee)?.strength ?? 0) >= own / 2) ? ECHO : 1;
}

function total(series: Series, from: number, to: number): number {
  let sum = 0;
  for (let bin = from; bin < to; bin++) sum += series[bin] || 0;
  return sum;
}
