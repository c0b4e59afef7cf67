/**
 * Damage that changes its unit on the way: a callee that hangs shows above it as failures (timeouts), one that fails as
 * waiting (retries, fallbacks). Each account by itself then lays it upon the caller. So part of a caller's own damage
 * in one unit is carried over to the callee under most strain in the other:
 *
 *   strain(n) in seconds = 2r − 1 with r = extra ÷ (usual + extra) time per call, at least 0: twice the usual time is
 *                          no strain yet, ten times is nearly all of it
 *   strain(n) in failed  = extra failed share of its calls
 *   carried = CERTAINTY × strain(n) × own(caller) in the bins in which n was strained, only where n had at least as
 *             many calls as were harmed above it
 */
import type { RecordedAccounts, Unit } from './account.ts';
import type { Excess } from './excess.ts';
import { distances } from './graph.ts';
import type { HiddenCall } from './hidden.ts';

const CERTAINTY = 0.7;
/** Less strain than this explains nothing above it. */
const LEAST = 0.2;
/** Callers looked at, the most damaged first. */
const CONSIDERED = 8;

/** What of `unit`'s own damage is carried over, from caller to the strained service that it can reach. */
export function carriedOver(accounts: RecordedAccounts, unit: Unit): HiddenCall[] {
  const { graph, ledgers, excess } = accounts;
  const own = ledgers[unit].own;
  const other: Unit = unit === 'seconds' ? 'failed' : 'seconds';
  const strained = [...graph.names.keys()].filter(
    (node) => (ledgers[other].own[node] as number) > 0 && strainOf(excess[node] ?? null, other) >= LEAST,
  );
  if (strained.length === 0) return [];
  const callers = [...graph.names.keys()].filter((node) => (own[node] as number) > 0);
  callers.sort((a, b) => (own[b] as number) - (own[a] as number));
  const found: HiddenCall[] = [];
  for (const caller of callers.slice(0, CONSIDERED)) {
    const below = distances(graph, caller);
    let best: HiddenCall | null = null;
    for (const callee of strained) {
      if ((below[callee] as number) < 1 || !enoughCalls(excess[caller] ?? null, excess[callee] ?? null, unit)) continue;
      const likeness = strainOf(excess[callee] ?? null, other);
      const passed = CERTAINTY * likeness * together(accounts, caller, callee, unit) * (own[caller] as number);
      if (best === null || weigh(accounts, callee, other) > weigh(accounts, best.callee, other))
        best = { caller, callee, likeness, passed };
    }
    if (best !== null) found.push(best);
  }
  return found;
}

const weigh = ({ ledgers }: RecordedAccounts, node: number, unit: Unit): number => ledgers[unit].own[node] as number;

/** Part of the caller's damage in bins in which the callee was damaged too, in the other unit. */
function together({ excess }: RecordedAccounts, caller: number, callee: number, unit: Unit): number {
  const [above, below] = [excess[caller], excess[callee]];
  if (!above || !below) return 0;
  const harmed = unit === 'seconds' ? above.secondsPerBin : above.failedPerBin;
  const strained = unit === 'seconds' ? below.failedPerBin : below.secondsPerBin;
  let [both, all] = [0, 0];
  harmed.forEach((value, bin) => {
    all += value;
    if ((strained[bin] ?? 0) > 0) both += value;
  });
  return all === 0 ? 0 : both / all;
}

function strainOf(excess: Excess | null, unit: Unit): number {
  if (excess === null || excess.harmedCalls[unit] === 0) return 0;
  const perCall = excess[unit] / excess.harmedCalls[unit];
  if (unit === 'failed') return Math.min(1, perCall);
  const extraMs = perCall * 1_000;
  return Math.max(0, (2 * extraMs) / (excess.baseMs + extraMs) - 1);
}

/** Failures above by timeouts below: as many calls below must have been slow. Waiting for retries has no such bound. */
function enoughCalls(above: Excess | null, below: Excess | null, unit: Unit): boolean {
  if (above === null || below === null) return false;
  return unit === 'seconds' || below.harmedCalls.seconds >= above.failed / 2;
}
