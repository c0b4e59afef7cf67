/** Puts edge labels where they hide nothing: along each edge, the first place that is free of nodes and labels. */
import { type Layout, type Point, pointAt } from './layout.ts';

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Shares of the edge's length, best first: the middle belongs to the edge most clearly. */
const PLACES = [0.5, 0.42, 0.58, 0.34, 0.66, 0.27, 0.73, 0.2, 0.8];

export function placeLabels(
  layout: Layout,
  direction: 'right' | 'down',
  sizes: ReadonlyMap<string, { readonly width: number; readonly height: number }>,
  node: { readonly width: number; readonly height: number },
): ReadonlyMap<string, Point> {
  const taken: Box[] = [...layout.nodes.values()].map((centre) => around(centre, node.width, node.height));
  const places = new Map<string, Point>();
  // Short edges have the least choice, so they choose first.
  const order = [...layout.edges].sort(([, a], [, b]) => length(a) - length(b));
  for (const [key, points] of order) {
    const size = sizes.get(key);
    if (size === undefined) continue;
    let best: { readonly point: Point; readonly overlap: number } | null = null;
    for (const place of PLACES) {
      const point = pointAt(points, place, direction);
      const box = around(point, size.width, size.height);
      const overlap = taken.reduce((sum, other) => sum + overlapOf(box, other), 0);
      if (best === null || overlap < best.overlap) best = { point, overlap };
      if (overlap === 0) break;
    }
    if (best === null) continue;
    places.set(key, best.point);
    taken.push(around(best.point, size.width + 4, size.height + 2));
  }
  return places;
}

function around(centre: Point, width: number, height: number): Box {
  return { x: centre.x - width / 2, y: centre.y - height / 2, width, height };
}

function overlapOf(a: Box, b: Box): number {
  const width = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
  const height = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
  return width > 0 && height > 0 ? width * height : 0;
}

function length(points: readonly Point[]): number {
  return points.slice(1).reduce((sum, to, i) => {
    const from = points[i] as Point;
    return sum + Math.hypot(to.x - from.x, to.y - from.y);
  }, 0);
}
