/**
 * `--intake-limit NAME=VALUE`: how much the outside world may ask of this machine. The names are those of the limits of
 * intakes in kebab case; four more bound what is judged and what is kept for questions.
 */
import type { SeriesWatchOptions } from '../../detect/telemetry/series.ts';
import { SERIES_DEFAULTS } from '../../detect/telemetry/series.ts';
import { DEFAULT_LIMITS, type IntakeLimits } from '../../intake/limits.ts';
import { HoldfastError } from '../../model/errors.ts';
import { nearest } from '../../model/suggest.ts';
import { parseDuration } from '../../model/time.ts';

export interface TelemetryLimits {
  readonly intake: Partial<IntakeLimits>;
  readonly series: Partial<SeriesWatchOptions>;
  /** Samples kept for queries, and for how long. */
  readonly kept: { readonly maxSamples?: number; readonly keepMs?: number };
}

interface Limit {
  readonly name: string;
  readonly group: keyof TelemetryLimits;
  readonly key: string;
  readonly unit: 'bytes' | 'duration' | 'count';
  /** Null: what the other side has by default. */
  readonly byDefault: number;
}

const of = (group: Limit['group'], key: string, byDefault: number, name = kebab(key)): Limit => {
  const unit = key.endsWith('Bytes') ? 'bytes' : key.endsWith('Ms') ? 'duration' : 'count';
  return { name: name.replace(/-ms$/, ''), group, key, unit, byDefault };
};

export const LIMITS: readonly Limit[] = [
  ...Object.entries(DEFAULT_LIMITS).map(([key, value]) => of('intake', key, value as number)),
  of('series', 'maxSeries', SERIES_DEFAULTS.maxSeries, 'judged-series'),
  of('series', 'maxPerEntity', SERIES_DEFAULTS.maxPerEntity, 'judged-series-per-instance'),
  of('series', 'resolutionMs', SERIES_DEFAULTS.resolutionMs, 'judged-step'),
  of('kept', 'maxSamples', 4_000_000, 'kept-samples'),
  of('kept', 'keepMs', 3_600_000, 'kept-for'),
];

const UNITS: Readonly<Record<string, number>> = { '': 1, B: 1, KiB: 1_024, MiB: 1_048_576, GiB: 1_073_741_824 };
/** More than this of anything is a slip of the keyboard. */
const MOST = 2 ** 40;

/** HF7002 for what is not known or cannot be meant. */
export function parseLimits(texts: readonly string[]): TelemetryLimits {
  const found = { intake: {}, series: {}, kept: {} } as Record<keyof TelemetryLimits, Record<string, number>>;
  for (const text of texts) {
    const at = text.indexOf('=');
    const [name, value] = at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
    const limit = LIMITS.find((known) => known.name === name);
    if (!limit) {
      const names = LIMITS.map((known) => known.name);
      const near = nearest(name, names);
      throw new HoldfastError('HF7002', `there is no limit "${name}"`, {
        remedy: `${near === null ? '' : `Did you mean ${near}? `}There are: ${names.join(', ')}.`,
      });
    }
    const number = numberOf(limit, value);
    if (number === null) {
      const shape = {
        bytes: 'bytes: 1048576, 512KiB, 20MiB',
        duration: 'a duration: 30s, 5m',
        count: 'a whole number',
      };
      throw new HoldfastError('HF7002', `--intake-limit ${text} is not understood`, {
        remedy: `${name} is ${shape[limit.unit]}; its default is ${limit.byDefault}.`,
      });
    }
    found[limit.group][limit.key] = number;
  }
  return found;
}

function numberOf({ key, unit }: Limit, text: string): number | null {
  let value: number | undefined;
  if (unit === 'duration') value = parseDuration(text);
  else {
    const match = /^(\d+)([A-Za-z]*)$/.exec(text);
    const factor = unit === 'bytes' ? UNITS[match?.[2] ?? ''] : match?.[2] === '' ? 1 : undefined;
    value = match && factor !== undefined ? Number(match[1]) * factor : undefined;
  }
  if (value === undefined || value <= 0 || value > MOST) return null;
  // Ids of entities are 16 bits wide.
  return key === 'maxEntities' && value > 65_000 ? null : value;
}

function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
