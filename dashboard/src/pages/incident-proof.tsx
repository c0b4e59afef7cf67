/** What has been proved of this diagnosis, and what could be: by taking the cause away, by doing the like of it elsewhere. */
import type { JSX } from 'preact';
import type { ProofResource } from '../../../src/api/proof-resources.ts';
import type { IncidentResource } from '../../../src/api/resources.ts';
import { CopyButton, Empty, Panel, Time } from '../parts/bits.tsx';
import { useAsked } from '../state/asked.ts';
import { askExperiment, askReversal } from '../state/asks.ts';
import { api, useLive } from '../state/live.ts';
import { href } from '../state/route.ts';

const TONE = { confirmed: 'ok', refuted: 'bad', inconclusive: 'warn', pending: 'info' } as const;
const BY_REPAIR = {
  confirmed: 'Proved by repair',
  refuted: 'Refuted by repair',
  inconclusive: 'Repair proved nothing',
  pending: 'Being proved',
} as const;
const ELSEWHERE = {
  confirmed: 'Confirmed elsewhere',
  refuted: 'Refuted elsewhere',
  inconclusive: 'Nothing shown elsewhere',
  pending: 'Being injected elsewhere',
} as const;

export function Proving({ incident }: { readonly incident: IncidentResource }): JSX.Element | null {
  const { id, proof, closedAt, causes } = incident;
  const proofs = useLive(({ proving }) => proving.proofs);
  const runs = proofs.filter(({ cause }) => cause?.incident === id);
  const busy = proofs.some(({ state }) => state !== 'done');
  if (causes.length === 0 && proof === null) return null;
  return (
    <Panel title="Proof">
      {proof === null && runs.length === 0 && (
        <Empty>Nothing has been proved of this diagnosis yet: neither by a repair nor on request.</Empty>
      )}
      {proof !== null && (
        <p class={`notice ${TONE[proof.verdict]}`}>
          <strong>{BY_REPAIR[proof.verdict]}</strong> (<code>{proof.by}</code>): {proof.text}.
        </p>
      )}
      {runs.map((run) => (
        <Run key={run.id} run={run} />
      ))}
      {causes.length > 0 && <Offer id={id} news={`${closedAt} ${proof?.verdict} ${runs[0]?.state}`} busy={busy} />}
    </Panel>
  );
}

function Run({ run }: { readonly run: ProofResource }): JSX.Element | null {
  const { cause, id, endedAt, askedAt } = run;
  if (cause === null) return null;
  const word = cause.verdict ?? 'pending';
  return (
    <div class={`notice ${TONE[word]}`}>
      <p>
        <strong>{ELSEWHERE[word]}</strong> (<a href={href({ page: 'proof', id })}>{run.experiment}</a>,{' '}
        <Time at={endedAt ?? askedAt} />)
      </p>
      <p>Predicted: {cause.predicted}.</p>
      {cause.measured !== null && <p>Measured: {cause.measured}.</p>}
    </div>
  );
}

function Offer(props: { readonly id: string; readonly news: string; readonly busy: boolean }): JSX.Element | null {
  const { id, news, busy } = props;
  const { value, failure } = useAsked(`offer ${id}`, () => api().proofOffer(id), news);
  if (value === null) return failure === null ? null : <p class="muted">{failure.message}</p>;
  const { repair, injection, accused } = value;
  const inject = (): void => {
    const points = [injection.text, ...(injection.prediction === null ? [] : [`Predicted: ${injection.prediction}`])];
    askExperiment(`Is ${accused} the cause of ${id}? Do the like elsewhere`, points, {
      run: { kind: 'cause', incident: id, on: null },
    });
  };
  return (
    <dl class="offers">
      <div>
        <dt>By reversing it</dt>
        <dd>{repair.text}</dd>
        {repair.possible && (
          <dd>
            <button type="button" class="button small" onClick={() => askReversal(id, repair.text)}>
              Prove by reversing …
            </button>
            <CopyButton text={`holdfast diagnose ${id} --prove`} label="Copy as command line: prove by reversing" />
          </dd>
        )}
      </div>
      <div>
        <dt>By injecting it elsewhere</dt>
        <dd>{injection.text}</dd>
        {injection.prediction !== null && <dd class="muted">Predicted: {injection.prediction}.</dd>}
        {injection.possible && (
          <dd>
            <button type="button" class="button small" disabled={busy} onClick={inject}>
              {busy ? 'An experiment is under way' : 'Prove elsewhere …'}
            </button>
            <CopyButton
              text={`holdfast diagnose ${id} --prove --elsewhere`}
              label="Copy as command line: prove elsewhere"
            />
          </dd>
        )}
      </div>
    </dl>
  );
}
