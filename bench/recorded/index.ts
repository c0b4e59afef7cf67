/**
 * Root causes from folders of tables: simulated systems of 9 to 20 services with stores and queues, nine kinds of fault
 * at any service that is called at all, of three sizes, told as wide metrics, log lines and sampled spans in two
 * layouts, with when it began. Informs: which kinds of fault are found from which kinds of data.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { diagnoseRecorded, type RecordedReport } from '../../src/offline/diagnose.ts';
import type { Bench } from '../contract.ts';
import { type Result, resultRows } from '../results.ts';
import { type Part, writeTown } from './folder.ts';
import { FAULTS, type Fault, type Town, townOf } from './town.ts';

const PARTS: readonly (readonly Part[])[] = [['metrics', 'logs', 'traces'], ['logs', 'traces'], ['metrics']];
const SIZES = [0.2, 0.5, 1];
const SERVICES = [9, 20, 13];
const SAMPLED = [1, 0.5, 0.1];

export const bench: Bench = {
  name: 'recorded',
  what: 'root causes from folders of metrics, logs and traces of simulated systems, by kind of fault and of data',
  run: async ({ quick, log }) => {
    const seeds = quick ? 3 : 9;
    const results = new Map<string, Result[]>();
    for (const fault of FAULTS) {
      log(`${fault}, ${seeds} systems`);
      for (let seed = 1; seed <= seeds; seed++) {
        const town = townFor(seed, fault);
        for (const parts of PARTS) {
          const of = results.get(parts.join('+')) ?? [];
          results.set(parts.join('+'), of);
          of.push(resultOf(await diagnosed(town, seed, parts), town.cause, fault));
        }
      }
    }
    return [...results].flatMap(([parts, of]) =>
      resultRows({ id: parts, what: parts.replaceAll('+', ', '), cases: 'folders' }, of),
    );
  },
};

function townFor(seed: number, fault: Fault): Town {
  return townOf(1_000 * FAULTS.indexOf(fault) + seed, fault, {
    services: SERVICES[seed % 3] as number,
    perSecond: [2, 4, 12][seed % 3] as number,
    normalMs: 300_000,
    incidentMs: 180_000,
    sampled: SAMPLED[seed % 3] as number,
    size: SIZES[Math.floor(seed / 3) % 3] as number,
  });
}

async function diagnosed(town: Town, style: number, parts: readonly Part[]): Promise<RecordedReport> {
  const dir = mkdtempSync(join(tmpdir(), 'hf-recorded-'));
  try {
    writeTown(town, dir, style, parts);
    return await diagnoseRecorded({
      from: [dir],
      normal: [],
      wanted: { atMs: town.onsetMs, untilMs: null, service: null, kind: null, baseline: null },
      range: { fromMs: 0, toMs: 0, stepMs: 0 },
    });
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function resultOf({ causes, inconclusive }: RecordedReport, cause: string, fault: Fault): Result {
  const names = causes.map(({ name }) => name);
  const confidence = causes[0]?.confidence ?? 0;
  return {
    fault,
    first: names[0] === cause,
    third: names.slice(0, 3).includes(cause),
    confidence,
    named: !inconclusive,
  };
}
