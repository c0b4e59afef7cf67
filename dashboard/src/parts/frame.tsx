/** Top bar and side bar. On a phone the side bar becomes the bar at the bottom. */
import type { JSX } from 'preact';
import { askResume, askStopAll } from '../state/asks.ts';
import { useCell } from '../state/cell.ts';
import { useLive } from '../state/live.ts';
import { href } from '../state/route.ts';
import { route, setTheme, show, type Theme, theme } from '../state/ui.ts';
import { isOpen } from '../view/stages.ts';
import { useBounded } from './bounded.tsx';
import { ConnectionState } from './connection.tsx';
import { HealthIcon, Icon, Logo } from './icons.tsx';

const NEXT_THEME: Readonly<Record<Theme, Theme>> = { system: 'dark', dark: 'light', light: 'system' };
const isApple = /Mac|iPhone|iPad/.test(navigator.userAgent);

export function Topbar(): JSX.Element {
  const system = useLive(({ status }) => status?.system ?? null);
  const stopped = useLive(({ status }) => status?.automationStopped ?? false);
  const now = useCell(theme, (value) => value);
  return (
    <header class="topbar">
      <a class="brand" href={href({ page: 'overview' })}>
        <Logo />
        <span>Holdfast</span>
        {system !== null && <span class="system">{system}</span>}
      </a>
      <ConnectionState />
      <span class="grow" />
      <button type="button" class="button search" onClick={() => show('palette')} aria-keyshortcuts="Meta+K Control+K">
        <Icon name="search" />
        <span>Go to or do …</span>
        <kbd>{isApple ? '⌘K' : 'Ctrl K'}</kbd>
      </button>
      <button
        type="button"
        class="button ghost square"
        aria-label={`Theme: ${now}. Change to ${NEXT_THEME[now]}`}
        title={`Theme: ${now}`}
        onClick={() => setTheme(NEXT_THEME[now])}
      >
        <Icon name={now === 'system' ? 'auto' : now === 'dark' ? 'moon' : 'sun'} />
      </button>
      <button
        type="button"
        class="button ghost square help-button"
        aria-label="Keyboard shortcuts"
        title="Keyboard shortcuts (?)"
        onClick={() => show('help')}
      >
        ?
      </button>
      {stopped ? (
        <button type="button" class="button warn" onClick={askResume}>
          <Icon name="play" />
          Resume
        </button>
      ) : (
        <button type="button" class="button danger-outline" onClick={askStopAll} title="Stop all automation (Shift S)">
          <Icon name="stop" />
          Stop all
        </button>
      )}
    </header>
  );
}

export function Sidebar(): JSX.Element {
  const at = useCell(route, (value) => value);
  const services = useLive((state) => state.services);
  const incidents = useLive((state) => state.incidents).filter(isOpen);
  const { shown, more } = useBounded(services, 'services');
  const current = (yes: boolean): { 'aria-current'?: 'page' } => (yes ? { 'aria-current': 'page' } : {});
  return (
    <nav class="sidebar" aria-label="Pages">
      <ul class="pages">
        <li>
          <a href={href({ page: 'overview' })} {...current(at.page === 'overview')}>
            <Icon name="overview" /> Overview
          </a>
        </li>
        <li>
          <a href={href({ page: 'map' })} {...current(at.page === 'map')}>
            <Icon name="map" /> Map
          </a>
        </li>
        <li>
          <a href={href({ page: 'proofs' })} {...current(at.page === 'proofs' || at.page === 'proof')}>
            <Icon name="check" /> Proofs
          </a>
        </li>
        <li>
          <a href={href({ page: 'doctor' })} {...current(at.page === 'doctor')}>
            <Icon name="pulse" /> Doctor
          </a>
        </li>
        <li class="phone-only">
          <button type="button" onClick={() => show('palette')}>
            <Icon name="search" /> Find
          </button>
        </li>
      </ul>
      {incidents.length > 0 && (
        <>
          <h2>Open incidents</h2>
          <ul data-rows>
            {incidents.map((incident) => (
              <li key={incident.id}>
                <a
                  data-row
                  href={href({ page: 'incident', id: incident.id })}
                  title={incident.title}
                  {...current(at.page === 'incident' && at.id === incident.id)}
                >
                  <HealthIcon health={incident.status === 'escalated' ? 'down' : 'degraded'} size={13} />
                  <span class="clip">{incident.title}</span>
                </a>
              </li>
            ))}
          </ul>
        </>
      )}
      <h2>Services</h2>
      <ul data-rows>
        {shown.map((service) => (
          <li key={service.name}>
            <a
              data-row
              href={href({ page: 'service', name: service.name })}
              {...current(at.page === 'service' && at.name === service.name)}
            >
              <HealthIcon health={service.health} size={13} />
              <span class="clip" title={service.name}>
                {service.name}
              </span>
              <span class="off-screen">, {service.health}, ready </span>
              <span class="num side">
                {service.ready}/{service.replicas}
              </span>
            </a>
          </li>
        ))}
      </ul>
      {more}
    </nav>
  );
}
