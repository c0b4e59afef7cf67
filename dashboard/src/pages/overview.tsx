/** Overview: is anything wrong, what is being done about it, and what should be known before touching anything. */
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import type { EdgeResource, ServiceResource } from '../../../src/api/resources.ts';
import { Empty, InstanceDots, Panel, Sparkline } from '../parts/bits.tsx';
import { useBounded } from '../parts/bounded.tsx';
import { HealthIcon } from '../parts/icons.tsx';
import { IncidentCard, IncidentRow } from '../parts/incident-parts.tsx';
import { NoSystem } from '../parts/no-system.tsx';
import { useLive } from '../state/live.ts';
import { href } from '../state/route.ts';
import { duration, percent, rate } from '../view/format.ts';
import { sumRates } from '../view/sparkline.ts';
import { isOpen } from '../view/stages.ts';
import { Activity, BlindSpots, Budget, Changes, Parts, Silences } from './overview-aside.tsx';
import { Figures } from './overview-figures.tsx';
import { Running } from './proofs.tsx';

const CLOSED_SHOWN = 8;

export function Overview(): JSX.Element {
  const incidents = useLive((state) => state.incidents);
  const services = useLive((state) => state.services);
  const system = useLive(({ status }) => status?.system ?? null);
  const open = incidents.filter(isOpen);
  const closed = incidents.filter((incident) => !isOpen(incident)).slice(0, CLOSED_SHOWN);
  if (system === null) return <NoSystem />;
  return (
    <>
      <h1 class="off-screen">Overview</h1>
      <Figures />
      <div class="columns">
        <div>
          <Panel title="Open incidents" count={open.length}>
            {open.length === 0 ? (
              <Empty>None. Nothing is being repaired and nothing waits for you.</Empty>
            ) : (
              <ul class="cards" data-rows>
                {open.map((incident) => (
                  <IncidentCard key={incident.id} incident={incident} />
                ))}
              </ul>
            )}
          </Panel>
          <Services services={services} />
          <Panel title="Recently closed">
            {closed.length === 0 ? (
              <Empty>No incident has been closed yet.</Empty>
            ) : (
              <div class="table-wrap">
                <table data-rows>
                  <thead>
                    <tr>
                      <th scope="col">Incident</th>
                      <th scope="col" class="wide-only">
                        Cause
                      </th>
                      <th scope="col" class="num">
                        Detected
                      </th>
                      <th scope="col" class="num">
                        Explained
                      </th>
                      <th scope="col" class="num">
                        Repaired
                      </th>
                      <th scope="col" class="right">
                        Closed
                      </th>
                    </tr>
                  </thead>
                  <tbody>
                    {closed.map((incident) => (
                      <IncidentRow key={incident.id} incident={incident} />
                    ))}
                  </tbody>
                </table>
              </div>
            )}
          </Panel>
        </div>
        <aside aria-label="Limits, changes and Holdfast itself">
          <Running />
          <Budget />
          <Silences />
          <Changes />
          <Activity />
          <BlindSpots />
          <Parts />
        </aside>
      </div>
    </>
  );
}

function Services({ services }: { readonly services: readonly ServiceResource[] }): JSX.Element {
  const edges = useLive((state) => state.edges);
  const { shown, more } = useBounded(services, 'services');
  const into = useMemo(() => byCallee(edges), [edges]);
  return (
    <Panel title="Services" count={services.length} aside={<a href={href({ page: 'map' })}>Map</a>}>
      <div class="table-wrap">
        <table data-rows>
          <thead>
            <tr>
              <th scope="col">Service</th>
              <th scope="col">Ready</th>
              <th scope="col" class="num">
                Rate
              </th>
              <th scope="col" class="num">
                Errors
              </th>
              <th scope="col" class="num">
                p99
              </th>
              <th scope="col" class="wide-only">
                Last 60 s
              </th>
            </tr>
          </thead>
          <tbody>
            {shown.map((service) => (
              <ServiceRow key={service.name} service={service} edges={into.get(service.name) ?? NO_EDGES} />
            ))}
          </tbody>
        </table>
      </div>
      {more}
    </Panel>
  );
}

const NO_EDGES: readonly EdgeResource[] = [];

function byCallee(edges: readonly EdgeResource[]): ReadonlyMap<string, readonly EdgeResource[]> {
  const found = new Map<string, EdgeResource[]>();
  for (const edge of edges) {
    const into = found.get(edge.callee);
    if (into === undefined) found.set(edge.callee, [edge]);
    else into.push(edge);
  }
  return found;
}

function ServiceRow(props: {
  readonly service: ServiceResource;
  readonly edges: readonly EdgeResource[];
}): JSX.Element {
  const { service, edges } = props;
  const { traffic, rollout } = service;
  const failing = (traffic?.failureShare ?? 0) > 0;
  return (
    <tr>
      <td class="marked">
        <HealthIcon health={service.health} size={14} />
        <span class="off-screen">{service.health}: </span>
        <a data-row href={href({ page: 'service', name: service.name })}>
          {service.name}
        </a>
        {service.health !== 'healthy' && <span class={`word ${service.health}`}>{service.health}</span>}
        {rollout !== null && (
          <span class="word rollout">
            rollout {rollout.done}/{rollout.total}
          </span>
        )}
      </td>
      <td class="ready">
        <InstanceDots service={service} />
        <span class="num">
          {service.ready}/{service.replicas}
        </span>
      </td>
      <td class="num">{rate(traffic?.requestsPerSec)}</td>
      <td class={`num ${failing ? 'bad' : 'muted'}`}>{percent(traffic?.failureShare)}</td>
      <td class="num">{duration(traffic?.p99Ms)}</td>
      <td class="wide-only">
        {edges.length > 0 && (
          <Sparkline series={sumRates(edges)} label="requests per second over the last 60 seconds" />
        )}
      </td>
    </tr>
  );
}
