/**
 * From a recorded history to a verdict on what its clients were promised. Objects are judged for linearizability,
 * transactions for the isolation level asked for; both for acknowledged writes that are gone, when only that was
 * promised. "holds" means that nothing in this history contradicts the promise: a test refutes, it never proves.
 */
import type { ConsistencyModel, ConsistencyVerdict, Contradiction, HistoryKind } from '../../model/consistency.ts';
import { HoldfastError } from '../../model/errors.ts';
import { type HistoryEvent, show, type Value } from '../history/event.ts';
import { FAIL, historyOf, OK } from '../history/history.ts';
import { checkLinearizable, objectOf } from '../linearizability/check.ts';
import { FUNCTIONS, type ObjectName } from '../linearizability/objects.ts';
import type { SearchBudget } from '../linearizability/walk.ts';
import { type AnomalyName, type IsolationLevel, LEVELS, rulesOut } from '../transactions/anomalies.ts';
import { checkTransactions, type TransactionReport } from '../transactions/check.ts';
import { type Transactions, transactionsOf } from '../transactions/history.ts';
import { lostWrites } from './lost.ts';
import { bringsTransactions, isTransactional, plain } from './shape.ts';

export interface JudgeOptions {
  /** Default: told by the operations. */
  readonly kind?: HistoryKind;
  /** What was promised. Default: the most that can be: linearizable, or strict-serializable for transactions. */
  readonly expect?: ConsistencyModel;
  /** What every object holds at first. Default nil; a counter 0, a set and a queue empty, a text "". */
  readonly initial?: Value;
  /** For keys that must be searched; the same history and budget give the same verdict anywhere. */
  readonly budget?: SearchBudget;
}

/** What helps when a search ran out of its budget. */
const WAY_OUT = 'let fewer clients share one key, write each value once, or judge a shorter stretch of the history';

/** Contradictions that are shown of each anomaly. */
const SHOWN = 2;

/** Throws HF8042 when the history fits no model, or not the one asked for. */
export function judgeHistory(events: readonly HistoryEvent[], options: JudgeOptions = {}): ConsistencyVerdict {
  try {
    const transactional = options.kind ? isTransactional(options.kind) : bringsTransactions(events);
    return transactional ? judgeTransactions(events, options) : judgeObjects(plain(events), options);
  } catch (error) {
    // The checkers say so when an operation has not the form of their model.
    if (error instanceof TypeError || error instanceof RangeError)
      throw new HoldfastError('HF8042', error.message, { cause: error });
    throw error;
  }
}

type Base = Omit<ConsistencyVerdict, 'verdict' | 'summary'>;

function judgeObjects(events: readonly HistoryEvent[], options: JudgeOptions): ConsistencyVerdict {
  const history = historyOf(events);
  const { initial, budget } = options;
  const object = (options.kind as ObjectName | undefined) ?? objectOf(history);
  const foreign = history.functions.filter((f) => !FUNCTIONS[object].includes(f));
  if (foreign.length > 0) throw new TypeError(`a ${object} has no ${foreign.join(', ')}`);
  const checked = options.expect ?? 'linearizable';
  const base: Base = {
    checked,
    kind: object,
    operations: history.count,
    outcomes: outcomesOf(history.outcome),
    keys: history.keys.length,
    holds: [],
    anomalies: [],
    contradictions: [],
    reason: null,
  };
  if (checked === 'no-lost-writes') return judgeLosses(events, base);
  if (checked !== 'linearizable' && checked !== 'strict-serializable')
    throw new HoldfastError('HF8042', `${checked} is about transactions; this history is about a ${object}`);
  const report = checkLinearizable(history, {
    object,
    ...(initial === undefined ? {} : { initial }),
    ...(budget ? { budget } : {}),
  });
  const found = report.counterexample;
  const contradiction: Contradiction[] = found
    ? [
        {
          key: found.key === null ? null : show(found.key),
          why: found.why,
          before: found.before,
          drawing: found.timeline,
          operations: found.rows.length,
        },
      ]
    : [];
  return concluded(
    { linearizable: 'holds', 'not linearizable': 'violated', unknown: 'unknown' }[report.verdict] as Word,
    {
      ...base,
      holds: report.verdict === 'linearizable' ? ['linearizable', 'no-lost-writes'] : [],
      contradictions: contradiction,
      reason: report.unknown
        ? `${report.unknown.why} on ${nameOfKey(report.unknown.key)}, of which ${percent(report.unknown.explained)} could be explained; ${WAY_OUT}`
        : null,
    },
  );
}

function judgeLosses(events: readonly HistoryEvent[], base: Base): ConsistencyVerdict {
  const { lost, acknowledged, unseen, examples } = lostWrites(events, base.kind);
  const contradictions = examples.map(
    ({ key, text }): Contradiction => ({
      key: key === null ? null : show(key),
      why: 'an acknowledged write is gone',
      before: [],
      drawing: text,
      operations: 1,
    }),
  );
  const reason = unseen > 0 ? `of ${acknowledged} acknowledged writes ${unseen} were never looked for again` : null;
  const word: Word = lost > 0 ? 'violated' : unseen > 0 ? 'unknown' : 'holds';
  const anomalies = lost > 0 ? [{ name: 'lost write', count: lost }] : [];
  return concluded(word, {
    ...base,
    holds: word === 'holds' ? ['no-lost-writes'] : [],
    anomalies,
    contradictions,
    reason,
  });
}

function judgeTransactions(events: readonly HistoryEvent[], options: JudgeOptions): ConsistencyVerdict {
  const transactions = transactionsOf(events, options.kind as Transactions['kind'] | undefined);
  const asked = options.expect ?? 'strict-serializable';
  const checked = asked === 'linearizable' ? 'strict-serializable' : asked;
  const base: Base = {
    checked,
    kind: transactions.kind,
    operations: transactions.count,
    outcomes: outcomesOf(transactions.outcome),
    keys: transactions.keys.values.length,
    holds: [],
    anomalies: [],
    contradictions: [],
    reason: null,
  };
  if (checked === 'no-lost-writes') return judgeLosses(events, base);
  const report = checkTransactions(transactions);
  const level = checked as IsolationLevel;
  const word = wordOf(report, level);
  return concluded(word, {
    ...base,
    holds: word === 'unknown' && report.holds.length === 0 ? [] : report.holds,
    anomalies: [...report.anomalies].map(([name, count]) => ({ name, count })),
    contradictions: cyclesOf(report, word === 'violated' ? level : 'strict-serializable'),
    reason: report.unknown ?? null,
  });
}

function wordOf(report: TransactionReport, level: IsolationLevel): Word {
  if (!report.holds.includes(level)) return report.anomalies.size === 0 ? 'unknown' : 'violated';
  return report.unknown === undefined ? 'holds' : 'unknown';
}

/** Those that rule the level out, the plainest first; a few of each name. */
function cyclesOf({ findings }: TransactionReport, level: IsolationLevel): Contradiction[] {
  const counts = new Map<AnomalyName, number>();
  return findings
    .filter(({ anomaly }) => rulesOut(anomaly, level))
    .filter(({ anomaly }) => {
      const count = (counts.get(anomaly) ?? 0) + 1;
      counts.set(anomaly, count);
      return count <= SHOWN;
    })
    .map(({ anomaly, transactions, text }) => ({
      key: null,
      why: anomaly,
      before: [],
      drawing: text,
      operations: transactions.length,
    }))
    .sort((a, b) => a.operations - b.operations);
}

type Word = ConsistencyVerdict['verdict'];

/** What nothing was done to keeps every promise: that is no verdict. */
function concluded(found: Word, given: Base): ConsistencyVerdict {
  const idle = found === 'holds' && given.outcomes.ok === 0;
  const verdict = idle ? 'unknown' : found;
  const base = idle ? { ...given, holds: [], reason: 'no operation succeeded' } : given;
  return { verdict, ...base, summary: summarise(verdict, base) };
}

function summarise(verdict: Word, base: Base): string {
  const { checked, kind, operations, keys, outcomes, holds, anomalies, contradictions, reason } = base;
  const what = isTransactional(kind) ? `${operations} transactions` : `${operations} operations`;
  const open = outcomes.unknown > 0 ? `, ${outcomes.unknown} of unknown outcome` : '';
  const size = `${what}${open} on ${keys} ${keys === 1 ? 'key' : 'keys'}`;
  if (verdict === 'unknown') return `Unknown whether ${checked} holds: ${reason} (${size}).`;
  if (verdict === 'holds') {
    const none = checked === 'no-lost-writes' ? 'No acknowledged write is lost' : `Nothing contradicts ${checked}`;
    return `${none}: ${size}.`;
  }
  if (checked === 'no-lost-writes') {
    const lost = anomalies[0]?.count ?? 0;
    return `${lost} acknowledged ${lost === 1 ? 'write is' : 'writes are'} lost: ${size}.`;
  }
  if (!isTransactional(kind)) {
    const [first] = contradictions;
    const on = first?.key == null ? '' : ` on ${first.key}`;
    if (first?.operations === 1) return `Not linearizable: one operation${on} contradicts what came before (${size}).`;
    return `Not linearizable: ${first?.operations ?? 0} operations${on} contradict one another (${size}).`;
  }
  const names = anomalies
    .filter(({ name }) => rulesOut(name as AnomalyName, checked as IsolationLevel))
    .map(({ name, count }) => `${name} ×${count}`);
  const strongest = LEVELS.find((level) => holds.includes(level));
  const left = strongest ? `what still holds is ${strongest}` : 'not even read uncommitted holds';
  return `Not ${checked}: ${names.join(', ')}; ${left} (${size}).`;
}

function outcomesOf(outcome: Uint8Array): ConsistencyVerdict['outcomes'] {
  let ok = 0;
  let failed = 0;
  for (const one of outcome) {
    if (one === OK) ok++;
    else if (one === FAIL) failed++;
  }
  return { ok, failed, unknown: outcome.length - ok - failed };
}

function nameOfKey(key: Value): string {
  return key === null ? 'the only key' : `key ${show(key)}`;
}

function percent(share: number): string {
  return `${Math.floor(share * 100)} %`;
}
