/** One service: its instances, its edges, its rollout, its logs, and what can be done to it. */
import type { ComponentChildren, JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { ChangeResource, ServiceResource } from '../../../src/api/resources.ts';
import { CopyButton, Empty, HealthBadge, Panel, ServiceLink, Time } from '../parts/bits.tsx';
import { EdgeTable } from '../parts/edge-table.tsx';
import { LogTail } from '../parts/log-tail.tsx';
import { ServiceSymptoms } from '../parts/symptom-figure.tsx';
import { askRestart, askRollback, askScale, askSilence } from '../state/asks.ts';
import { useLive } from '../state/live.ts';
import { href } from '../state/route.ts';
import { duration, percent, rate } from '../view/format.ts';
import { Instances } from './service-instances.tsx';

export function ServicePage({ name }: { readonly name: string }): JSX.Element {
  const service = useLive(({ services }) => services.find((one) => one.name === name) ?? null);
  const edges = useLive((state) => state.edges);
  const changes = (useLive((state) => state.changes) ?? []).filter((change) => change.services.includes(name));
  const [chosen, setChosen] = useState<string | null>(null);
  if (service === null) {
    return (
      <Empty>
        There is no service “{name}”. <a href={href({ page: 'overview' })}>Go to the overview</a>
      </Empty>
    );
  }
  const into = edges.filter(({ callee }) => callee === name);
  const out = edges.filter(({ caller }) => caller === name);
  const log = service.instances.find(({ id }) => id === chosen) ?? service.instances[0];
  return (
    <>
      <Head service={service} last={changes.find(({ undoable }) => undoable.includes(name)) ?? null} />
      <Facts service={service} />
      <ServiceSymptoms service={name} />
      <Panel title="Instances" count={service.instances.length}>
        <Instances service={service} chosen={log?.id ?? null} onChoose={setChosen} />
      </Panel>
      <div class="columns even">
        <Panel title="Called by" count={into.length}>
          {into.length === 0 ? (
            <Empty>Nobody has called it.</Empty>
          ) : (
            <EdgeTable edges={into} side="caller" caption={`Who calls ${name}`} />
          )}
        </Panel>
        <Panel title="Calls" count={out.length}>
          {out.length === 0 ? (
            <Empty>It calls nobody that Holdfast knows.</Empty>
          ) : (
            <EdgeTable edges={out} side="callee" caption={`Whom ${name} calls`} />
          )}
        </Panel>
      </div>
      {log !== undefined && (
        <Panel
          title="Log"
          aside={
            <>
              <label class="line">
                <span class="off-screen">Instance</span>
                <select value={log.id} onChange={(event) => setChosen(event.currentTarget.value)}>
                  {service.instances.map(({ id }) => (
                    <option key={id} value={id}>
                      {id}
                    </option>
                  ))}
                </select>
              </label>
              <CopyButton text={`holdfast logs ${log.id} -f`} label="Copy as command line: follow this log" />
            </>
          }
        >
          <LogTail instance={log.id} />
        </Panel>
      )}
      <Changes service={name} changes={changes} />
    </>
  );
}

/** `last`: what can be undone; nothing is offered that would be refused. */
function Head({
  service,
  last,
}: {
  readonly service: ServiceResource;
  readonly last: ChangeResource | null;
}): JSX.Element {
  const { name } = service;
  return (
    <div class="head">
      <h1>{name}</h1>
      <HealthBadge health={service.health} />
      <span class="muted num">
        {service.ready} of {service.replicas} ready
      </span>
      {service.openIncidents.map((id) => (
        <a key={id} class="badge down" href={href({ page: 'incident', id })}>
          incident {id}
        </a>
      ))}
      <fieldset class="actions">
        <legend class="off-screen">Actions on {name}</legend>
        <button type="button" class="button" onClick={() => askRestart(name, null)}>
          Restart
        </button>
        <button type="button" class="button" onClick={() => askScale(service)}>
          Scale
        </button>
        {last !== null && (
          <button type="button" class="button" onClick={() => askRollback(name, last)}>
            Roll back
          </button>
        )}
        <button type="button" class="button" onClick={() => askSilence(name)}>
          Silence
        </button>
        <CopyButton text={`holdfast describe ${name}`} label="Copy as command line: describe this service" />
      </fieldset>
    </div>
  );
}

function Facts({ service }: { readonly service: ServiceResource }): JSX.Element {
  const { traffic, rollout } = service;
  return (
    <dl class="facts">
      <Fact name="Traffic, 10 s">
        {traffic === null ? (
          'none'
        ) : (
          <span class="num">
            {rate(traffic.requestsPerSec)}, {percent(traffic.failureShare)} errors, p50 {duration(traffic.p50Ms)}, p99{' '}
            {duration(traffic.p99Ms)}
          </span>
        )}
      </Fact>
      <Fact name="Endpoints">
        {service.endpoints.length === 0
          ? 'none'
          : service.endpoints.map(({ port, protocol, address }) => (
              <span key={port} class="endpoint">
                <code>{address ?? `${protocol} ${port}`}</code>
                {address === null && <span class="muted"> for its callers only</span>}
              </span>
            ))}
      </Fact>
      <Fact name="Depends on">
        <Names names={service.dependsOn} />
      </Fact>
      <Fact name="Depended on by">
        <Names names={service.dependents} />
      </Fact>
      <Fact name="Revision">
        <code title={service.revision ?? ''}>{service.revision?.slice(0, 12) ?? 'none'}</code>
        {rollout !== null && (
          <span class="rollout">
            {rollout.state}: {rollout.done} of {rollout.total} replaced
            <progress value={rollout.done} max={rollout.total} aria-label="Rollout" />
          </span>
        )}
      </Fact>
    </dl>
  );
}

function Fact({ name, children }: { readonly name: string; readonly children: ComponentChildren }): JSX.Element {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Names({ names }: { readonly names: readonly string[] }): JSX.Element {
  if (names.length === 0) return <>nothing</>;
  return (
    <span class="names">
      {names.map((name) => (
        <ServiceLink key={name} name={name} />
      ))}
    </span>
  );
}

function Changes(props: { readonly service: string; readonly changes: readonly ChangeResource[] }): JSX.Element | null {
  const { service, changes } = props;
  if (changes.length === 0) return null;
  return (
    <Panel title="Changes" count={changes.length}>
      <ul class="list">
        {changes.map((change) => (
          <li key={change.id}>
            <span class="line">
              <strong>{change.kind}</strong> {change.who}
              {change.why === '' ? '' : `: ${change.why}`}
              <span class="muted push">
                <Time at={change.at} />
              </span>
              {change.undoable.includes(service) && (
                <button type="button" class="button small" onClick={() => askRollback(service, change)}>
                  Roll back
                </button>
              )}
            </span>
            {change.content.map((text) => (
              <code class="block" key={text}>
                {text}
              </code>
            ))}
          </li>
        ))}
      </ul>
    </Panel>
  );
}
