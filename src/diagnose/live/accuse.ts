/**
 * Who is accused, of what, and on which evidence. To what the lanes say of a service come three lanes that only a
 * running system has: what happened to its processes (mechanism.ts), its ill neighbours, and odd things in its metrics
 * and logs.
 */
import type { FaultClass } from '../../model/incident.ts';
import { type EntityRef, type Symptom, serviceOf } from '../../model/symptom.ts';
import type { Ms } from '../../model/time.ts';
import type { SystemView } from '../../model/view.ts';
import { bounded, type Candidate, kindOf, scoreOf } from '../combine.ts';
import { changes } from '../lanes/changes.ts';
import { type LaneEvidence, ofService, shareWeight } from '../lanes/contract.ts';
import { type Lost, lostNodes } from './lost.ts';
import { isByStarving, isOn, percent, type Starved, starvedNodes } from './machine.ts';
import { CERTAIN, type Mechanism } from './mechanism.ts';
import { calleesOf, FACTS, ONSET_TOLERANCE_MS, type Suspect } from './suspects.ts';
import { WEIGHT } from './weights.ts';

export interface Accusation {
  /** Null: nothing that has symptoms; then only the accounts and other lanes speak against it. */
  readonly suspect: Suspect | null;
  readonly entity: EntityRef;
  /** As it is called in the accounts; null for what is no service. */
  readonly service: string | null;
  /** Null: as the evidence says. */
  readonly faultClass: FaultClass | null;
  readonly mechanism: string;
  readonly passedOn: boolean;
  readonly evidence: readonly LaneEvidence[];
  readonly score: number;
  /** That the kind of fault is right, given that the component is. */
  readonly certainty: number;
  /** Of the damage, 0–1; null when none was accounted for. */
  readonly share: number | null;
  /** The change that is accused. */
  readonly change: string | null;
}

/** What was seen: symptoms, and odd things that accompany them. */
interface Remarked {
  readonly symptoms: readonly Symptom[];
  readonly advisories?: readonly Symptom[];
  readonly view: SystemView;
  readonly onsetAt: Ms;
  readonly now: Ms;
}

/** Bounds of these lanes, as those of the others (lanes/contract.ts). */
const PROCESSES_CAP = 4;
const NEIGHBOURS_CAP = 2.5;
/** All odd things together: no more than a symptom of traffic. */
const REMARKS_CAP = 0.6;
/** Of the damage: what starts in services on it that have no symptom of their own. */
const SPREAD = 0.4;
/** Windows this old still tell how a callee is called. */
const UNTIMED_MS: Ms = 60_000;
/** What is said of a machine with all that ran on it gone. */
const LOST = 'node lost';
/** No detector says anything of it: the accounts must say so clearly, and others that are ill are likelier. */
const UNSEEN = -0.7;

export function accusationsOf(
  candidates: readonly Candidate[],
  suspects: readonly Suspect[],
  { symptoms, advisories = [], view, onsetAt, now }: Remarked,
): Accusation[] {
  const known = new Map(candidates.map((candidate) => [`${candidate.kind}/${candidate.name}`, candidate]));
  const services = new Set(suspects.map(({ service }) => service));
  const nodes = symptoms.filter(({ entity }) => entity.kind === 'node');
  const starved = starvedNodes(suspects, view, onsetAt, now);
  const lost = lostNodes(view, onsetAt);
  return [
    ...suspects.flatMap((suspect) =>
      ofSuspect(suspect, known.get(`service/${suspect.service}`), suspects, advisories, [
        ...excuses(suspect, starved),
        ...lostToo(suspect, lost),
        ...unmeasured(suspect, view, now),
      ]),
    ),
    ...nodes.map(ofNode),
    ...lost.map((one) => ofLost(one, candidates)),
    ...starved.flatMap((one) => ofStarved(one, candidates)),
    ...candidates.flatMap((candidate) =>
      candidate.kind === 'service' && services.has(candidate.name) ? [] : ofUnseen(candidate),
    ),
  ];
}

function ofSuspect(
  suspect: Suspect,
  heard: Candidate | undefined,
  suspects: readonly Suspect[],
  advisories: readonly Symptom[],
  excused: readonly LaneEvidence[],
): Accusation[] {
  const { mechanism, service } = suspect;
  const processes = mechanism.evidence.map(({ text, weight }) =>
    ofService(service, text, { weight, faultClass: mechanism.faultClass, mechanism: mechanism.name }),
  );
  const around = [...neighbours(suspect, mechanism, suspects), ...excused];
  const odd = remarks(suspect, advisories);
  const said = (heard?.evidence ?? []).filter(({ change }) => change === undefined);
  const lanes = new Map(heard?.lanes);
  lanes.delete(changes.name);
  lanes.set('processes', bounded(sum(processes), PROCESSES_CAP));
  lanes.set('neighbours', bounded(sum(around), NEIGHBOURS_CAP));
  lanes.set('remarks', bounded(sum(odd), REMARKS_CAP));
  // A process that died or fell silent is accused by that itself: neither how little it has cost yet nor that it used
  // no more than usual is an argument.
  const onWay = mechanism.faultClass === 'network';
  const isFact = onWay || suspect.afflicted.some((each) => each.symptoms.some(({ kind }) => FACTS.has(kind)));
  const share = heard?.evidence.find((each) => each.share !== undefined)?.share ?? null;
  const forgive = (each: LaneEvidence): LaneEvidence => ({ ...each, weight: Math.max(0, each.weight) });
  const kept = isFact ? said.map(forgive) : said;
  if (isFact) for (const [lane, weight] of lanes) if (weight < 0 && lane !== 'neighbours') lanes.set(lane, 0);
  const evidence = [...processes, ...around, ...odd, ...kept];
  const kind = kindOf(evidence);
  const accused: Accusation = {
    suspect,
    entity: mechanism.entity,
    service,
    faultClass: kind.faultClass,
    mechanism: kind.mechanism === 'starts here' ? mechanism.name : kind.mechanism,
    passedOn: mechanism.passedOn,
    certainty: mechanism.certainty ?? CERTAIN.seen,
    evidence,
    score: scoreOf({ lanes }),
    share,
    change: null,
  };
  return [accused, ...ofChange(accused, mechanism, heard, lanes)];
}

/** The same, brought about by a change. */
function ofChange(
  accused: Accusation,
  mechanism: Mechanism,
  heard: Candidate | undefined,
  lanes: ReadonlyMap<string, number>,
): Accusation[] {
  const said = heard?.evidence.filter(({ change }) => change !== undefined) ?? [];
  const change = said[0]?.change;
  if (change === undefined) return [];
  const unlike: LaneEvidence[] = mechanism.byChange
    ? []
    : [
        ofService(accused.service as string, `${mechanism.name}: not what a change of code or settings does`, {
          weight: WEIGHT.notByChange,
          faultClass: 'human',
        }),
      ];
  const score = scoreOf({ lanes: new Map(lanes) }) + (heard?.lanes.get(changes.name) ?? 0) + sum(unlike);
  const evidence = [...accused.evidence, ...said, ...unlike];
  const entity: EntityRef = { kind: 'service', name: accused.service as string };
  return [{ ...accused, entity, mechanism: mechanism.name, faultClass: 'human', evidence, score, change }];
}

/** Whoever stands out beyond what the machine does to all of them is not excused by it. */
function excuses(suspect: Suspect, starved: readonly Starved[]): LaneEvidence[] {
  const { mechanism } = suspect;
  const byWant = mechanism.faultClass === 'software' || mechanism.faultClass === 'network';
  if (!byWant || !isByStarving(suspect)) return [];
  return starved
    .filter(({ node, services, user }) => isOn(suspect, node) && services.length > 0 && user !== suspect.service)
    .map(({ text }) => ofService(suspect.service, text, { weight: WEIGHT.starved, faultClass: null }));
}

function lostToo({ service }: Suspect, lost: readonly Lost[]): LaneEvidence[] {
  return lost
    .filter(({ services }) => services.includes(service))
    .map(({ text }) => ofService(service, text, { weight: WEIGHT.lostToo, faultClass: null }));
}

/** Of connections only the opening is timed: what answers take on them counts as the caller's own. */
function unmeasured({ service, callees, mechanism, symptoms }: Suspect, view: SystemView, now: Ms): LaneEvidence[] {
  if (!mechanism.passedOn || !symptoms.some(({ kind }) => kind === 'slow')) return [];
  const from = now - UNTIMED_MS;
  const untimed = calleesOf(service, view).filter(
    (callee) =>
      !callees.includes(callee) &&
      view.edges.windows(service, callee, from, now).some(({ protocol }) => protocol === 'tcp'),
  );
  if (untimed.length === 0) return [];
  const text = `how long ${untimed.join(', ')} took to answer it is not known: connections without a known protocol`;
  return [ofService(service, text, { weight: WEIGHT.unmeasured, faultClass: null })];
}

function neighbours(suspect: Suspect, mechanism: Mechanism, suspects: readonly Suspect[]): LaneEvidence[] {
  const said: LaneEvidence[] = [];
  const say = (text: string, weight: number): number =>
    said.push(ofService(suspect.service, text, { weight, faultClass: null }));
  if (suspect.callers.length > 0) {
    const suffer = suspect.callers.length === 1 ? 'suffers, and calls it' : 'suffer, and call it';
    say(`${suspect.callers.join(', ')} ${suffer}`, WEIGHT.caller * Math.min(3, suspect.callers.length));
  }
  const callees = suspects.filter(
    (other) => suspect.callees.includes(other.service) && other.onsetAt <= suspect.onsetAt + ONSET_TOLERANCE_MS,
  );
  if (callees.length === 0) return said;
  const names = callees.map(({ service }) => service).join(', ');
  if (mechanism.passedOn) say(`it calls ${names}, which was ill no later`, WEIGHT.calleeSuffers);
  else say(`it calls ${names}, which is ill, but ${mechanism.name} does not come from there`, WEIGHT.calleeIrrelevant);
  return said;
}

/** Each odd thing in its metrics or logs that began no later counts a little. */
function remarks(suspect: Suspect, advisories: readonly Symptom[]): LaneEvidence[] {
  return advisories
    .filter(
      (symptom) =>
        serviceOf(symptom.entity) === suspect.service && symptom.onsetAt <= suspect.onsetAt + ONSET_TOLERANCE_MS,
    )
    .map(({ summary }) =>
      ofService(suspect.service, `odd at the same time: ${summary}`, { weight: WEIGHT.remark, faultClass: null }),
    );
}

/** With the damage of all that runs on it; one ill service alone says less of it than of that service. */
function ofStarved(
  { node, text, services, residents, mechanism, faultClass, user }: Starved,
  candidates: readonly Candidate[],
): Accusation[] {
  if (services.length === 0 || user !== null) return [];
  const several = services.length > 1;
  const share = shareOf(services, candidates);
  const say = (said: string, weight: number): LaneEvidence => ({
    kind: 'node',
    name: node,
    text: said,
    weight,
    faultClass,
    mechanism,
  });
  const alone = faultClass === 'hardware' ? WEIGHT.slowDiskAlone : WEIGHT.starvedAlone;
  const elsewhere = shareOf(
    [...residents].filter((name) => !services.includes(name)),
    candidates,
  );
  const evidence = [say(text, several ? WEIGHT.saturated : alone)];
  if (several) {
    const fits = WEIGHT.saturatedFits + Math.max(0, shareWeight(share));
    evidence.push(say(`${services.join(', ')} run on it and are ill`, fits));
  } else if (elsewhere >= SPREAD) {
    evidence.push(say(`${percent(elsewhere)} of the damage start in others on it`, WEIGHT.starvedSpread));
  }
  return [
    {
      suspect: null,
      entity: { kind: 'node', name: node },
      service: null,
      faultClass,
      mechanism,
      passedOn: false,
      certainty: CERTAIN.seen,
      evidence,
      score: sum(evidence),
      share: several ? Math.min(1, share) : null,
      change: null,
    },
  ];
}

/** With the damage of all that ran on it. */
function ofLost({ node, text, services }: Lost, candidates: readonly Candidate[]): Accusation {
  const share = Math.min(1, shareOf(services, candidates));
  const say = (said: string, weight: number): LaneEvidence => ({
    kind: 'node',
    name: node,
    text: said,
    weight,
    faultClass: 'hardware',
    mechanism: LOST,
  });
  const evidence = [
    say(text, WEIGHT.lost),
    say(`shared node: ${services.join(', ')} run on it`, Math.max(0, shareWeight(share))),
  ];
  return {
    suspect: null,
    entity: { kind: 'node', name: node },
    service: null,
    faultClass: 'hardware',
    mechanism: LOST,
    passedOn: false,
    certainty: CERTAIN.seen,
    evidence,
    score: sum(evidence),
    share,
    change: null,
  };
}

function ofNode(symptom: Symptom): Accusation {
  const weight = WEIGHT.saturated + WEIGHT.saturatedFits;
  const evidence: LaneEvidence = {
    kind: 'node',
    name: symptom.entity.name,
    text: symptom.summary,
    weight,
    faultClass: 'capacity',
  };
  return {
    suspect: null,
    entity: symptom.entity,
    service: null,
    faultClass: 'capacity',
    mechanism: `${symptom.resource ?? 'resource'} full`,
    passedOn: false,
    certainty: CERTAIN.seen,
    evidence: [evidence],
    score: weight,
    share: null,
    change: null,
  };
}

/** Accused by the accounts or by what is shared, with no symptom of its own. */
function ofUnseen(candidate: Candidate): Accusation[] {
  const score = scoreOf(candidate) + UNSEEN;
  if (score < 0) return [];
  const { kind, name, evidence } = candidate;
  const entity: EntityRef = kind === 'node' ? { kind, name } : { kind: 'service', name };
  const share = evidence.find((each) => each.share !== undefined)?.share ?? null;
  const service = kind === 'service' ? name : null;
  return [
    {
      suspect: null,
      entity,
      service,
      ...kindOf(evidence),
      passedOn: true,
      certainty: CERTAIN.seen,
      evidence,
      score,
      share,
      change: null,
    },
  ];
}

/** Of the damage, that of all of these. */
function shareOf(services: readonly string[], candidates: readonly Candidate[]): number {
  return candidates
    .filter(({ kind, name }) => kind === 'service' && services.includes(name))
    .reduce((all, { evidence }) => all + (evidence.find((each) => each.share !== undefined)?.share ?? 0), 0);
}

function sum(evidence: readonly LaneEvidence[]): number {
  return evidence.reduce((all, { weight }) => all + weight, 0);
}
