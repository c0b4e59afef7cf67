/** What just happened, said briefly, to screen readers too. */
import type { JSX } from 'preact';
import { useCell } from '../state/cell.ts';
import { toasts } from '../state/ui.ts';

export function Toasts(): JSX.Element {
  const all = useCell(toasts, (value) => value);
  return (
    <div class="toasts" role="status" aria-live="polite">
      {all.map(({ id, text }) => (
        <p key={id}>{text}</p>
      ))}
    </div>
  );
}
