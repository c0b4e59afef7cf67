/** What functions take and give. The last type of a variadic one may be repeated. */
import type { ValueType } from './ast.ts';

export interface Signature {
  readonly takes: readonly ValueType[];
  readonly returns: ValueType;
  /** So many of the last arguments may be left out. */
  readonly optional?: number;
  readonly variadic?: true;
}

const OF_VECTOR: Signature = { takes: ['vector'], returns: 'vector' };
const OF_RANGE: Signature = { takes: ['matrix'], returns: 'vector' };
const OF_TIME: Signature = { takes: ['vector'], returns: 'vector', optional: 1 };

const all = (names: string, signature: Signature): [string, Signature][] =>
  names.split(' ').map((name) => [name, signature]);

export const SIGNATURES: Readonly<Record<string, Signature>> = Object.fromEntries([
  ...all('abs ceil exp floor ln log2 log10 sqrt sgn sort sort_desc timestamp absent', OF_VECTOR),
  ...all('rate irate increase delta idelta deriv resets changes absent_over_time', OF_RANGE),
  ...all('avg_over_time min_over_time max_over_time sum_over_time count_over_time last_over_time', OF_RANGE),
  ...all('present_over_time stddev_over_time stdvar_over_time', OF_RANGE),
  ...all('minute hour day_of_week day_of_month days_in_month month year', OF_TIME),
  ['quantile_over_time', { takes: ['scalar', 'matrix'], returns: 'vector' }],
  ['predict_linear', { takes: ['matrix', 'scalar'], returns: 'vector' }],
  ['histogram_quantile', { takes: ['scalar', 'vector'], returns: 'vector' }],
  ['round', { takes: ['vector', 'scalar'], returns: 'vector', optional: 1 }],
  ['clamp', { takes: ['vector', 'scalar', 'scalar'], returns: 'vector' }],
  ['clamp_min', { takes: ['vector', 'scalar'], returns: 'vector' }],
  ['clamp_max', { takes: ['vector', 'scalar'], returns: 'vector' }],
  ['label_replace', { takes: ['vector', 'string', 'string', 'string', 'string'], returns: 'vector' }],
  ['label_join', { takes: ['vector', 'string', 'string', 'string'], returns: 'vector', optional: 1, variadic: true }],
  ['scalar', { takes: ['vector'], returns: 'scalar' }],
  ['vector', { takes: ['scalar'], returns: 'vector' }],
  ['time', { takes: [], returns: 'scalar' }],
  ['pi', { takes: [], returns: 'scalar' }],
]);
