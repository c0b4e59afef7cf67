/** Asks for the reason before anything is changed, shows the same as a command line, and any refusal in full. */
import type { JSX } from 'preact';
import { useId, useState } from 'preact/hooks';
import { api, failureOf, operate, useLive } from '../state/live.ts';
import { href } from '../state/route.ts';
import type { Failure } from '../state/state.ts';
import { type Ask, type Deed, type Field, show, toast } from '../state/ui.ts';
import { cliFor } from '../view/cli.ts';
import { CopyButton } from './bits.tsx';
import { FailureText } from './connection.tsx';
import { Modal } from './modal.tsx';

export function AskDialog({ request }: { readonly request: Ask }): JSX.Element {
  const [values, setValues] = useState<Readonly<Record<string, string>>>(
    Object.fromEntries(request.fields.map(({ name, initial }) => [name, initial])),
  );
  const [why, setWhy] = useState(request.why);
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<Failure | null>(null);
  const isLive = useLive(({ connection }) => connection.kind === 'live');
  const id = useId();
  const command = request.command(values);
  const line = cliFor(command, why.trim());
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setFailure(null);
    try {
      const said = await perform(command, why.trim());
      show(null);
      toast(said);
    } catch (error) {
      setFailure(failureOf(error));
      setBusy(false);
    }
  };
  return (
    <Modal label={request.title}>
      <form onSubmit={submit} class="ask">
        <h2>{request.title}</h2>
        <p>{request.detail}</p>
        {request.points.length > 0 && (
          <ul class="points">
            {request.points.map((point) => (
              <li key={point}>{point}</li>
            ))}
          </ul>
        )}
        {!isLive && <p class="notice warn">The connection is lost: what you see may be old.</p>}
        {request.fields.map((field) => (
          <FieldInput
            key={field.name}
            field={field}
            value={values[field.name] ?? ''}
            onValue={(value) => setValues({ ...values, [field.name]: value })}
          />
        ))}
        <label for={`${id}why`}>Reason, for the journal</label>
        <input
          id={`${id}why`}
          value={why}
          required
          maxLength={2_000}
          autocomplete="off"
          autofocus={request.fields.length === 0}
          onInput={(event) => setWhy(event.currentTarget.value)}
        />
        <div class="cli-line">
          <code>{line}</code>
          <CopyButton text={line} label="Copy as command line" />
        </div>
        {failure !== null && (
          <div class="notice bad" role="alert">
            <FailureText failure={failure} />
          </div>
        )}
        <footer>
          <button type="button" class="button" onClick={() => show(null)}>
            Cancel
          </button>
          <button type="submit" class={`button ${request.danger ? 'danger' : 'primary'}`} disabled={busy}>
            {busy ? 'Asking …' : request.confirm}
          </button>
        </footer>
      </form>
    </Modal>
  );
}

/** Says what came of it. An experiment is looked at while it runs. */
async function perform(deed: Deed, why: string): Promise<string> {
  if (deed.kind !== 'experiment') return (await operate(deed, why)).detail;
  const { run, dryRun } = deed;
  const { proofs, notices } = await api().prove({ run, dryRun, environment: {}, why });
  const [first] = proofs;
  if (first !== undefined)
    location.hash = proofs.length === 1 ? href({ page: 'proof', id: first }) : href({ page: 'proofs' });
  const begun = proofs.length === 1 ? 'It begins.' : `${proofs.length} runs, one after the other.`;
  return notices.length === 0 ? begun : `${begun} ${notices.length} left out.`;
}

function FieldInput(props: {
  readonly field: Field;
  readonly value: string;
  readonly onValue: (value: string) => void;
}): JSX.Element {
  const { field, value, onValue } = props;
  const id = useId();
  const { input } = field;
  return (
    <>
      <label for={id}>{field.label}</label>
      {input.kind === 'number' ? (
        <input
          id={id}
          type="number"
          min={input.min}
          max={input.max}
          step={1}
          required
          autofocus
          value={value}
          onInput={(event) => onValue(event.currentTarget.value)}
        />
      ) : (
        <select id={id} value={value} autofocus onChange={(event) => onValue(event.currentTarget.value)}>
          {input.choices.map(([choice, label]) => (
            <option key={choice} value={choice}>
              {label}
            </option>
          ))}
        </select>
      )}
    </>
  );
}
