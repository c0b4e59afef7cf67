/**
 * Where readers put what they read, with limits. Metrics of OTLP and the Prometheus text go through the intake's own
 * decoders; their points are kept per series until all files are read.
 */

import { IntakeHub } from '../../intake/hub.ts';
import { KINDS } from '../../intake/otlp/decode.ts';
import { toProtobuf } from '../../intake/otlp/json.ts';
import { parseText } from '../../intake/prometheus/text.ts';
import { HoldfastError } from '../../model/errors.ts';
import type { Series, TelemetryBatch } from '../../model/telemetry.ts';
import { type Gathered, LIMITS, nothing, type ReadLog, type ReadSpan } from '../contract.ts';
import { tooMuch } from './errors.ts';
import { meansOfQuantiles } from './quantiles.ts';
import { type FamilyMeasure, measuresOf, type ReadSeries } from './series.ts';
import { type Draft, measuresOfDrafts } from './wide.ts';

export class Collector {
  readonly gathered: Gathered = nothing();
  readonly #hub: IntakeHub;
  readonly #series = new Map<Series, ReadSeries>();
  readonly #families: FamilyMeasure[] = [];
  readonly #columns: Draft[] = [];
  #points = 0;

  constructor() {
    this.#hub = new IntakeHub({
      emit: (batch) => this.#keep(batch),
      now: () => 0,
      wallMs: () => 0,
      limits: { maxSeries: LIMITS.maxSeries, maxSeriesPerSource: LIMITS.maxSeries, maxLineBytes: 1_048_576 },
    });
  }

  span(span: ReadSpan): void {
    if (this.gathered.spans.length >= LIMITS.maxSpans) throw tooMuch(`more than ${LIMITS.maxSpans} spans`);
    this.gathered.spans.push(span);
  }

  log(line: ReadLog): void {
    if (this.gathered.logs.length >= LIMITS.maxLogLines) throw tooMuch(`more than ${LIMITS.maxLogLines} log lines`);
    this.gathered.logs.push(line);
  }

  /** `{resourceMetrics: […]}`; throws the intake's Malformed. */
  otlpMetrics(document: object): void {
    const kind = KINDS.find(({ what }) => what === 'points') as (typeof KINDS)[number];
    const batch = this.#hub.batch('otlp-file');
    kind.decode(toProtobuf(document, kind.json), this.#hub, batch);
    batch.commit();
  }

  /** Exposition text. Points without a time are told apart from time 0 by the caller's `wallMs`. */
  prometheusText(bytes: Uint8Array, openMetrics: boolean, wallMs: number): void {
    const batch = this.#hub.batch('prometheus-file');
    parseText(bytes, { openMetrics, source: '', labels: {}, wallMs }, this.#hub, batch);
    batch.commit();
  }

  series(series: ReadSeries): void {
    this.#count(series.atMs.length);
    this.#families.push(...measuresOf(series));
  }

  measure(measure: FamilyMeasure): void {
    this.#count(measure.atMs.length);
    this.#families.push(measure);
  }

  /** One of many files with a column each: their unit is seen once all are read. */
  column(draft: Draft): void {
    this.#count(draft.atMs.length);
    this.#columns.push(draft);
  }

  /** After the last file. */
  finish(): Gathered {
    this.#hub.close();
    this.#families.push(...measuresOfDrafts(this.#columns));
    for (const series of this.#series.values()) this.#families.push(...measuresOf(inOrder(timed(series))));
    if (
      this.#families.length === 0 &&
      this.#series.size > 0 &&
      [...this.#series.values()].every(({ atMs }) => atMs.every(Number.isNaN))
    )
      throw new HoldfastError('HF8405', 'no value has a time: one look at a target says nothing of before', {
        remedy: 'Give text with timestamps (promtool tsdb dump, OpenMetrics), or the address of the Prometheus server.',
      });
    this.#series.clear();
    this.gathered.measures.push(...bestFamilies([...this.#families, ...meansOfQuantiles(this.#families)]));
    return this.gathered;
  }

  #keep({ points }: TelemetryBatch): void {
    this.#count(points.values.length);
    points.series.forEach((series, n) => {
      let known = this.#series.get(series);
      if (known === undefined) {
        const { name, labels, kind, unit, source } = series;
        known = { name, labels, kind, unit, source, atMs: [], values: [] };
        this.#series.set(series, known);
      }
      known.atMs.push(points.wallMs[n] as number);
      known.values.push(points.values[n] as number);
    });
  }

  #count(points: number): void {
    this.#points += points;
    if (this.#points > LIMITS.maxPoints) throw tooMuch(`more than ${LIMITS.maxPoints} points`);
  }
}

/** Exposition text may come without times. */
function timed(series: ReadSeries): ReadSeries {
  if (!series.atMs.some(Number.isNaN)) return series;
  const kept = [...series.atMs.keys()].filter((n) => !Number.isNaN(series.atMs[n]));
  return {
    ...series,
    atMs: kept.map((n) => series.atMs[n] as number),
    values: kept.map((n) => series.values[n] as number),
  };
}

function inOrder(series: ReadSeries): ReadSeries {
  const { atMs } = series;
  if (atMs.every((at, n) => n === 0 || at >= (atMs[n - 1] as number))) return series;
  const order = [...atMs.keys()].sort((a, b) => (atMs[a] as number) - (atMs[b] as number));
  return { ...series, atMs: order.map((n) => atMs[n] as number), values: order.map((n) => series.values[n] as number) };
}

/**
 * Several metrics about the same calls (a request counter, a histogram's count) are one thing measured twice: per
 * service, edge, view and quantity one family is kept, the best ranked; of equals that with failures told apart, then
 * the one with the most points. Levels of resources are all kept.
 */
function bestFamilies(all: readonly FamilyMeasure[]): FamilyMeasure[] {
  const groups = new Map<string, Map<string, { points: number; rank: number; failures: boolean }>>();
  const keyOf = ({ service, callee, view, quantity }: FamilyMeasure): string =>
    JSON.stringify([service, callee, view, quantity]);
  const failing = new Set(
    all.filter(({ quantity }) => quantity === 'failed').map((one) => `${one.service} ${one.family}`),
  );
  for (const measure of all) {
    if (measure.quantity === 'level') continue;
    const families =
      groups.get(keyOf(measure)) ?? new Map<string, { points: number; rank: number; failures: boolean }>();
    groups.set(keyOf(measure), families);
    const id = `${measure.family} ${measure.rank}`;
    const known = families.get(id) ?? {
      points: 0,
      rank: measure.rank,
      failures: failing.has(`${measure.service} ${measure.family}`),
    };
    known.points += measure.values.length;
    families.set(id, known);
  }
  const best = new Map<string, string>();
  for (const [key, families] of groups) {
    const [first] = [...families].sort(
      ([, a], [, b]) => a.rank - b.rank || Number(b.failures) - Number(a.failures) || b.points - a.points,
    );
    if (first) best.set(key, first[0]);
  }
  return all.filter((one) => one.quantity === 'level' || best.get(keyOf(one)) === `${one.family} ${one.rank}`);
}
