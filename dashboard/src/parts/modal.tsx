/** The browser's own modal dialog: it traps focus, closes on Esc, and gives focus back. */
import type { ComponentChildren, JSX } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { show } from '../state/ui.ts';

export function Modal(props: {
  readonly label: string;
  readonly class?: string;
  readonly children: ComponentChildren;
}): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => {
    const element = dialog.current;
    const before = document.activeElement;
    element?.showModal();
    return () => {
      element?.close();
      if (before instanceof HTMLElement || before instanceof SVGElement) before.focus();
    };
  }, []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Esc closes; the click is for the backdrop
    <dialog
      ref={dialog}
      class={`modal ${props.class ?? ''}`}
      aria-label={props.label}
      onCancel={() => show(null)}
      onClick={(event) => event.target === dialog.current && show(null)}
    >
      <div class="modal-body">{props.children}</div>
    </dialog>
  );
}
