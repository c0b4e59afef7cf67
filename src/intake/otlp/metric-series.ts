/** A series seen for the first time: its name, unit and labels are made into strings, if there is room for it. */
import type { SeriesKind } from '../../model/telemetry.ts';
import type { BatchBuilder, IntakeContext, KnownSeries, SeriesDraft } from '../contract.ts';
import type { Cursor } from '../wire/protobuf.ts';
import type { Resource } from './resource.ts';
import { keyValue } from './value.ts';

/** DataPointFlags: the point says that there is no value (a stale marker). */
export const NO_VALUE = 1;

/** One metric of a request: where its name and unit lie, and what its points have in common. */
export interface MetricHead {
  readonly resource: Resource;
  nameAt: number;
  nameEnd: number;
  unitAt: number;
  unitEnd: number;
  kind: SeriesKind;
  hashLow: number;
  hashHigh: number;
}

export interface NewSeries {
  readonly cursor: Cursor;
  /** The data point, and the tag of its attributes. */
  readonly begin: number;
  readonly end: number;
  readonly attribute: number;
  readonly low: number;
  readonly high: number;
  /** Added to the metric's name: `_count`. */
  readonly name: string;
  readonly parts: readonly SeriesPart[];
}

export interface SeriesPart {
  readonly suffix: string;
  readonly label?: readonly [string, string];
  readonly kind?: SeriesKind;
}

/** Undefined, and the points counted as dropped, when it may not be. The cursor ends at the data point's end. */
export function seriesOf(
  wanted: NewSeries,
  head: MetricHead,
  context: IntakeContext,
  batch: BatchBuilder,
): KnownSeries | undefined {
  const { cursor, begin, end, attribute, parts } = wanted;
  const { resource } = head;
  if (!context.series.room(resource.service)) return refuse(batch, 'too-many-series');
  const { maxLabels, maxLabelBytes } = context.limits;
  if (head.nameEnd - head.nameAt > maxLabelBytes) return refuse(batch, 'too-many-labels');
  const labels: Record<string, string> = { ...resource.labels };
  let count = 0;
  cursor.at = begin;
  while (cursor.at < end) {
    const tag = cursor.tag();
    if (tag !== attribute) {
      cursor.skip(tag, end);
      continue;
    }
    const inner = cursor.open(end);
    if (++count > maxLabels || inner - cursor.at > maxLabelBytes) {
      cursor.at = end;
      return refuse(batch, 'too-many-labels');
    }
    keyValue(cursor, inner, labels);
  }
  const name = cursor.text(head.nameAt, head.nameEnd);
  const unit = cursor.text(head.unitAt, Math.min(head.unitEnd, head.unitAt + 64));
  const draft: SeriesDraft = {
    name: name + wanted.name,
    labels,
    kind: head.kind,
    unit: wanted.name === '_count' ? '' : unit,
    source: resource.service,
    parts: parts.map((part) => ({
      name: name + part.suffix,
      labels: part.label ? { ...labels, [part.label[0]]: part.label[1] } : labels,
      kind: part.kind ?? head.kind,
      unit: part.suffix === '_bucket' ? '' : unit,
    })),
  };
  return context.series.add(wanted.low, wanted.high, draft) ?? refuse(batch, 'too-many-series');
}

function refuse(batch: BatchBuilder, reason: 'too-many-series' | 'too-many-labels'): undefined {
  batch.drop('points', reason);
  return undefined;
}
