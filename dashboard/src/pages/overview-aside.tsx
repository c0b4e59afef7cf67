/** The overview's right column: limits, silences, changes, what happened, what cannot be seen, Holdfast itself. */
import type { JSX } from 'preact';
import { CopyButton, Empty, Meter, Panel, Time } from '../parts/bits.tsx';
import { HealthIcon } from '../parts/icons.tsx';
import { askRollback, askSilence, askUnsilence } from '../state/asks.ts';
import { useLive } from '../state/live.ts';
import { cliFor } from '../view/cli.ts';
import { absolute, clock } from '../view/format.ts';

const CHANGES_SHOWN = 5;
const EVENTS_SHOWN = 10;

export function Budget(): JSX.Element | null {
  const budget = useLive(({ status }) => status?.budget ?? null);
  if (budget === null) return null;
  return (
    <Panel title="Disruption budget" aside={<span class="muted num">{`${budget.out.length} of ${budget.max}`}</span>}>
      {budget.out.length === 0 ? (
        <Empty>Nothing is out. At most {budget.max} at once may be, for repairs and rollouts together.</Empty>
      ) : (
        <ul class="list">
          {budget.out.map(({ instance, why, sinceAt }) => (
            <li key={instance} class="line">
              <code>{instance}</code> {why}
              <span class="muted push">
                <Time at={sinceAt} as="lasting" />
              </span>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

export function Silences(): JSX.Element | null {
  const silences = useLive(({ status }) => status?.silences ?? null);
  if (silences === null || silences.length === 0) return null;
  return (
    <Panel
      title="Silences"
      count={silences.length}
      aside={
        <button type="button" class="link" onClick={() => askSilence(null)}>
          Add
        </button>
      }
    >
      <ul class="list">
        {silences.map((silence) => (
          <li key={silence.id}>
            <strong>{silence.service ?? 'everything'}</strong> {silence.why}
            <div class="muted line">
              {silence.who}, ends <Time at={silence.untilAt} />
              <span class="push" />
              <CopyButton
                text={cliFor({ kind: 'unsilence', silence: silence.id })}
                label={`Copy as command line: end the silence of ${silence.service ?? 'everything'}`}
              />
              <button type="button" class="button small" onClick={() => askUnsilence(silence)}>
                End
              </button>
            </div>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

export function Changes(): JSX.Element {
  const changes = useLive((state) => state.changes);
  return (
    <Panel title="Changes">
      {changes === null ? (
        <Empty>Reading …</Empty>
      ) : changes.length === 0 ? (
        <Empty>None is known.</Empty>
      ) : (
        <ul class="list">
          {changes.slice(0, CHANGES_SHOWN).map((change) => {
            const [service] = change.undoable;
            const one = change.services.length === 1 && service !== undefined;
            return (
              <li key={change.id}>
                <span class="line">
                  <strong>{change.kind}</strong>
                  <span class="clip" title={change.services.join(', ')}>
                    {change.services.join(', ')}
                  </span>
                  <span class="muted push">
                    <Time at={change.at} />
                  </span>
                </span>
                {change.content.slice(0, 3).map((text) => (
                  <code class="block" key={text}>
                    {text}
                  </code>
                ))}
                <div class="muted line">
                  {change.who}
                  {change.why === '' ? '' : `: ${change.why}`}
                  {one && (
                    <button type="button" class="link push" onClick={() => askRollback(service, change)}>
                      Roll back
                    </button>
                  )}
                </div>
              </li>
            );
          })}
        </ul>
      )}
    </Panel>
  );
}

export function Activity(): JSX.Element {
  const events = useLive((state) => state.events);
  return (
    <Panel title="Activity">
      {events.length === 0 ? (
        <Empty>Nothing has happened since Holdfast started.</Empty>
      ) : (
        <ol class="activity">
          {events.slice(0, EVENTS_SHOWN).map((event) => (
            <li key={event.seq} class={event.level}>
              <time dateTime={event.at} title={absolute(Date.parse(event.at))}>
                {clock(Date.parse(event.at))}
              </time>
              <span>{event.text}</span>
            </li>
          ))}
        </ol>
      )}
    </Panel>
  );
}

export function BlindSpots(): JSX.Element | null {
  const spots = useLive(({ status }) => status?.blindSpots ?? null);
  if (spots === null) return null;
  return (
    <Panel title="Blind spots" count={spots.length}>
      {spots.length === 0 ? (
        <Empty>None known: every service has a health check, and limits are enforced.</Empty>
      ) : (
        <ul class="list">
          {spots.map((spot) => (
            <li key={spot}>{spot}</li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

const PART_HEALTH = { running: 'healthy', starting: 'unknown', down: 'down' } as const;

export function Parts(): JSX.Element | null {
  const status = useLive((state) => state.status);
  if (status === null) return null;
  const { node } = status;
  return (
    <Panel title="Holdfast itself" aside={<span class="muted">{status.version}</span>}>
      <ul class="list">
        {status.parts.map((part) => (
          <li key={part.name} class="line">
            <HealthIcon health={PART_HEALTH[part.state]} size={13} />
            <strong>{part.name}</strong>
            <span class="muted clip" title={part.detail}>
              {part.state === 'running' ? part.detail : `${part.state}: ${part.detail}`}
            </span>
            {part.pid !== null && <span class="muted num push">pid {part.pid}</span>}
          </li>
        ))}
        <li class="line muted">
          Up <Time at={status.startedAt} as="lasting" />
          <code class="clip push" title={status.stateDir}>
            {status.stateDir}
          </code>
        </li>
      </ul>
      {node !== null && (
        <dl class="node">
          {(
            [
              ['CPU', node.cpuShare],
              ['Memory', node.memoryShare],
              ['Disk', node.diskShare],
            ] as const
          ).map(([name, share]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>
                <Meter share={share} label={`${name} of ${node.name}`} />
              </dd>
            </div>
          ))}
        </dl>
      )}
    </Panel>
  );
}
