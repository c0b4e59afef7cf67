/**
 * The running system's diagnosis: symptoms, edges and changes to ranked causes. The system is observed as a recording
 * (live/observe.ts) and accounted for as one; every lane has its say; and two more look at what only a running system
 * shows: what detectors claim of single processes, and how those stand to each other that have symptoms.
 *
 * Every suspect is accused twice: of itself, and, when something of it was changed, of that change. What follows from
 * the two differs: a restart, or taking the change back.
 */
import type { Cause, Diagnosis, Evidence, RuledOut, Sensitivity } from '../model/incident.ts';
import { entityKey, type Symptom } from '../model/symptom.ts';
import type { Ms } from '../model/time.ts';
import type { SystemView } from '../model/view.ts';
import { accountFor, type RecordedAccounts, type Unit } from './accounting/account.ts';
import { distances } from './accounting/graph.ts';
import { damageShares } from './accounting/shares.ts';
import {
  ABSTAIN_BELOW,
  calibrated,
  decidingOf,
  forAndAgainst,
  gather,
  kindOf,
  type Missing,
  somethingElse,
  weigh,
} from './combine.ts';
import type { LaneContext } from './lanes/contract.ts';
import { exits } from './lanes/exits.ts';
import { logs } from './lanes/logs.ts';
import { LANES } from './lanes/registry.ts';
import { type Accusation, accusationsOf } from './live/accuse.ts';
import { observe } from './live/observe.ts';
import { calls, gatherSuspects, type Suspect } from './live/suspects.ts';
import { accountSentence, accountTable, propagationOf, startedIn } from './present.ts';
import type { Recording } from './recorded/types.ts';
import { survives } from './sensitivity.ts';

export { ABSTAIN_BELOW } from './combine.ts';

export interface DiagnosisInput {
  readonly now: Ms;
  /** Earliest onset of the incident's symptoms. */
  readonly onsetAt: Ms;
  readonly symptoms: readonly Symptom[];
  /** Those of the incident that are over as well; by default the same. */
  readonly history?: readonly Symptom[];
  /** Odd things that accompany them; they accuse nobody alone. */
  readonly advisories?: readonly Symptom[];
  readonly view: SystemView;
}

/** Ends of processes and lines of logs are watched where they happen: they come as symptoms and remarks. */
const LIVE_LANES = LANES.filter((lane) => lane !== exits && lane !== logs);
/** Causes less likely than this are not worth a line. */
const SHOWN = 0.02;
/** How long a user would have waited gladly instead of an error: decides which of the two units is told of. */
const FAILED_SECONDS = 5;
/** Less damage than this, in seconds, is dust: who has it is chance. */
const DUST_SECONDS = 0.5;
/** Repetitions for the sensitivity of a running diagnosis. Each costs one diagnosis. */
const TRIALS = 12;
const RULED_OUT_SHOWN = 10;

/** One look at an incident: everything that its verdict rests on. */
interface Judgement {
  readonly accounts: RecordedAccounts;
  readonly unit: Unit;
  /** There is damage to account for. */
  readonly accounted: boolean;
  /** Best first. */
  readonly ranked: readonly { readonly accusation: Accusation; readonly confidence: number }[];
  readonly missing: readonly Missing[];
}

export function diagnose(input: DiagnosisInput): Diagnosis {
  const suspects = gatherSuspects(input);
  const judgement = judge(observe({ history: input.symptoms, ...input }, suspects), suspects, input);
  const { accounts, unit, accounted, ranked } = judgement;
  const causes = ranked.filter(({ confidence }) => confidence >= SHOWN).map(toCause);
  const top = causes[0];
  const abstained = top === undefined || top.confidence < ABSTAIN_BELOW;
  const accused = ranked[0]?.accusation;
  const victims = accused?.suspect ? victimsOf(accused.suspect, suspects, input.view) : [];
  const first = ranked[0] && (ranked[0].accusation.service ?? ranked[0].accusation.entity.name);
  const names = ranked.flatMap(({ accusation, confidence }) =>
    explainedBy(accusation, input.view).map((name) => ({ name, confidence })),
  );
  const account = accounted ? accountTable({ accounts, unit, causes: names }) : null;
  const started = account === null ? 0 : startedIn(account);
  return {
    at: input.now,
    causes,
    damage: {
      ...usersDamage(accounts),
      unexplainedShare: account === null || started === 0 ? 0 : round(Math.max(0, account.unexplained / started)),
    },
    abstained,
    summary: summarise(causes, abstained, victims),
    victims,
    account,
    sentence: account === null || first === undefined ? null : accountSentence(account, first),
    propagation: accounted && first !== undefined ? propagationOf({ accounts, unit }, first) : [],
    ruledOut: ruledOutOf(ranked, causes),
    missing: judgement.missing.map(({ what }) => what),
    deciding: decidingOf(
      judgement.missing,
      ranked.map(({ accusation }) => accusation.score),
    ),
    sensitivity: null,
  };
}

/** Would who is accused now still be, with one edge or one past less? */
export function sensitivity(input: DiagnosisInput): Sensitivity {
  const suspects = gatherSuspects(input);
  const recording = observe({ history: input.symptoms, ...input }, suspects);
  const judgement = judge(recording, suspects, input);
  const first = nameOf(judgement);
  if (first === null || !judgement.accounted) return { tried: 0, overturned: [], robustness: 1 };
  return survives(recording, judgement, first, (less) => nameOf(judge(less, suspects, input)), TRIALS);
}

/** Damage a second between two times, against what was normal before onset: seconds of waiting, failures as some. */
export function damageRate(view: SystemView, onsetAt: Ms, fromMs: Ms, toMs: Ms): number {
  const accounts = accountFor(observe({ now: toMs, onsetAt, view, fromMs }, []));
  const { extraWaitSeconds, failedRequests } = usersDamage(accounts);
  return (1_000 * (extraWaitSeconds + FAILED_SECONDS * failedRequests)) / Math.max(1_000, toMs - fromMs);
}

/** Services whose own damage it accounts for: a machine, that of all that runs on it. */
function explainedBy({ service, entity }: Accusation, view: SystemView): readonly string[] {
  if (entity.kind !== 'node') return [service ?? entity.name];
  const on = [...view.instances.values()].filter(({ node }) => node === entity.name);
  return [...new Set(on.map((instance) => instance.service))];
}

const nameOf = ({ ranked }: Judgement): string | null => ranked[0]?.accusation.entity.name ?? null;

function judge(recording: Recording, suspects: readonly Suspect[], input: DiagnosisInput): Judgement {
  const accounts = accountFor(recording);
  const inSeconds = amountOf(accounts, 'seconds');
  const inFailures = FAILED_SECONDS * amountOf(accounts, 'failed');
  const accounted = inSeconds + inFailures >= DUST_SECONDS;
  const unit: Unit = inFailures > inSeconds ? 'failed' : 'seconds';
  const base = { accounts, unit, reach: reachOf(accounts) };
  const context: LaneContext = { ...base, recording, shares: accounted ? damageShares(base) : [] };
  const lanes = LIVE_LANES.filter(({ ofDamage }) => accounted || ofDamage !== true);
  const { candidates, missing } = gather(context, lanes);
  const accusations = accusationsOf(candidates, suspects, input);
  const chances = weigh(
    accusations.map(({ score }) => score),
    somethingElse(accounted ? elsewhereOf({ accounts, unit }, accusations, input.view) : null),
    (a, b) => !isIndependent(accusations[a] as Accusation, accusations[b] as Accusation),
  );
  const ranked = accusations
    .map((accusation, index) => ({
      accusation,
      confidence: accusation.certainty * calibrated(chances[index] as number),
    }))
    .sort((a, b) => b.confidence - a.confidence || b.accusation.score - a.accusation.score);
  return { accounts, unit, accounted, ranked, missing };
}

/** Share of the damage that begins where nothing is known to be wrong. */
function elsewhereOf(
  { accounts, unit }: Pick<Judgement, 'accounts' | 'unit'>,
  accusations: readonly Accusation[],
  view: SystemView,
): number {
  const suspected = accusations.filter(({ suspect, entity }) => suspect !== null || entity.kind === 'node');
  const causes = suspected.flatMap((each) => explainedBy(each, view).map((name) => ({ name, confidence: 1 })));
  const account = accountTable({ accounts, unit, causes });
  const started = startedIn(account);
  return started === 0 ? 0 : Math.max(0, account.unexplained / started);
}

function amountOf({ ledgers }: RecordedAccounts, unit: Unit): number {
  return ledgers[unit].own.reduce((sum, own) => sum + Math.max(0, own), 0);
}

/** From everybody who calls and is not called. */
function reachOf({ graph, symptom }: RecordedAccounts): Int32Array {
  const reach = distances(graph, symptom);
  graph.into.forEach((into, node) => {
    if (into.length > 0 || node === symptom) return;
    distances(graph, node).forEach((far, other) => {
      if (far >= 0 && ((reach[other] as number) < 0 || far < (reach[other] as number))) reach[other] = far;
    });
  });
  return reach;
}

/**
 * May both be true at once? Yes when neither calls the other, and when the one that calls has a trouble that callees
 * do not pass on: then it is a cause of its own, whatever is wrong further down.
 */
function isIndependent(a: Accusation, b: Accusation): boolean {
  if (a.suspect === null || b.suspect === null || a.suspect === b.suspect) return false;
  if (b.suspect.callers.includes(a.suspect.service) && a.passedOn) return false;
  return !(a.suspect.callers.includes(b.suspect.service) && b.passedOn);
}

function toCause({ accusation, confidence }: Judgement['ranked'][number]): Cause {
  const { entity, evidence, share, change, mechanism } = accusation;
  const { evidenceFor, evidenceAgainst } = forAndAgainst(evidence);
  const told = (list: readonly Evidence[]): Evidence[] =>
    list.map(({ text, weight }) => ({ text, weight: Math.round(weight * 100) / 100 }));
  return {
    entity,
    faultClass: change === null ? (accusation.faultClass ?? kindOf(evidence).faultClass) : 'human',
    mechanism: change === null ? mechanism : `bad change: ${mechanism}`,
    share: share === null ? null : round(share),
    confidence: round(confidence),
    evidenceFor: told(evidenceFor),
    evidenceAgainst: told(evidenceAgainst),
    changeId: change,
  };
}

/** Symptomatic, upstream of the accused, with a symptom of the kind that callees pass on. */
function victimsOf(accused: Suspect, suspects: readonly Suspect[], view: SystemView): string[] {
  return suspects
    .filter(
      (suspect) => suspect !== accused && calls(suspect.service, accused.service, view) && suspect.mechanism.passedOn,
    )
    .map(({ service }) => service);
}

/** Those looked at that are no cause worth a line, with what speaks most against each. */
function ruledOutOf(ranked: Judgement['ranked'], causes: readonly Cause[]): RuledOut[] {
  const named = new Set(causes.map(({ entity, changeId }) => `${entityKey(entity)} ${changeId}`));
  return ranked
    .filter(({ accusation: { entity, change } }) => !named.has(`${entityKey(entity)} ${change}`))
    .slice(0, RULED_OUT_SHOWN)
    .map(({ accusation: { entity, evidence, change, mechanism } }) => {
      const against = forAndAgainst(evidence).evidenceAgainst[0]?.text;
      const name = change === null ? `${entity.name} (${mechanism})` : `${change} of ${entity.name}`;
      return { name, why: against ?? 'others explain more' };
    });
}

/** Users are outside; where nothing enters from outside, the services that nobody calls stand for them. */
function usersDamage({ graph, views, excess }: RecordedAccounts): Omit<Diagnosis['damage'], 'unexplainedShare'> {
  const outside = views.filter((_, edge) => excess[graph.caller[edge] as number] === null);
  const sum = (pick: (view: NonNullable<(typeof views)[number]['seen']>) => number): number =>
    outside.reduce((all, { seen }) => all + (seen === null ? 0 : pick(seen)), 0);
  return {
    extraWaitSeconds: Math.round(sum(({ seconds }) => seconds) * 10) / 10,
    failedRequests: Math.round(sum(({ failed }) => failed)),
    requests: sum(({ requests }) => requests),
  };
}

function summarise(causes: readonly Cause[], abstained: boolean, victims: readonly string[]): string {
  const top = causes[0];
  if (!top) return 'no cause found yet';
  const belief = `${Math.round(top.confidence * 100)} %`;
  const suffering =
    victims.length > 0 ? `; ${victims.join(', ')} ${victims.length === 1 ? 'suffers' : 'suffer'} from it` : '';
  const what = `${top.entity.name}: ${top.mechanism}${top.changeId === null ? '' : ` (${top.changeId})`}`;
  if (abstained) return `unclear; perhaps ${what} (${belief})${suffering}`;
  return `${what} (${top.faultClass}, ${belief})${suffering}`;
}

function round(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
