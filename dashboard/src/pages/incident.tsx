/** One incident: what happened, why, what was done, and what waits for a human. */
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { IncidentResource } from '../../../src/api/resources.ts';
import { CopyButton, Empty, Panel, Time } from '../parts/bits.tsx';
import { FailureText } from '../parts/connection.tsx';
import { Icon } from '../parts/icons.tsx';
import { IncidentStatus, StageChips } from '../parts/incident-parts.tsx';
import { SymptomFigure } from '../parts/symptom-figure.tsx';
import { api, failureOf, live, useLive } from '../state/live.ts';
import { href } from '../state/route.ts';
import type { Failure } from '../state/state.ts';
import { absolute, count, duration, percent, waited } from '../view/format.ts';
import { postmortem } from '../view/postmortem.ts';
import { nowDoing } from '../view/stages.ts';
import { Account } from './incident-account.tsx';
import { Causes } from './incident-causes.tsx';
import { Plans } from './incident-plans.tsx';
import { Proving } from './incident-proof.tsx';

export function IncidentPage({ id }: { readonly id: string }): JSX.Element {
  const streamed = useLive(({ incidents }) => incidents.find((one) => one.id === id) ?? null);
  const { incident: old, failure } = useOldIncident(id, streamed === null);
  const incident = streamed ?? old;
  if (incident === null) {
    return failure === null ? (
      <Empty>Reading incident {id} …</Empty>
    ) : (
      <p class="notice bad">
        <FailureText failure={failure} /> <a href={href({ page: 'overview' })}>Go to the overview</a>
      </p>
    );
  }
  return (
    <>
      <Head incident={incident} />
      <div class="columns">
        <div>
          <Causes incident={incident} />
          <Account incident={incident} />
          <Proving incident={incident} />
          <Plans incident={incident} />
          <Symptoms incident={incident} />
        </div>
        <aside aria-label="Timeline">
          <Timeline incident={incident} />
        </aside>
      </div>
    </>
  );
}

/** The stream carries the newest fifty; older ones are read once. */
function useOldIncident(
  id: string,
  wanted: boolean,
): { readonly incident: IncidentResource | null; readonly failure: Failure | null } {
  const [incident, setIncident] = useState<IncidentResource | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  useEffect(() => {
    if (!wanted) return;
    let here = true;
    api()
      .incident(id)
      .then(
        (found) => here && setIncident(found),
        (error: unknown) => here && setFailure(failureOf(error)),
      );
    return () => {
      here = false;
    };
  }, [id, wanted]);
  return { incident, failure };
}

function Head({ incident }: { readonly incident: IncidentResource }): JSX.Element {
  return (
    <div class="incident-head">
      <div class="head">
        <h1>{incident.title}</h1>
        <IncidentStatus status={incident.status} />
        <span class="muted">
          <code>{incident.id}</code> · began <Time at={incident.onsetAt} />
          {incident.closedAt !== null && (
            <>
              {' '}
              · closed <Time at={incident.closedAt} />
            </>
          )}
        </span>
        <span class="actions">
          <button type="button" class="button" onClick={() => download(incident)}>
            <Icon name="down" size={13} />
            Postmortem
          </button>
          <CopyButton text={`holdfast diagnose ${incident.id}`} label="Copy as command line: diagnose this incident" />
        </span>
      </div>
      <StageChips incident={incident} />
      {incident.closedAt === null ? (
        <p class="summary">{nowDoing(incident)}</p>
      ) : (
        incident.summary !== incident.title && <p class="summary">{incident.summary}</p>
      )}
      <Damage incident={incident} />
    </div>
  );
}

function Damage({ incident }: { readonly incident: IncidentResource }): JSX.Element {
  const { damage } = incident;
  return (
    <dl class="facts">
      <div>
        <dt>Services</dt>
        <dd class="names">
          {incident.services.map((name) => (
            <a key={name} href={href({ page: 'service', name })}>
              {name}
            </a>
          ))}
        </dd>
      </div>
      <div>
        <dt>Failed requests</dt>
        <dd class="num">{damage === null ? '–' : `${count(damage.failedRequests)} of ${count(damage.requests)}`}</dd>
      </div>
      <div>
        <dt>Users waited longer</dt>
        <dd class="num">{damage === null ? '–' : `${waited(damage.extraWaitSeconds)} in total`}</dd>
      </div>
      <div>
        <dt>Unexplained damage</dt>
        <dd class="num">{percent(damage?.unexplainedShare)}</dd>
      </div>
    </dl>
  );
}

function Symptoms({ incident }: { readonly incident: IncidentResource }): JSX.Element {
  return (
    <Panel title="Symptoms" count={incident.symptoms.length}>
      <ul class="list symptoms">
        {incident.symptoms.map((symptom) => (
          <li key={symptom.id} class={symptom.clearedAt === null ? 'present' : 'cleared'}>
            <span class="line">
              <span class="badge plain">{symptom.kind}</span>
              <strong>{symptom.summary}</strong>
              {symptom.standing === 'advisory' && (
                <span class="badge plain" title="Evidence only: no repair waits until it is gone">
                  advisory
                </span>
              )}
              <span class="muted push">
                {symptom.clearedAt === null ? (
                  <>
                    since <Time at={symptom.onsetAt} as="lasting" />
                  </>
                ) : (
                  `gone after ${duration(Date.parse(symptom.clearedAt) - Date.parse(symptom.onsetAt))}`
                )}
              </span>
            </span>
            {symptom.evidence.length > 0 && <span class="muted">{symptom.evidence.join(' · ')}</span>}
            {symptom.figure !== undefined && <SymptomFigure figure={symptom.figure} />}
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function Timeline({ incident }: { readonly incident: IncidentResource }): JSX.Element {
  return (
    <Panel title="Timeline" aside={<span class="muted">from onset</span>}>
      <ol class="timeline">
        {incident.timeline.map((entry, i) => (
          <li key={i} class={entry.stage}>
            <span class="num" title={absolute(Date.parse(entry.at))}>
              +{duration(entry.afterMs)}
            </span>
            <span class="what">
              <b>{entry.stage}</b> {entry.text}
            </span>
          </li>
        ))}
      </ol>
    </Panel>
  );
}

function download(incident: IncidentResource): void {
  const text = postmortem(incident, live.value.status?.system ?? '');
  const url = URL.createObjectURL(new Blob([text], { type: 'text/markdown' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = `postmortem-${incident.id}.md`;
  link.click();
  URL.revokeObjectURL(url);
}
