/** Proofs: what has been broken on purpose, what came of it, and what has never been tried. */
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { CoverageResource, FaultResource, ProofResource } from '../../../src/api/proof-resources.ts';
import type { Health } from '../../../src/api/resources.ts';
import { CopyButton, Empty, Panel, ServiceLink, Time } from '../parts/bits.tsx';
import { HealthIcon } from '../parts/icons.tsx';
import { stopProofs } from '../state/asks.ts';
import { api, useLive } from '../state/live.ts';
import { href } from '../state/route.ts';
import { duration } from '../view/format.ts';

export const VERDICT_HEALTH: Readonly<Record<NonNullable<ProofResource['verdict']>, Health>> = {
  confirmed: 'healthy',
  mismatch: 'down',
  inconclusive: 'unknown',
};

export function Proofs(): JSX.Element {
  const { proofs, running } = useLive((state) => state.proving);
  const known = proofs.length > 0;
  return (
    <>
      <h1 class="off-screen">Proofs</h1>
      <Running />
      <Coverage newest={proofs[0]?.endedAt ?? null} />
      <Panel
        title="Verdicts"
        count={proofs.length}
        aside={<CopyButton text="holdfast get proofs" label="Copy as command line: list the proofs" />}
      >
        {known ? (
          <Verdicts proofs={proofs} />
        ) : (
          <Empty>
            Nothing has been proven yet. Let services opt in with <code>experiments: allow</code> and run{' '}
            <code>holdfast prove --catalogue</code>.
          </Empty>
        )}
      </Panel>
      {running.length > 0 && <p class="off-screen">{running.length} faults are in force.</p>}
    </>
  );
}

/** What is being done on purpose now; nothing is shown when nothing is. */
export function Running(): JSX.Element | null {
  const { proofs, running } = useLive((state) => state.proving);
  const current = proofs.find(({ state }) => state === 'running');
  const waiting = proofs.filter(({ state }) => state === 'waiting').length;
  if (current === undefined && running.length === 0) return null;
  return (
    <Panel
      title="Running experiment"
      aside={
        <button type="button" class="button small danger-outline" onClick={stopProofs}>
          Stop it
        </button>
      }
    >
      <ul class="list">
        {current !== undefined && (
          <li>
            <a href={href({ page: 'proof', id: current.id })}>
              <strong>{current.experiment}</strong>
            </a>{' '}
            <span class="muted">
              {current.startedAt !== null && <Time at={current.startedAt} as="lasting" />}
              {waiting > 0 && `, ${waiting} more to come`}
            </span>
            <div class="muted clip">{current.progress.at(-1)?.text ?? 'looking whether all is steady'}</div>
          </li>
        )}
        {running.map((fault) => (
          <FaultLine key={fault.id} fault={fault} />
        ))}
      </ul>
    </Panel>
  );
}

function FaultLine({ fault }: { readonly fault: FaultResource }): JSX.Element {
  return (
    <li class="line">
      <code>{fault.kind}</code> on {fault.targets.map(({ instance }) => instance ?? 'the machine').join(', ')}
      <span class="muted push">
        {fault.targets.every(({ bite }) => bite?.bitten) ? 'bites' : 'no effect yet'},{' '}
        <Time at={fault.askedAt} as="lasting" />
      </span>
    </li>
  );
}

/** Asked for anew whenever a run has ended: it is made of all verdicts there are, not of the newest. */
function Coverage({ newest }: { readonly newest: string | null }): JSX.Element | null {
  const [coverage, setCoverage] = useState<CoverageResource | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  // The newest verdict is what makes it out of date.
  useEffect(() => {
    let wanted = true;
    api()
      .coverage()
      .then(
        (found) => wanted && setCoverage(found),
        (error: unknown) => wanted && setFailure(String(error)),
      );
    return () => {
      wanted = false;
    };
  }, [newest]);
  if (coverage === null) return failure === null ? null : <Panel title="Coverage">{<Empty>{failure}</Empty>}</Panel>;
  const { kinds, services, cells, left } = coverage;
  const at = new Map(cells.map((cell) => [`${cell.kind} ${cell.service}`, cell]));
  const confirmed = cells.filter(({ verdict }) => verdict === 'confirmed').length;
  const all = kinds.length * services.length;
  return (
    <Panel
      title="Coverage"
      aside={<span class="muted num">{`${confirmed} confirmed, ${cells.length} tried, of ${all}`}</span>}
    >
      {all === 0 ? (
        <Empty>No service opted in.</Empty>
      ) : (
        <div class="table-wrap">
          <table class="coverage">
            <thead>
              <tr>
                <th scope="col">Fault</th>
                {services.map((service) => (
                  <th scope="col" key={service}>
                    <ServiceLink name={service} />
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {kinds.map((kind) => (
                <tr key={kind}>
                  <th scope="row">
                    <code>{kind}</code>
                  </th>
                  {services.map((service) => (
                    <Cell key={service} cell={at.get(`${kind} ${service}`)} />
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {left.length > 0 && (
        <details class="left-out">
          <summary>{left.length} left out</summary>
          <ul class="list">
            {left.map(({ kind, service, why }) => (
              <li key={`${kind} ${service}`}>
                <code>{kind}</code> {service ?? ''} <span class="muted">{why}</span>
              </li>
            ))}
          </ul>
        </details>
      )}
    </Panel>
  );
}

function Cell({ cell }: { readonly cell: CoverageResource['cells'][number] | undefined }): JSX.Element {
  if (cell === undefined) {
    return (
      <td class="muted" title="not tried">
        ·
      </td>
    );
  }
  return (
    <td>
      <a href={href({ page: 'proof', id: cell.proof })} title={`${cell.verdict}: ${cell.kind} on ${cell.service}`}>
        <HealthIcon health={VERDICT_HEALTH[cell.verdict]} size={15} />
        <span class="off-screen">{cell.verdict}</span>
      </a>
    </td>
  );
}

function Verdicts({ proofs }: { readonly proofs: readonly ProofResource[] }): JSX.Element {
  return (
    <div class="table-wrap">
      <table data-rows>
        <thead>
          <tr>
            <th scope="col">Experiment</th>
            <th scope="col">Verdict</th>
            <th scope="col" class="num">
              Detected
            </th>
            <th scope="col" class="num">
              Repaired
            </th>
            <th scope="col" class="wide-only">
              Blamed
            </th>
            <th scope="col" class="right">
              When
            </th>
          </tr>
        </thead>
        <tbody>
          {proofs.map((proof) => (
            <tr key={proof.id}>
              <td class="marked">
                <HealthIcon health={proof.verdict === null ? 'stopped' : VERDICT_HEALTH[proof.verdict]} size={14} />
                <a data-row href={href({ page: 'proof', id: proof.id })} title={proof.summary ?? ''}>
                  {proof.experiment}
                </a>
              </td>
              <td>{proof.verdict ?? proof.state}</td>
              <td class="num">{duration(proof.detectedAfterMs)}</td>
              <td class="num">{duration(proof.repairedAfterMs)}</td>
              <td class="wide-only">{proof.blamed ?? ''}</td>
              <td class="right muted">
                <Time at={proof.endedAt ?? proof.askedAt} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
