/**
 * What is lost on calls that nobody measured. A bad way to a service hurts whoever calls it and, as calls that it makes
 * go the same way, itself as a caller; while how long it takes to answer stays as it was. Where only services are
 * measured, each of its callers then has damage of its own, at the same time and without anything else in common:
 *
 *   hurt(c)    own damage of c's callers, and of c itself
 *   several(c) effective number of services that it is spread over, 1 ÷ Σ part², less one: 0 to 1
 *   all(c)     part of c's callers, by calls, that is hurt: a bad way spares nobody
 *
 * Of the callers' waiting CERTAINTY × several × all² is laid upon the way to the service for which that is the most. One
 * caller that is hurt alone may as well be so by itself: nothing is moved. Failures are not lost on a way: who does not
 * get an answer waits first.
 */
import type { RecordedAccounts } from './account.ts';

const CERTAINTY = 0.8;
/** Parts of the damage below this are dust. */
const LEAST = 0.05;
/** Ways that may be bad at once. */
const ROUNDS = 2;

/** Moves damage from callers' own to the callee's gap, in both arrays by node. */
export function moveLost(accounts: RecordedAccounts, own: Float64Array, gaps: Float64Array): void {
  if (!accounts.presumed) return;
  const total = own.reduce((sum, value) => sum + value, 0);
  if (total <= 0) return;
  const moved = new Set<number>();
  for (let round = 0; round < ROUNDS; round++) {
    let best: Explained | null = null;
    accounts.graph.names.forEach((_, node) => {
      const found = moved.has(node) ? null : explainedBy(accounts, own, node);
      if (found !== null && found.amount > (best?.amount ?? LEAST * total)) best = found;
    });
    if (best === null) return;
    const { node, callers, part } = best as Explained;
    moved.add(node);
    for (const caller of callers) {
      const value = (own[caller] as number) * part;
      own[caller] = (own[caller] as number) - value;
      gaps[node] = (gaps[node] as number) + value;
    }
  }
}

interface Explained {
  readonly node: number;
  readonly callers: readonly number[];
  readonly part: number;
  readonly amount: number;
}

function explainedBy({ graph, views, excess }: RecordedAccounts, own: Float64Array, node: number): Explained | null {
  const into = graph.into[node] as readonly number[];
  // Calls that their caller measured say by themselves what was lost on them.
  const callers = into
    .filter((edge) => views[edge]?.seen === null)
    .map((edge) => graph.caller[edge] as number)
    .filter((caller) => caller !== node && excess[caller]);
  const hurt = callers.filter((caller) => (own[caller] as number) > 0);
  if (hurt.length === 0 || callers.length < into.length) return null;
  const amounts = hurt.map((caller) => own[caller] as number);
  const above = amounts.reduce((sum, value) => sum + value, 0);
  const all = above + (own[node] as number);
  const squares = [...amounts, own[node] as number].reduce((sum, value) => sum + (value / all) ** 2, 0);
  const calls = (of: readonly number[]): number => of.reduce((sum, caller) => sum + (excess[caller]?.requests ?? 0), 0);
  const spared = calls(hurt) / Math.max(1, calls(callers));
  const several = Math.min(1, 1 / squares - 1);
  const part = CERTAINTY * several * spared ** 2;
  return { node, callers: hurt, part, amount: part * above };
}
