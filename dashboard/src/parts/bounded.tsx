/** Long lists: the first rows, what is ill before what is well, and a button for the rest. A thousand rows are drawn when asked for. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { Health } from '../../../src/api/resources.ts';
import { count } from '../view/format.ts';

const SHOWN = 100;

export interface Bounded<T> {
  readonly shown: readonly T[];
  /** null: all are shown. */
  readonly more: JSX.Element | null;
}

export function useBounded<T extends { readonly health: Health }>(items: readonly T[], word: string): Bounded<T> {
  const [all, setAll] = useState(false);
  if (all || items.length <= SHOWN) return { shown: items, more: null };
  const ill = items.filter(({ health }) => health !== 'healthy');
  const well = items.filter(({ health }) => health === 'healthy');
  const more = (
    <p class="empty">
      {SHOWN} of {count(items.length)} {word}, what is not healthy first.{' '}
      <button type="button" class="link" onClick={() => setAll(true)}>
        Show all
      </button>
    </p>
  );
  return { shown: [...ill, ...well].slice(0, SHOWN), more };
}
