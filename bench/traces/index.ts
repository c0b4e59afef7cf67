/**
 * Root causes from recorded traces, logs and metrics: simulated systems whose fault and place are known, told as
 * OpenTelemetry exports and read as `holdfast diagnose --from` reads them. Onset is found, not given.
 */
import type { Wanted } from '../../src/offline/assemble/recording.ts';
import { type RecordedReport, reportOf } from '../../src/offline/diagnose.ts';
import { Collector } from '../../src/offline/read/collector.ts';
import { readOtlp } from '../../src/offline/read/otlp.ts';
import { EXPECTED_CLASS, FAULTS, type World, worldOf } from '../../src/offline/testing/world.ts';
import type { Bench, BenchRow } from '../contract.ts';
import { type Result, resultRows, shareOf } from '../results.ts';

const TARGETS = { first: 0.95, class: 0.9 };
const ANYTHING: Wanted = { atMs: null, untilMs: null, service: null, kind: null, baseline: null };

interface Found extends Result {
  readonly onsetOffMs: number;
}

/** A fault that grows, or that few feel, is seen this late. */
const ONSET_WITHIN_MS = 30_000;

export const bench: Bench = {
  name: 'traces',
  what: 'root causes from recorded traces, logs and metrics of simulated systems',
  run: async ({ quick, log }) => {
    const seeds = quick ? 3 : 10;
    const rows: BenchRow[] = [];
    for (const bare of [false, true]) {
      const results: Found[] = [];
      for (const fault of FAULTS) {
        log(`${fault}, ${seeds} systems${bare ? ', traces alone' : ''}`);
        for (let seed = 1; seed <= seeds; seed++) results.push(judge(worldOf(1_000 + seed, fault, { bare }), log));
      }
      const told = bare ? { id: 'bare', what: 'traces alone' } : { id: 'all', what: 'traces, logs, metrics' };
      rows.push(...resultRows({ ...told, cases: 'recordings' }, results, bare ? {} : TARGETS));
      const value = shareOf(results, ({ onsetOffMs }) => Math.abs(onsetOffMs) <= ONSET_WITHIN_MS);
      rows.push({
        id: `${told.id}.onset`,
        what: `${told.what}: onset within 30 s`,
        value,
        unit: '',
        target: null,
        pass: null,
      });
    }
    rows.push(quiet(seeds, log));
    return rows;
  },
};

function diagnosed(world: World): RecordedReport {
  const collector = new Collector();
  for (const document of world.documents) readOtlp(document as Record<string, unknown>, collector);
  return reportOf(collector.finish(), null, ANYTHING);
}

function judge(world: World, log: (line: string) => void): Found {
  const report = diagnosed(world);
  const names = report.causes.map(({ name }) => name);
  const top = report.causes[0];
  const result = {
    fault: world.fault,
    first: names[0] === world.cause,
    third: names.slice(0, 3).includes(world.cause),
    named: !report.inconclusive,
    rightClass: top !== undefined && EXPECTED_CLASS[world.fault].includes(top.faultClass),
    onsetOffMs: Date.parse(report.symptom.onsetAt) - world.onsetMs,
    confidence: top?.confidence ?? 0,
  };
  if (process.env.HOLDFAST_BENCH_TELL !== undefined && !(result.first && result.rightClass))
    log(
      `  ${world.fault} at ${world.cause}: ${report.sentence} [${report.symptom.service} ${report.symptom.kind} ${result.onsetOffMs} ms]`,
    );
  return result;
}

/** Systems without any fault. */
function quiet(seeds: number, log: (line: string) => void): BenchRow {
  log(`nothing wrong, ${seeds} systems`);
  let silent = 0;
  for (let seed = 1; seed <= seeds; seed++) silent += diagnosed(worldOf(5_000 + seed, null)).inconclusive ? 1 : 0;
  const value = silent / seeds;
  return { id: 'quiet', what: 'nothing wrong: nobody is named', value, unit: '', target: 0.95, pass: value >= 0.95 };
}
