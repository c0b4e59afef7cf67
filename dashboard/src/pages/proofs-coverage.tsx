/** Fault × service: what has been tried, what came of it, and a button for what has not. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { CoverageResource, FaultsResource } from '../../../src/api/proof-resources.ts';
import { Empty, Panel, ServiceLink } from '../parts/bits.tsx';
import { FailureText } from '../parts/connection.tsx';
import { HealthIcon } from '../parts/icons.tsx';
import { useAsked } from '../state/asked.ts';
import { askExperiment } from '../state/asks.ts';
import { api } from '../state/live.ts';
import { href } from '../state/route.ts';
import { VERDICT_HEALTH } from '../view/verdicts.ts';

/** As the server names what is done to the machine itself. */
const MACHINE = '(machine)';
const COLUMNS_SHOWN = 40;

/** Asked for anew whenever a run has ended: it is made of all verdicts there are, not of the newest. */
export function Coverage(props: { readonly newest: string | null; readonly busy: boolean }): JSX.Element {
  const { value, failure } = useAsked('coverage', () => api().coverage(), props.newest ?? '');
  const faults = useAsked('faults', () => api().faults(), '');
  if (value === null) {
    return (
      <Panel title="Coverage">
        {failure === null ? (
          <Empty>Reading what has been tried …</Empty>
        ) : (
          <p class="notice bad">
            <FailureText failure={failure} />
          </p>
        )}
      </Panel>
    );
  }
  const { cells, open, left } = value;
  const confirmed = cells.filter(({ verdict }) => verdict === 'confirmed').length;
  const all = open.length;
  return (
    <Panel
      title="Coverage"
      aside={<span class="muted num">{`${confirmed} confirmed, ${cells.length} tried, of ${all}`}</span>}
    >
      {all === 0 ? (
        <Empty>
          No service opted in. Set <code>experiments: allow</code> under <code>x-holdfast</code> of those that may be
          struck.
        </Empty>
      ) : (
        <>
          <Start coverage={value} faults={faults.value} busy={props.busy} />
          <Grid coverage={value} faults={faults.value} busy={props.busy} />
        </>
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

interface Trying {
  readonly coverage: CoverageResource;
  readonly faults: FaultsResource | null;
  readonly busy: boolean;
}

/** Of one fault or all, on one service or all. */
function Start({ coverage: { kinds, services }, faults, busy }: Trying): JSX.Element {
  const [kind, setKind] = useState('');
  const [service, setService] = useState('');
  const named = services.filter((name) => name !== MACHINE);
  const begin = (dryRun: boolean): void => tryOut(kind, service, dryRun, faults);
  return (
    <form
      class="start"
      onSubmit={(event) => {
        event.preventDefault();
        begin(false);
      }}
    >
      <label>
        Fault{' '}
        <select value={kind} onChange={(event) => setKind(event.currentTarget.value)}>
          <option value="">the whole catalogue</option>
          {kinds.map((one) => (
            <option key={one}>{one}</option>
          ))}
        </select>
      </label>
      <label>
        on{' '}
        <select value={service} onChange={(event) => setService(event.currentTarget.value)}>
          <option value="">every service that opted in</option>
          {named.map((one) => (
            <option key={one}>{one}</option>
          ))}
        </select>
      </label>
      <span class="line">
        <button type="button" class="button small" disabled={busy} onClick={() => begin(true)}>
          Dry run …
        </button>
        <button type="submit" class="button small primary" disabled={busy}>
          Run …
        </button>
        {busy && <span class="muted">One experiment at a time: one is under way.</span>}
      </span>
    </form>
  );
}

/** '' stands for all. */
function tryOut(kind: string, service: string, dryRun: boolean, faults: FaultsResource | null): void {
  const whom =
    service === MACHINE
      ? 'the machine'
      : service === ''
        ? 'one instance of every service that opted in, one service after the other'
        : `one instance of ${service}`;
  const facts = faults?.kinds.find((one) => one.kind === kind);
  const points = [
    `${kind === '' ? 'Every fault of the catalogue' : kind}, on ${whom}`,
    ...(facts === undefined ? [] : [`${facts.what}; undone by: ${facts.reverted}`]),
    'It must be detected, explained and repaired, and nothing may be left behind.',
  ];
  const title = `${dryRun ? 'What would it strike' : 'Run'}: ${kind === '' ? 'the catalogue' : kind}${service === '' ? '' : ` on ${service}`}?`;
  const services = service === '' || service === MACHINE ? [] : [service];
  askExperiment(title, points, { run: { kind: 'catalogue', faults: kind === '' ? [] : [kind], services }, dryRun });
}

function Grid({ coverage: { kinds, services, cells, open }, faults, busy }: Trying): JSX.Element {
  const at = new Map(cells.map((cell) => [`${cell.kind} ${cell.service}`, cell]));
  const fits = new Set(open.map(({ kind, service }) => `${kind} ${service}`));
  const columns = columnsOf(services, cells);
  return (
    <>
      <Legend />
      {columns.length < services.length && (
        <p class="empty">
          {columns.length} of {services.length} services, those with verdicts first; the choice above has all of them.
        </p>
      )}
      <div class="table-wrap">
        <table class="coverage">
          <caption class="off-screen">The newest verdict of each fault on each service</caption>
          <thead>
            <tr>
              <th scope="col">Fault</th>
              {columns.map((service) => (
                <th scope="col" key={service}>
                  <ServiceLink name={service} />
                </th>
              ))}
              <th scope="col" class="num">
                Confirmed
              </th>
            </tr>
          </thead>
          <tbody>
            {kinds.map((kind) => (
              <tr key={kind}>
                <th scope="row">
                  <code title={faults?.kinds.find((one) => one.kind === kind)?.what}>{kind}</code>
                </th>
                {columns.map((service) => (
                  <Cell
                    key={service}
                    cell={at.get(`${kind} ${service}`)}
                    what={`${kind} on ${service}`}
                    fits={fits.has(`${kind} ${service}`)}
                    onTry={busy ? null : () => tryOut(kind, service, false, faults)}
                  />
                ))}
                <td class="num muted">
                  {`${cells.filter((cell) => cell.kind === kind && cell.verdict === 'confirmed').length} of ${open.filter((one) => one.kind === kind).length}`}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

/** More than fit are no longer a picture. The machine is always there. */
function columnsOf(services: readonly string[], cells: CoverageResource['cells']): readonly string[] {
  if (services.length <= COLUMNS_SHOWN) return services;
  const tried = new Set(cells.map(({ service }) => service));
  const first = services.filter((name) => tried.has(name) || name === MACHINE);
  const kept = new Set([...first, ...services.filter((name) => !tried.has(name))].slice(0, COLUMNS_SHOWN));
  return services.filter((name) => kept.has(name));
}

function Legend(): JSX.Element {
  return (
    <ul class="legend" aria-label="Legend">
      {(['confirmed', 'mismatch', 'inconclusive'] as const).map((verdict) => (
        <li key={verdict}>
          <HealthIcon health={VERDICT_HEALTH[verdict]} size={12} /> {verdict}
        </li>
      ))}
      <li>
        <span aria-hidden="true">·</span> not tried: press it to try
      </li>
      <li>empty: does not apply</li>
    </ul>
  );
}

function Cell(props: {
  readonly cell: CoverageResource['cells'][number] | undefined;
  readonly what: string;
  /** The catalogue would try it. */
  readonly fits: boolean;
  readonly onTry: (() => void) | null;
}): JSX.Element {
  const { cell, what, fits, onTry } = props;
  if (cell === undefined && !fits) return <td />;
  if (cell === undefined) {
    return (
      <td class="muted">
        {onTry === null ? (
          <span title="not tried">·</span>
        ) : (
          <button
            type="button"
            class="try"
            onClick={onTry}
            title={`Not tried. Try ${what} …`}
            aria-label={`Try ${what}`}
          >
            ·
          </button>
        )}
      </td>
    );
  }
  return (
    <td>
      <a href={href({ page: 'proof', id: cell.proof })} title={`${cell.verdict}: ${what}`}>
        <HealthIcon health={VERDICT_HEALTH[cell.verdict]} size={15} />
        <span class="off-screen">{cell.verdict}</span>
      </a>
    </td>
  );
}
