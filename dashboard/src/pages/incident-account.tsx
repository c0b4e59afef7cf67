/** Where the damage starts, how it spread, who was ruled out, and what the verdict hangs on. */
import type { JSX } from 'preact';
import type { Explanation, IncidentResource } from '../../../src/api/resources.ts';
import { Panel, Scrolled } from '../parts/bits.tsx';
import { percent } from '../view/format.ts';
import { amount, spread } from '../view/spread.ts';

const BAR = 120;
const STEP = { wide: 172, high: 44, box: 116, boxHigh: 26 } as const;

export function Account({ incident }: { readonly incident: IncidentResource }): JSX.Element | null {
  const { explanation, abstained } = incident;
  if (explanation === null) return null;
  return (
    <Panel title="Account">
      {explanation.sentence && <p class="account-sentence">{explanation.sentence}.</p>}
      <Shares explanation={explanation} />
      <Spread explanation={explanation} />
      <RuledOut explanation={explanation} />
      <HangsOn explanation={explanation} abstained={abstained} />
    </Panel>
  );
}

function Shares({ explanation: { account } }: { readonly explanation: Explanation }): JSX.Element | null {
  if (account === null || account.rows.length === 0) return null;
  const all = account.rows.reduce((sum, { own }) => sum + own, account.small);
  return (
    <table class="shares">
      <caption>Where the damage starts, in {account.unit}</caption>
      <thead>
        <tr>
          <th scope="col">Service</th>
          <th scope="col" class="num">
            Suffered
          </th>
          <th scope="col" class="num">
            Starts here
          </th>
          <th scope="col">Share</th>
        </tr>
      </thead>
      <tbody>
        {account.rows.map(({ where, suffered, own }) => (
          <tr key={where}>
            <th scope="row">
              <code>{where}</code>
            </th>
            <td class="num">{amount(suffered, account)}</td>
            <td class="num">{amount(own, account)}</td>
            <td>
              <span class="share-bar">
                <svg width={BAR} height="6" aria-hidden="true">
                  <rect width={BAR} height="6" rx="3" class="track" />
                  <rect width={(own / all) * BAR} height="6" rx="3" class="value" />
                </svg>
                <span class="num">{percent(own / all)}</span>
              </span>
            </td>
          </tr>
        ))}
      </tbody>
      <tfoot>
        <tr>
          <td colSpan={4} class="muted">
            {account.small >= 0.05 && `too small to list ${amount(account.small, account)} · `}
            {account.absorbed >= 0.05 && `absorbed −${amount(account.absorbed, account)} · `}
            reached users {amount(account.reached, account)}
            {account.unexplained >= 0.05 && ` · unexplained ${amount(account.unexplained, account)}`}
          </td>
        </tr>
      </tfoot>
    </table>
  );
}

/** Left the cause, right the users: each column is one call further from the fault. */
function Spread({ explanation: { propagation, account } }: { readonly explanation: Explanation }): JSX.Element | null {
  const { boxes, lines, columns, rows } = spread(propagation);
  if (boxes.length < 2) return null;
  const width = (columns - 1) * STEP.wide + STEP.box;
  const height = (rows - 1) * STEP.high + STEP.boxHigh;
  const x = (column: number): number => column * STEP.wide;
  const y = (row: number): number => row * STEP.high + STEP.boxHigh / 2;
  const most = Math.max(...lines.map((line) => line.amount));
  return (
    <figure class="spread">
      <figcaption>How it spread, in {account?.unit ?? 'damage'}: from the cause to those who suffer from it</figcaption>
      <Scrolled class="spread-scroll" label="How it spread, drawn">
        <svg width={width + 2} height={height + 8} viewBox={`-1 -7 ${width + 2} ${height + 8}`} role="img">
          <title>
            {propagation.map(({ from, to, amount: value }) => `${from} to ${to}: ${amount(value, account)}`).join(', ')}
          </title>
          {lines.map(({ from, to, amount: value }) => {
            const [x1, y1, x2, y2] = [x(from.column) + STEP.box, y(from.row), x(to.column), y(to.row)];
            const middle = (x1 + x2) / 2;
            return (
              <g key={`${from.name} ${to.name}`}>
                <path
                  d={`M${x1} ${y1}C${middle} ${y1} ${middle} ${y2} ${x2} ${y2}`}
                  stroke-width={1 + 3 * (value / most)}
                  class="flow"
                />
                <text x={x2 - 8} y={y2 - 5} text-anchor="end" class="flow-amount">
                  {amount(value, account)}
                </text>
              </g>
            );
          })}
          {boxes.map(({ name, column, row }) => (
            <g key={name} class={column === 0 ? 'cause' : name === 'users' ? 'users' : 'victim'}>
              <rect x={x(column)} y={y(row) - STEP.boxHigh / 2} width={STEP.box} height={STEP.boxHigh} rx="5" />
              <text x={x(column) + STEP.box / 2} y={y(row) + 4} text-anchor="middle">
                {name.length > 16 ? `${name.slice(0, 15)}…` : name}
              </text>
            </g>
          ))}
        </svg>
      </Scrolled>
    </figure>
  );
}

function RuledOut({ explanation: { ruledOut } }: { readonly explanation: Explanation }): JSX.Element | null {
  if (ruledOut.length === 0) return null;
  return (
    <div class="account-part">
      <h3>Ruled out</h3>
      <ul>
        {ruledOut.map(({ name, why }) => (
          <li key={name}>
            <strong>{name}</strong>: {why}
          </li>
        ))}
      </ul>
    </div>
  );
}

function HangsOn(props: { readonly explanation: Explanation; readonly abstained: boolean }): JSX.Element | null {
  const { sensitivity, deciding, missing } = props.explanation;
  const turning = props.abstained ? deciding : [];
  const others = missing.filter((what) => !turning.includes(what));
  const tried = sensitivity !== null && sensitivity.tried > 0;
  if (!tried && turning.length === 0 && others.length === 0) return null;
  return (
    <div class="account-part">
      <h3>What the verdict hangs on</h3>
      <ul>
        {tried && sensitivity.overturned.length === 0 && (
          <li>It is the same in all {sensitivity.tried} repetitions with one edge or one past less.</li>
        )}
        {tried &&
          sensitivity.overturned.map(({ without, name, instead }) => (
            <li key={`${without} ${name}`}>
              Without {without === 'edge' ? 'the calls' : 'the past of'} <code>{name}</code> it would be{' '}
              {instead ?? 'nobody'}.
            </li>
          ))}
        {turning.length > 0 && <li>What would decide: {turning.join('; ')}.</li>}
        {others.length > 0 && <li class="muted">Not to be had: {others.join('; ')}.</li>}
      </ul>
    </div>
  );
}
