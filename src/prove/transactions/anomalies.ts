/**
 * What can go wrong with transactions, and which isolation levels each anomaly rules out. Names and definitions after
 * Adya ("Weak Consistency", MIT 1999) and Elle (Alvaro & Kingsbury, VLDB 2020). Registers and lists show items only,
 * never predicates: so what violates serializability here violates repeatable read too.
 */

export type IsolationLevel =
  | 'read-uncommitted'
  | 'read-committed'
  | 'snapshot-isolation'
  | 'repeatable-read'
  | 'serializable'
  | 'strict-serializable';

export type AnomalyName =
  | 'G0'
  | 'G1a'
  | 'G1b'
  | 'G1c'
  | 'G-single'
  | 'G-nonadjacent'
  | 'G2-item'
  | 'G0-realtime'
  | 'G1c-realtime'
  | 'G-single-realtime'
  | 'G2-item-realtime'
  | 'lost update'
  | 'dirty update'
  | 'internal'
  | 'incompatible order'
  | 'duplicate elements'
  | 'unwritten value';

/** The weakest levels that an anomaly rules out; whatever is stronger than one of them is ruled out too. */
const RULES_OUT: Readonly<Record<AnomalyName, readonly IsolationLevel[]>> = {
  G0: ['read-uncommitted'],
  'incompatible order': ['read-uncommitted'],
  'duplicate elements': ['read-uncommitted'],
  'unwritten value': ['read-uncommitted'],
  'dirty update': ['read-committed'],
  G1a: ['read-committed'],
  G1b: ['read-committed'],
  G1c: ['read-committed'],
  internal: ['snapshot-isolation', 'repeatable-read'],
  'lost update': ['snapshot-isolation', 'repeatable-read'],
  'G-single': ['snapshot-isolation', 'repeatable-read'],
  'G-nonadjacent': ['snapshot-isolation', 'repeatable-read'],
  'G2-item': ['repeatable-read'],
  'G0-realtime': ['strict-serializable'],
  'G1c-realtime': ['strict-serializable'],
  'G-single-realtime': ['strict-serializable'],
  'G2-item-realtime': ['strict-serializable'],
};

/** Directly stronger levels. */
const STRONGER: Readonly<Record<IsolationLevel, readonly IsolationLevel[]>> = {
  'read-uncommitted': ['read-committed'],
  'read-committed': ['snapshot-isolation', 'repeatable-read'],
  'snapshot-isolation': ['serializable'],
  'repeatable-read': ['serializable'],
  serializable: ['strict-serializable'],
  'strict-serializable': [],
};

/** Strongest first. */
export const LEVELS: readonly IsolationLevel[] = [
  'strict-serializable',
  'serializable',
  'repeatable-read',
  'snapshot-isolation',
  'read-committed',
  'read-uncommitted',
];

export const ANOMALIES = Object.keys(RULES_OUT) as readonly AnomalyName[];

/** Whether an anomaly contradicts a level. */
export function rulesOut(anomaly: AnomalyName, level: IsolationLevel): boolean {
  return !levelsThatHold([anomaly]).includes(level);
}

/** The levels that none of these anomalies rules out, strongest first. */
export function levelsThatHold(anomalies: Iterable<AnomalyName>): IsolationLevel[] {
  const out = new Set<IsolationLevel>();
  const rule = (level: IsolationLevel): void => {
    out.add(level);
    STRONGER[level].forEach(rule);
  };
  for (const name of anomalies) RULES_OUT[name].forEach(rule);
  return LEVELS.filter((level) => !out.has(level));
}
