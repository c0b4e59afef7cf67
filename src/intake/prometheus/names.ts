/** What the name of a Prometheus series says about it where no type was told. */
import type { SeriesKind } from '../../model/telemetry.ts';

/** Families by the type that `# TYPE` or metadata gave them. */
export type Types = ReadonlyMap<string, string>;

const SUFFIX = /_(total|count|sum|bucket|created)$/;

/**
 * By type where it is known: of a counter, histogram or summary all parts but quantiles and creation times only grow.
 * Without it by the suffixes that every client library keeps to.
 */
export function kindOfName(name: string, labels: Readonly<Record<string, string>>, types: Types): SeriesKind {
  const suffix = SUFFIX.exec(name)?.[1];
  const family = suffix === undefined ? name : name.slice(0, -suffix.length - 1);
  const type = types.get(name) ?? types.get(family);
  if (suffix === 'created') return 'gauge';
  switch (type) {
    case 'counter':
      return 'counter';
    case 'histogram':
      return 'counter';
    case 'summary':
      return 'quantile' in labels ? 'gauge' : 'counter';
    case 'gauge':
    case 'gaugehistogram':
    case 'info':
    case 'stateset':
      return 'gauge';
    default:
      return suffix === undefined ? 'gauge' : 'counter';
  }
}
