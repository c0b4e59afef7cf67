/** A hub under test: clocks that stand still until moved, and everything that it handed on. */
import type { TelemetryBatch } from '../../model/telemetry.ts';
import { IntakeHub } from '../hub.ts';
import type { IntakeLimits } from '../limits.ts';

export const WALL_MS = 1_700_000_000_000;

export interface Rig {
  readonly hub: IntakeHub;
  readonly batches: TelemetryBatch[];
  /** Moves the monotonic clock and lets the hub tick. */
  advance(ms: number): void;
  /** Ends the window, and lets all that waits for its other half be told. */
  settle(): void;
  /** `caller>callee count/errors`, sorted, over all batches so far. */
  edges(): string[];
  /** `name{label=value} value`, in order, over all batches so far. */
  points(): string[];
}

export function rig(limits: Partial<IntakeLimits> = {}, wallMs = WALL_MS): Rig {
  let now = 1_000;
  const batches: TelemetryBatch[] = [];
  const hub = new IntakeHub({
    emit: (batch) => void batches.push(batch),
    now: () => now,
    wallMs: () => wallMs,
    limits: { joinSpans: 4_096, ...limits },
  });
  const advance = (ms: number): void => {
    now += ms;
    hub.tick();
  };
  return {
    hub,
    batches,
    advance,
    settle: () => {
      advance(hub.limits.joinMs);
      advance(hub.limits.joinMs);
    },
    edges: () => {
      const totals = new Map<string, [number, number]>();
      for (const edge of batches.flatMap((batch) => batch.edges)) {
        const key = `${edge.caller}>${edge.callee}${edge.instance === null ? '' : `/${edge.instance}`}`;
        const total = totals.get(key) ?? [0, 0];
        totals.set(key, [total[0] + edge.count, total[1] + edge.errors]);
      }
      return [...totals].map(([key, [count, errors]]) => `${key} ${count}/${errors}`).sort();
    },
    points: () =>
      batches.flatMap(({ points }) =>
        points.series.map((series, at) => {
          const labels = Object.entries(series.labels).map(([name, value]) => `${name}=${value}`);
          return `${series.name}{${labels.sort().join(',')}} ${points.values[at]}`;
        }),
      ),
  };
}
