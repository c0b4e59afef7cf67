/** Runs that recur: what, when next, and what became of the last time. Nothing is shown when there are none. */
import type { JSX } from 'preact';
import type { ScheduleResource } from '../../../src/api/proof-resources.ts';
import { CopyButton, Panel, Time } from '../parts/bits.tsx';
import { FailureText } from '../parts/connection.tsx';
import { useAsked } from '../state/asked.ts';
import { api } from '../state/live.ts';

/** Asked for anew whenever a run begins or ends: a scheduled one may be it. */
export function Schedules({ news }: { readonly news: string }): JSX.Element | null {
  const { value, failure } = useAsked('schedules', () => api().schedules(), news);
  if (failure !== null) {
    return (
      <Panel title="Schedules">
        <p class="notice bad">
          <FailureText failure={failure} />
        </p>
      </Panel>
    );
  }
  if (value === null || value.length === 0) return null;
  return (
    <Panel
      title="Schedules"
      count={value.length}
      aside={<CopyButton text="holdfast get schedules" label="Copy as command line: list the schedules" />}
    >
      <ul class="list">
        {value.map((schedule) => (
          <Item key={schedule.name} schedule={schedule} />
        ))}
      </ul>
    </Panel>
  );
}

function Item({ schedule }: { readonly schedule: ScheduleResource }): JSX.Element {
  const { name, when, what, who, why, nextAt, last, missed } = schedule;
  return (
    <li>
      <span class="line">
        <strong>{name}</strong>
        <span>{when}</span>
        <span class="muted push">
          next <Time at={nextAt} />
        </span>
      </span>
      <p class="muted">
        {what} · {who}: {why}
      </p>
      {last !== null && (
        <p class={last.outcome === 'started' ? 'muted' : 'warn'}>
          Last: {last.outcome} <Time at={last.at} />
          {last.detail !== '' && `: ${last.detail}`}
          {missed > 0 && `; ${missed} missed while the server was not running`}
        </p>
      )}
    </li>
  );
}
