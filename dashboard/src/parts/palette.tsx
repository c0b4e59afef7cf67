/** ⌘K: everything that can be gone to or done, by a few letters. */
import type { JSX } from 'preact';
import { useMemo, useRef, useState } from 'preact/hooks';
import {
  actionTitle,
  askDecision,
  askMode,
  askRestart,
  askResume,
  askRollback,
  askScale,
  askSilence,
  askStopAll,
} from '../state/asks.ts';
import { useLive } from '../state/live.ts';
import { href } from '../state/route.ts';
import type { State } from '../state/state.ts';
import { setTheme, show } from '../state/ui.ts';
import { find } from '../view/search.ts';
import { awaiting, isOpen } from '../view/stages.ts';
import { Modal } from './modal.tsx';

interface Entry {
  readonly title: string;
  readonly hint: string;
  readonly run: () => void;
}

const SHOWN = 12;

export function Palette(): JSX.Element {
  const state = useLive((all) => all);
  const [query, setQuery] = useState('');
  const [at, setAt] = useState(0);
  const list = useRef<HTMLDivElement>(null);
  const entries = useMemo(() => entriesOf(state), [state.services, state.incidents, state.status]);
  const found = find(query, entries, SHOWN);
  const chosen = Math.min(at, found.length - 1);
  const run = (entry: Entry | undefined): void => {
    if (entry === undefined) return;
    show(null);
    entry.run();
  };
  const move = (to: number): void => {
    setAt((to + found.length) % Math.max(1, found.length));
    list.current?.children[(to + found.length) % Math.max(1, found.length)]?.scrollIntoView({ block: 'nearest' });
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const to = { ArrowDown: chosen + 1, ArrowUp: chosen - 1 }[event.key];
    if (to !== undefined) move(to);
    else if (event.key === 'Enter') run(found[chosen]);
    else return;
    event.preventDefault();
  };
  return (
    <Modal label="Go to or do" class="palette">
      <input
        type="text"
        role="combobox"
        aria-expanded="true"
        aria-controls="palette-list"
        aria-activedescendant={found.length > 0 ? `palette-${chosen}` : undefined}
        aria-label="Go to or do"
        placeholder="Service, incident, action …"
        autofocus
        autocomplete="off"
        spellcheck={false}
        value={query}
        onInput={(event) => {
          setQuery(event.currentTarget.value);
          setAt(0);
        }}
        onKeyDown={onKeyDown}
      />
      <div id="palette-list" role="listbox" aria-label="Results" ref={list}>
        {found.map((entry, i) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: Enter in the input runs the active option
          // biome-ignore lint/a11y/useFocusableInteractive: see above
          <div
            key={`${entry.hint} ${entry.title}`}
            id={`palette-${i}`}
            role="option"
            aria-selected={i === chosen}
            onClick={() => run(entry)}
            onPointerMove={() => setAt(i)}
          >
            <span class="clip">{entry.title}</span>
            <span class="hint">{entry.hint}</span>
          </div>
        ))}
      </div>
      {found.length === 0 && <p class="empty">Nothing is called “{query}”.</p>}
    </Modal>
  );
}

function entriesOf({ services, incidents, changes, status }: State): readonly Entry[] {
  const goto = (title: string, hint: string, to: string): Entry => ({
    title,
    hint,
    run: () => {
      location.hash = to;
    },
  });
  const act = (title: string, run: () => void, hint = 'action'): Entry => ({ title, hint, run });
  const open = incidents.filter(isOpen);
  return [
    ...awaiting(incidents).flatMap((action) => [
      act(`Approve ${actionTitle(action)}`, () => askDecision('approve', action), 'waits for you'),
      act(`Reject ${actionTitle(action)}`, () => askDecision('reject', action), 'waits for you'),
    ]),
    ...open.map(({ id, title }) => goto(title, 'open incident', href({ page: 'incident', id }))),
    goto('Overview', 'page', href({ page: 'overview' })),
    goto('Map', 'page', href({ page: 'map' })),
    goto('Proofs', 'page', href({ page: 'proofs' })),
    goto('Doctor', 'page', href({ page: 'doctor' })),
    ...services.map(({ name }) => goto(name, 'service', href({ page: 'service', name }))),
    status?.automationStopped ? act('Resume automation', askResume) : act('Stop all automation', askStopAll),
    ...(['auto', 'approve', 'observe'] as const)
      .filter((mode) => mode !== status?.mode)
      .map((mode) => act(`Set mode: ${mode}`, () => askMode(mode))),
    ...services.flatMap((service) => [
      act(`Restart ${service.name}`, () => askRestart(service.name, null)),
      act(`Scale ${service.name}`, () => askScale(service)),
      act(`Silence ${service.name}`, () => askSilence(service.name)),
      ...service.instances.map(({ id }) => act(`Restart ${id}`, () => askRestart(service.name, id))),
    ]),
    ...services.flatMap(({ name }) => {
      const last = changes?.find(({ undoable }) => undoable.includes(name));
      return last === undefined ? [] : [act(`Roll back ${name}`, () => askRollback(name, last))];
    }),
    act('Silence everything', () => askSilence(null)),
    ...incidents
      .filter((incident) => !isOpen(incident))
      .map(({ id, title }) => goto(`${title} (${id})`, 'closed incident', href({ page: 'incident', id }))),
    ...(['dark', 'light', 'system'] as const).map((name) => act(`Theme: ${name}`, () => setTheme(name), 'view')),
    act('Keyboard shortcuts', () => show('help'), 'help'),
  ];
}
