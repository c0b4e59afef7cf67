/**
 * Lays a dependency graph out in layers, callers left of what they call (Sugiyama's method, for graphs of tens of
 * nodes): break cycles, layer by longest path, split long edges with waypoints, order each layer by the barycentre
 * of its neighbours, then pull every node towards them. The same graph always gives the same picture.
 */
export interface GraphEdge {
  readonly from: string;
  readonly to: string;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface LayoutOptions {
  readonly nodeWidth: number;
  readonly nodeHeight: number;
  /** Space between layers, and between nodes of one layer. */
  readonly layerGap: number;
  readonly nodeGap: number;
  /** right: layers are columns. down: layers are rows, for narrow screens. */
  readonly direction: 'right' | 'down';
}

export interface Layout {
  readonly width: number;
  readonly height: number;
  /** Centres of the nodes. */
  readonly nodes: ReadonlyMap<string, Point>;
  /** Waypoints from border to border, by `from→to`. */
  readonly edges: ReadonlyMap<string, readonly Point[]>;
}

interface Cell {
  readonly id: string;
  readonly dummy: boolean;
  readonly layer: number;
  order: number;
  /** Centre across the layer. */
  pos: number;
  readonly up: Cell[];
  readonly down: Cell[];
}

const SWEEPS = 12;
/** Waypoints of long edges need less room than nodes. */
const DUMMY_SIZE = 18;

export function edgeKey(from: string, to: string): string {
  return `${from}→${to}`;
}

export function layout(names: readonly string[], edges: readonly GraphEdge[], options: LayoutOptions): Layout {
  const known = new Set(names);
  const wanted = edges.filter(({ from, to }) => known.has(from) && known.has(to) && from !== to);
  const forward = breakCycles(names, wanted);
  const layerOf = longestPath(names, forward);
  const { cells, paths } = buildCells(names, forward, layerOf);
  const layers = orderLayers(cells);
  placeAcross(layers, options);
  return toCoordinates(cells, paths, wanted, layers.length, options);
}

/** Edges that close a cycle are turned round; drawing turns them back. */
function breakCycles(names: readonly string[], edges: readonly GraphEdge[]): readonly GraphEdge[] {
  const out = new Map(names.map((name) => [name, [] as string[]]));
  for (const { from, to } of edges) out.get(from)?.push(to);
  const state = new Map<string, 'open' | 'done'>();
  const back = new Set<string>();
  const visit = (name: string): void => {
    state.set(name, 'open');
    for (const next of out.get(name) ?? []) {
      if (state.get(next) === 'open') back.add(edgeKey(name, next));
      else if (!state.has(next)) visit(next);
    }
    state.set(name, 'done');
  };
  // Who is called by nobody comes first, so that entries stay on the left even when a cycle reaches them.
  const called = new Set(edges.map(({ to }) => to));
  for (const name of [...names].sort((a, b) => Number(called.has(a)) - Number(called.has(b)))) {
    if (!state.has(name)) visit(name);
  }
  const seen = new Set<string>();
  return edges
    .map(({ from, to }) => (back.has(edgeKey(from, to)) ? { from: to, to: from } : { from, to }))
    .filter(({ from, to }) => !seen.has(edgeKey(from, to)) && seen.add(edgeKey(from, to)));
}

function longestPath(names: readonly string[], edges: readonly GraphEdge[]): ReadonlyMap<string, number> {
  const into = new Map(names.map((name) => [name, [] as string[]]));
  const outOf = new Map(names.map((name) => [name, [] as string[]]));
  for (const { from, to } of edges) {
    into.get(to)?.push(from);
    outOf.get(from)?.push(to);
  }
  const layer = new Map<string, number>();
  const depth = (name: string): number => {
    const known = layer.get(name);
    if (known !== undefined) return known;
    const value = Math.max(-1, ...(into.get(name) ?? []).map(depth)) + 1;
    layer.set(name, value);
    return value;
  };
  for (const name of names) depth(name);
  // An entry that only calls something deep stands right before it, not at the far left.
  for (const name of names) {
    const targets = (outOf.get(name) ?? []).map((to) => layer.get(to) ?? 0);
    if ((into.get(name) ?? []).length === 0 && targets.length > 0) layer.set(name, Math.min(...targets) - 1);
  }
  return layer;
}

function buildCells(
  names: readonly string[],
  edges: readonly GraphEdge[],
  layerOf: ReadonlyMap<string, number>,
): { readonly cells: readonly Cell[]; readonly paths: ReadonlyMap<string, readonly Cell[]> } {
  const cell = (id: string, layer: number, dummy: boolean): Cell => ({
    id,
    dummy,
    layer,
    order: 0,
    pos: 0,
    up: [],
    down: [],
  });
  const byName = new Map(names.map((name) => [name, cell(name, layerOf.get(name) ?? 0, false)]));
  const cells = [...byName.values()];
  const paths = new Map<string, readonly Cell[]>();
  for (const { from, to } of edges) {
    const start = byName.get(from) as Cell;
    const end = byName.get(to) as Cell;
    const path = [start];
    for (let layer = start.layer + 1; layer < end.layer; layer++) {
      const dummy = cell(`${edgeKey(from, to)}@${layer}`, layer, true);
      cells.push(dummy);
      path.push(dummy);
    }
    path.push(end);
    for (let i = 1; i < path.length; i++) {
      (path[i - 1] as Cell).down.push(path[i] as Cell);
      (path[i] as Cell).up.push(path[i - 1] as Cell);
    }
    paths.set(edgeKey(from, to), path);
  }
  return { cells, paths };
}

/** Barycentre sweeps down and up; the order with the fewest crossings wins. */
function orderLayers(cells: readonly Cell[]): readonly Cell[][] {
  const depth = Math.max(0, ...cells.map(({ layer }) => layer)) + 1;
  const layers: Cell[][] = Array.from({ length: depth }, () => []);
  for (const one of cells) layers[one.layer]?.push(one);
  const number = (): void => {
    for (const layer of layers) {
      layer.forEach((one, i) => {
        one.order = i;
      });
    }
  };
  number();
  let best = layers.map((layer) => [...layer]);
  let fewest = crossings(best);
  for (let sweep = 0; sweep < SWEEPS && fewest > 0; sweep++) {
    const downwards = sweep % 2 === 0;
    for (const layer of downwards ? layers : [...layers].reverse()) {
      const key = new Map(layer.map((one) => [one, mean(downwards ? one.up : one.down) ?? one.order]));
      layer.sort((a, b) => (key.get(a) as number) - (key.get(b) as number) || a.order - b.order);
      layer.forEach((one, i) => {
        one.order = i;
      });
    }
    const now = crossings(layers);
    if (now < fewest) {
      fewest = now;
      best = layers.map((layer) => [...layer]);
    }
  }
  for (const layer of best) {
    layer.forEach((one, i) => {
      one.order = i;
    });
  }
  return best;
}

function mean(neighbours: readonly Cell[]): number | null {
  if (neighbours.length === 0) return null;
  return neighbours.reduce((sum, { order }) => sum + order, 0) / neighbours.length;
}

function crossings(layers: readonly Cell[][]): number {
  let total = 0;
  for (const layer of layers) {
    const pairs = layer.flatMap((one) => one.down.map((other) => [one.order, other.order] as const));
    for (let i = 0; i < pairs.length; i++) {
      for (let j = i + 1; j < pairs.length; j++) {
        const [a, b] = pairs[i] as readonly [number, number];
        const [c, d] = pairs[j] as readonly [number, number];
        if ((a - c) * (b - d) < 0) total += 1;
      }
    }
  }
  return total;
}

/** Every cell wants to be at the mean of its neighbours; order and least distance are kept. */
function placeAcross(layers: readonly Cell[][], options: LayoutOptions): void {
  const across = options.direction === 'right' ? options.nodeHeight : options.nodeWidth;
  const size = (one: Cell): number => (one.dummy ? DUMMY_SIZE : across);
  const distance = (a: Cell, b: Cell): number => (size(a) + size(b)) / 2 + options.nodeGap;
  for (const layer of layers) {
    let at = 0;
    layer.forEach((one, i) => {
      at += i === 0 ? 0 : distance(layer[i - 1] as Cell, one);
      one.pos = at;
    });
    for (const one of layer) one.pos -= at / 2;
  }
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const downwards = sweep % 2 === 0;
    for (const layer of downwards ? layers : [...layers].reverse()) {
      const wanted = layer.map((one) => {
        const near = downwards ? one.up : one.down;
        return near.length === 0 ? one.pos : near.reduce((sum, { pos }) => sum + pos, 0) / near.length;
      });
      settle(layer, wanted, distance);
    }
  }
}

/**
 * The positions nearest to the wanted ones (least squares) that keep order and distance: pool adjacent violators.
 * Subtracting each cell's least offset turns "at least so far apart" into "not decreasing".
 */
function settle(layer: readonly Cell[], wanted: readonly number[], distance: (a: Cell, b: Cell) => number): void {
  const offsets: number[] = [];
  layer.forEach((one, i) => {
    offsets.push(i === 0 ? 0 : (offsets[i - 1] as number) + distance(layer[i - 1] as Cell, one));
  });
  const blocks: { sum: number; count: number }[] = [];
  wanted.forEach((want, i) => {
    let block = { sum: want - (offsets[i] as number), count: 1 };
    for (let last = blocks.at(-1); last && last.sum / last.count > block.sum / block.count; last = blocks.at(-1)) {
      block = { sum: block.sum + last.sum, count: block.count + last.count };
      blocks.pop();
    }
    blocks.push(block);
  });
  let i = 0;
  for (const block of blocks) {
    for (let n = 0; n < block.count; n++, i++) {
      (layer[i] as Cell).pos = block.sum / block.count + (offsets[i] as number);
    }
  }
}

function toCoordinates(
  cells: readonly Cell[],
  paths: ReadonlyMap<string, readonly Cell[]>,
  wanted: readonly GraphEdge[],
  depth: number,
  options: LayoutOptions,
): Layout {
  const { nodeWidth, nodeHeight, layerGap, direction } = options;
  const right = direction === 'right';
  const along = right ? nodeWidth : nodeHeight;
  const across = right ? nodeHeight : nodeWidth;
  const margin = 12;
  const low = Math.min(0, ...cells.map((one) => one.pos - across / 2));
  const high = Math.max(0, ...cells.map((one) => one.pos + across / 2));
  const point = (one: Cell, shift = 0): Point => {
    const main = margin + one.layer * (along + layerGap) + along / 2 + shift;
    const cross = margin + one.pos - low;
    return right ? { x: main, y: cross } : { x: cross, y: main };
  };
  const length = depth * along + Math.max(0, depth - 1) * layerGap + 2 * margin;
  const breadth = high - low + 2 * margin;
  const edges = new Map<string, readonly Point[]>();
  for (const { from, to } of wanted) {
    const path = paths.get(edgeKey(from, to)) ?? paths.get(edgeKey(to, from));
    if (path === undefined) continue;
    const last = path.length - 1;
    const points = path.map((one, i) => point(one, i === 0 ? along / 2 : i === last ? -along / 2 : 0));
    edges.set(edgeKey(from, to), paths.has(edgeKey(from, to)) ? points : points.reverse());
  }
  return {
    width: right ? length : breadth,
    height: right ? breadth : length,
    nodes: new Map(cells.filter((one) => !one.dummy).map((one) => [one.id, point(one)])),
    edges,
  };
}

/** A smooth curve through the waypoints, leaving and arriving straight. */
export function curve(points: readonly Point[], direction: 'right' | 'down'): string {
  const [first, ...rest] = points;
  if (first === undefined) return '';
  let path = `M${round(first.x)} ${round(first.y)}`;
  let from = first;
  for (const to of rest) {
    const half = direction === 'right' ? (to.x - from.x) / 2 : (to.y - from.y) / 2;
    const [a, b] =
      direction === 'right'
        ? [`${round(from.x + half)} ${round(from.y)}`, `${round(to.x - half)} ${round(to.y)}`]
        : [`${round(from.x)} ${round(from.y + half)}`, `${round(to.x)} ${round(to.y - half)}`];
    path += `C${a} ${b} ${round(to.x)} ${round(to.y)}`;
    from = to;
  }
  return path;
}

/** The point at share `t` of the curve's segments, where a label may stand. */
export function pointAt(points: readonly Point[], t: number, direction: 'right' | 'down'): Point {
  const segments = points.length - 1;
  const index = Math.min(segments - 1, Math.floor(t * segments));
  const from = points[index];
  const to = points[index + 1];
  if (from === undefined || to === undefined) return from ?? { x: 0, y: 0 };
  const u = t * segments - index;
  // The curve's control points are half-way along, so it is a smoothstep across.
  const across = u * u * (3 - 2 * u);
  const along = bezierMain(u);
  const [shareX, shareY] = direction === 'right' ? [along, across] : [across, along];
  return { x: from.x + (to.x - from.x) * shareX, y: from.y + (to.y - from.y) * shareY };
}

/** Cubic Bézier 0, ½, ½, 1. */
function bezierMain(u: number): number {
  return 1.5 * u * (1 - u) ** 2 + 1.5 * u ** 2 * (1 - u) + u ** 3;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
