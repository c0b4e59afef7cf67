/** The drawing of the map: edges below, labels, then nodes that are links. Arrow keys go to the nearest node. */
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import type { EdgeResource, Health, ServiceResource } from '../../../src/api/resources.ts';
import { HealthIcon } from '../parts/icons.tsx';
import { href } from '../state/route.ts';
import { duration, percent, rate, shorten } from '../view/format.ts';
import { placeLabels } from '../view/labels.ts';
import { curve, edgeKey, type GraphEdge, type Layout, type Point } from '../view/layout.ts';
import { LABEL_CHAR, LABEL_HEIGHT, NODE_HEIGHT, NODE_WIDTH } from './map-size.ts';

const LARGEST_SCALE = 1.25;
const SMALLEST_SCALE = 0.72;

export function Picture(props: {
  readonly layout: Layout;
  readonly direction: 'right' | 'down';
  readonly width: number;
  readonly services: readonly ServiceResource[];
  readonly edges: readonly EdgeResource[];
  readonly graph: readonly GraphEdge[];
  readonly focus: string | null;
  readonly onFocus: (name: string | null) => void;
}): JSX.Element {
  const { layout, direction, services, edges, graph, focus } = props;
  const nodeWidth = NODE_WIDTH[direction];
  const byKey = new Map(edges.map((edge) => [edgeKey(edge.caller, edge.callee), edge]));
  const texts = new Map(graph.map(({ from, to }) => [edgeKey(from, to), labelOf(byKey.get(edgeKey(from, to)))]));
  // Room is kept for the longest usual label, so that labels do not jump when a number gets longer.
  const labelled = [...texts].filter(([, text]) => text !== null).map(([key]) => key);
  const places = useMemo(() => {
    const size = { width: 17 * LABEL_CHAR, height: LABEL_HEIGHT };
    const sizes = new Map(labelled.map((key) => [key, size]));
    return placeLabels(layout, direction, sizes, { width: nodeWidth, height: NODE_HEIGHT });
  }, [layout, direction, labelled.join()]);
  const scale = Math.max(SMALLEST_SCALE, Math.min(LARGEST_SCALE, (props.width - 2) / layout.width));
  const near = neighbours(graph, focus);
  const byName = new Map(services.map((service) => [service.name, service]));
  const dim = (...names: string[]): string => (focus !== null && !names.some((name) => name === focus) ? 'dim' : '');
  return (
    <div class="map-scroll">
      <svg
        class="picture"
        width={layout.width * scale}
        height={layout.height * scale}
        viewBox={`0 0 ${layout.width} ${layout.height}`}
        aria-label="Map of services"
        onKeyDown={(event) => moveTo(event, layout)}
      >
        <defs>
          {HEALTHS.map((health) => (
            <marker
              key={health}
              id={`arrow-${health}`}
              viewBox="0 0 8 8"
              refX="7"
              refY="4"
              markerWidth="9"
              markerHeight="9"
              orient="auto"
              markerUnits="userSpaceOnUse"
            >
              <path d="M0 .8L7.4 4 0 7.2z" class={`arrow ${health}`} />
            </marker>
          ))}
        </defs>
        {graph.map(({ from, to }) => {
          const edge = byKey.get(edgeKey(from, to));
          const health: Health = edge?.traffic ? edge.health : 'unknown';
          return (
            <path
              key={edgeKey(from, to)}
              d={curve(layout.edges.get(edgeKey(from, to)) ?? [], direction)}
              class={`edge ${health} ${edge?.traffic ? '' : 'idle'} ${dim(from, to)}`}
              stroke-width={thickness(edge)}
              marker-end={`url(#arrow-${health})`}
            />
          );
        })}
        {graph.map(({ from, to }) => {
          const key = edgeKey(from, to);
          const place = places.get(key);
          const text = texts.get(key) ?? null;
          const edge = byKey.get(key);
          if (place === undefined || text === null || edge === undefined) return null;
          return <Label key={key} place={place} text={text} health={edge.health} extra={dim(from, to)} />;
        })}
        {[...layout.nodes].map(([name, centre]) => (
          <Node
            key={name}
            name={name}
            centre={centre}
            width={nodeWidth}
            service={byName.get(name)}
            extra={focus !== null && !near.has(name) ? 'dim' : ''}
            onFocus={props.onFocus}
          />
        ))}
      </svg>
    </div>
  );
}

const HEALTHS: readonly Health[] = ['healthy', 'degraded', 'down', 'unknown', 'stopped'];

function Node(props: {
  readonly name: string;
  readonly centre: Point;
  readonly width: number;
  readonly service: ServiceResource | undefined;
  readonly extra: string;
  readonly onFocus: (name: string | null) => void;
}): JSX.Element {
  const { name, centre, width, service, extra, onFocus } = props;
  const place = `translate(${centre.x - width / 2} ${centre.y - NODE_HEIGHT / 2})`;
  const shown = shorten(name, Math.floor((width - 40) / 7));
  if (service === undefined) {
    return (
      <g class={`node outside ${extra}`} transform={place}>
        <rect width={width} height={NODE_HEIGHT} rx={NODE_HEIGHT / 2} />
        <text x={width / 2} y={NODE_HEIGHT / 2 + 4} text-anchor="middle">
          {shown.replace(/[()]/g, '')}
        </text>
      </g>
    );
  }
  const { traffic } = service;
  const failing = (traffic?.failureShare ?? 0) > 0;
  const stat = failing ? `${percent(traffic?.failureShare)} err` : `${service.ready}/${service.replicas}`;
  return (
    <g transform={place}>
      <a
        href={href({ page: 'service', name })}
        class={`node ${service.health} ${extra}`}
        data-node={name}
        // Begins with what is seen: who speaks to the machine says that.
        aria-label={`${shown} ${stat}: ${shown === name ? '' : `${name}, `}${service.health}, ${service.ready} of ${service.replicas} ready, ${rate(traffic?.requestsPerSec)}, ${percent(traffic?.failureShare)} errors`}
        onFocus={() => onFocus(name)}
        onBlur={() => onFocus(null)}
        onPointerEnter={() => onFocus(name)}
        onPointerLeave={() => onFocus(null)}
      >
        <rect class="box" width={width} height={NODE_HEIGHT} rx="9" />
        <svg x="11" y="11" width="14" height="14" aria-hidden="true" overflow="visible">
          <HealthIcon health={service.health} size={14} />
        </svg>
        <text x="32" y="23" class="name">
          {`${shown} `}
        </text>
        {service.instances.slice(0, Math.floor((width - 80) / 9)).map((instance, i) => (
          <rect
            key={instance.id}
            class={`cell ${instance.ready && !instance.ejected ? 'ready' : instance.phase}`}
            x={12 + i * 9}
            y="37"
            width="6.5"
            height="6.5"
            rx="1.5"
          />
        ))}
        <text x={width - 11} y="44" text-anchor="end" class={`stat ${failing ? 'bad' : ''}`}>
          {stat}
        </text>
      </a>
    </g>
  );
}

function Label(props: {
  readonly place: Point;
  readonly text: string;
  readonly health: Health;
  readonly extra: string;
}): JSX.Element {
  const { place, text, health, extra } = props;
  const width = text.length * LABEL_CHAR + 8;
  return (
    <g class={`label ${health} ${extra}`} transform={`translate(${place.x} ${place.y})`}>
      <rect x={-width / 2} y={-LABEL_HEIGHT / 2} width={width} height={LABEL_HEIGHT} rx="4" />
      <text y="3.6" text-anchor="middle">
        {text}
      </text>
    </g>
  );
}

/** Rate, errors where there are any, p99. */
function labelOf(edge: EdgeResource | undefined): string | null {
  if (edge === undefined || edge.traffic === null || edge.traffic.requestsPerSec === 0) return null;
  const { requestsPerSec, failureShare, p99Ms } = edge.traffic;
  const errors = failureShare > 0 ? ` ${percent(failureShare).replace(' ', '')}!` : '';
  return `${rate(requestsPerSec)}${errors} ${p99Ms === null ? '' : duration(Math.round(p99Ms))}`;
}

/** Ten times the traffic is one pixel more. */
function thickness(edge: EdgeResource | undefined): number {
  const perSec = edge?.traffic?.requestsPerSec ?? 0;
  return 1.2 + Math.min(3, Math.log10(1 + perSec));
}

function neighbours(graph: readonly GraphEdge[], focus: string | null): ReadonlySet<string> {
  const near = new Set<string>(focus === null ? [] : [focus]);
  for (const { from, to } of graph) {
    if (from === focus) near.add(to);
    if (to === focus) near.add(from);
  }
  return near;
}

/** To the nearest node in the arrow's direction; sideways distance counts double. */
function moveTo(event: KeyboardEvent, layout: Layout): void {
  const way = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] }[event.key];
  const from = event.target instanceof Element ? event.target.closest<SVGElement>('[data-node]') : null;
  const here = layout.nodes.get(from?.dataset.node ?? '');
  if (way === undefined || here === undefined || !(event.currentTarget instanceof Element)) return;
  const [dx = 0, dy = 0] = way;
  let best: { readonly element: SVGElement; readonly distance: number } | null = null;
  for (const element of event.currentTarget.querySelectorAll<SVGElement>('[data-node]')) {
    const there = layout.nodes.get(element.dataset.node ?? '');
    if (there === undefined || element === from) continue;
    const along = (there.x - here.x) * dx + (there.y - here.y) * dy;
    const aside = Math.abs((there.x - here.x) * dy) + Math.abs((there.y - here.y) * dx);
    const distance = along + 2 * aside;
    if (along > 1 && (best === null || distance < best.distance)) best = { element, distance };
  }
  event.preventDefault();
  best?.element.focus();
}
