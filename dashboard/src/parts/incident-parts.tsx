/** How incidents are shown in several places: stage chips, status, rows. */
import type { JSX } from 'preact';
import type { IncidentResource } from '../../../src/api/resources.ts';
import { href } from '../state/route.ts';
import { duration, percent, waited } from '../view/format.ts';
import { nowDoing, stagesOf } from '../view/stages.ts';
import { Time } from './bits.tsx';
import { Icon } from './icons.tsx';

const STATE_WORD = { done: '', now: 'in progress', waits: 'not yet', missed: 'skipped' } as const;

export function StageChips({ incident }: { readonly incident: IncidentResource }): JSX.Element {
  return (
    <ol class="stages" aria-label="How far it has got">
      {stagesOf(incident).map(({ name, afterMs, state }) => (
        <li key={name} class={state}>
          {state === 'done' && <Icon name="check" size={11} />}
          <span>{name}</span>
          {afterMs === null ? (
            <span class="off-screen">{STATE_WORD[state]}</span>
          ) : (
            <span class="num">{duration(afterMs)}</span>
          )}
        </li>
      ))}
    </ol>
  );
}

export function IncidentStatus({ status }: { readonly status: IncidentResource['status'] }): JSX.Element {
  const tone = { open: 'down', recovering: 'degraded', verifying: 'degraded', resolved: 'healthy', escalated: 'down' }[
    status
  ];
  return <span class={`badge ${tone}`}>{status}</span>;
}

export function IncidentCard({ incident }: { readonly incident: IncidentResource }): JSX.Element {
  const { damage } = incident;
  const doing = nowDoing(incident);
  return (
    <li class="incident-card">
      <a data-row href={href({ page: 'incident', id: incident.id })}>
        <span class="line">
          <IncidentStatus status={incident.status} />
          <strong>{incident.title}</strong>
          <span class="muted push">
            <Time at={incident.onsetAt} />
          </span>
        </span>
        <StageChips incident={incident} />
        {doing !== incident.title && <span class="doing">{doing}</span>}
        {damage !== null && damage.requests > 0 && (
          <span class="muted">
            {damage.failedRequests} of {damage.requests} requests failed, {waited(damage.extraWaitSeconds)} of extra
            waiting
          </span>
        )}
      </a>
    </li>
  );
}

/** One line for a closed incident. */
export function IncidentRow({ incident }: { readonly incident: IncidentResource }): JSX.Element {
  const cause = incident.causes[0];
  return (
    <tr>
      <td>
        <a data-row href={href({ page: 'incident', id: incident.id })}>
          {incident.title}
        </a>
      </td>
      <td class="muted wide-only">{cause ? `${cause.mechanism}, ${percent(cause.confidence)}` : 'no cause found'}</td>
      <td class="num">{duration(incident.detectedAfterMs)}</td>
      <td class="num">{duration(incident.explainedAfterMs)}</td>
      <td class="num">{duration(incident.repairedAfterMs)}</td>
      <td class="muted right">
        <Time at={incident.closedAt ?? incident.openedAt} />
      </td>
    </tr>
  );
}
