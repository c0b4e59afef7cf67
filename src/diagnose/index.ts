/**
 * Symptoms, edges and changes to ranked causes. Every suspect collects evidence for and against in log10 odds from
 * several lanes (what happened to its processes, its own share of the damage, its neighbours, changes); the odds are
 * then weighed against each other and against "something else", which is what lets the diagnosis abstain.
 */
import type { Cause, Diagnosis, Evidence } from '../model/incident.ts';
import { type EntityRef, entityKey, type Symptom } from '../model/symptom.ts';
import type { Ms } from '../model/time.ts';
import type { SystemView } from '../model/view.ts';
import { changeCase } from './changes.ts';
import { type Accounts, account } from './damage.ts';
import { type Mechanism, mechanismOf } from './mechanism.ts';
import { FACTS, gatherSuspects, ONSET_TOLERANCE_MS, reaches, type Suspect, serviceOf } from './suspects.ts';
import { WEIGHT } from './weights.ts';

export interface DiagnosisInput {
  readonly now: Ms;
  /** Earliest onset of the incident's symptoms. */
  readonly onsetAt: Ms;
  readonly symptoms: readonly Symptom[];
  /** Odd things that accompany them; they accuse nobody alone. */
  readonly advisories?: readonly Symptom[];
  readonly view: SystemView;
}

/** Below this the best cause is not believed enough for what cannot be taken back. */
export const CONFIDENT = 0.6;
/** Causes less likely than this are not worth a line. */
const SHOWN = 0.02;

interface Candidate {
  readonly suspect: Suspect | null;
  readonly entity: EntityRef;
  readonly mechanism: Mechanism;
  readonly evidence: readonly Evidence[];
  readonly changeId: string | null;
  readonly share: number | null;
}

export function diagnose({ now, onsetAt, symptoms, view, advisories = [] }: DiagnosisInput): Diagnosis {
  const accounts = account(view, onsetAt, now);
  const suspects = gatherSuspects(symptoms, view);
  const candidates = [
    ...suspects.flatMap((suspect) =>
      candidatesOf(suspect, suspects, accounts, view, now, remarks(suspect, advisories)),
    ),
    ...symptoms.filter(({ entity }) => entity.kind === 'node').map(nodeCandidate),
  ];
  const causes = rank(candidates);
  const top = causes[0];
  const abstained = top === undefined || top.confidence < CONFIDENT;
  const accused = top ? candidates.find(({ entity }) => sameEntity(entity, top.entity))?.suspect : undefined;
  const victims = accused ? victimsOf(accused, suspects, view) : [];
  const explained = accounts.total === 0 ? 0 : explainedBy(causes, accounts);
  const damage = { ...accounts.users, unexplainedShare: accounts.total === 0 ? 0 : round(1 - explained) };
  return { at: now, causes, damage, abstained, summary: summarise(causes, abstained, victims), victims };
}

function candidatesOf(
  suspect: Suspect,
  suspects: readonly Suspect[],
  accounts: Accounts,
  view: SystemView,
  now: Ms,
  remarked: readonly Evidence[],
): Candidate[] {
  const mechanism = mechanismOf(suspect);
  const share = accounts.total > 0 ? (accounts.services.get(suspect.service)?.own ?? 0) / accounts.total : null;
  const common: Evidence[] = [{ text: 'before anything is known', weight: WEIGHT.prior }];
  common.push(...mechanism.evidence, ...ownShare(suspect, share), ...neighbours(suspect, mechanism, suspects));
  common.push(...remarked);
  const own: Candidate = { suspect, entity: mechanism.entity, mechanism, evidence: common, changeId: null, share };
  const changed = changeCase(suspect, mechanism, view, now);
  if (changed === null) return [own];
  const entity: EntityRef = { kind: 'service', name: suspect.service };
  const blamed: Mechanism = {
    ...mechanism,
    entity,
    faultClass: 'human',
    name: `bad change: ${mechanism.name}`,
  };
  const evidence = [...common, ...changed.evidence];
  return [own, { suspect, entity, mechanism: blamed, evidence, changeId: changed.change.id, share }];
}

/** Where the damage starts speaks for the cause; a process that died or fell silent is accused by that itself. */
function ownShare(suspect: Suspect, share: number | null): Evidence[] {
  if (share === null) return [];
  const weight = WEIGHT.ownShare * (2 * share - 1);
  const fact = suspect.afflicted.some(({ symptoms }) => symptoms.some(({ kind }) => FACTS.has(kind)));
  const text = `${Math.round(share * 100)} % of the extra damage starts in ${suspect.service}`;
  return [{ text, weight: fact ? Math.max(0, weight) : weight }];
}

function neighbours(suspect: Suspect, mechanism: Mechanism, suspects: readonly Suspect[]): Evidence[] {
  const evidence: Evidence[] = [];
  if (suspect.callers.length > 0) {
    const weight = WEIGHT.caller * Math.min(3, suspect.callers.length);
    const suffer = suspect.callers.length === 1 ? 'suffers, and calls it' : 'suffer, and call it';
    evidence.push({ text: `${suspect.callers.join(', ')} ${suffer}`, weight });
  }
  const callees = suspects.filter(
    (other) => suspect.callees.includes(other.service) && other.onsetAt <= suspect.onsetAt + ONSET_TOLERANCE_MS,
  );
  if (callees.length > 0) {
    const names = callees.map(({ service }) => service).join(', ');
    evidence.push(
      mechanism.passedOn
        ? { text: `it calls ${names}, which was ill no later`, weight: WEIGHT.calleeSuffers }
        : {
            text: `it calls ${names}, which is ill, but ${mechanism.name} does not come from there`,
            weight: WEIGHT.calleeIrrelevant,
          },
    );
  }
  return evidence;
}

/** Each odd thing counts a little, and all of them together no more than a symptom of traffic. */
function remarks(suspect: Suspect, advisories: readonly Symptom[]): Evidence[] {
  const own = advisories.filter(
    (symptom) => serviceOf(symptom) === suspect.service && symptom.onsetAt <= suspect.onsetAt + ONSET_TOLERANCE_MS,
  );
  const weight = Math.min(WEIGHT.remark, WEIGHT.remarks / Math.max(1, own.length));
  return own.map(({ summary }) => ({ text: `odd at the same time: ${summary}`, weight: round(weight) }));
}

function nodeCandidate(symptom: Symptom): Candidate {
  const evidence = [
    { text: 'before anything is known', weight: WEIGHT.prior },
    { text: symptom.summary, weight: WEIGHT.saturated + WEIGHT.saturatedFits },
  ];
  const mechanism: Mechanism = {
    entity: symptom.entity,
    faultClass: 'capacity',
    name: `${symptom.resource ?? 'resource'} full`,
    evidence,
    passedOn: false,
    byChange: false,
  };
  return { suspect: null, entity: symptom.entity, mechanism, evidence, changeId: null, share: null };
}

/**
 * Confidence: the candidate's odds against all others and "something else" (odds 1). Independent causes side by side
 * (two crashes that have nothing to do with each other) share the belief; the plan acts on facts, not on rank.
 */
function rank(candidates: readonly Candidate[]): Cause[] {
  const odds = candidates.map(({ evidence }) => 10 ** evidence.reduce((sum, { weight }) => sum + weight, 0));
  const causes = candidates.map((candidate, index) => {
    const rivals = candidates.reduce(
      (sum, other, at) => (at !== index && !isIndependent(candidate, other) ? sum + (odds[at] as number) : sum),
      1,
    );
    return toCause(candidate, (odds[index] as number) / ((odds[index] as number) + rivals));
  });
  return causes.filter(({ confidence }) => confidence >= SHOWN).sort((a, b) => b.confidence - a.confidence);
}

/**
 * May both be true at once? Yes when neither calls the other, and when the one that calls has a trouble that callees
 * do not pass on: then it is a cause of its own, whatever is wrong further down.
 */
function isIndependent(a: Candidate, b: Candidate): boolean {
  if (a.suspect === null || b.suspect === null || a.suspect === b.suspect) return false;
  if (b.suspect.callers.includes(a.suspect.service) && a.mechanism.passedOn) return false;
  return !(a.suspect.callers.includes(b.suspect.service) && b.mechanism.passedOn);
}

function toCause(candidate: Candidate, confidence: number): Cause {
  const told = candidate.evidence.filter(({ weight }) => weight !== WEIGHT.prior);
  return {
    entity: candidate.entity,
    faultClass: candidate.mechanism.faultClass,
    mechanism: candidate.mechanism.name,
    share: candidate.share === null ? null : round(candidate.share),
    confidence: round(confidence),
    evidenceFor: told.filter(({ weight }) => weight >= 0),
    evidenceAgainst: told.filter(({ weight }) => weight < 0),
    changeId: candidate.changeId,
  };
}

/** Symptomatic, upstream of the accused, with a symptom of the kind that callees pass on. */
function victimsOf(accused: Suspect, suspects: readonly Suspect[], view: SystemView): string[] {
  const victims = suspects.filter(
    (suspect) =>
      suspect !== accused && reaches(suspect.service, accused.service, view) && mechanismOf(suspect).passedOn,
  );
  return victims.map(({ service }) => service);
}

/** Damage that starts in services with a believable cause. */
function explainedBy(causes: readonly Cause[], accounts: Accounts): number {
  const services = new Set(causes.map(({ entity }) => (entity.kind === 'instance' ? entity.service : entity.name)));
  let own = 0;
  for (const service of services) own += accounts.services.get(service)?.own ?? 0;
  return own / accounts.total;
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

function sameEntity(a: EntityRef, b: EntityRef): boolean {
  return entityKey(a) === entityKey(b);
}

function round(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
