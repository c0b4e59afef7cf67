import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { curve, edgeKey, type GraphEdge, type LayoutOptions, layout, pointAt } from './layout.ts';

const OPTIONS: LayoutOptions = { nodeWidth: 160, nodeHeight: 60, layerGap: 90, nodeGap: 20, direction: 'right' };
const edges = (...pairs: string[]): GraphEdge[] =>
  pairs.map((pair) => {
    const [from = '', to = ''] = pair.split('>');
    return { from, to };
  });
const graphs = fc
  .integer({ min: 1, max: 12 })
  .chain((n) =>
    fc.tuple(
      fc.constant(Array.from({ length: n }, (_, i) => `s${i}`)),
      fc.array(fc.tuple(fc.nat(n - 1), fc.nat(n - 1)), { maxLength: 30 }),
    ),
  )
  .map(([names, pairs]) => ({ names, links: pairs.map(([a, b]) => ({ from: `s${a}`, to: `s${b}` })) }));

describe('layout', () => {
  it('puts callers left of what they call, and middles between', () => {
    const { nodes } = layout(['db', 'api', 'web'], edges('web>api', 'api>db', 'web>db'), OPTIONS);
    const [web, api, db] = ['web', 'api', 'db'].map((name) => nodes.get(name)?.x ?? Number.NaN) as [
      number,
      number,
      number,
    ];
    expect(web).toBeLessThan(api);
    expect(api).toBeLessThan(db);
  });

  it('goes down for narrow screens', () => {
    const { nodes, width, height } = layout(['a', 'b'], edges('a>b'), { ...OPTIONS, direction: 'down' });
    expect(nodes.get('a')?.y).toBeLessThan(nodes.get('b')?.y ?? 0);
    expect(height).toBeGreaterThan(width);
  });

  it('untangles what needs no crossing', () => {
    const { nodes } = layout(['a', 'b', 'x', 'y'], edges('a>y', 'b>x'), OPTIONS);
    const y = (name: string): number => nodes.get(name)?.y ?? Number.NaN;
    expect((y('a') - y('b')) * (y('y') - y('x'))).toBeGreaterThan(0);
  });

  it('leads long edges round the layer between', () => {
    const { edges: drawn } = layout(['a', 'b', 'c'], edges('a>b', 'b>c', 'a>c'), OPTIONS);
    expect(drawn.get(edgeKey('a', 'c'))).toHaveLength(3);
    expect(drawn.get(edgeKey('a', 'b'))).toHaveLength(2);
  });

  it('draws both edges of a cycle, each in its own direction', () => {
    const { edges: drawn } = layout(['a', 'b'], edges('a>b', 'b>a'), OPTIONS);
    const there = drawn.get(edgeKey('a', 'b')) ?? [];
    const back = drawn.get(edgeKey('b', 'a')) ?? [];
    expect(there[0]).toEqual(back.at(-1));
    expect(there.at(-1)).toEqual(back[0]);
  });

  it('never overlaps nodes, never leaves the picture, draws every edge, and is deterministic', () => {
    fc.assert(
      fc.property(graphs, fc.constantFrom('right' as const, 'down' as const), ({ names, links }, direction) => {
        const options = { ...OPTIONS, direction };
        const result = layout(names, links, options);
        const points = [...result.nodes.values()];
        expect(points).toHaveLength(names.length);
        for (const [i, a] of points.entries()) {
          expect(a.x - 80).toBeGreaterThanOrEqual(0);
          expect(a.y - 30).toBeGreaterThanOrEqual(0);
          expect(a.x + 80).toBeLessThanOrEqual(result.width + 0.001);
          expect(a.y + 30).toBeLessThanOrEqual(result.height + 0.001);
          for (const b of points.slice(i + 1)) {
            expect(Math.abs(a.x - b.x) >= 159.9 || Math.abs(a.y - b.y) >= 59.9).toBe(true);
          }
        }
        for (const { from, to } of links) if (from !== to) expect(result.edges.has(edgeKey(from, to))).toBe(true);
        expect(layout(names, links, options)).toEqual(result);
      }),
    );
  });
});

describe('curves', () => {
  const points = [
    { x: 0, y: 0 },
    { x: 100, y: 50 },
  ];

  it('leave and arrive straight', () => {
    expect(curve(points, 'right')).toBe('M0 0C50 0 50 50 100 50');
    expect(curve(points, 'down')).toBe('M0 0C0 25 100 25 100 50');
    expect(curve([], 'right')).toBe('');
  });

  it('are passed through by their labels', () => {
    expect(pointAt(points, 0, 'right')).toEqual({ x: 0, y: 0 });
    expect(pointAt(points, 0.5, 'right')).toEqual({ x: 50, y: 25 });
    expect(pointAt(points, 1, 'right')).toEqual({ x: 100, y: 50 });
  });
});
