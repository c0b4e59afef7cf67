/**
 * Root causes from recorded traces, logs and metrics: simulated systems whose fault and place are known, told as
 * OpenTelemetry exports and read as `holdfast diagnose --from` reads them. Onset is found, not given.
 */
import type { Wanted } from '../../src/offline/assemble/recording.ts';
import { type RecordedReport, reportOf } from '../../src/offline/diagnose.ts';
import { Collector } from '../../src/offline/read/collector.ts';
import { readOtlp } from '../../src/offline/read/otlp.ts';
import { EXPECTED_CLASS, FAULTS, type World, type WorldFault, worldOf } from '../../src/offline/testing/world.ts';
import type { Bench, BenchRow } from '../contract.ts';

const ANYTHING: Wanted = { atMs: null, untilMs: null, service: null, kind: null, baseline: null };

interface Result {
  readonly fault: WorldFault;
  readonly first: boolean;
  readonly third: boolean;
  readonly named: boolean;
  readonly rightClass: boolean;
  readonly onsetOffMs: number;
  readonly confidence: number;
}

export const bench: Bench = {
  name: 'traces',
  what: 'root causes from recorded traces, logs and metrics of simulated systems',
  run: async ({ quick, log }) => {
    const seeds = quick ? 3 : 10;
    const rows: BenchRow[] = [];
    for (const bare of [false, true]) {
      const results: Result[] = [];
      for (const fault of FAULTS) {
        log(`${fault}, ${seeds} systems${bare ? ', traces alone' : ''}`);
        for (let seed = 1; seed <= seeds; seed++) results.push(judge(worldOf(1_000 + seed, fault, { bare }), log));
      }
      rows.push(...rowsOf(bare ? 'bare' : 'all', bare ? 'traces alone' : 'traces, logs, metrics', results, !bare));
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

function judge(world: World, log: (line: string) => void): Result {
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

function rowsOf(id: string, what: string, results: readonly Result[], judged: boolean): BenchRow[] {
  const share = (of: readonly Result[], wanted: (one: Result) => boolean): number =>
    of.filter(wanted).length / of.length;
  const row = (name: string, text: string, value: number, target: number | null, note?: string): BenchRow => ({
    id: `${id}.${name}`,
    what: `${what}: ${text}`,
    value,
    unit: '',
    target,
    pass: target === null ? null : value >= target,
    ...(note === undefined ? {} : { note }),
  });
  const note = `${results.length} recordings`;
  const named = results.filter((one) => one.named);
  const rows = [
    row(
      'top1',
      'cause first',
      share(results, ({ first }) => first),
      judged ? 0.95 : null,
      note,
    ),
    row(
      'top3',
      'cause among the first three',
      share(results, ({ third }) => third),
      null,
    ),
    row(
      'class',
      'right fault class',
      share(results, ({ rightClass }) => rightClass),
      judged ? 0.9 : null,
    ),
    row(
      'named',
      'a cause is named',
      share(results, (one) => one.named),
      null,
    ),
    row(
      'named.right',
      'named causes that are right',
      share(named, ({ first }) => first),
      null,
    ),
    row(
      'onset',
      'onset within 30 s',
      share(results, ({ onsetOffMs }) => Math.abs(onsetOffMs) <= 30_000),
      null,
    ),
  ];
  for (const fault of FAULTS) {
    const of = results.filter((one) => one.fault === fault);
    const classes = share(of, ({ rightClass }) => rightClass);
    rows.push(
      row(
        fault.replace(' ', '-'),
        `${fault}: cause first`,
        share(of, ({ first }) => first),
        null,
        `class right: ${classes.toFixed(2)}`,
      ),
    );
  }
  return rows;
}

/** Systems without any fault. */
function quiet(seeds: number, log: (line: string) => void): BenchRow {
  log(`nothing wrong, ${seeds} systems`);
  let silent = 0;
  for (let seed = 1; seed <= seeds; seed++) silent += diagnosed(worldOf(5_000 + seed, null)).inconclusive ? 1 : 0;
  const value = silent / seeds;
  return { id: 'quiet', what: 'nothing wrong: nobody is named', value, unit: '', target: 0.95, pass: value >= 0.95 };
}
