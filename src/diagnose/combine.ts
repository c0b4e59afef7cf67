/**
 * Evidence of all lanes, added up per service in log10 odds and weighed against each other and against "something
 * else". No lane comes first by decree: what decides is how much more likely the facts are under one cause than under
 * another. Each lane is bounded by its cap, so that no single kind of fact outvotes all others.
 *
 * Confidence is a logistic map of the odds so found, with declared coefficients: what is added up is not quite
 * independent, so the raw odds are too sure of themselves (slope below 1).
 */
import type { FaultClass } from '../model/incident.ts';
import { accountFor, type RecordedAccounts, type Unit } from './accounting/account.ts';
import { distances } from './accounting/graph.ts';
import { reality } from './accounting/reality.ts';
import type { LaneContext, LaneEvidence } from './lanes/contract.ts';
import { LANES } from './lanes/registry.ts';
import type { Recording } from './recorded/types.ts';

/** confidence = 1 ÷ (1 + exp(−(offset + slope × ln odds))). Refit on drills whose cause is known. */
export const CALIBRATION = { offset: 0, slope: 0.8 };
/** Below this confidence the diagnosis is inconclusive. Higher: fewer wrong accusations, more pages. */
export const ABSTAIN_BELOW = 0.5;
/** log10 odds of "something that none of this shows", against a service with even evidence. */
const SOMETHING_ELSE = -0.5;
export interface RecordedCause {
  readonly service: string;
  readonly faultClass: FaultClass;
  readonly mechanism: string;
  /** log10 odds against an unremarkable service. */
  readonly score: number;
  readonly confidence: number;
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
}

export function diagnoseRecording(recording: Recording): RecordedDiagnosis {
  const accounts = accountFor(recording);
  const unit: Unit = recording.symptom.kind === 'slow' ? 'seconds' : 'failed';
  const reach = distances(accounts.graph, accounts.symptom);
  const context: LaneContext = { recording, accounts, unit, reach };
  const scores = new Map<string, { score: number; evidence: LaneEvidence[] }>();
  const missing: string[] = [];
  for (const lane of LANES) {
    const report = lane.examine(context);
    if (report.missing !== null) missing.push(report.missing);
    const sums = new Map<string, number>();
    for (const each of report.evidence) {
      sums.set(each.service, (sums.get(each.service) ?? 0) + each.weight);
      const known = scores.get(each.service);
      if (known) known.evidence.push(each);
      else scores.set(each.service, { score: 0, evidence: [each] });
    }
    for (const [service, sum] of sums) {
      const known = scores.get(service) as { score: number };
      known.score += Math.max(-lane.cap, Math.min(lane.cap, sum));
    }
  }
  const causes = rank(scores, accounts, unit);
  const best = causes[0];
  // An alarm that the recording does not bear out: nothing has to be explained.
  const confirmed = accounts.excess[accounts.symptom] === null || symptomExcess(accounts, unit) > 0;
  const abstained = !confirmed || best === undefined || best.confidence < ABSTAIN_BELOW;
  return { unit, causes, confirmed, abstained, missing, accounts };
}

function symptomExcess({ excess, symptom }: RecordedAccounts, unit: Unit): number {
  return excess[symptom]?.[unit] ?? 0;
}

function rank(
  scores: ReadonlyMap<string, { readonly score: number; readonly evidence: readonly LaneEvidence[] }>,
  accounts: RecordedAccounts,
  unit: Unit,
): RecordedCause[] {
  const entries = [...scores];
  const odds = entries.map(([, { score }]) => 10 ** score);
  const all = odds.reduce((sum, each) => sum + each, 10 ** SOMETHING_ELSE);
  const causes = entries.map(([service, { score, evidence }], index): RecordedCause => {
    const each = odds[index] as number;
    const real = reality(accounts, unit, accounts.graph.index.get(service));
    return {
      service,
      ...kindOf(evidence),
      score,
      confidence: (each / all) * calibrated(10 ** real),
      evidenceFor: evidence.filter(({ weight }) => weight >= 0),
      evidenceAgainst: evidence.filter(({ weight }) => weight < 0),
    };
  });
  return causes.sort((a, b) => b.score - a.score);
}

function calibrated(odds: number): number {
  return 1 / (1 + Math.exp(-(CALIBRATION.offset + CALIBRATION.slope * Math.log(odds))));
}

/** The fault class that the most weight speaks for; software where nothing says otherwise. */
function kindOf(evidence: readonly LaneEvidence[]): { faultClass: FaultClass; mechanism: string } {
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
