/** What happened to a suspect, by its strongest evidence: mechanism, fault class, and the entity to name. */
import type { Evidence, FaultClass } from '../../model/incident.ts';
import { NO_CONNECTION } from '../../model/signal.ts';
import type { EntityRef, Symptom, SymptomKind } from '../../model/symptom.ts';
import { formatDuration, type Ms } from '../../model/time.ts';
import { ENDED } from '../lanes/exits.ts';
import type { Afflicted, SuspectFacts } from './suspects.ts';
import type { BadWay } from './ways.ts';
import { WEIGHT } from './weights.ts';

export interface Mechanism {
  readonly entity: EntityRef;
  readonly faultClass: FaultClass;
  readonly name: string;
  readonly evidence: readonly Evidence[];
  /** Could a misbehaving callee have brought this about? A kill or a stop could not. */
  readonly passedOn: boolean;
  /**
   * That it is this kind of fault, given that it is this component: 1 where the kernel says so. Left out: CERTAIN.seen.
   */
  readonly certainty?: number;
  /** Could new code or configuration have brought this about? */
  readonly byChange: boolean;
}

/**
 * How often the kind of fault is what it looks like, for each kind of sight: set by reasoning, and moved half way to what
 * drills found (`bench drills`). What was seen from one end of a call only may be the program as well as the way to it.
 */
export const CERTAIN = {
  /** Two sights agree: on the way and beside it, silence and a failing check. */
  seen: 0.97,
  /** The traffic layer's connections alone. */
  unopened: 0.95,
  brokenOff: 0.9,
  /** Silence towards callers, and no check has said anything yet. */
  silence: 0.85,
} as const;

/** Replicas that fail within this time of each other fail for a shared reason. */
export const TOGETHER_MS: Ms = 10_000;

export function mechanismOf(suspect: SuspectFacts): Mechanism {
  const ways = ofWays(suspect);
  if (ways !== null) return ways;
  const own = ofOwn(suspect);
  return ofWay(suspect, own) ?? own;
}

/** Its callers' way to it is bad, and it is not: all that is seen of it may come from there. */
function ofWay({ ways, service, instances, afflicted }: SuspectFacts, own: Mechanism): Mechanism | null {
  const struck = ways.filter(({ instance }) => {
    const its = afflicted.find((each) => each.instance.id === instance);
    return its === undefined || (its.exit === null && !its.stopped);
  });
  // A process that ended is reason enough, whatever the ways to the others are.
  if (struck.length === 0 || afflicted.some(({ exit, stopped }) => exit !== null || stopped)) return null;
  const [worst] = [...struck].sort((a, b) => b.weight - a.weight) as [BadWay];
  const callers = [...new Set(struck.flatMap((way) => way.callers))];
  const well = struck.flatMap((way) => way.well).filter((caller) => !callers.includes(caller));
  const evidence: Evidence[] = [...struck.map(({ text, weight }, nth) => ({ text, weight: nth === 0 ? weight : 0 }))];
  if (well.length > 0) evidence.push({ text: `the way from ${[...new Set(well)].join(', ')} is well`, weight: 0 });
  const [caller] = callers;
  const entity: EntityRef =
    well.length > 0 && callers.length === 1 && caller !== undefined
      ? { kind: 'edge', name: `${caller}→${service}`, caller, callee: service }
      : struck.length === 1
        ? { kind: 'instance', name: worst.instance, service }
        : { kind: 'service', name: service };
  const sure = worst.weight > WEIGHT.wayFresh;
  const all = instances.length > 1 && struck.length === instances.length;
  return {
    entity: all ? { kind: 'service', name: service } : entity,
    faultClass: sure ? 'network' : own.faultClass,
    name: sure ? worst.mechanism : own.name,
    evidence: [...evidence, ...own.evidence],
    passedOn: sure ? false : own.passedOn,
    byChange: sure ? false : own.byChange,
    ...(sure ? { certainty: worst.weight < WEIGHT.way ? CERTAIN.brokenOff : CERTAIN.seen } : certaintyOf(own)),
  };
}

function certaintyOf({ certainty }: Mechanism): Pick<Mechanism, 'certainty'> {
  return certainty === undefined ? {} : { certainty };
}

function ofOwn(suspect: SuspectFacts): Mechanism {
  const each = suspect.afflicted.map((afflicted) => ({ afflicted, mechanism: ofInstance(afflicted, suspect) }));
  const best = each.sort((a, b) => weightOf(b.mechanism) - weightOf(a.mechanism))[0];
  if (!best) return ofService(suspect);
  // What was done to one from outside says nothing of others that something else ails.
  const alike = best.mechanism.byChange ? each : each.filter(({ mechanism }) => mechanism.name === best.mechanism.name);
  const together = alike.filter(({ afflicted }) => afflicted.onsetAt - suspect.onsetAt <= TOGETHER_MS);
  const shared = suspect.instances.length > 1 && together.length * 2 >= suspect.instances.length && together.length > 1;
  if (!shared) return best.mechanism;
  const text = `${together.length} of ${suspect.instances.length} instances within ${formatDuration(TOGETHER_MS)}`;
  return {
    ...best.mechanism,
    entity: { kind: 'service', name: suspect.service },
    name: `${best.mechanism.name} on ${together.length} of ${suspect.instances.length} instances`,
    evidence: [...best.mechanism.evidence, { text: `${text}: the cause is shared`, weight: 0 }],
  };
}

function weightOf({ evidence }: Mechanism): number {
  return evidence.reduce((sum, { weight }) => sum + weight, 0);
}

function has({ symptoms }: Pick<Afflicted, 'symptoms'>, kind: SymptomKind): boolean {
  return symptoms.some((symptom) => symptom.kind === kind);
}

function ofInstance(afflicted: Afflicted, suspect: SuspectFacts): Mechanism {
  const { instance, exit, stopped } = afflicted;
  const entity: EntityRef = { kind: 'instance', name: instance.id, service: suspect.service };
  const { service } = suspect;
  if (exit !== null) return { certainty: 1, ...ofExit(afflicted, entity) };
  if (stopped && (has(afflicted, 'hung') || has(afflicted, 'unreachable'))) {
    const evidence = [{ text: `the kernel reports ${instance.id} as stopped (state T)`, weight: WEIGHT.stopped }];
    return {
      entity,
      faultClass: 'software',
      name: 'stopped (SIGSTOP)',
      evidence,
      passedOn: false,
      byChange: false,
      certainty: 1,
    };
  }
  const saturated = afflicted.symptoms.find(({ kind }) => kind === 'saturating');
  const summary = afflicted.symptoms.map((symptom) => symptom.summary).join('; ');
  if (saturated && fits(saturated.resource, afflicted)) {
    const evidence = [
      { text: saturated.summary, weight: WEIGHT.saturated },
      ...(afflicted.symptoms.length > 1 ? [{ text: summary, weight: WEIGHT.saturatedFits }] : []),
    ];
    const name = `${saturated.resource} exhausted`;
    return { entity, faultClass: 'capacity', name, evidence, passedOn: false, byChange: true };
  }
  if (afflicted.symptoms.some(isCutOff)) {
    // A kernel opens connections for programs that hang, and refuses at once where nobody listens.
    const evidence = [{ text: summary, weight: WEIGHT.unopened }];
    const certainty = CERTAIN.unopened;
    return {
      certainty,
      entity,
      faultClass: 'network',
      name: 'cut off from its callers',
      evidence,
      passedOn: false,
      byChange: false,
    };
  }
  if (has(afflicted, 'hung')) {
    const evidence = [{ text: summary, weight: WEIGHT.hung }];
    const certainty = afflicted.symptoms.some(isWitnessed) ? CERTAIN.seen : CERTAIN.silence;
    return {
      certainty,
      entity,
      faultClass: 'software',
      name: 'stopped answering',
      evidence,
      passedOn: true,
      byChange: true,
    };
  }
  if (has(afflicted, 'unreachable')) {
    const evidence = [{ text: summary, weight: WEIGHT.refused }];
    return { entity, faultClass: 'software', name: 'listens no more', evidence, passedOn: false, byChange: true };
  }
  const peers = suspect.instances.filter(({ id }) => suspect.afflicted.every((other) => other.instance.id !== id));
  // Among replicas that all want the same, the first to show it is not odd.
  const onlySlow = has(afflicted, 'slow') && !has(afflicted, 'erroring');
  const passed = suspect.starved || (suspect.calleeIll && (onlySlow || suspect.calleeFails));
  const odd = peers.some(({ ready }) => ready) && !passed;
  const name = onlySlow ? 'answers slowly' : has(afflicted, 'erroring') ? 'answers with errors' : 'unsteady';
  const evidence = [
    { text: summary, weight: odd ? WEIGHT.oddOneOut : WEIGHT.diffuse },
    ...(odd ? [{ text: `${peers.length} other instances of ${service} are well`, weight: 0 }] : []),
  ];
  return { entity, faultClass: 'software', name, evidence, passedOn: !odd, byChange: true };
}

function ofExit({ instance, exit, symptoms }: Afflicted, entity: EntityRef): Mechanism {
  const told = symptoms.find(({ kind }) => kind === 'crashed') ?? symptoms[0];
  const text = told?.summary ?? `${instance.id} ended`;
  const lastWords = exit?.lastOutput.at(-1);
  const extra = lastWords === undefined ? [] : [{ text: `its last words: ${lastWords}`, weight: 0 }];
  switch (exit?.reason) {
    case 'oom': {
      const { weight, faultClass, mechanism: name } = ENDED.oom;
      return { entity, faultClass, name, evidence: [{ text, weight }, ...extra], passedOn: false, byChange: true };
    }
    case 'signal': {
      const outside = exit.signal === 'SIGKILL' || exit.signal === 'SIGTERM';
      const { weight, faultClass } = outside ? ENDED.killed : ENDED.signal;
      const evidence = [{ text, weight }, ...extra];
      return { entity, faultClass, name: `killed by ${exit.signal}`, evidence, passedOn: false, byChange: !outside };
    }
    case 'spawn-failed': {
      const { weight, faultClass, mechanism: name } = ENDED['spawn-failed'];
      const evidence = [{ text: `${text}: ${exit.detail ?? ''}`, weight }];
      return { entity, faultClass, name, evidence, passedOn: false, byChange: true };
    }
    default: {
      const { weight, faultClass } = ENDED.code;
      const name = exit?.reason === 'code' ? `exits with code ${exit.code}` : 'ended unseen';
      // A program that ends itself may do so because it cannot reach what it needs.
      return { entity, faultClass, name, evidence: [{ text, weight }, ...extra], passedOn: true, byChange: true };
    }
  }
}

/** Besides the silence somebody else says so: a check, the kernel. */
function isWitnessed({ kind, evidence }: Symptom): boolean {
  return kind !== 'hung' || evidence.length > 1 || evidence.some((text) => text.includes('check'));
}

/** Nobody got a connection to it, and nobody was refused one; or it was refused though somebody listens. */
const CUT_OFF = ['connecting timed out', NO_CONNECTION, 'though it listens'];

function isCutOff({ kind, evidence }: Symptom): boolean {
  return kind === 'unreachable' && evidence.some((text) => CUT_OFF.some((sign) => text.includes(sign)));
}

/** Is this resource what the other symptoms would come from? */
const OUT_OF_FILES: ReadonlySet<SymptomKind> = new Set(['erroring', 'unreachable', 'hung']);

function fits(resource: string | null, afflicted: Afflicted): boolean {
  const others = afflicted.symptoms.filter(({ kind }) => kind !== 'saturating');
  if (others.length === 0) return true;
  if (resource === 'cpu') return others.every(({ kind }) => kind === 'slow');
  // Who cannot accept refuses, breaks off or lets wait, as programs do it.
  if (resource === 'openFiles') return others.every(({ kind }) => OUT_OF_FILES.has(kind));
  return others.every(({ kind }) => kind === 'slow' || kind === 'hung');
}

/** Only some of its callers have trouble with it. That it is slow besides does not break calls of one caller alone. */
function ofWays({ service, symptoms: all }: SuspectFacts): Mechanism | null {
  const broken = all.some(({ kind, entity }) => kind === 'erroring' && entity.kind === 'edge');
  const symptoms = all.filter(({ kind, entity }) => !(broken && kind === 'slow' && entity.kind !== 'edge'));
  const ways = symptoms.flatMap(({ entity }) => (entity.kind === 'edge' ? [entity] : []));
  const [first] = ways;
  if (first === undefined || ways.length < symptoms.length) return null;
  const oneWay = ways.every(({ name }) => name === first.name);
  const breaks = symptoms.some(({ kind }) => kind === 'erroring');
  const text = symptoms.map(({ summary }) => summary).join('; ');
  const spared = symptoms.map(({ evidence }) => evidence.at(-1) ?? '').join('; ');
  return {
    entity: oneWay ? first : { kind: 'service', name: service },
    faultClass: 'network',
    name: breaks ? 'calls break on the way' : 'calls are late on the way',
    evidence: [
      { text, weight: WEIGHT.oneCaller },
      { text: spared, weight: 0 },
    ],
    // What one caller alone waits for may lie behind the callee: not all callers ask for the same things.
    passedOn: !breaks,
    byChange: false,
  };
}

/** Only the service as a whole has symptoms. */
function ofService(suspect: SuspectFacts): Mechanism {
  const entity: EntityRef = { kind: 'service', name: suspect.service };
  const kinds = new Set(suspect.symptoms.map(({ kind }) => kind));
  if (kinds.size === 0)
    return { entity, faultClass: 'software', name: 'unseen', evidence: [], passedOn: true, byChange: true };
  const text = suspect.symptoms.map(({ summary }) => summary).join('; ');
  if (suspect.spec === null) {
    const evidence = [{ text: `${text}; it is not run by Holdfast`, weight: WEIGHT.refused }];
    return { entity, faultClass: 'dependency', name: 'fails', evidence, passedOn: false, byChange: false };
  }
  const name = kinds.has('erroring') ? 'answers with errors' : kinds.has('slow') ? 'answers slowly' : 'takes no calls';
  const weight = kinds.has('erroring') || kinds.has('slow') ? WEIGHT.diffuse : WEIGHT.noneReady;
  return { entity, faultClass: 'software', name, evidence: [{ text, weight }], passedOn: true, byChange: true };
}
