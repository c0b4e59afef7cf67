/** Holdfast's own policies: recovery, autoscale, objectives of a service; the policy of the system. */
import type {
  ActionKind,
  AutoscalePolicy,
  ObjectiveSpec,
  RecoveryMode,
  RecoveryPolicy,
  SystemPolicy,
} from '../model/spec.ts';
import { ACTIONS } from './schema/holdfast.ts';
import { own, type Scope } from './scope.ts';
import { entriesOf, get, itemsOf, type MapNode, type SpecNode, textOf } from './tree.ts';
import { readDuration, readInteger, readShare } from './values.ts';

export function recoveryOf(scope: Scope, replicas: number): RecoveryPolicy {
  const node = own(scope.node, 'recovery');
  const allow = get(node, 'allow');
  const allowed = itemsOf(allow).map(textOf);
  return {
    mode: modeOf(get(node, 'mode')),
    allow: allow === undefined ? ACTIONS : ACTIONS.filter((action: ActionKind) => allowed.includes(action)),
    minAvailable: minAvailable(scope, get(node, 'min_available'), replicas),
    cooldownMs: readDuration(get(node, 'cooldown')) ?? 10_000,
    verifyMs: readDuration(get(node, 'verify')) ?? 5_000,
    changeWindowMs: readDuration(get(node, 'change_window')) ?? 600_000,
  };
}

function minAvailable(scope: Scope, node: SpecNode | undefined, replicas: number): number {
  const wanted = instancesOf(node, replicas, Math.ceil);
  if (wanted === undefined || node === undefined) return replicas > 1 ? Math.ceil(replicas / 2) : 0;
  if (wanted > replicas) {
    const message = `recovery.min_available is ${wanted}, but ${scope.name} has ${replicas} replicas`;
    scope.problems.error(
      'HF1004',
      message,
      node,
      'Leave at least one less than there are, or nothing can be repaired.',
    );
  }
  return wanted;
}

function modeOf(node: SpecNode | undefined): RecoveryMode | null {
  const mode = textOf(node);
  return mode === 'auto' || mode === 'approve' || mode === 'observe' ? mode : null;
}

/** A number, or a share of `total`. */
function instancesOf(node: SpecNode | undefined, total: number, round: (value: number) => number): number | undefined {
  if (textOf(node)?.endsWith('%')) {
    const share = readShare(node);
    return share === undefined ? undefined : round(Number((share * total).toPrecision(12)));
  }
  return readInteger(node);
}

export function autoscaleOf({ node: service, name, problems }: Scope, replicas: number): AutoscalePolicy | null {
  const node = own(service, 'autoscale');
  const [min, max] = [readInteger(get(node, 'min')), readInteger(get(node, 'max'))];
  if (node === undefined || min === undefined || max === undefined) return null;
  if (min > max) problems.error('HF1004', `autoscale.min of ${name} is ${min}, above max ${max}`, node, 'Swap them.');
  else if (replicas < min || replicas > max)
    problems.error(
      'HF1004',
      `${name} has ${replicas} replicas, outside of autoscale ${min} to ${max}`,
      node,
      'Widen the range.',
    );
  const metric = textOf(get(node, 'metric')) ?? 'cpu';
  const known = METRICS.find((candidate) => candidate === metric) ?? 'cpu';
  const targetNode = get(node, 'target');
  const isShare = known === 'cpu' || known === 'memory';
  const target = isShare ? readShare(targetNode) : Number(textOf(targetNode) ?? Number.NaN);
  if (targetNode ? !(target !== undefined && target > 0) : !isShare) {
    const expected = isShare ? 'a share such as 70%' : 'a number above 0, per instance';
    problems.error(
      'HF1004',
      `autoscale.target of ${name} must be ${expected}`,
      targetNode ?? node,
      `Write ${expected}.`,
    );
  }
  return { min, max, metric: known, target: target ?? DEFAULT_TARGET };
}

const METRICS = ['cpu', 'memory', 'requests-per-second', 'in-flight'] as const;
/** Leaves room for a burst while new instances start. */
const DEFAULT_TARGET = 0.7;
const DEFAULT_OBJECTIVE_WINDOW_MS = 30 * 86_400_000;

export function objectivesOf(scope: Scope): readonly ObjectiveSpec[] {
  const node = own(scope.node, 'objectives');
  const items =
    node?.kind === 'map'
      ? entriesOf(node).map(([kind, { value }]) => ({ kind, node: value }))
      : itemsOf(node).map((item) => ({ kind: textOf(get(item, 'kind')), node: item }));
  const names = new Set<string>();
  return items.flatMap((item) => {
    const objective = objectiveOf(item.kind, item.node, scope);
    if (objective === null) return [];
    if (names.has(objective.name))
      scope.problems.error(
        'HF1004',
        `two objectives are named ${objective.name}`,
        item.node,
        'Give each its own `name`.',
      );
    names.add(objective.name);
    return [objective];
  });
}

function objectiveOf(kind: string | undefined, node: SpecNode, { name, problems }: Scope): ObjectiveSpec | null {
  const target = readShare(node.kind === 'map' ? get(node, 'target') : node);
  if ((kind !== 'availability' && kind !== 'latency') || target === undefined) return null;
  if (target <= 0 || target >= 1)
    problems.error(
      'HF1004',
      `an objective of ${name} must lie between 0 and 1`,
      node,
      'Write 99.9%; 100% leaves no room.',
    );
  const threshold = readDuration(get(node, 'threshold'));
  if (kind === 'latency' && threshold === undefined)
    problems.error('HF1004', `the latency objective of ${name} has no threshold`, node, 'Add `threshold: 300ms`.');
  return {
    name: textOf(get(node, 'name')) ?? kind,
    kind,
    target,
    thresholdMs: kind === 'latency' ? (threshold ?? null) : null,
    windowMs: readDuration(get(node, 'window')) ?? DEFAULT_OBJECTIVE_WINDOW_MS,
  };
}

/** By default a quarter of all instances, at least one: a bad judgement then leaves most of the system standing. */
const DEFAULT_DISRUPTION = 0.25;

export function policyOf(top: MapNode, instances: number): SystemPolicy {
  const node = own(top, 'policy');
  const max = instancesOf(get(node, 'max_disruption'), instances, Math.floor);
  return {
    mode: modeOf(get(node, 'mode')) ?? 'auto',
    maxDisruption: max ?? Math.max(1, Math.floor(instances * DEFAULT_DISRUPTION)),
  };
}
