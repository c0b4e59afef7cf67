/**
 * Calls that nobody recorded. Damage is conserved: when what starts in one service, by all that is known, is matched
 * bin by bin and in size by what entered another from nowhere, then most likely it does call it and the damage is
 * passed on. Without this every dropped edge makes a victim look like a cause.
 *
 *   likeness(m, n) = Σ_bins min(own_m, entered_n) / Σ_bins max(own_m, entered_n)        (Ruzicka, 1958)
 *
 * Size and course must both agree; two unrelated troubles of the same size at the same time are rare. What is taken
 * from the presumed caller is never more than CERTAINTY of its share: a matched account is an argument, no proof.
 */
import { ownPerBin, type RecordedAccounts, type Unit } from './account.ts';
import { distances } from './graph.ts';

/** Below this likeness there is no argument. */
const ALIKE = 0.5;
/** At most this part of the caller's own damage is taken for passed on. 1 would let a coincidence acquit a cause. */
const CERTAINTY = 0.7;
/** Damage that known callers account for needs no unknown one: at least this part of it must have come from nowhere. */
const ORPHANED = 0.5;
/** Services looked at on either side, the most damaged first: bounds the work, and dust proves nothing. */
const CONSIDERED = 16;

export interface HiddenCall {
  readonly caller: number;
  readonly callee: number;
  /** 0–1. */
  readonly likeness: number;
  /** Damage taken for passed on. */
  readonly passed: number;
}

/**
 * Presumed calls of one ledger, each caller's best match alone. Callers are the symptom's service and what it can
 * reach; callees are services that the caller cannot reach and that do not reach it.
 */
export function hiddenCalls(accounts: RecordedAccounts, unit: Unit, reach: Int32Array): HiddenCall[] {
  const { graph, ledgers, symptom } = accounts;
  const { own, entered, excess } = ledgers[unit];
  const most = (of: Float64Array, wanted: (node: number) => boolean): number[] =>
    [...graph.names.keys()]
      .filter((node) => (of[node] as number) > 0 && wanted(node))
      .sort((a, b) => (of[b] as number) - (of[a] as number))
      .slice(0, CONSIDERED);
  const bearers = most(own, (node) => (reach[node] as number) >= 0);
  const orphans = most(
    entered,
    (node) => node !== symptom && (entered[node] as number) >= ORPHANED * (excess[node] as number),
  );
  const found: HiddenCall[] = [];
  for (const caller of bearers) {
    const below = distances(graph, caller);
    const above = distances(graph, caller, 'callers');
    const profile = ownPerBin(accounts, caller, unit);
    let best: HiddenCall | null = null;
    for (const callee of orphans) {
      if (callee === caller || below[callee] === 1 || (above[callee] as number) >= 0) continue;
      const likeness = ruzicka(profile, enteredPerBin(accounts, callee, unit));
      if (likeness < ALIKE || (best !== null && likeness <= best.likeness)) continue;
      const passed = CERTAINTY * likeness * Math.min(own[caller] as number, entered[callee] as number);
      best = { caller, callee, likeness, passed };
    }
    if (best !== null) found.push(best);
  }
  return found;
}

function enteredPerBin(accounts: RecordedAccounts, node: number, unit: Unit): Float64Array {
  const excess = accounts.excess[node];
  const perBin = (unit === 'seconds' ? excess?.secondsPerBin : excess?.failedPerBin) ?? new Float64Array(0);
  const { entered, excess: all } = accounts.ledgers[unit];
  return perBin.map((value) => (value * (entered[node] as number)) / (all[node] as number));
}

function ruzicka(a: Float64Array, b: Float64Array): number {
  let [common, either] = [0, 0];
  for (let bin = 0; bin < a.length; bin++) {
    const [x, y] = [Math.max(0, a[bin] as number), Math.max(0, b[bin] ?? 0)];
    common += Math.min(x, y);
    either += Math.max(x, y);
  }
  return either > 0 ? common / either : 0;
}
