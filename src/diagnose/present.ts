/** A recorded diagnosis for people: the account as a table that adds up, the victims, and one sentence. */
import type { RecordedCause, RecordedDiagnosis } from './combine.ts';

export interface AccountRow {
  /** A service, or `caller → callee` for what is lost on the way. */
  readonly where: string;
  /** Suffered there in all: own and passed on from callees. */
  readonly suffered: number;
  /** Starts there. */
  readonly own: number;
}

export interface AccountTable {
  readonly unit: 'user-seconds' | 'failed requests';
  /** Largest own first, then by name; nothing below LEAST of all. */
  readonly rows: readonly AccountRow[];
  /** Own damage too small for a row, together. */
  readonly small: number;
  /** Suffered by callees, yet not by whoever called them: calls in parallel, nobody waited, retries hid it. */
  readonly absorbed: number;
  /** What users suffered. Σ rows.own + small − absorbed = reached, always. */
  readonly reached: number;
}

/** Part of all damage below which a row is not worth a line. */
const LEAST = 0.02;
/** Below this confidence a cause explains nothing. */
const EXPLAINS = 0.1;

export function accountTable({ accounts, unit }: RecordedDiagnosis): AccountTable {
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
  return {
    unit: unit === 'seconds' ? 'user-seconds' : 'failed requests',
    rows,
    small: started - sum(rows),
    absorbed,
    reached: entered.reduce((total, value) => total + value, 0),
  };
}

/** Services that suffer and are not accused: most damaged first. */
export function victimsOf({ accounts, unit, causes }: RecordedDiagnosis): string[] {
  const { graph, ledgers } = accounts;
  const accused = causes[0]?.name;
  return [...graph.names.keys()]
    .filter((node) => (ledgers[unit].excess[node] as number) > 0 && graph.names[node] !== accused)
    .sort((a, b) => (ledgers[unit].excess[b] as number) - (ledgers[unit].excess[a] as number))
    .map((node) => graph.names[node] as string);
}

/** Part of what starts anywhere that no believable cause explains, 0–1. */
export function unexplainedShare(diagnosis: RecordedDiagnosis): number {
  const { rows, small } = accountTable(diagnosis);
  const believed = new Set(diagnosis.causes.filter(({ confidence }) => confidence >= EXPLAINS).map(({ name }) => name));
  const started = rows.reduce((sum, { own }) => sum + own, small);
  // What is lost on a call is explained by either of its ends.
  const explained = rows.filter(({ where }) => where.split(' → ').some((end) => believed.has(end)));
  return started === 0 ? 0 : 1 - explained.reduce((sum, { own }) => sum + own, 0) / started;
}

export function sentence(diagnosis: RecordedDiagnosis): string {
  const { causes, abstained, confirmed, missing } = diagnosis;
  if (!confirmed) return 'The symptom is not to be seen in what was recorded: nothing has to be explained.';
  const best = causes[0];
  if (best === undefined) return 'Nothing stands out: inconclusive.';
  const table = accountTable(diagnosis);
  const started = table.rows.reduce((sum, { own }) => sum + own, table.small);
  const own = table.rows.find(({ where }) => where === best.name)?.own ?? 0;
  const part = own > 0 ? `; ${amount(own)} of ${amount(started)} extra ${table.unit} start there` : '';
  if (!abstained) return `${titled(best)} (${best.faultClass}: ${best.mechanism}), ${percent(best.confidence)}${part}.`;
  const next = causes[1] ? ` or ${causes[1].name}` : '';
  const lacking = missing.length > 0 ? ` What was not recorded and might decide: ${missing.join('; ')}.` : '';
  return `Inconclusive: ${best.name}${next}, ${percent(best.confidence)}${part}.${lacking}`;
}

function titled({ kind, name }: RecordedCause): string {
  return kind === 'service' ? name : `${kind} ${name}`;
}

function amount(value: number): string {
  return value >= 100 ? Math.round(value).toString() : value.toFixed(1);
}

function percent(value: number): string {
  return `${Math.round(100 * value)} %`;
}
