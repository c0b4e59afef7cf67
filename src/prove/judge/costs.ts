/** What the run cost: what users lost against what they may, and whether the data kept their promises. */
import { formatDuration } from '../../model/time.ts';
import { type ConsistencyModel, WHOLE_NODE } from '../experiment/index.ts';
import type { Evidence, Finding, Losses } from './verdict.ts';

export function lost({ experiment, journal, losses }: Evidence): Finding {
  const limits = experiment.expect?.lostAtMost ?? { requests: null, seconds: null, budget: null };
  const asked = (['requests', 'seconds', 'budget'] as const).filter((unit) => limits[unit] !== null);
  const expected = asked.length === 0 ? null : `at most ${asked.map((unit) => shown(unit, limits[unit])).join(', ')}`;
  const base = { aspect: 'lost', expected, evidence: [] } as const;
  const also = outages(journal);
  if (losses === null)
    return { ...base, found: `not measured${also}`, result: asked.length === 0 ? 'told' : 'unknown' };
  const found = (['requests', 'seconds', 'budget'] as const).map((unit) => shown(unit, losses[unit])).join(', ') + also;
  if (asked.length === 0) return { ...base, found, result: 'told' };
  const unmeasured = asked.some((unit) => losses[unit] === null);
  const over = asked.filter((unit) => (losses[unit] ?? 0) > (limits[unit] as number));
  if (over.length > 0) return { ...base, found, result: 'unmet' };
  return { ...base, found, result: unmeasured ? 'unknown' : 'met' };
}

/** Callers that give up before they are answered are counted by nobody: that none was answered has to be said. */
function outages({ 'x-holdfast': { faults } }: Evidence['journal']): string {
  const said = faults.map(({ kind, begunAt, revertedAt, part }) => {
    if (part) return `; for ${formatDuration(part.closedForMs)} no endpoint took a connection`;
    if (kind !== WHOLE_NODE || begunAt === null || revertedAt === null) return '';
    return `; for ${formatDuration(revertedAt - begunAt)} nothing of the node was there to answer`;
  });
  return said.join('');
}

function shown(unit: keyof Losses, value: number | null): string {
  if (unit === 'budget') return value === null ? 'no error budget' : `${round(value * 100)} % of the error budget`;
  return `${round(value ?? 0)} ${unit}`;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

/** What holds when a model holds (Adya; Herlihy and Wing): a proof of the stronger is one of the weaker. */
const IMPLIES: Readonly<Record<ConsistencyModel, readonly ConsistencyModel[]>> = {
  'strict-serializable': ['serializable', 'snapshot-isolation', 'linearizable'],
  linearizable: ['no-lost-writes'],
  serializable: ['repeatable-read'],
  'snapshot-isolation': ['read-committed'],
  'repeatable-read': ['read-committed'],
  'read-committed': ['read-uncommitted'],
  'read-uncommitted': [],
  'no-lost-writes': [],
};

export function implies(stronger: ConsistencyModel, weaker: ConsistencyModel): boolean {
  return stronger === weaker || IMPLIES[stronger].some((next) => implies(next, weaker));
}

export function consistency({ experiment, consistency: checked }: Evidence): Finding {
  const expected = experiment.expect?.consistency ?? null;
  const evidence = checked === null || checked.detail === '' ? [] : checked.detail.split('\n');
  const base = { aspect: 'consistency', expected, evidence } as const;
  if (checked === null) return { ...base, found: 'no history', result: expected === null ? 'told' : 'unknown' };
  const found = `${checked.checked}: ${checked.verdict}`;
  if (expected === null) return { ...base, found, result: checked.verdict === 'violated' ? 'unmet' : 'told' };
  if (checked.verdict === 'holds')
    return { ...base, found, result: implies(checked.checked, expected) ? 'met' : 'unknown' };
  // A stronger model that is violated says nothing about the weaker one that was asked for.
  const decides = checked.verdict === 'violated' && implies(expected, checked.checked);
  return { ...base, found, result: decides ? 'unmet' : 'unknown' };
}
