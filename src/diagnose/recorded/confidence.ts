/**
 * How often the first of the candidates is right, given what its lead rests on. The sum of the evidence orders the
 * candidates; how far it may be trusted depends on what was recorded: evidence of several lanes is not as independent
 * as its sum takes it to be, where there are traces a symptom that hardly shows is no reason for doubt, and an account
 * over guessed calls says little by itself, but much together with a fact about the accused. So the lead is mapped to a
 * chance by a reliability map, a logistic regression (Platt, 1999):
 *
 *   confidence = logistic(Σ coefficient × term)
 *
 * Where the coefficients come from: fitted (ridge 1 on all but the first) to 617 folders of the generated systems of
 * `bench recorded` (other systems than those it is judged on: other seeds, loads and samplings; with all sources, without
 * metrics, with metrics alone), 353 issues of `bench rca` with damage put anywhere and with its troubles (half weight),
 * and 230 windows of normal data, in which nobody is right (a fifth of the weight: most alarms that somebody asks about
 * are true). Errors left in a cross-validation over systems: .05 with all sources, .09 with logs and traces, .06 with
 * metrics alone, .03 on damage put anywhere. Refit when lanes or their weights change. Of metrics alone, after the lane of
 * slowdowns came and generated systems were told in more ways, 243 new folders were left with .065 by this map, and with
 * .075 by one fitted to them (cross-validated over systems): it was kept.
 */
import type { Recording } from './types.ts';

/** What a confidence rests on. */
export interface Basis {
  /** log10 odds of the first against its rivals and "something else". */
  readonly lead: number;
  /** log10 odds that anything happened at all, as far as the first would have caused it. */
  readonly real: number;
  /** log10 odds of the evidence against the first that is no part of the damage. */
  readonly facts: number;
  /** log10 odds against the second alone; infinite when there is none. */
  readonly margin: number;
  readonly sources: Sources;
}

export interface Sources {
  /** Calls were recorded, and not guessed. */
  readonly calls: boolean;
  /** Which calls belong to which request. */
  readonly traces: boolean;
}

export function sourcesOf({ presumed, shapes }: Recording): Sources {
  return { calls: presumed !== true, traces: (shapes ?? []).length > 0 };
}

/** Natural log odds. What only counts with traces, or where calls are guessed, is added to what always counts. */
const ALWAYS = { constant: -1.98, lead: 1.92, real: 1.78, facts: 0.69 };
const TRACES = { constant: 2.05, lead: 0, real: -1.21, facts: 0 };
const GUESSED = { constant: 0.96, lead: -0.34, real: -1.42, facts: 1.37 };

/** Beyond these more says no more. */
const MOST = 2;
const LEAST_FACTS = -1;
/** Of two that are accused alike neither is believed; a lead this many times steeper than odds ends that. */
const ALIKE = { most: 0.99, steep: 3 };

/** 0–1. */
export function confidenceOf({ lead, real, facts, margin, sources }: Basis): number {
  const terms = {
    constant: 1,
    lead: within(lead, -MOST),
    real: within(real, -MOST),
    facts: within(facts, LEAST_FACTS),
  };
  let odds = along(ALWAYS, terms);
  if (sources.traces) odds += along(TRACES, terms);
  // Traces tell of calls.
  else if (!sources.calls) odds += along(GUESSED, terms);
  return Math.min(1 / (1 + Math.exp(-odds)), ALIKE.most / (1 + 10 ** (-ALIKE.steep * margin)));
}

type Terms = typeof ALWAYS;

function along(by: Terms, terms: Terms): number {
  return by.constant * terms.constant + by.lead * terms.lead + by.real * terms.real + by.facts * terms.facts;
}

function within(value: number, least: number): number {
  return Math.max(least, Math.min(MOST, value));
}
