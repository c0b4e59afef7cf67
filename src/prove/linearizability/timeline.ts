/**
 * Operations as bars on one time line, a line for each process, time from left to right. Only the order of events
 * matters, so every event that is drawn gets a column of its own and the rest is left out:
 *
 *   process 1  ├write 1───────┤
 *   process 2                    ├read → 0┤  ✗
 */
import { type History, NEVER } from '../history/history.ts';
import { describe } from './counterexample.ts';

/** What a terminal of 80 columns has room for, indented as the CLI does. */
const WIDTH = 76;
/** How long labels may be, the first that fits the width; longer ones are cut in the middle, since texts differ at the end. */
const LABELS = [40, 32, 26, 20, 16, 12];

export function drawTimeline(history: History, rows: readonly number[], failed: number, until: number): string {
  let drawn = '';
  for (const label of LABELS) {
    drawn = drawn && widest(drawn.split('\n')) <= WIDTH ? drawn : draw(history, rows, failed, until, label);
  }
  return drawn;
}

function draw(history: History, rows: readonly number[], failed: number, until: number, label: number): string {
  const bars = rows.map((row) => barOf(history, row, until, label));
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
  return [...lines.values()].map((line, n) => `${(names[n] as string).padEnd(widest(names))}  ${line}`).join('\n');
}

function widest(lines: readonly string[]): number {
  return lines.reduce((most, { length }) => Math.max(most, length), 0);
}

interface Bar {
  readonly row: number;
  readonly start: number;
  readonly end: number;
  readonly label: string;
}

function barOf(history: History, row: number, until: number, most: number): Bar {
  const returned = history.returned[row] as number;
  const label = cut(describe(history, row), most);
  return { row, start: history.invoked[row] as number, end: returned > until ? NEVER : returned, label };
}

function cut(text: string, most: number): string {
  if (text.length <= most) return text;
  const head = Math.ceil((most - 1) * 0.6);
  return `${text.slice(0, head)}…${text.slice(text.length - (most - 1 - head))}`;
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
