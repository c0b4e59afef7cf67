/** Holdfast's own keys: a fault in place of a provider, and what the experiment expects of the whole loop. */
import { DEPLOY_FAULTS, type DeployFaultKind, isDeployFault, parseDeployFault } from '../../model/deploy-fault.ts';
import { HoldfastError } from '../../model/errors.ts';
import type { FaultClass } from '../../model/incident.ts';
import { PART_KILL, parsePartKill } from '../../model/part-fault.ts';
import { PARTITION, PARTITION_FAULT, parsePartition } from '../../model/partition.ts';
import type { Selection } from '../../model/selection.ts';
import { nearest } from '../../model/suggest.ts';
import type { Fields } from './fields.ts';
import { type JsonMap, kindOf } from './json.ts';
import type { FaultCatalogue } from './kinds.ts';
import { CONSISTENCY_MODELS, type Expectations, type FaultSpec, type FaultTarget } from './types.ts';

/**
 * How long a fault outlives whoever asked for it. Default 10 s: long enough that a busy machine renews in time (every
 * third of it), short enough that a run that was killed has undone itself before somebody has noticed. Shorter where
 * the fault hurts; longer where targets are reached over a bad network.
 */
export const DEFAULT_LEASE_MS = 10_000;
const MIN_LEASE_MS = 200;

export const FAULT_CLASSES: readonly FaultClass[] = [
  'hardware',
  'software',
  'network',
  'capacity',
  'dependency',
  'human',
];
/** The one kind that is done to all that runs on a node. */
export const WHOLE_NODE = 'node-loss';
const FAULT_KEYS = ['fault', 'target', 'for', 'lease'];
const TARGET_KEYS = ['service', 'instance', 'instances', 'from', 'node', 'select', 'seed'];
const EXPECT_KEYS = [
  'detected_within',
  'blamed',
  'fault_class',
  'repaired_within',
  'undetected',
  'lost_at_most',
  'consistency',
];

export function parseFault(fields: Fields, kinds: FaultCatalogue): FaultSpec {
  const kind = fields.needText('fault', 'Add fault: one of the kinds, such as kill.');
  const known = Object.hasOwn(kinds, kind) ? kinds[kind] : undefined;
  if (kind !== '' && known === undefined) {
    const near = nearest(kind, Object.keys(kinds));
    const remedy = near === null ? `The kinds are ${Object.keys(kinds).join(', ')}.` : `Did you mean ${near}?`;
    fields.problems.add('HF8108', fields.at('fault'), `no fault is called ${JSON.stringify(kind)}`, remedy);
  }
  if (known?.parameters) refuseParameters(fields, kind, known.parameters);
  const forMs = fields.duration('for', 1);
  if (known?.instant && forMs !== null)
    fields.problems.add('HF8108', fields.at('for'), `${kind} is over at once`, 'Remove for.');
  const given = Object.entries(fields.map).filter(([key]) => !FAULT_KEYS.includes(key) && !key.startsWith('x-'));
  const parameters = Object.fromEntries(given) as JsonMap;
  const target = kind === PARTITION ? parsePartitioned(fields, parameters) : parseTarget(fields);
  if (known !== undefined && isDeployFault(kind)) checkDeploy(fields, kind, target, parameters);
  if (known !== undefined && kind === WHOLE_NODE) refuseParts(fields, kind, target);
  if (known !== undefined && kind === PART_KILL) checkPart(fields, target, parameters);
  return {
    kind,
    target,
    parameters,
    forMs,
    leaseMs: fields.duration('lease', MIN_LEASE_MS) ?? DEFAULT_LEASE_MS,
    instant: known?.instant ?? false,
  };
}

/** A change concerns one service as a whole. */
function checkDeploy(fields: Fields, kind: DeployFaultKind, target: FaultTarget, parameters: JsonMap): void {
  const { problems } = fields;
  const only = ['service'];
  const more = Object.keys(fields.fields('target')?.map ?? {}).filter((key) => !only.includes(key));
  if (fields.has('target') && (target.service === null || more.length > 0)) {
    const remedy = 'Write target: {service: NAME}, and nothing else.';
    problems.add('HF8108', fields.at('target'), `${kind} changes the spec of one service`, remedy);
  }
  const known = DEPLOY_FAULTS.find((facts) => facts.kind === kind)?.parameters ?? {};
  checkParameters(fields, parameters, known, (own) => parseDeployFault(kind, own));
}

/** What is not known at all has been refused already, with its place. */
function checkParameters(fields: Fields, parameters: JsonMap, known: object, parse: (own: JsonMap) => unknown): void {
  const own = Object.fromEntries(Object.entries(parameters).filter(([name]) => Object.hasOwn(known, name)));
  try {
    parse(own);
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error;
    fields.problems.add('HF8108', fields.path, error.message, error.remedy);
  }
}

function refuseParameters(fields: Fields, kind: string, parameters: readonly string[]): void {
  const known = [...FAULT_KEYS, ...parameters];
  for (const key of Object.keys(fields.map)) {
    if (known.includes(key) || key.startsWith('x-')) continue;
    const near = nearest(key, known);
    const takes = parameters.length === 0 ? `${kind} takes no parameters.` : `${kind} takes ${parameters.join(', ')}.`;
    const remedy = near === null ? takes : `Did you mean ${near}?`;
    fields.problems.add('HF8108', fields.at(key), `${kind} has no parameter ${key}`, remedy);
  }
}

function parseTarget(fields: Fields): FaultTarget {
  const target = fields.fields('target');
  if (target === null) {
    if (!fields.has('target')) fields.missing('target', 'Add target: {service: NAME}.');
    return { service: null, instances: [], from: null, node: null, select: { mode: 'one' }, seed: null };
  }
  target.problems.keys(target.map, target.path, TARGET_KEYS, true);
  const single = target.text('instance');
  const instances = [...(single === null ? [] : [single]), ...target.texts('instances')];
  const service = target.text('service');
  const node = target.text('node');
  if (service === null && node === null && instances.length === 0)
    target.problems.add('HF8102', target.path, 'names nothing to strike', 'Add service, instances or node.');
  const seed = target.number('seed', 0);
  return { service, instances, from: target.text('from'), node, select: parseSelect(target), seed };
}

/** A service, and nothing less of it: the shape says which instances; of groups it says itself whom they strike. */
function parsePartitioned(fields: Fields, parameters: JsonMap): FaultTarget {
  const { problems } = fields;
  const grouped = parameters.shape === 'groups';
  const nothing = {
    service: null,
    instances: [],
    from: null,
    node: null,
    select: { mode: 'one' },
    seed: null,
  } as const;
  if (grouped && fields.has('target'))
    problems.add('HF8108', fields.at('target'), 'groups say themselves whom they cut off', 'Remove target.');
  const target = grouped ? nothing : parseTarget(fields);
  const more = target.node !== null || target.from !== null || target.instances.length > 0;
  if (more || (!grouped && fields.fields('target')?.has('select'))) {
    const remedy = 'Write target: {service: NAME}, with a seed where you want another draw.';
    problems.add('HF8108', fields.at('target'), `${PARTITION} draws instances and callers by its shape`, remedy);
  }
  if (!isFilledLater(parameters)) checkParameters(fields, parameters, PARTITION_FAULT.parameters, parsePartition);
  return target;
}

/** A part of what is to be lost as a whole is another fault. */
function refuseParts(fields: Fields, kind: string, { node, service, instances, from }: FaultTarget): void {
  if (!fields.has('target')) return;
  const remedy = 'Write target: {node: localhost}; for single instances there are kill and crash-loop.';
  const parts = service !== null || instances.length > 0 || from !== null || fields.fields('target')?.has('select');
  if (parts) fields.problems.add('HF8108', fields.at('target'), `${kind} takes all instances of a node`, remedy);
  else if (node === null) fields.problems.add('HF8108', fields.at('target'), `${kind} needs a node`, remedy);
}

/** Holdfast's parts belong to the machine, and to no service. */
function checkPart(fields: Fields, { node, ...rest }: FaultTarget, parameters: JsonMap): void {
  const { problems } = fields;
  const more = rest.service !== null || rest.instances.length > 0 || rest.from !== null;
  if (fields.has('target') && (node === null || more || fields.fields('target')?.has('select'))) {
    const remedy = 'Write target: {node: localhost}, and nothing else.';
    problems.add('HF8108', fields.at('target'), `${PART_KILL} is done to Holdfast on a node, not to a service`, remedy);
  }
  if (isFilledLater(parameters)) return;
  const { part, withinMs } = parameters;
  const own = { ...(part === undefined ? {} : { part }), ...(withinMs === undefined ? {} : { withinMs }) };
  try {
    parsePartKill(own);
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error;
    const code = error.code === 'HF8207' ? 'HF8207' : 'HF8108';
    problems.add(code, fields.at('part'), error.message, error.remedy);
  }
}

/** What is filled in when the run begins is read then. */
function isFilledLater(parameters: JsonMap): boolean {
  return Object.values(parameters).some((value) => typeof value === 'string' && value.includes('${'));
}

const SELECT_FORMS = 'Write select: one, all, 2 (instances), 50% or at most 50%.';

/** `one` (default), `all`, a number, `50%`, `at most 50%`. */
export function parseSelect(fields: Fields): Selection {
  const value = fields.get('select') ?? 'one';
  if (value === 'one' || value === 'all') return { mode: value };
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1) return { mode: 'count', count: value };
  const match = typeof value === 'string' ? /^(at most )?(\d+(?:\.\d+)?) ?%$/.exec(value) : null;
  const percent = Number(match?.[2]);
  if (match && percent > 0 && percent <= 100) return { mode: match[1] ? 'at-most-percent' : 'percent', percent };
  fields.wrong('select', 'a selection', SELECT_FORMS);
  return { mode: 'one' };
}

export function parseExpectations(fields: Fields): Expectations {
  fields.problems.keys(fields.map, fields.path, EXPECT_KEYS, true);
  const undetected = fields.bool('undetected', false);
  const contrary = ['detected_within', 'blamed', 'fault_class', 'repaired_within'].find((key) => fields.has(key));
  if (undetected && contrary !== undefined)
    fields.problems.add('HF8104', fields.at('undetected'), `contradicts ${contrary}`, 'Keep one of them.');
  return {
    detectedWithinMs: fields.duration('detected_within'),
    blamed: fields.text('blamed'),
    faultClass: fields.choice('fault_class', FAULT_CLASSES),
    repairedWithinMs: fields.duration('repaired_within'),
    undetected,
    lostAtMost: parseLosses(fields),
    consistency: fields.choice('consistency', CONSISTENCY_MODELS),
  };
}

/** A bare number is requests; a map has requests, seconds and budget (`5%` or 0.05 of the error budget). */
function parseLosses(fields: Fields): Expectations['lostAtMost'] {
  if (typeof fields.get('lost_at_most') === 'number')
    return { requests: fields.number('lost_at_most', 0), seconds: null, budget: null };
  const losses = fields.fields('lost_at_most');
  if (losses === null) return { requests: null, seconds: null, budget: null };
  losses.problems.keys(losses.map, losses.path, ['requests', 'seconds', 'budget'], true);
  return { requests: losses.number('requests', 0), seconds: losses.number('seconds', 0), budget: shareOf(losses) };
}

function shareOf(fields: Fields): number | null {
  const value = fields.get('budget');
  if (value === undefined) return null;
  const percent = typeof value === 'string' ? /^(\d+(?:\.\d+)?) ?%$/.exec(value) : null;
  const share = percent ? Number(percent[1]) / 100 : value;
  if (typeof share === 'number' && share >= 0 && share <= 1) return share;
  fields.problems.add('HF8104', fields.at('budget'), `is ${kindOf(value)}, not a share`, 'Write 5% or 0.05.');
  return null;
}
