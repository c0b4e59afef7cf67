/**
 * Calls that nobody recorded. Damage is conserved: when what starts in one service by all that is known is matched, bin
 * by bin and in size, by what starts in another that it is not known to call, then most likely it does call it and the
 * damage is passed on. Without this every dropped edge makes a victim look like a cause.
 *
 *   likeness(m, n) = Σ_bins min(own_m, own_n) / Σ_bins max(own_m, own_n)        (Ruzicka, 1958)
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
  const own = ledgers[unit].own;
  const damaged = [...graph.names.keys()].filter((node) => (own[node] as number) > 0);
  damaged.sort((a, b) => (own[b] as number) - (own[a] as number));
  const bearers = damaged.filter((node) => (reach[node] as number) >= 0).slice(0, CONSIDERED);
  const found: HiddenCall[] = [];
  for (const caller of bearers) {
    const below = distances(graph, caller);
    const above = distances(graph, caller, 'callers');
    const profile = ownPerBin(accounts, caller, unit);
    let best: HiddenCall | null = null;
    for (const callee of damaged.slice(0, CONSIDERED)) {
      if (callee === caller || callee === symptom || below[callee] === 1 || (above[callee] as number) >= 0) continue;
      const likeness = ruzicka(profile, ownPerBin(accounts, callee, unit));
      if (likeness < ALIKE || (best !== null && likeness <= best.likeness)) continue;
      const passed = CERTAINTY * likeness * Math.min(own[caller] as number, own[callee] as number);
      best = { caller, callee, likeness, passed };
    }
    if (best !== null) found.push(best);
  }
  return found;
}

function ruzicka(a: Float64Array, b: Float64Array): number {
  let [common, either] = [0, 0];
  for (let bin = 0; bin < a.length; bin++) {
    const [x, y] = [Math.max(0, a[bin] as number), Math.max(0, b[bin] as number)];
    common += Math.min(x, y);
    either += Math.max(x, y);
  }
  return either > 0 ? common / either : 0;
}
