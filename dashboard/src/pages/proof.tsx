/** One proof: every finding with its evidence, the course of the run, and how it came out before. */
import type { JSX } from 'preact';
import type { FindingResource, ProofDetail, ProofRequest } from '../../../src/api/proof-resources.ts';
import type { Health } from '../../../src/api/resources.ts';
import { CopyButton, Empty, Panel, Time } from '../parts/bits.tsx';
import { HealthIcon } from '../parts/icons.tsx';
import { useAsked } from '../state/asked.ts';
import { askExperiment, stopProofs } from '../state/asks.ts';
import { api, useLive } from '../state/live.ts';
import { href } from '../state/route.ts';
import { clock, duration } from '../view/format.ts';
import { VERDICT_HEALTH } from '../view/verdicts.ts';

const RESULT_HEALTH: Readonly<Record<FindingResource['result'], Health>> = {
  met: 'healthy',
  unmet: 'down',
  unknown: 'unknown',
  told: 'stopped',
};

export function ProofPage({ id }: { readonly id: string }): JSX.Element {
  // What the stream says of it has changed: then the whole is asked for again.
  const news = useLive(({ proving }) => {
    const found = proving.proofs.find((each) => each.id === id);
    return found === undefined ? '' : `${found.state} ${found.progress.at(-1)?.at}`;
  });
  const { value: proof, failure } = useAsked(`proof ${id}`, () => api().proof(id), news);
  if (proof === null) return <Empty>{failure?.message ?? `Reading ${id} …`}</Empty>;
  const { findings, progress, earlier, verdict } = proof;
  const again = anew(proof);
  return (
    <>
      <header>
        <h1>
          {verdict !== null && <HealthIcon health={VERDICT_HEALTH[verdict]} size={18} />} {proof.experiment}
        </h1>
        <p>
          {headline(proof)}{' '}
          <span class="muted">
            {proof.source}, asked by {proof.who}, <Time at={proof.endedAt ?? proof.askedAt} />
          </span>{' '}
          <CopyButton text={`holdfast describe proof ${proof.id}`} label="Copy as command line: describe this proof" />
        </p>
        {proof.why !== '' && <p class="muted">“{proof.why}”</p>}
        {proof.cause !== null && (
          <p>
            It tests the diagnosis of{' '}
            <a href={href({ page: 'incident', id: proof.cause.incident })}>{proof.cause.incident}</a>. Predicted:{' '}
            {proof.cause.predicted}.
          </p>
        )}
        <p class="line wrap">
          {proof.state !== 'done' && (
            <button type="button" class="button small danger-outline" onClick={stopProofs}>
              Stop it
            </button>
          )}
          {proof.state === 'done' && again !== null && (
            <button type="button" class="button small" onClick={() => askExperiment(again.title, again.points, again)}>
              {proof.dryRun ? 'Run it …' : 'Run again …'}
            </button>
          )}
        </p>
      </header>
      {findings.length > 0 && (
        <Panel title="Findings">
          <ul class="list findings">
            {findings.map((finding) => (
              <Finding key={finding.aspect} finding={finding} />
            ))}
          </ul>
        </Panel>
      )}
      <Panel title="Course" count={progress.length}>
        {progress.length === 0 ? (
          <Empty>Nothing has been done yet.</Empty>
        ) : (
          <ol class="activity">
            {progress.map(({ at, text }) => (
              <li key={`${at} ${text}`}>
                <time dateTime={at}>{clock(Date.parse(at))}</time>
                <span>{text}</span>
              </li>
            ))}
          </ol>
        )}
      </Panel>
      {earlier.length > 0 && (
        <Panel title="Before" count={earlier.length} aside={<span class="muted">{proof.trend ?? ''}</span>}>
          <ul class="list">
            {earlier.map((past) => (
              <li key={past.id} class="line">
                <HealthIcon health={VERDICT_HEALTH[past.verdict]} size={13} />
                <a href={href({ page: 'proof', id: past.id })}>{past.verdict}</a>
                <span class="muted">
                  detected {duration(past.detectedAfterMs)}, repaired {duration(past.repairedAfterMs)}
                </span>
                <span class="muted push">{past.endedAt !== null && <Time at={past.endedAt} />}</span>
              </li>
            ))}
          </ul>
        </Panel>
      )}
    </>
  );
}

function headline({ dryRun, summary, state }: ProofDetail): string {
  if (dryRun)
    return state === 'done' ? 'A dry run: nothing was done. It would do what stands under “Course”.' : 'A dry run.';
  if (summary !== null) return summary;
  return state === 'waiting' ? 'Waits for the runs before it.' : 'Under way.';
}

/** The same once more; null: it came from a file that only whoever ran it has. */
function anew({ source, experiment, cause }: ProofDetail): {
  readonly title: string;
  readonly points: readonly string[];
  readonly run: ProofRequest['run'];
} | null {
  const title = `Run “${experiment}” again?`;
  if (cause !== null) {
    const points = [experiment, `Predicted: ${cause.predicted}`];
    return { title, points, run: { kind: 'cause', incident: cause.incident, on: cause.target } };
  }
  const [kind, service] = experiment.split(' on ');
  if (source !== 'catalogue' || kind === undefined || service === undefined) return null;
  const points = [`${kind} on ${service === 'the machine' ? service : `one instance of ${service}`}`];
  const services = service === 'the machine' ? [] : [service];
  return { title, points, run: { kind: 'catalogue', faults: [kind], services } };
}

function Finding({ finding }: { readonly finding: FindingResource }): JSX.Element {
  const { aspect, result, found, expected, evidence } = finding;
  return (
    <li>
      <div class="line">
        <HealthIcon health={RESULT_HEALTH[result]} size={14} />
        <span class="off-screen">{result}: </span>
        <strong>{aspect}</strong> {found}
        {expected !== null && <span class="muted push">expected {expected}</span>}
      </div>
      {evidence.map((text) => (
        <div class="muted" key={text}>
          {text}
        </div>
      ))}
    </li>
  );
}
