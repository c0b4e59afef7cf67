/** `?`: the keys. */
import type { JSX } from 'preact';
import { SHORTCUTS } from '../state/keys.ts';
import { show } from '../state/ui.ts';
import { Modal } from './modal.tsx';

export function HelpDialog(): JSX.Element {
  return (
    <Modal label="Keyboard shortcuts">
      <h2>Keyboard</h2>
      <dl class="keys">
        {SHORTCUTS.map(([keys, what]) => (
          <div key={keys}>
            <dt>
              <kbd>{keys}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <footer>
        <button type="button" class="button" autofocus onClick={() => show(null)}>
          Close
        </button>
      </footer>
    </Modal>
  );
}
