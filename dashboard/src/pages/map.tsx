/** The map: services in layers, callers before what they call, with live traffic on every edge. */
import type { JSX } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { EdgeResource, ServiceResource } from '../../../src/api/resources.ts';
import { Empty, Panel } from '../parts/bits.tsx';
import { EdgeTable } from '../parts/edge-table.tsx';
import { HealthIcon } from '../parts/icons.tsx';
import { useLive } from '../state/live.ts';
import { count } from '../view/format.ts';
import { edgeKey, type GraphEdge, layout } from '../view/layout.ts';
import { pictured } from '../view/pictured.ts';
import { MapDetails } from './map-details.tsx';
import { Picture } from './map-picture.tsx';
import { NODE_HEIGHT, NODE_WIDTH } from './map-size.ts';

/** Narrower than this, layers become rows. */
const NARROW_PX = 760;

export function MapPage(): JSX.Element {
  const everyService = useLive((state) => state.services);
  const everyEdge = useLive((state) => state.edges);
  const services = useMemo(() => pictured(everyService, everyEdge), [everyService, everyEdge]);
  const edges = useMemo(() => between(services, everyService, everyEdge), [services, everyService, everyEdge]);
  const [focus, setFocus] = useState<string | null>(null);
  const [box, width] = useWidth();
  const direction = width < NARROW_PX ? 'down' : 'right';
  const graph = useMemo(() => graphOf(services, edges), [shapeOf(services, edges)]);
  const picture = useMemo(
    () =>
      layout(graph.names, graph.edges, {
        nodeWidth: NODE_WIDTH[direction],
        nodeHeight: NODE_HEIGHT,
        layerGap: direction === 'right' ? 104 : 64,
        nodeGap: direction === 'right' ? 26 : 14,
        direction,
      }),
    [graph, direction],
  );
  return (
    <>
      <h1 class="off-screen">Map</h1>
      <div class="map panel" ref={box}>
        {services.length === 0 ? (
          <Empty>No services: nothing was applied yet.</Empty>
        ) : (
          <Picture
            layout={picture}
            direction={direction}
            width={width}
            services={services}
            edges={edges}
            graph={graph.edges}
            focus={focus}
            onFocus={setFocus}
          />
        )}
        {services.length < everyService.length && (
          <p class="empty">
            {services.length} of {count(everyService.length)} services: what is not healthy, its neighbours, and the
            busiest. Ctrl K finds any.
          </p>
        )}
        <Legend />
      </div>
      <MapDetails name={focus} />
      <Panel title="Edges" count={everyEdge.length}>
        {everyEdge.length === 0 ? (
          <Empty>No traffic has been seen between services.</Empty>
        ) : (
          <EdgeTable edges={everyEdge} side="both" caption="All edges" />
        )}
      </Panel>
    </>
  );
}

/** Edges of services that are not drawn are not drawn. Callers that are no service always are. */
function between(
  drawn: readonly ServiceResource[],
  all: readonly ServiceResource[],
  edges: readonly EdgeResource[],
): readonly EdgeResource[] {
  if (drawn.length === all.length) return edges;
  const left = new Set(all.map(({ name }) => name));
  for (const { name } of drawn) left.delete(name);
  return edges.filter(({ caller, callee }) => !left.has(caller) && !left.has(callee));
}

/** Declared dependencies and seen traffic together; callers that are no service (the outside) are nodes too. */
function graphOf(
  services: readonly ServiceResource[],
  edges: readonly EdgeResource[],
): { readonly names: readonly string[]; readonly edges: readonly GraphEdge[] } {
  const names = new Set(services.map(({ name }) => name));
  const all = new Map<string, GraphEdge>();
  const add = (from: string, to: string): void => {
    all.set(edgeKey(from, to), { from, to });
  };
  for (const { caller, callee } of edges) {
    names.add(caller).add(callee);
    add(caller, callee);
  }
  for (const { name, dependsOn } of services) {
    for (const other of dependsOn) if (names.has(other)) add(name, other);
  }
  return { names: [...names].sort(), edges: [...all.values()].sort(byName) };
}

function byName(a: GraphEdge, b: GraphEdge): number {
  return edgeKey(a.from, a.to) < edgeKey(b.from, b.to) ? -1 : 1;
}

/** What the layout depends on: numbers change several times a second, the shape hardly ever. */
function shapeOf(services: readonly ServiceResource[], edges: readonly EdgeResource[]): string {
  const declared = services.map(({ name, dependsOn }) => `${name}:${dependsOn.join(',')}`);
  return [...declared, ...edges.map(({ caller, callee }) => edgeKey(caller, callee))].sort().join(';');
}

function useWidth(): [{ current: HTMLDivElement | null }, number] {
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(typeof innerWidth === 'number' ? innerWidth : 1_000);
  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const observer = new ResizeObserver(([entry]) => entry && setWidth(entry.contentRect.width));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return [box, width];
}

function Legend(): JSX.Element {
  return (
    <ul class="legend" aria-label="Legend">
      {(['healthy', 'degraded', 'down', 'unknown', 'stopped'] as const).map((health) => (
        <li key={health}>
          <HealthIcon health={health} size={12} /> {health}
        </li>
      ))}
      <li>
        <svg width="26" height="8" aria-hidden="true">
          <path d="M0 4H26" class="edge idle" />
        </svg>
        declared, no traffic seen
      </li>
    </ul>
  );
}
