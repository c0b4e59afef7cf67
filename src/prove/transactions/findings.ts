/** Anomalies as they are found: every one is counted, the first few of each name are kept as evidence. */
import { show, type Value } from '../history/event.ts';
import { OK } from '../history/history.ts';
import type { AnomalyName } from './anomalies.ts';
import { READ, type Transactions } from './history.ts';

export interface Finding {
  readonly anomaly: AnomalyName;
  /** Indices of the transactions that show it; a cycle is in its order. */
  readonly transactions: readonly number[];
  /** What they show, a line each. */
  readonly text: string;
}

/** Kept of each name. */
const KEPT = 4;

export class Findings {
  readonly counts = new Map<AnomalyName, number>();
  readonly kept: Finding[] = [];

  /** `text` is only asked for what is kept. */
  add(anomaly: AnomalyName, transactions: readonly number[], text: () => string): void {
    const count = (this.counts.get(anomaly) ?? 0) + 1;
    this.counts.set(anomaly, count);
    if (count <= KEPT) this.kept.push({ anomaly, transactions, text: text() });
  }

  wants(anomaly: AnomalyName): boolean {
    return (this.counts.get(anomaly) ?? 0) < KEPT;
  }
}

/** `T3 (process 1): append x 2, r y → [1]`. */
export function showTransaction(t: Transactions, index: number): string {
  const parts: string[] = [];
  const end = t.first[index + 1] as number;
  for (let m = t.first[index] as number; m < end; m++) parts.push(showOperation(t, m));
  const how = t.outcome[index] === OK ? '' : ' (not known to have succeeded)';
  return `T${index} (process ${t.process[index]}): ${parts.join(', ')}${how}`;
}

export function showOperation(t: Transactions, m: number): string {
  const key = name(t.keys.values[t.key[m] as number] as Value);
  const value = t.value[m] as number;
  if (t.what[m] !== READ) {
    return `${t.kind === 'list-append' ? 'append' : 'w'} ${key} ${show(t.values.values[value] as Value)}`;
  }
  const length = t.listLength[m] as number;
  if (t.kind === 'rw-register') return value < 0 ? `r ${key} ?` : `r ${key} → ${show(t.values.values[value] as Value)}`;
  if (length < 0) return `r ${key} ?`;
  const start = t.listStart[m] as number;
  const items = [...t.pool.subarray(start, start + length)].map((id) => show(t.values.values[id] as Value));
  return `r ${key} → [${items.join(' ')}]`;
}

export function name(key: Value): string {
  return typeof key === 'string' ? key : show(key);
}
