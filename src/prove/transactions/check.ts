/**
 * The verdict on a history of transactions: which anomalies it shows, with their evidence, and the strongest
 * isolation level that still holds. No search: dependencies are read off the values (list-append, rw-register), and
 * every anomaly is a shape in their graph. Time and memory are linear in the history.
 *
 * A level "holds" when nothing in this history contradicts it: a test can refute isolation, never prove it.
 */
import { NEVER, OK } from '../history/history.ts';
import { type AnomalyName, type IsolationLevel, levelsThatHold } from './anomalies.ts';
import { CYCLE_BUDGET, type Cycle, findCycles } from './cycles.ts';
import { Elements } from './elements.ts';
import { type Finding, Findings, showTransaction } from './findings.ts';
import { Graph, ON, RT, RW, WR, WW } from './graph.ts';
import type { Transactions } from './history.ts';
import { ListAppend } from './list-append.ts';
import { RwRegister } from './rw-register.ts';

export interface TransactionOptions {
  /** Judge against real time too (strict serializability). Default true; false for clients whose clocks differ. */
  readonly realtime?: boolean;
  /** Edges followed when cycles are told apart; see CYCLE_BUDGET. */
  readonly budget?: number;
}

export interface TransactionReport {
  /** The strongest levels that still hold: usually one, none when even read uncommitted is violated. */
  readonly strongest: readonly IsolationLevel[];
  /** All levels that hold, strongest first. */
  readonly holds: readonly IsolationLevel[];
  readonly transactions: number;
  /** How often each anomaly was found; of cycles, in how many parts of the graph (at least). */
  readonly anomalies: ReadonlyMap<AnomalyName, number>;
  /** Evidence, at most four of each name. */
  readonly findings: readonly Finding[];
  /** Why no verdict is possible, or why the list of anomalies may be incomplete. */
  readonly unknown?: string;
}

export function checkTransactions(t: Transactions, options: TransactionOptions = {}): TransactionReport {
  const elements = new Elements(t);
  const findings = new Findings();
  if (elements.twice) {
    const [a, b] = elements.twice.map((m) => elements.transaction[m] as number) as [number, number];
    const unknown = `the same value was written twice to one key:\n${showTransaction(t, a)}\n${showTransaction(t, b)}`;
    return { strongest: [], holds: [], transactions: t.count, anomalies: new Map(), findings: [], unknown };
  }
  const graph = new Graph(t.count);
  infer(t, elements, graph, findings);
  if (options.realtime !== false) addRealTime(t, graph);
  graph.seal();
  const { cycles, partial } = findCycles(graph, options.budget ?? CYCLE_BUDGET);
  for (const cycle of cycles) {
    const transactions = cycle.nodes.filter((node) => node < t.count);
    findings.add(cycle.anomaly, transactions, () => showCycle(t, cycle));
  }
  let holds = levelsThatHold(findings.counts.keys());
  if (options.realtime === false) holds = holds.filter((level) => level !== 'strict-serializable');
  return {
    strongest: maximal(holds),
    holds,
    transactions: t.count,
    anomalies: findings.counts,
    findings: findings.kept,
    ...(partial
      ? { unknown: 'budget exhausted: not every cycle was told apart, milder levels may be violated too' }
      : {}),
  };
}

function infer(t: Transactions, elements: Elements, graph: Graph, findings: Findings): void {
  if (t.kind === 'list-append') {
    new ListAppend(t, elements, graph, findings).infer();
    return;
  }
  const registers = new RwRegister(t, elements, graph, findings);
  registers.internal();
  registers.infer();
}

/**
 * A helper node for every moment at which something was invoked after something had returned: transactions lead into
 * the first such moment after their return, moments lead on to the next, and into what is invoked there.
 */
function addRealTime(t: Transactions, graph: Graph): void {
  const at = new Int32Array(t.events);
  for (let n = 0; n < t.count; n++) {
    at[t.invoked[n] as number] = n + 1;
    if (t.outcome[n] === OK && t.returned[n] !== NEVER) at[t.returned[n] as number] = -(n + 1);
  }
  let moment = -1;
  let isNew = false;
  for (let position = 0; position < t.events; position++) {
    const event = at[position] as number;
    if (event > 0) {
      if (moment >= 0 && t.outcome[event - 1] !== 1) graph.edge(moment, event - 1, ON);
      isNew = false;
    } else if (event < 0) {
      if (!isNew) {
        const next = graph.helper();
        if (moment >= 0) graph.edge(moment, next, ON);
        moment = next;
        isNew = true;
      }
      graph.edge(-event - 1, moment, RT);
    }
  }
}

function maximal(holds: readonly IsolationLevel[]): IsolationLevel[] {
  const [first] = holds;
  if (first === undefined) return [];
  if (first !== 'repeatable-read' || !holds.includes('snapshot-isolation')) return [first];
  return ['repeatable-read', 'snapshot-isolation'];
}

const SAYS: Readonly<Record<number, string>> = {
  [WW]: 'overwritten by',
  [WR]: 'read by',
  [RW]: 'did not see',
  [RT]: 'ended before',
};

/** Each transaction on a line, and between them what makes the second come after the first. */
function showCycle(t: Transactions, cycle: Cycle): string {
  const lines: string[] = [];
  let kind = 0;
  cycle.nodes.forEach((node, n) => {
    if (node < t.count) {
      if (lines.length > 0) lines.push(`  ${SAYS[kind]}`);
      lines.push(showTransaction(t, node));
    }
    if (cycle.kinds[n] !== ON) kind = cycle.kinds[n] as number;
  });
  const start = cycle.nodes.find((node) => node < t.count);
  return [...lines, `  ${SAYS[kind]}`, `T${start}`].join('\n');
}
