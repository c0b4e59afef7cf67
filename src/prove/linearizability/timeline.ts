/**
 * Operations as bars on one time line, a line for each process, time from left to right. Only the order of events
 * matters, so every event that is drawn gets a column of its own and the rest is left out:
 *
 *   process 1  ├write 1───────┤
 *   process 2                    ├read → 0┤  ✗
 */
import { type History, NEVER } from '../history/history.ts';
import { describe } from './counterexample.ts';

/** Longer labels are cut. */
const LABEL = 40;

export function drawTimeline(history: History, rows: readonly number[], failed: number, until: number): string {
  const bars = rows.map((row) => barOf(history, row, until));
  const column = columns(bars);
  const lines = new Map<number, string>();
  for (const bar of bars) {
    const process = history.process[bar.row] as number;
    const line = (lines.get(process) ?? '').padEnd(column.get(bar.start) as number);
    const width = (bar.end === NEVER ? column.get(NEVER) : column.get(bar.end)) as number;
    const inner = bar.label.padEnd(width - line.length - 1, bar.end === NEVER ? '┄' : '─');
    lines.set(process, `${line}├${inner}${bar.end === NEVER ? '┄' : '┤'}${bar.row === failed ? ' ✗' : ''}`);
  }
  const names = [...lines.keys()].map((process) => `process ${process}`);
  const widest = Math.max(0, ...names.map((name) => name.length));
  return [...lines.values()].map((line, n) => `${(names[n] as string).padEnd(widest)}  ${line}`).join('\n');
}

interface Bar {
  readonly row: number;
  readonly start: number;
  readonly end: number;
  readonly label: string;
}

function barOf(history: History, row: number, until: number): Bar {
  const returned = history.returned[row] as number;
  const text = describe(history, row);
  const label = text.length > LABEL ? `${text.slice(0, LABEL - 1)}…` : text;
  return { row, start: history.invoked[row] as number, end: returned > until ? NEVER : returned, label };
}

/** Columns in order of time, each far enough right that the labels before it have room. */
function columns(bars: readonly Bar[]): ReadonlyMap<number, number> {
  const positions = [...new Set(bars.flatMap((bar) => [bar.start, bar.end]))].sort((a, b) => a - b);
  const column = new Map<number, number>();
  let at = 0;
  for (const position of positions) {
    for (const bar of bars) {
      if (bar.end === position) at = Math.max(at, (column.get(bar.start) as number) + bar.label.length + 1);
    }
    column.set(position, at);
    at += 2;
  }
  if (!column.has(NEVER)) column.set(NEVER, at);
  return column;
}
