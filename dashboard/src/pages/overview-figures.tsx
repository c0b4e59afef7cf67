/** The row of figures below the verdict. */
import type { ComponentChildren, JSX } from 'preact';
import type { EdgeResource, ServiceResource } from '../../../src/api/resources.ts';
import { Sparkline } from '../parts/bits.tsx';
import { askMode } from '../state/asks.ts';
import { useLive } from '../state/live.ts';
import { duration, percent, rate } from '../view/format.ts';
import { sumRates } from '../view/sparkline.ts';

export function Figures(): JSX.Element | null {
  const status = useLive((state) => state.status);
  const edges = useLive((state) => state.edges);
  const services = useLive((state) => state.services);
  if (status === null) return null;
  const entry = entryEdges(services, edges);
  const failures = failureShare(entry);
  const slowest = slowestP99(entry);
  const { services: healthy, instances, budget } = status;
  return (
    <dl class="figures">
      <Figure name="Services healthy" of={healthy.total} tone={healthy.healthy < healthy.total ? 'warn' : ''}>
        {healthy.healthy}
      </Figure>
      <Figure name="Instances ready" of={instances.total} tone={instances.ready < instances.total ? 'warn' : ''}>
        {instances.ready}
      </Figure>
      <Figure
        name="Requests entering"
        aside={<Sparkline series={sumRates(entry)} width={72} label="last 60 seconds" />}
      >
        {rate(entry.length === 0 ? null : sum(entry, ({ requestsPerSec }) => requestsPerSec))}
      </Figure>
      <Figure name="Of them failed" tone={(failures ?? 0) > 0 ? 'bad' : ''}>
        {percent(failures)}
      </Figure>
      <Figure name="p99 of them">{duration(slowest)}</Figure>
      <Figure
        name="Disruption budget"
        of={budget.max}
        suffix="used"
        tone={budget.out.length >= budget.max && budget.max > 0 ? 'warn' : ''}
      >
        {budget.out.length}
      </Figure>
      <Figure name="Mode">
        <button
          type="button"
          class="link"
          title="Change the mode"
          onClick={() => askMode(status.mode === 'auto' ? 'approve' : 'auto')}
        >
          {status.automationStopped ? 'stopped' : status.mode}
        </button>
      </Figure>
    </dl>
  );
}

function Figure(props: {
  readonly name: string;
  readonly of?: number;
  readonly suffix?: string;
  readonly tone?: string;
  readonly aside?: ComponentChildren;
  readonly children: ComponentChildren;
}): JSX.Element {
  return (
    <div class={`figure ${props.tone ?? ''}`}>
      <dt>{props.name}</dt>
      <dd>
        <span class="num">{props.children}</span>
        {props.of !== undefined && (
          <span class="of">
            of {props.of} {props.suffix}
          </span>
        )}
        {props.aside}
      </dd>
    </div>
  );
}

/** What users meet: calls to published endpoints; without any, those of callers that nobody calls. */
function entryEdges(services: readonly ServiceResource[], edges: readonly EdgeResource[]): readonly EdgeResource[] {
  const measured = edges.filter(({ traffic }) => traffic !== null);
  const published = new Set(
    services.filter(({ endpoints }) => endpoints.some(({ address }) => address !== null)).map(({ name }) => name),
  );
  const entering = measured.filter(({ callee }) => published.has(callee));
  if (entering.length > 0) return entering;
  const called = new Set(edges.map(({ callee }) => callee));
  return measured.filter(({ caller }) => !called.has(caller));
}

function sum(edges: readonly EdgeResource[], of: (traffic: NonNullable<EdgeResource['traffic']>) => number): number {
  return edges.reduce((total, { traffic }) => total + (traffic === null ? 0 : of(traffic)), 0);
}

function failureShare(edges: readonly EdgeResource[]): number | null {
  const requests = sum(edges, ({ requestsPerSec }) => requestsPerSec);
  if (requests === 0) return null;
  return sum(edges, ({ requestsPerSec, failureShare: share }) => requestsPerSec * share) / requests;
}

/** Percentiles do not add up: the worst one is what somebody meets. */
function slowestP99(edges: readonly EdgeResource[]): number | null {
  const known = edges.flatMap(({ traffic }) => traffic?.p99Ms ?? []);
  return known.length === 0 ? null : Math.max(...known);
}
