/**
 * What the proof of a cause has to know of the running system, and what its run has shown: the pure part decides
 * (src/prove/cause). Nothing is done here without the same consent, budget and leases as any experiment.
 */
import type { CauseOffer } from '../../api/proof-resources.ts';
import type { Core } from '../../core/contract.ts';
import { HoldfastError } from '../../model/errors.ts';
import type { FaultKindFacts } from '../../model/fault.ts';
import { Histogram } from '../../model/histogram.ts';
import type { Cause, Incident } from '../../model/incident.ts';
import { type EntityRef, type SymptomKind, serviceOf } from '../../model/symptom.ts';
import type { Ms } from '../../model/time.ts';
import {
  type CauseFacts,
  type CauseMeasured,
  type CauseTest,
  type CauseVerdict,
  causeTest,
  describeTest,
  ECHO_MS,
  experimentOfCause,
  isRefusal,
  judgeCause,
  type Lost,
  WATCH_MS,
} from '../../prove/cause/index.ts';
import type { Journal } from '../../prove/experiment/index.ts';
import type { Finding, Verdict } from '../../prove/judge/index.ts';
import { reversalOf } from '../../recover/index.ts';
import { findIncident } from '../mapping/incidents.ts';
import { type LossMeter, usersLosses } from './meter.ts';

/** Over the last so long: how busy users are now. */
const NOW_MS: Ms = 10_000;

/** What proving the cause of an incident would do, either way; nothing is done. */
export function offerOf(
  core: Core,
  kinds: readonly FaultKindFacts[],
  id: string,
  on: string | null,
  now: Ms,
): CauseOffer {
  const { incident, cause } = accusedOf(core, id);
  const none = (why: string): CauseOffer => ({
    incident: incident.id,
    accused: null,
    mechanism: null,
    repair: { possible: false, text: why },
    injection: { possible: false, text: why, target: null, prediction: null },
  });
  if (cause === undefined) return none('nobody is accused');
  const planned = planOf(core, kinds, incident, cause, on, now);
  return {
    incident: incident.id,
    accused: cause.entity.name,
    mechanism: cause.mechanism,
    repair: repairOf(core, incident, cause),
    injection: isRefusal(planned)
      ? { possible: false, text: planned.why, target: null, prediction: null }
      : { possible: true, text: describeTest(planned), target: planned.target, prediction: planned.prediction.text },
  };
}

function accusedOf(core: Core, id: string): { readonly incident: Incident; readonly cause: Cause | undefined } {
  const incident = findIncident(core, id);
  return { incident, cause: incident.diagnosis?.causes[0] };
}

function repairOf(core: Core, incident: Incident, cause: Cause): CauseOffer['repair'] {
  const { proof } = incident;
  if (proof !== null && proof.verdict !== 'inconclusive')
    return { possible: false, text: `${proof.verdict} already, by ${proof.by}` };
  if (incident.closedAt !== null) return { possible: false, text: 'it is over: nothing is left to reverse' };
  const action = reversalOf(cause, core.view);
  if (action === null) return { possible: false, text: `${cause.mechanism} cannot be reversed from here` };
  return { possible: true, text: `${action.kind} ${action.target}, under the guard rails of every repair` };
}

/** Throws why it cannot be done: HF8301, HF8305. */
export function testOf(
  core: Core,
  kinds: readonly FaultKindFacts[],
  id: string,
  on: string | null,
  now: Ms,
): CauseTest {
  const { incident, cause } = accusedOf(core, id);
  if (cause === undefined) throw new HoldfastError('HF8305', `${incident.id}: nobody is accused`);
  const planned = planOf(core, kinds, incident, cause, on, now);
  if (isRefusal(planned)) throw new HoldfastError(planned.code, `${incident.id}: ${planned.why}`);
  return planned;
}

export { experimentOfCause };

function planOf(
  core: Core,
  kinds: readonly FaultKindFacts[],
  incident: Incident,
  cause: Cause,
  on: string | null,
  now: Ms,
): ReturnType<typeof causeTest> {
  if (incident.closedAt === null)
    return { code: 'HF8305', why: 'it is still open: its damage could not be told from what is injected' };
  return causeTest(factsOf(core, kinds, incident, cause, on, now));
}

function factsOf(
  core: Core,
  kinds: readonly FaultKindFacts[],
  incident: Incident,
  cause: Cause,
  on: string | null,
  now: Ms,
): CauseFacts {
  const { view } = core;
  const { onsetAt } = incident;
  const service = serviceOf(cause.entity);
  const own = incident.symptoms.filter(({ entity }) => serviceOf(entity) === service);
  const over = Math.max(onsetAt, ...incident.symptoms.flatMap(({ clearedAt }) => clearedAt ?? []));
  const recent = usersLosses(view, now, now - NOW_MS, now);
  const specs = [...view.services.values()];
  return {
    incident: incident.id,
    cause,
    symptoms: own.map(({ kind }) => kind),
    lost: lostIn(core, incident, over),
    usersPerSec: (1_000 * recent.requests) / NOW_MS,
    delayMs: delayOf(core, cause.entity, onsetAt, over),
    services: new Map(
      specs.map(({ name, experiments, ports }) => [
        name,
        {
          optedIn: experiments === 'allow',
          speaksHttp: ports[0]?.protocol === 'http',
          callers: view.edges.pairs().flatMap(({ caller, callee }) => (callee === name ? [caller] : [])),
        },
      ]),
    ),
    ready: [...core.instances.values()]
      .filter(({ ready }) => ready)
      .map(({ id, service: of }) => ({ id, service: of })),
    possible: new Set(kinds.flatMap(({ kind, possible }) => (possible ? [kind] : []))),
    on,
  };
}

/** From its windows while they are kept; later from what its diagnosis says of it. */
function lostIn({ view }: Core, { onsetAt, diagnosis }: Incident, over: Ms): Lost | null {
  const lost = usersLosses(view, onsetAt, onsetAt, Math.max(over, onsetAt + 1_000));
  if (lost.requests > 0) return lost;
  if (diagnosis === null) return null;
  const { failedRequests: failed, extraWaitSeconds: waitedSeconds, requests } = diagnosis.damage;
  return { overMs: Math.max(1_000, diagnosis.at - onsetAt), requests, failed, waitedSeconds };
}

/** How much longer calls to it took while it was ill, all its callers together; null: no longer, or not known. */
function delayOf({ view }: Core, entity: EntityRef, from: Ms, to: Ms): Ms | null {
  const latency = new Histogram();
  let usual: Ms | null = null;
  for (const { caller, callee } of view.edges.pairs()) {
    if (callee !== serviceOf(entity) || (entity.kind === 'edge' && caller !== entity.caller)) continue;
    const baseline = view.edges.baseline(caller, callee, from);
    if (baseline === undefined) continue;
    usual = Math.max(usual ?? 0, baseline.meanMs);
    for (const window of view.edges.windows(caller, callee, from, to)) {
      if (entity.kind === 'instance' && window.instance !== entity.name) continue;
      latency.merge(window.latency);
    }
  }
  if (usual === null || latency.total === 0) return null;
  const extra = latency.meanUs() / 1_000 - usual;
  return extra >= 1 ? extra : null;
}

/** How long after its fault a run of a cause is still watched before it is judged. */
export const AFTERWARDS_MS: Ms = WATCH_MS + ECHO_MS;

/** The verdict of the run, with what it says about the cause. */
export function withCause(
  verdict: Verdict,
  test: CauseTest,
  journal: Journal,
  incidents: readonly Incident[],
  meter: LossMeter,
  now: Ms,
): Verdict {
  const fault = journal['x-holdfast'].faults[0];
  const begun = fault?.begunAt ?? now;
  const over = test.forMs === null ? Math.max(begun, ...clearedOf(incidents, begun)) : (fault?.revertedAt ?? now);
  const finding = (aspect: Finding['aspect']): Finding | undefined =>
    verdict.findings.find((one) => one.aspect === aspect);
  const bad = (['ran', 'bitten', 'residue'] as const).map(finding).find((one) => one?.result !== 'met');
  const measured: CauseMeasured = {
    valid: bad === undefined,
    why: bad === undefined ? '' : `${bad.aspect}: ${bad.found}`,
    before: meter.between(begun - WATCH_MS, begun),
    during: meter.between(begun, over + ECHO_MS),
    after: meter.between(Math.max(over + ECHO_MS, now - AFTERWARDS_MS), now),
    symptoms: symptomsOf(incidents, test, begun),
    steady: finding('steady')?.result === 'met',
  };
  const cause = judgeCause(test, measured);
  const result = ({ confirmed: 'met', refuted: 'unmet', inconclusive: 'unknown' } as const)[cause.verdict];
  const added: Finding = {
    aspect: 'cause',
    result,
    found: cause.measured,
    expected: test.prediction.text,
    evidence: [],
  };
  return {
    ...verdict,
    verdict: verdict.verdict === 'mismatch' && bad !== undefined ? 'mismatch' : WORDS[cause.verdict],
    summary: cause.text,
    findings: [...verdict.findings, added],
    cause,
  };
}

const WORDS: Readonly<Record<CauseVerdict['verdict'], Verdict['verdict']>> = {
  confirmed: 'confirmed',
  refuted: 'mismatch',
  inconclusive: 'inconclusive',
};

function clearedOf(incidents: readonly Incident[], since: Ms): readonly Ms[] {
  return incidents.flatMap(({ symptoms }) =>
    symptoms.flatMap(({ detectedAt, clearedAt }) => (detectedAt >= since && clearedAt !== null ? [clearedAt] : [])),
  );
}

function symptomsOf(incidents: readonly Incident[], test: CauseTest, since: Ms): readonly SymptomKind[] {
  const kinds = incidents.flatMap(({ symptoms }) =>
    symptoms.flatMap(({ kind, entity, detectedAt }) =>
      serviceOf(entity) === test.service && detectedAt >= since ? [kind] : [],
    ),
  );
  return [...new Set(kinds)];
}
