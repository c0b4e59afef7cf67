/** Findings → rows: what was measured, against its target, and Holdfast against each peer. Lower is better in all. */
import type { BenchRow } from '../contract.ts';
import { type CrashRound, HANG_ROUND_MS, type HangRound } from './rig.ts';
import type { Subject } from './subject.ts';

export interface Findings {
  readonly name: Subject['name'];
  readonly crashes: readonly CrashRound[];
  /** Over all crash rounds together. */
  readonly crashSent: number;
  readonly crashFailed: number;
  readonly hangs: readonly HangRound[];
}

interface Measure {
  readonly id: string;
  readonly what: string;
  readonly unit: string;
  /** For Holdfast; null: only to compare. */
  readonly target: number | null;
  of(findings: Findings): { readonly value: number; readonly note?: string };
}

const MEASURES: readonly Measure[] = [
  {
    id: 'crash.noticed.p99',
    what: 'crash: noticed, p99',
    unit: 'ms',
    target: 50,
    of: ({ crashes }) => quantileOf(crashes, ({ noticedMs }) => noticedMs, 1, 0.99),
  },
  {
    id: 'crash.failed',
    what: 'crash: failed requests',
    unit: 'requests',
    target: 0,
    of: ({ crashes, crashSent, crashFailed }) => ({
      value: crashFailed,
      note: `of ${crashSent} in ${crashes.length} rounds`,
    }),
  },
  {
    id: 'crash.replaced.p50',
    what: 'crash: the replacement answers, p50',
    unit: 'ms',
    target: null,
    of: ({ crashes }) => quantileOf(crashes, ({ replacedMs }) => replacedMs, 1, 0.5),
  },
  {
    id: 'crash.replaced.p99',
    what: 'crash: the replacement answers, p99',
    unit: 'ms',
    target: null,
    of: ({ crashes }) => quantileOf(crashes, ({ replacedMs }) => replacedMs, 1, 0.99),
  },
  {
    id: 'hang.away',
    what: 'hang: traffic away from it, worst round',
    unit: 's',
    target: 1.5,
    of: ({ hangs }) => {
      const noisy = hangs.filter(({ lateBefore }) => lateBefore).length;
      const noise = `late requests also in the 5 s before ${noisy} of ${hangs.length} stops`;
      return { ...quantileOf(hangs, ({ awayMs }) => awayMs, 1_000, 1), ...(noisy > 0 ? { note: noise } : {}) };
    },
  },
  {
    id: 'hang.failed-share',
    what: 'hang: failed requests in 15 s from its begin',
    unit: '%',
    target: 0.1,
    of: ({ hangs }) => {
      const failed = sum(hangs.map((round) => round.failed));
      const sent = sum(hangs.map((round) => round.sent));
      return { value: (100 * failed) / sent, note: `${failed} of ${sent} in ${hangs.length} rounds` };
    },
  },
  {
    id: 'hang.replaced',
    what: 'hang: the replacement answers, worst round',
    unit: 's',
    target: 3,
    of: ({ hangs }) => quantileOf(hangs, ({ replacedMs }) => replacedMs, 1_000, 1),
  },
];

export function rowsOf(all: readonly Findings[]): BenchRow[] {
  return MEASURES.flatMap((measure) => [
    ...all.map((findings) => rowOf(measure, findings)),
    ...comparisons(measure, all),
  ]);
}

function rowOf(measure: Measure, findings: Findings): BenchRow {
  const { value, note } = measure.of(findings);
  const target = findings.name === 'holdfast' ? measure.target : null;
  return {
    id: `${measure.id}.${findings.name}`,
    what: measure.what,
    value,
    unit: measure.unit,
    target,
    pass: target === null ? null : value <= target,
    ...(note === undefined ? {} : { note }),
  };
}

function comparisons(measure: Measure, all: readonly Findings[]): BenchRow[] {
  const own = all.find(({ name }) => name === 'holdfast');
  if (!own) return [];
  return all
    .filter((findings) => findings !== own)
    .map((peer) => {
      const difference = measure.of(own).value - measure.of(peer).value;
      return {
        id: `${measure.id}.vs-${peer.name}`,
        what: `  Holdfast less ${peer.name}`,
        value: difference,
        unit: measure.unit,
        target: 0,
        pass: difference <= 0,
      };
    });
}

/** A quantile (nearest rank) of times in ms, in the unit; what never came is the length of a round, and said so. */
function quantileOf<Round>(
  rounds: readonly Round[],
  timeOf: (round: Round) => number | null,
  unitMs: number,
  quantile: number,
): { value: number; note?: string } {
  const times = rounds.map(timeOf);
  const never = times.filter((time) => time === null).length;
  const sorted = times.map((time) => time ?? HANG_ROUND_MS).sort((a, b) => a - b);
  const value = (sorted[Math.max(0, Math.ceil(quantile * sorted.length) - 1)] as number) / unitMs;
  const note = `not within ${HANG_ROUND_MS / 1_000} s in ${never} of ${times.length} rounds`;
  return never === 0 ? { value } : { value, note };
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
