/**
 * Evidence of all lanes, added up per candidate in log10 odds and weighed against each other and against "something
 * else". No lane comes first by decree: what decides is how much more likely the facts are under one cause than under
 * another. Each lane is bounded (softly, so that order survives), so that no single kind of fact outvotes all others.
 *
 *   score(n)      = Σ_lanes cap × tanh(Σ evidence ÷ cap), in recordings lanes of the damage × P(there is damage)
 *   p(n)          = P(incident is real, given n) × 10^score(n) ÷ (Σ_rivals 10^score + 10^SOMETHING_ELSE)
 *   confidence(n) = logistic(offset + slope × logit p(n)), with declared coefficients; in recordings by a map of its own
 *                   (recorded/confidence.ts), because what they consist of differs
 *
 * Recordings and the running system are weighed by the same sum. They differ in what is known beforehand: an alarm
 * about a recording may be false (reality.ts), and one symptom has one cause; detectors on the running system have made
 * sure, and several causes may be true side by side.
 */
import type { FaultClass } from '../model/incident.ts';
import { accountFor, type RecordedAccounts, type Unit } from './accounting/account.ts';
import { distances } from './accounting/graph.ts';
import { ofExcess, reality } from './accounting/reality.ts';
import { damageShares } from './accounting/shares.ts';
import { type CandidateKind, type Lane, type LaneContext, type LaneEvidence, shareWeight } from './lanes/contract.ts';
import { ownExcess } from './lanes/own-excess.ts';
import { LANES } from './lanes/registry.ts';
import { type Basis, confidenceOf, sourcesOf } from './recorded/confidence.ts';
import type { Recording } from './recorded/types.ts';

/**
 * Coefficients of the confidence. The identity: on damage transplanted into real noise it errs on the careful side (by
 * .05 on average), and two that hurt alike stay below one half each. A slope below 1 is for lanes that turn out to say
 * the same twice. Refit on drills whose cause is known; `bench rca` and `bench drills` print confidence against hits.
 */
export const CALIBRATION = { offset: 0, slope: 1 };
/** Below this confidence the diagnosis is inconclusive. Higher: fewer wrong accusations, more pages. */
export const ABSTAIN_BELOW = 0.5;
/** log10 odds of "something that none of this shows", against a candidate with even evidence. */
const SOMETHING_ELSE = -0.5;
/**
 * The same while no damage could be accounted for: then anything may be, and it takes a fact to accuse. In between, as
 * much as speaks for it of the damage that begins where nothing is known to be wrong.
 */
const SOMETHING_UNSEEN = 1;
/**
 * What an account is worth where nobody recorded who calls whom: a part of what seems to begin at a service was passed
 * on by callees that are not known. Higher: metrics alone name more, and more of it wrongly.
 */
const PRESUMED = 0.5;
/** Facts about the accused from which on it may be named although the symptom is too small to be seen, in log10 odds. */
const FACTS_SUFFICE = 0.3;
/** A lane whose largest say is within this part of the lead could turn a verdict. */
const TURNS = 1;

export interface RecordedCause {
  readonly kind: CandidateKind;
  readonly name: string;
  readonly faultClass: FaultClass;
  readonly mechanism: string;
  /** log10 odds against an unremarkable candidate. */
  readonly score: number;
  /** 0–1. */
  readonly confidence: number;
  /** Strongest first. */
  readonly evidenceFor: readonly LaneEvidence[];
  readonly evidenceAgainst: readonly LaneEvidence[];
}

export interface RecordedDiagnosis {
  readonly unit: Unit;
  /** Best first; ties keep the order of the recording. */
  readonly causes: readonly RecordedCause[];
  /** True when the best is not believed enough to be named. */
  readonly abstained: boolean;
  /** False: the symptom is not to be seen in what was recorded. */
  readonly confirmed: boolean;
  /** What was not recorded and might have decided. */
  readonly missing: readonly string[];
  readonly accounts: RecordedAccounts;
  /** What the confidence in the first rests on; null: nobody is accused. */
  readonly basis: Basis | null;
}

/** Something that may be accused, and what was heard about it. */
export interface Candidate {
  readonly kind: CandidateKind;
  readonly name: string;
  readonly evidence: LaneEvidence[];
  /** What each lane came to, bounded. */
  readonly lanes: Map<string, number>;
}

export interface Missing {
  readonly what: string;
  /** How much that lane could have said, in log10. */
  readonly cap: number;
}

/** `lanes` is for those who ask what a lane contributes; all of them by default. */
export function diagnoseRecording(recording: Recording, lanes: readonly Lane[] = LANES): RecordedDiagnosis {
  const accounts = accountFor(recording);
  const unit: Unit = recording.symptom.kind === 'slow' ? 'seconds' : 'failed';
  const base = { accounts, unit, reach: distances(accounts.graph, accounts.symptom) };
  const context: LaneContext = { ...base, recording, shares: damageShares(base) };
  const { candidates, missing } = gather(context, lanes);
  const { causes, basis } = rank(candidates, accounts, unit, recording);
  const best = causes[0];
  const suffered = accounts.excess[accounts.symptom];
  // An alarm that the recording does not bear out: nothing has to be explained.
  const confirmed = !suffered || suffered[unit] > 0;
  const borneOut = confirmed || (basis !== null && basis.facts >= FACTS_SUFFICE);
  const abstained = !borneOut || best === undefined || best.confidence < ABSTAIN_BELOW;
  return { unit, causes, confirmed, abstained, missing: missing.map(({ what }) => what), accounts, basis };
}

/** Everything that the lanes say, by candidate, each lane's part bounded; and what they had nothing to look at for. */
export function gather(
  context: LaneContext,
  lanes: readonly Lane[],
): { readonly candidates: Candidate[]; readonly missing: readonly Missing[] } {
  const candidates = new Map<string, Candidate>();
  const missing: Missing[] = [];
  const add = (lane: Lane, each: LaneEvidence): void => {
    const key = `${each.kind}/${each.name}`;
    const { kind, name } = each;
    const known = candidates.get(key) ?? { kind, name, evidence: [], lanes: new Map<string, number>() };
    known.evidence.push(each);
    known.lanes.set(lane.name, (known.lanes.get(lane.name) ?? 0) + each.weight);
    candidates.set(key, known);
  };
  for (const lane of lanes) {
    const report = lane.examine(context);
    if (report.missing !== null) missing.push({ what: report.missing, cap: lane.cap });
    for (const each of report.evidence) add(lane, each);
  }
  for (const lane of lanes) {
    for (const { kind, name, lanes: heard } of candidates.values()) {
      const silent = kind === 'service' && !heard.has(lane.name) ? lane.silence?.(context, name) : null;
      if (silent) add(lane, silent);
    }
    for (const { lanes: heard } of candidates.values()) {
      const sum = heard.get(lane.name);
      if (sum !== undefined) heard.set(lane.name, bounded(sum, lane.cap));
    }
  }
  return { candidates: [...candidates.values()], missing };
}

/** Nobody gains or loses more than the cap, and more evidence is still more. */
export function bounded(weight: number, cap: number): number {
  return cap * Math.tanh(weight / cap);
}

/** For "something else"; `elsewhere`: share of the damage that begins at nobody suspected, null when none was counted. */
export function somethingElse(elsewhere: number | null): number {
  if (elsewhere === null) return SOMETHING_UNSEEN;
  return Math.min(SOMETHING_UNSEEN, Math.max(SOMETHING_ELSE, shareWeight(elsewhere)));
}

/**
 * Chances from scores: each against its rivals and "something else". `competes` says which two cannot both be true;
 * by default no two can. `somethingElse`: log10 odds.
 */
export function weigh(
  scores: readonly number[],
  somethingElse: number,
  competes: (a: number, b: number) => boolean = () => true,
): number[] {
  const odds = scores.map((score) => 10 ** score);
  const else_ = 10 ** somethingElse;
  return odds.map((own, a) => {
    const rivals = odds.reduce((sum, other, b) => (a !== b && competes(a, b) ? sum + other : sum), else_);
    return own / (own + rivals);
  });
}

/** What is missing and could have turned the verdict: lanes whose largest say covers the lead of the first. */
export function decidingOf(missing: readonly Missing[], scores: readonly number[]): string[] {
  const [first = 0, second = SOMETHING_ELSE] = [...scores].sort((a, b) => b - a);
  return missing.filter(({ cap }) => cap * TURNS >= first - second).map(({ what }) => what);
}

function rank(
  candidates: readonly Candidate[],
  accounts: RecordedAccounts,
  unit: Unit,
  recording: Recording,
): { readonly causes: RecordedCause[]; readonly basis: Basis | null } {
  const belief = damageBelief(accounts, unit);
  const trust = recording.presumed === true ? PRESUMED : 1;
  const scores = candidates.map((candidate) => scoreBy(candidate, belief, trust));
  const chances = weigh(scores, SOMETHING_ELSE);
  const order = [...candidates.keys()].sort((a, b) => (scores[b] as number) - (scores[a] as number));
  const [first] = order;
  if (first === undefined) return { causes: [], basis: null };
  const { kind, name, lanes } = candidates[first] as Candidate;
  const elsewhere = (scores[first] as number) - (lanes.get(ownExcess.name) ?? 0);
  const suspect = kind === 'service' ? accounts.graph.index.get(name) : undefined;
  const real = reality(accounts, unit, suspect, elsewhere);
  const lead = Math.log10((chances[first] as number) / (1 - (chances[first] as number)));
  const facts = [...lanes].reduce((sum, [lane, weight]) => (OF_DAMAGE.has(lane) ? sum : sum + weight), 0);
  const margin = (scores[first] as number) - (scores[order[1] ?? -1] ?? Number.NEGATIVE_INFINITY);
  const basis: Basis = { lead, real, facts, margin, sources: sourcesOf(recording) };
  const believed = confidenceOf(basis);
  // What the first is not believed is divided among the others as their chances are.
  const rest = (1 - believed) / Math.max(1e-12, 1 - (chances[first] as number));
  const causes = order.map((index): RecordedCause => {
    const { kind, name, evidence } = candidates[index] as Candidate;
    const confidence = index === first ? believed : Math.min(believed, rest * (chances[index] as number));
    return { kind, name, ...kindOf(evidence), score: scores[index] as number, confidence, ...forAndAgainst(evidence) };
  });
  return { causes, basis };
}

const OF_DAMAGE: ReadonlySet<string> = new Set(LANES.filter(({ ofDamage }) => ofDamage).map(({ name }) => name));

/** A share of the damage is an argument as far as there is damage, felt or at the candidate itself. */
function scoreBy({ kind, name, lanes }: Candidate, belief: DamageBelief, trust: number): number {
  let [ofDamage, other] = [0, 0];
  for (const [lane, weight] of lanes) {
    if (OF_DAMAGE.has(lane)) ofDamage += weight;
    else other += weight;
  }
  if (ofDamage <= 0) return other + ofDamage * belief.anywhere;
  return other + trust * ofDamage * (kind === 'service' ? belief.at(name) : belief.anywhere);
}

/** Sums of the same numbers in another order differ by no more. */
const ALIKE = 1e-9;

interface DamageBelief {
  /** 0–1. */
  readonly anywhere: number;
  at(service: string): number;
}

function damageBelief(accounts: RecordedAccounts, unit: Unit): DamageBelief {
  const certain = (node: number): number => {
    const excess = accounts.excess[node];
    return excess ? 1 / (1 + 10 ** -ofExcess(excess, unit)) : 0;
  };
  const felt = certain(accounts.symptom);
  const own = accounts.ledgers[unit].own;
  // Where most of it begins; of several alike the surest, so that their order does not matter.
  const most = own.reduce((best, value) => Math.max(best, value), 0);
  const begins = most <= 0 ? [] : [...own.keys()].filter((node) => (own[node] as number) >= most * (1 - ALIKE));
  return {
    anywhere: Math.max(felt, ...begins.map(certain)),
    at: (service) => {
      const node = accounts.graph.index.get(service);
      return node === undefined ? felt : Math.max(felt, certain(node));
    },
  };
}

export function scoreOf({ lanes }: Pick<Candidate, 'lanes'>): number {
  return [...lanes.values()].reduce((sum, weight) => sum + weight, 0);
}

export function calibrated(p: number): number {
  return 1 / (1 + Math.exp(-(CALIBRATION.offset + CALIBRATION.slope * Math.log(p / (1 - p)))));
}

/** Strongest first. */
export function forAndAgainst(evidence: readonly LaneEvidence[]): {
  readonly evidenceFor: readonly LaneEvidence[];
  readonly evidenceAgainst: readonly LaneEvidence[];
} {
  const sorted = [...evidence].sort((a, b) => Math.abs(b.weight) - Math.abs(a.weight));
  return {
    evidenceFor: sorted.filter(({ weight }) => weight >= 0),
    evidenceAgainst: sorted.filter(({ weight }) => weight < 0),
  };
}

/** The fault class that the most weight speaks for; software where nothing says otherwise. */
export function kindOf(evidence: readonly LaneEvidence[]): {
  readonly faultClass: FaultClass;
  readonly mechanism: string;
} {
  const votes = new Map<FaultClass, number>();
  for (const { faultClass, weight } of evidence) {
    if (faultClass !== null) votes.set(faultClass, (votes.get(faultClass) ?? 0) + weight);
  }
  const [best] = [...votes].filter(([, weight]) => weight > 0).sort((a, b) => b[1] - a[1]);
  const faultClass = best?.[0] ?? 'software';
  const telling = evidence
    .filter((each) => each.mechanism !== undefined && each.faultClass === faultClass && each.weight > 0)
    .sort((a, b) => b.weight - a.weight)[0];
  return { faultClass, mechanism: telling?.mechanism ?? 'starts here' };
}
