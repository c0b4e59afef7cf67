/** What the user has open, the clock, and the theme: everything of the screen that is not the system's. */
import type { ProofRequest } from '../../../src/api/proof-resources.ts';
import type { OperatorCommand } from '../../../src/model/operator.ts';
import { Cell } from './cell.ts';
import { parseRoute, type Route } from './route.ts';

export interface Field {
  readonly name: string;
  readonly label: string;
  readonly initial: string;
  /** A whole number, or one of these. */
  readonly input:
    | { readonly kind: 'number'; readonly min: number; readonly max: number }
    | { readonly kind: 'choice'; readonly choices: readonly (readonly [value: string, label: string])[] };
}

/** Something broken on purpose, to see what becomes of it. */
export interface Experiment {
  readonly kind: 'experiment';
  readonly run: ProofRequest['run'];
  readonly dryRun: boolean;
}

export type Deed = OperatorCommand | Experiment;

/** An operation that waits for the user's word and reason. */
export interface Ask {
  readonly title: string;
  readonly detail: string;
  /** Exactly what will be done to what, one line each. */
  readonly points: readonly string[];
  readonly confirm: string;
  readonly danger: boolean;
  readonly fields: readonly Field[];
  readonly command: (values: Readonly<Record<string, string>>) => Deed;
  /** A reason to begin with; without one the user must write it. */
  readonly why: string;
}

export interface Toast {
  readonly id: number;
  readonly text: string;
}

export type Open = 'palette' | 'help' | { readonly ask: Ask } | null;
export type Theme = 'light' | 'dark' | 'system';

export const open = new Cell<Open>(null);
export const toasts = new Cell<readonly Toast[]>([]);
export const route = new Cell<Route>(parseRoute(location.hash));
/** Local time, once a second. */
export const clock = new Cell(Date.now());
export const theme = new Cell<Theme>('system');

const THEME_KEY = 'holdfast-theme';
const TOAST_MS = 6_000;
let toastId = 0;

export function start(): void {
  const saved = localStorage.getItem(THEME_KEY);
  setTheme(saved === 'light' || saved === 'dark' ? saved : 'system');
  setInterval(() => clock.set(Date.now(), 'now'), 1_000);
  addEventListener('hashchange', () => route.set(parseRoute(location.hash), 'now'));
}

export function setTheme(next: Theme): void {
  theme.set(next, 'now');
  if (next === 'system') {
    localStorage.removeItem(THEME_KEY);
    delete document.documentElement.dataset.theme;
  } else {
    localStorage.setItem(THEME_KEY, next);
    document.documentElement.dataset.theme = next;
  }
}

export function show(what: Open): void {
  open.set(what, 'now');
}

export function ask(request: Ask): void {
  show({ ask: request });
}

export function toast(text: string): void {
  const id = ++toastId;
  toasts.set([...toasts.value, { id, text }].slice(-3), 'now');
  setTimeout(() => toasts.set(toasts.value.filter((one) => one.id !== id)), TOAST_MS);
}
