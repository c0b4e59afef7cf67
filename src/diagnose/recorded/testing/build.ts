/** Small recordings for tests: five bins of a minute, onset at the start of the third. */
import type { Load, Measured, RecordedEdge, RecordedService, Recording } from '../types.ts';

export const BIN_MS = 60_000;
export const ONSET_MS = 2 * BIN_MS;
export const BINS = Array.from({ length: 5 }, (_, bin) => ({ fromMs: bin * BIN_MS, toMs: (bin + 1) * BIN_MS }));

export interface Shape {
  readonly requests?: number;
  readonly ms?: number;
  /** During the incident. */
  readonly slowMs?: number;
  readonly failed?: number;
  readonly past?: boolean;
}

function load(bins: number, requests: number, ms: (bin: number) => number, failed: (bin: number) => number): Load {
  const series = (value: (bin: number) => number): number[] => Array.from({ length: bins }, (_, bin) => value(bin));
  return { requests: series(() => requests), latencyMs: series(ms), failedShare: series(failed) };
}

/** Steady before; slower by `slowMs` and failing in `failed` of its calls from the third bin on. */
export function measured({ requests = 1_000, ms = 20, slowMs = 0, failed = 0, past = true }: Shape): Measured {
  const later = (value: number) => (bin: number) => (bin < 2 ? 0 : value);
  return {
    incident: load(5, requests, (bin) => ms + later(slowMs)(bin), later(failed)),
    normal: past
      ? load(
          20,
          requests,
          (bin) => ms * (0.99 + (bin % 3) / 100),
          () => 0,
        )
      : null,
  };
}

export function service(name: string, shape: Shape = {}): RecordedService {
  return { service: name, ...measured(shape) };
}

/** `a → b`: that the call exists, and no more. */
export function calls(...pairs: readonly string[]): RecordedEdge[] {
  return pairs.map((pair) => {
    const [caller = '', callee = ''] = pair.split(' → ');
    return { caller, callee, seen: null, answered: null };
  });
}

export function recording(parts: Partial<Recording> & Pick<Recording, 'services' | 'edges'>): Recording {
  return { bins: BINS, symptom: { service: 'front', kind: 'slow', onsetMs: ONSET_MS }, ...parts };
}
