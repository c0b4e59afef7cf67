/** Own icons. Health has a shape of its own besides its colour, so that it can be told without seeing colours. */
import type { JSX } from 'preact';
import type { Health } from '../../../src/api/resources.ts';

const SHAPES: Readonly<Record<Health, JSX.Element>> = {
  healthy: (
    <>
      <circle cx="8" cy="8" r="7" class="fill" />
      <path d="M4.8 8.2l2.2 2.2 4.2-4.6" class="cut" />
    </>
  ),
  degraded: (
    <>
      <path d="M8 1.2L15.4 14.6H.6z" class="fill" />
      <path d="M8 6v4M8 12.2v.1" class="cut" />
    </>
  ),
  down: (
    <>
      <path d="M5 .8h6L15.2 5v6L11 15.2H5L.8 11V5z" class="fill" />
      <path d="M5.4 5.4l5.2 5.2M10.6 5.4l-5.2 5.2" class="cut" />
    </>
  ),
  unknown: (
    <>
      <circle cx="8" cy="8" r="6.2" class="line" stroke-dasharray="2.4 2.4" />
      <path d="M6.4 6.4a1.7 1.7 0 1 1 2.3 1.7c-.5.2-.7.5-.7 1M8 11.2v.1" class="line" />
    </>
  ),
  stopped: (
    <>
      <rect x="1.8" y="1.8" width="12.4" height="12.4" rx="2.5" class="line" />
      <path d="M5.2 8h5.6" class="line" />
    </>
  ),
};

/** Decorative: the word stands beside it, or in `title`. */
export function HealthIcon({ health, size = 16 }: { readonly health: Health; readonly size?: number }): JSX.Element {
  return (
    <svg class={`health-icon ${health}`} width={size} height={size} viewBox="0 0 16 16" aria-hidden="true">
      {SHAPES[health]}
    </svg>
  );
}

const PATHS = {
  search: 'M7 12.2A5.2 5.2 0 1 0 7 1.8a5.2 5.2 0 0 0 0 10.4zM11 11l3.4 3.4',
  overview: 'M2 2.5h5v5H2zM9 2.5h5v3H9zM9 7.5h5v6H9zM2 9.5h5v4H2z',
  map: 'M1.5 5.5h4v5h-4zM10.5 1.5h4v4h-4zM10.5 10.5h4v4h-4zM5.5 8h2.5V3.5h2.5M8 8v4.5h2.5',
  stop: 'M5.2 1.5h5.6l3.7 3.7v5.6l-3.7 3.7H5.2l-3.7-3.7V5.2z',
  sun: 'M8 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM8 1v1.6M8 13.4V15M1 8h1.6M13.4 8H15M3 3l1.2 1.2M11.8 11.8L13 13M3 13l1.2-1.2M11.8 4.2L13 3',
  moon: 'M13.6 9.8A6 6 0 0 1 6.2 2.4a6 6 0 1 0 7.4 7.4z',
  auto: 'M8 14.2A6.2 6.2 0 1 0 8 1.8a6.2 6.2 0 0 0 0 12.4zM8 1.8v12.4',
  copy: 'M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3',
  check: 'M2.8 8.6l3.4 3.4 7-7.6',
  pulse: 'M1 8.5h3.2L6 3.5l3.4 9 1.8-4H15',
  down: 'M8 2v9M4 7.5L8 11.5l4-4M2.5 14h11',
  play: 'M4.5 2.5l9 5.5-9 5.5z',
  pause: 'M5 2.5v11M11 2.5v11',
  close: 'M3 3l10 10M13 3L3 13',
} as const;

export function Icon({ name, size = 15 }: { readonly name: keyof typeof PATHS; readonly size?: number }): JSX.Element {
  return (
    <svg class="icon" width={size} height={size} viewBox="0 0 16 16" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}

export function Logo(): JSX.Element {
  return (
    <svg class="logo" width="20" height="20" viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="7" />
      <path d="M10 7v18M22 7v18M10 16h12" />
    </svg>
  );
}
