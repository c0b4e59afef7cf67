/**
 * A diagnosis for people: the account as a table that adds up, how the damage spread, the victims, and one sentence.
 * The same for a recording and for the running system: both have accounts, a unit and causes.
 */
import type { AccountRow, DamageAccount, Propagation } from '../model/incident.ts';
import { OUTSIDE } from '../model/signal.ts';
import type { RecordedAccounts, Unit } from './accounting/account.ts';
import type { RecordedCause, RecordedDiagnosis } from './combine.ts';

export type { AccountRow, DamageAccount } from '../model/incident.ts';

/** What of a diagnosis is needed to account for it. Names are those of services. */
export interface Accounted {
  readonly accounts: RecordedAccounts;
  readonly unit: Unit;
  readonly causes: readonly { readonly name: string; readonly confidence: number }[];
}

/** Part of all damage below which a row is not worth a line. */
const LEAST = 0.02;
/** Below this confidence a cause explains nothing. */
const EXPLAINS = 0.1;
/** Steps of a propagation that anybody reads. */
const STEPS = 30;
/** How those outside are called, who suffer in the end. */
export const USERS = 'users';

export function accountTable(accounted: Accounted): DamageAccount {
  const { accounts, unit, causes } = accounted;
  const { graph, ledgers } = accounts;
  const { own, gap, entered, excess, passed } = ledgers[unit];
  const all: AccountRow[] = [];
  own.forEach((value, node) => {
    all.push({ where: graph.names[node] as string, suffered: excess[node] as number, own: value });
  });
  gap.forEach((value, edge) => {
    const { caller, callee } = graph.edges[edge] as { caller: string; callee: string };
    if (value !== 0) all.push({ where: `${caller} → ${callee}`, suffered: passed[edge] as number, own: value });
  });
  const started = all.reduce((sum, row) => sum + Math.max(0, row.own), 0);
  const rows = all.filter((row) => row.own > 0 && row.own >= LEAST * started);
  const sum = (of: readonly AccountRow[]): number => of.reduce((total, row) => total + row.own, 0);
  const absorbed = sum(all.filter((row) => row.own < 0).map((row) => ({ ...row, own: -row.own })));
  rows.sort((a, b) => b.own - a.own || (a.where < b.where ? -1 : 1));
  const believed = new Set(causes.filter(({ confidence }) => confidence >= EXPLAINS).map(({ name }) => name));
  // What is lost on a call is explained by either of its ends.
  const explained = rows.filter(({ where }) => where.split(' → ').some((end) => believed.has(end)));
  return {
    unit: unit === 'seconds' ? 'user-seconds' : 'failed requests',
    rows,
    small: started - sum(rows),
    absorbed,
    reached: entered.reduce((total, value) => total + value, 0),
    unexplained: started - sum(explained),
  };
}

/** Σ of what starts anywhere. */
export function startedIn({ rows, small }: DamageAccount): number {
  return rows.reduce((sum, { own }) => sum + own, small);
}

/** `41.2 of 47.0 extra user-seconds start in payments; 5.8 unexplained`; null when nothing starts there. */
export function accountSentence(account: DamageAccount, name: string): string | null {
  const own = account.rows.find(({ where }) => where === name)?.own ?? 0;
  if (own <= 0) return null;
  const extra = account.unit === 'user-seconds' ? 'extra user-seconds' : 'extra failed requests';
  const rest =
    account.unexplained > 0.005 * startedIn(account)
      ? `; ${amount(account.unexplained, account.unit)} unexplained`
      : '';
  return `${amount(own, account.unit)} of ${amount(startedIn(account), account.unit)} ${extra} start in ${name}${rest}`;
}

/** How the damage spread from a service to those that called it, and to theirs: nearest first, largest first. */
export function propagationOf({ accounts, unit }: Pick<Accounted, 'accounts' | 'unit'>, cause: string): Propagation[] {
  const { graph, ledgers, excess } = accounts;
  const start = graph.index.get(cause);
  const steps: Propagation[] = [];
  if (start === undefined) return steps;
  const seen = new Set([start]);
  const queue = [start];
  for (let head = 0; head < queue.length && steps.length < STEPS; head++) {
    const node = queue[head] as number;
    const into = [...(graph.into[node] as readonly number[])].filter(
      (edge) => (ledgers[unit].passed[edge] as number) > 0,
    );
    into.sort((a, b) => (ledgers[unit].passed[b] as number) - (ledgers[unit].passed[a] as number));
    for (const edge of into) {
      const caller = graph.caller[edge] as number;
      const outside = excess[caller] === null;
      const name = graph.names[caller] as string;
      const to = name === OUTSIDE ? USERS : name;
      const from = graph.names[node] as string;
      steps.push({ from, to, amount: ledgers[unit].passed[edge] as number });
      if (!outside && !seen.has(caller)) queue.push(caller);
      seen.add(caller);
    }
  }
  return steps.slice(0, STEPS);
}

/** Services that suffer and are not accused: most damaged first. */
export function victimsOf({ accounts, unit, causes }: Accounted): string[] {
  const { graph, ledgers } = accounts;
  const accused = causes[0]?.name;
  return [...graph.names.keys()]
    .filter((node) => (ledgers[unit].excess[node] as number) > 0 && graph.names[node] !== accused)
    .sort((a, b) => (ledgers[unit].excess[b] as number) - (ledgers[unit].excess[a] as number))
    .map((node) => graph.names[node] as string);
}

/** Part of what starts anywhere that no believable cause explains, 0–1. */
export function unexplainedShare(accounted: Accounted): number {
  const account = accountTable(accounted);
  const started = startedIn(account);
  return started === 0 ? 0 : Math.max(0, account.unexplained / started);
}

/** Belief from which on something is told although nobody felt it. */
const STANDS_OUT = 0.5;

export function sentence(diagnosis: RecordedDiagnosis): string {
  const { causes, abstained, confirmed, missing } = diagnosis;
  const best = causes[0];
  if (!confirmed && !abstained && best !== undefined) {
    const told = `${titled(best)} (${best.faultClass}: ${best.mechanism}), ${percent(best.confidence)}`;
    return `${told}; the symptom itself is too small to be seen.`;
  }
  if (!confirmed) {
    const unfelt = 'The symptom is not to be seen in what was recorded: nothing has to be explained';
    if (best === undefined || best.confidence < STANDS_OUT) return `${unfelt}.`;
    return `${unfelt}; of itself ${titled(best)} stands out (${best.faultClass}: ${best.mechanism}), ${percent(best.confidence)}.`;
  }
  if (best === undefined) return 'Nothing stands out: inconclusive.';
  const account = accountSentence(accountTable(diagnosis), best.name);
  const part = account === null ? '' : `; ${account}`;
  if (!abstained) return `${titled(best)} (${best.faultClass}: ${best.mechanism}), ${percent(best.confidence)}${part}.`;
  const next = causes[1] ? ` or ${causes[1].name}` : '';
  const lacking = missing.length > 0 ? ` What was not recorded and might decide: ${missing.join('; ')}.` : '';
  return `Inconclusive: ${best.name}${next}, ${percent(best.confidence)}${part}.${lacking}`;
}

function titled({ kind, name }: RecordedCause): string {
  return kind === 'service' ? name : `${kind} ${name}`;
}

function amount(value: number, unit: DamageAccount['unit']): string {
  return value >= 100 || unit === 'failed requests' ? Math.round(value).toString() : value.toFixed(1);
}

function percent(value: number): string {
  return `${Math.round(100 * value)} %`;
}
