import { describe, expect, it } from 'vitest';
import { placeLabels } from './labels.ts';
import { edgeKey, layout } from './layout.ts';

const NODE = { width: 160, height: 60 };
const OPTIONS = { nodeWidth: 160, nodeHeight: 60, layerGap: 120, nodeGap: 20, direction: 'right' as const };

describe('edge labels', () => {
  it('stand in the middle when it is free', () => {
    const picture = layout(['a', 'b'], [{ from: 'a', to: 'b' }], OPTIONS);
    const places = placeLabels(picture, 'right', new Map([[edgeKey('a', 'b'), { width: 90, height: 16 }]]), NODE);
    expect(places.get('a→b')).toEqual({ x: 12 + 160 + 60, y: 12 + 30 });
  });

  it('give way to each other and to nodes', () => {
    const links = ['x', 'y', 'z'].flatMap((to) => ['a', 'b', 'c'].map((from) => ({ from, to })));
    const picture = layout(['a', 'b', 'c', 'x', 'y', 'z'], links, { ...OPTIONS, layerGap: 260 });
    const size = { width: 60, height: 14 };
    const sizes = new Map(links.map(({ from, to }) => [edgeKey(from, to), size]));
    const places = [...placeLabels(picture, 'right', sizes, NODE).values()];
    expect(places).toHaveLength(9);
    const apart = (a: { x: number; y: number }, b: { x: number; y: number }, width: number, height: number): boolean =>
      Math.abs(a.x - b.x) >= width || Math.abs(a.y - b.y) >= height;
    const nodes = [...picture.nodes.values()];
    for (const [i, place] of places.entries()) {
      for (const other of places.slice(i + 1)) expect(apart(place, other, size.width, size.height)).toBe(true);
      for (const node of nodes) expect(apart(place, node, (size.width + 160) / 2, (size.height + 60) / 2)).toBe(true);
    }
  });

  it('are left out for edges without traffic', () => {
    const picture = layout(['a', 'b'], [{ from: 'a', to: 'b' }], OPTIONS);
    expect(placeLabels(picture, 'right', new Map(), NODE).size).toBe(0);
  });
});
