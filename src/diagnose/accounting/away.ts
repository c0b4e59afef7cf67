/**
 * Damage above a service while nobody of it is there. Its callers fail or wait for want of it, and much of that never
 * shows on their calls to it: connections that are not tried again, calls given up in a queue, answers from a client
 * library that knows it has no connection. Left where it shows, it would be everybody's own and nobody's fault. So what
 * starts in its callers in that time is passed on to it, caller by caller, nearest last:
 *
 *   moved(n)    = own(n) in bins while it was away, and LINGER_MS after: calls that began then end later
 *   passed(n→c) += moved(n) + what was moved to n, c one step nearer
 *
 * The sums stay: each step is added at its caller and at its callee.
 */
import type { Ms } from '../../model/time.ts';
import type { Bin, RecordedAway } from '../recorded/types.ts';
import { ownPerBin, type RecordedAccounts, UNITS, type Unit } from './account.ts';
import { distances } from './graph.ts';

/** The usual patience of callers. */
const LINGER_MS: Ms = 4_000;

/** Changes the ledgers in place. */
export function chargeAway(accounts: RecordedAccounts, away: readonly RecordedAway[], bins: readonly Bin[]): void {
  for (const service of new Set(away.map((each) => each.service))) {
    const node = accounts.graph.index.get(service);
    if (node === undefined) continue;
    const times = away.filter((each) => each.service === service);
    const gone = bins.map(({ fromMs, toMs }) =>
      times.some((time) => time.fromMs < toMs && time.toMs + LINGER_MS > fromMs),
    );
    for (const unit of UNITS) charge(accounts, node, unit, gone);
  }
}

function charge(accounts: RecordedAccounts, away: number, unit: Unit, gone: readonly boolean[]): void {
  const { graph, ledgers, excess } = accounts;
  const { own, passed, received, excess: suffered } = ledgers[unit];
  const far = distances(graph, away, 'callers');
  const above = [...graph.names.keys()].filter((node) => (far[node] as number) > 0 && excess[node] !== null);
  above.sort((a, b) => (far[b] as number) - (far[a] as number));
  const arrived = new Float64Array(graph.names.length);
  for (const node of above) {
    const next = (graph.out[node] as readonly number[]).find(
      (edge) => far[graph.callee[edge] as number] === (far[node] as number) - 1,
    );
    if (next === undefined) continue;
    const mine = Math.min(Math.max(0, own[node] as number), ownWhile(accounts, node, unit, gone));
    const moved = mine + (arrived[node] as number);
    if (moved <= 0) continue;
    const callee = graph.callee[next] as number;
    own[node] = (own[node] as number) - mine;
    passed[next] = (passed[next] as number) + moved;
    received[next] = (received[next] as number) + moved;
    suffered[callee] = (suffered[callee] as number) + moved;
    if (callee === away) own[away] = (own[away] as number) + moved;
    else arrived[callee] = (arrived[callee] as number) + moved;
  }
}

function ownWhile(accounts: RecordedAccounts, node: number, unit: Unit, gone: readonly boolean[]): number {
  let sum = 0;
  ownPerBin(accounts, node, unit).forEach((value, bin) => {
    if (gone[bin] === true && bin >= accounts.windows.beforeTo) sum += Math.max(0, value);
  });
  return sum;
}
