/** The first line of every page: the state of the system in one sentence; below it, what holds automation back. */
import type { JSX } from 'preact';
import { actionTitle, askResume } from '../state/asks.ts';
import { useLive } from '../state/live.ts';
import { href } from '../state/route.ts';
import { plural } from '../view/format.ts';
import { awaiting } from '../view/stages.ts';
import { HealthIcon } from './icons.tsx';

export function Verdict(): JSX.Element | null {
  const status = useLive((state) => state.status);
  const waiting = useLive((state) => state.incidents);
  const live = useLive(({ connection }) => connection.kind === 'live');
  if (status === null) return null;
  const actions = awaiting(waiting);
  const first = actions[0];
  return (
    <>
      <p class={`verdict ${status.health}`} role="status">
        <HealthIcon health={status.health} size={20} />
        <span>
          {!live && <span class="was">Was: </span>}
          {status.sentence}
        </span>
      </p>
      {status.automationStopped && (
        <div class="banner warn inset">
          <p>
            <strong>Automation stopped.</strong> Holdfast goes on watching, but repairs nothing until it is resumed.
          </p>
          <button type="button" class="button small" onClick={askResume}>
            Resume
          </button>
        </div>
      )}
      {first !== undefined && (
        <div class="banner accent inset">
          <p>
            <strong>{plural(actions.length, 'action awaits', 'actions await')} approval:</strong>{' '}
            {actions.map(actionTitle).join(', ')}
          </p>
          <a class="button small" href={href({ page: 'incident', id: first.incident })}>
            Decide
          </a>
        </div>
      )}
    </>
  );
}
