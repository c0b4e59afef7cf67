/** Sixty seconds of an edge as a line: gaps stay gaps, a flat zero stays at the bottom. */
import type { EdgeResource } from '../../../src/api/resources.ts';

export type Series = readonly (number | null)[];
export type Measure = 'requestsPerSec' | 'failureShare' | 'meanMs';

export function seriesOf(edge: EdgeResource, measure: Measure): Series {
  return edge.history.map((window) => window?.[measure] ?? null);
}

/** Rates added up, second by second; null where none of the edges was measured. */
export function sumRates(edges: readonly EdgeResource[]): Series {
  const length = Math.max(0, ...edges.map(({ history }) => history.length));
  return Array.from({ length }, (_, i) => {
    // Histories end now: shorter ones are missing their beginning.
    const values = edges.map(({ history }) => history[i - (length - history.length)]?.requestsPerSec ?? null);
    const known = values.filter((value) => value !== null);
    return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0);
  });
}

export function maximum(series: Series): number {
  return Math.max(0, ...series.map((value) => value ?? 0));
}

/** An SVG path in a box; `top` is the value at its upper border. */
export function sparkPath(series: Series, width: number, height: number, top: number): string {
  const step = series.length > 1 ? width / (series.length - 1) : 0;
  const scale = top > 0 ? (height - 2) / top : 0;
  let path = '';
  let pen = false;
  series.forEach((value, i) => {
    if (value === null) {
      pen = false;
      return;
    }
    const point = `${fixed(i * step)} ${fixed(height - 1 - Math.min(value, top) * scale)}`;
    // A lone point would be invisible: give it the width of the pen.
    path += pen ? `L${point}` : `M${point}h.01`;
    pen = true;
  });
  return path;
}

/** The range that values need; never empty, so that a flat line lies in the middle. */
export function span(values: readonly number[]): readonly [least: number, most: number] {
  if (values.length === 0) return [0, 1];
  const [least, most] = [Math.min(...values), Math.max(...values)];
  return least === most ? [least - 1, most + 1] : [least, most];
}

/** An SVG path in a box whose borders are `least` and `most`. */
export function linePath(
  values: readonly number[],
  width: number,
  height: number,
  least: number,
  most: number,
): string {
  const step = values.length > 1 ? width / (values.length - 1) : 0;
  const points = values.map((value, i) => {
    const y = height - 1 - ((value - least) / (most - least)) * (height - 2);
    return `${fixed(i * step)} ${fixed(y)}`;
  });
  return points.length === 0 ? '' : `M${points.join('L')}`;
}

function fixed(value: number): string {
  return String(Math.round(value * 10) / 10);
}
