/** Keys that work everywhere, and arrows that move between rows. */

import { askStopAll } from './asks.ts';
import { live } from './live.ts';
import { href } from './route.ts';
import { open, show } from './ui.ts';

export const SHORTCUTS: readonly (readonly [keys: string, what: string])[] = [
  ['⌘K / Ctrl K', 'Go to anything, do anything'],
  ['g o', 'Overview'],
  ['g m', 'Map'],
  ['g p', 'Proofs'],
  ['g d', 'Doctor: what is wrong with the structure'],
  ['g i', 'The newest open incident'],
  ['↑ ↓', 'Move between rows, results and services of the map'],
  ['Enter', 'Open what is focused'],
  ['/', 'Search in the log'],
  ['Shift S', 'Stop all automation (asks first)'],
  ['?', 'This help'],
  ['Esc', 'Close'],
];

const CHORD_MS = 1_200;
let chordAt = Number.NEGATIVE_INFINITY;

export function onKey(event: KeyboardEvent): void {
  const { key } = event;
  if ((event.metaKey || event.ctrlKey) && key.toLowerCase() === 'k') {
    event.preventDefault();
    if (open.value === null || open.value === 'palette') show(open.value === 'palette' ? null : 'palette');
    return;
  }
  if (event.metaKey || event.ctrlKey || event.altKey || open.value !== null || isTyping(event.target)) return;
  if (moveInRows(event)) return;
  const chord = event.timeStamp - chordAt < CHORD_MS;
  chordAt = Number.NEGATIVE_INFINITY;
  if (chord && go(key)) event.preventDefault();
  else if (key === 'g') chordAt = event.timeStamp;
  else if (key === '?') show('help');
  else if (key === 'S') askStopAll();
  else if (key === '/') focusSearch(event);
}

function go(key: string): boolean {
  if (key === 'o') location.hash = href({ page: 'overview' });
  else if (key === 'm') location.hash = href({ page: 'map' });
  else if (key === 'p') location.hash = href({ page: 'proofs' });
  else if (key === 'd') location.hash = href({ page: 'doctor' });
  else if (key === 'i') {
    const incident = live.value.incidents.find(({ closedAt }) => closedAt === null);
    if (incident === undefined) return false;
    location.hash = href({ page: 'incident', id: incident.id });
  } else return false;
  return true;
}

function focusSearch(event: KeyboardEvent): void {
  const field = document.querySelector<HTMLInputElement>('main input[type=search]');
  if (field === null) return;
  event.preventDefault();
  field.focus();
}

/** Within a `data-rows` container, arrows go from one `data-row` to the next; Home and End to the ends. */
function moveInRows(event: KeyboardEvent): boolean {
  const row = event.target instanceof Element ? event.target.closest('[data-row]') : null;
  const rows = [...(row?.closest('[data-rows]')?.querySelectorAll<HTMLElement>('[data-row]') ?? [])];
  const at = rows.indexOf(row as HTMLElement);
  if (at < 0) return false;
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 }[event.key];
  if (to === undefined) return false;
  event.preventDefault();
  rows[Math.max(0, Math.min(rows.length - 1, to))]?.focus();
  return true;
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement
  );
}
