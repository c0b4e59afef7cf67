/** Proofs: what has been broken on purpose, what came of it, and what has never been tried. */
import type { JSX } from 'preact';
import type { FaultResource, ProofResource } from '../../../src/api/proof-resources.ts';
import { CopyButton, Empty, Panel, Time } from '../parts/bits.tsx';
import { HealthIcon } from '../parts/icons.tsx';
import { NoSystem } from '../parts/no-system.tsx';
import { stopProofs } from '../state/asks.ts';
import { useLive } from '../state/live.ts';
import { href } from '../state/route.ts';
import { duration } from '../view/format.ts';
import { VERDICT_HEALTH } from '../view/verdicts.ts';
import { Coverage } from './proofs-coverage.tsx';
import { Schedules } from './proofs-schedules.tsx';
import { Trend } from './proofs-trend.tsx';

export function Proofs(): JSX.Element {
  const { proofs, running } = useLive((state) => state.proving);
  const system = useLive(({ status }) => status?.system ?? null);
  const known = proofs.length > 0;
  const newest = proofs.find(({ state }) => state === 'done')?.endedAt ?? null;
  const busy = proofs.some(({ state }) => state !== 'done');
  if (system === null && !known) return <NoSystem />;
  return (
    <>
      <h1 class="off-screen">Proofs</h1>
      <Running />
      <Coverage newest={newest} busy={busy} />
      <Schedules news={`${newest} ${busy}`} />
      <Trend newest={newest} />
      <Panel
        title="Verdicts"
        count={proofs.length}
        aside={<CopyButton text="holdfast get proofs" label="Copy as command line: list the proofs" />}
      >
        {known ? (
          <Verdicts proofs={proofs} />
        ) : (
          <Empty>
            Nothing has been proven yet. Try a fault above, or run <code>holdfast prove --catalogue</code>.
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

/** Changes on purpose are of the service itself; all else without an instance lies on the way to it. */
function placeOf(kind: string, service: string): string {
  return kind === 'misconfigure' || kind === 'bad-deploy' ? service : `the way to ${service}`;
}

/** Of a partition whoever is cut off there, and one way that swallows something is a bite. */
function wherePlaced({ kind, targets }: FaultResource): string {
  const places = targets.map(({ instance, service, from }) => {
    const place = instance ?? (service ? placeOf(kind, service) : 'the machine');
    return from === undefined ? place : `${instance ?? service} for ${from ?? 'everybody'}`;
  });
  return places.join(', ');
}

function bites({ kind, targets }: FaultResource): boolean {
  const bitten = targets.filter(({ bite }) => bite?.bitten).length;
  return bitten === targets.length || (kind === 'partition' && bitten > 0);
}

function FaultLine({ fault }: { readonly fault: FaultResource }): JSX.Element {
  return (
    <li class="line">
      <code>{fault.kind}</code> on {wherePlaced(fault)}
      <span class="muted push">
        {bites(fault) ? 'bites' : 'no effect yet'}, <Time at={fault.askedAt} as="lasting" />
      </span>
    </li>
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
