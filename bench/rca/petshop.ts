/**
 * Reads recorded issues in the layout of the PetShop dataset: SCENARIO/graph.csv, SCENARIO/noissue/metrics.csv (may be
 * missing), SCENARIO/SPLIT/issue_N/{metrics.csv,target.json}. Splits and scenarios are whatever folders there are.
 *
 * metrics.csv: three header rows (service, metric, statistic), a row that names the index, then a row per bin: its
 * start in seconds and one value per column, blank where nothing was measured.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Bin, Load, RecordedEdge, RecordedSymptom } from '../../src/diagnose/recorded/types.ts';

export interface Table {
  readonly startsMs: readonly number[];
  readonly loads: ReadonlyMap<string, Load>;
}

export interface Issue {
  readonly scenario: string;
  readonly split: string;
  readonly name: string;
  readonly symptom: RecordedSymptom;
  readonly cause: string;
  readonly table: Table;
}

export interface Scenario {
  readonly name: string;
  readonly edges: readonly RecordedEdge[];
  /** null: nothing was recorded in normal times. */
  readonly normal: Table | null;
  readonly issues: readonly Issue[];
}

const BIN_MS = 300_000;

export function readScenarios(dir: string): Scenario[] {
  const names = existsSync(dir) ? readdirSync(dir).sort() : [];
  return names.filter((name) => existsSync(join(dir, name, 'graph.csv'))).map((name) => readScenario(dir, name));
}

function readScenario(dir: string, name: string): Scenario {
  const path = join(dir, name);
  const normal = join(path, 'noissue', 'metrics.csv');
  const issues: Issue[] = [];
  for (const split of readdirSync(path, { withFileTypes: true })) {
    if (!split.isDirectory()) continue;
    const folders = readdirSync(join(path, split.name)).filter((folder) => folder.startsWith('issue_'));
    for (const folder of folders.sort())
      issues.push(readIssue(name, split.name, folder, join(path, split.name, folder)));
  }
  return {
    name,
    edges: readGraph(readFileSync(join(path, 'graph.csv'), 'utf8')),
    normal: existsSync(normal) ? readTable(readFileSync(normal, 'utf8')) : null,
    issues,
  };
}

interface Target {
  readonly target: { readonly node: string; readonly metric: string; readonly timestamp: number };
  readonly root_cause: { readonly node: string };
}

function readIssue(scenario: string, split: string, name: string, path: string): Issue {
  const { target, root_cause } = JSON.parse(readFileSync(join(path, 'target.json'), 'utf8')) as Target;
  const kind = target.metric === 'latency' ? 'slow' : 'erroring';
  return {
    scenario,
    split,
    name,
    symptom: { service: target.node, kind, onsetMs: target.timestamp * 1_000 },
    cause: root_cause.node,
    table: readTable(readFileSync(join(path, 'metrics.csv'), 'utf8')),
  };
}

/** Row = caller, column = callee. */
export function readGraph(text: string): RecordedEdge[] {
  const [head = [], ...rows] = readCsv(text);
  return rows.flatMap(([caller = '', ...cells]) =>
    cells.flatMap((cell, column) =>
      Number(cell) > 0 ? [{ caller, callee: head[column + 1] as string, seen: null, answered: null }] : [],
    ),
  );
}

export function readTable(text: string): Table {
  const [services = [], metrics = [], statistics = [], ...rest] = readCsv(text);
  const rows = rest.filter(([start]) => Number.isFinite(Number.parseFloat(start as string)));
  const blank = (): Float64Array => new Float64Array(rows.length).fill(Number.NaN);
  const loads = new Map<string, { requests: Float64Array; latencyMs: Float64Array; failedShare: Float64Array }>();
  for (let column = 1; column < services.length; column++) {
    const service = services[column] as string;
    const load = loads.get(service) ?? { requests: blank(), latencyMs: blank(), failedShare: blank() };
    loads.set(service, load);
    const kind = `${metrics[column]}/${statistics[column]}`;
    rows.forEach((row, bin) => {
      const cell = row[column] as string;
      if (cell === '' || cell === undefined) return;
      const value = Number(cell);
      if (kind === 'requests/Sum') load.requests[bin] = value;
      if (kind === 'latency/Average') load.latencyMs[bin] = value * 1_000;
      if (kind === 'availability/Average') load.failedShare[bin] = 1 - value / 100;
    });
  }
  return { startsMs: rows.map(([start]) => Number(start) * 1_000), loads };
}

export function binsOf({ startsMs }: Table): Bin[] {
  return startsMs.map((fromMs) => ({ fromMs, toMs: fromMs + BIN_MS }));
}

/** Rows [from, to) of a table. */
export function slice({ startsMs, loads }: Table, from: number, to: number): Table {
  const cut = (load: Load): Load => ({
    requests: load.requests.slice(from, to),
    latencyMs: load.latencyMs.slice(from, to),
    failedShare: load.failedShare.slice(from, to),
  });
  return {
    startsMs: startsMs.slice(from, to),
    loads: new Map([...loads].map(([service, load]) => [service, cut(load)])),
  };
}

/** Fields may be quoted; quotes within are doubled. */
function readCsv(text: string): string[][] {
  return text
    .split(/\r?\n/)
    .filter((line) => line !== '')
    .map((line) => {
      if (!line.includes('"')) return line.split(',');
      const cells: string[] = [];
      for (const match of line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)) {
        cells.push(match[1] === undefined ? (match[2] as string) : match[1].replaceAll('""', '"'));
      }
      return cells;
    });
}
