/** How the same experiments came out over time: a verdict that turned, a detection that became slower. */
import type { JSX } from 'preact';
import { Panel, Sparkline } from '../parts/bits.tsx';
import { HealthIcon } from '../parts/icons.tsx';
import { useAsked } from '../state/asked.ts';
import { api } from '../state/live.ts';
import { href } from '../state/route.ts';
import { duration } from '../view/format.ts';
import { type Course, courses, VERDICT_HEALTH } from '../view/verdicts.ts';

/** A quarter of a year of a daily suite of ten. More makes the answer longer. */
const LOOKED_AT = 1_000;
const SHOWN = 12;

export function Trend({ newest }: { readonly newest: string | null }): JSX.Element | null {
  const { value } = useAsked('proofs', () => api().proofs({ limit: LOOKED_AT }), newest ?? '');
  const found = courses(value ?? []);
  if (found.length === 0) return null;
  return (
    <Panel title="Over time" count={found.length}>
      <div class="table-wrap">
        <table data-rows>
          <thead>
            <tr>
              <th scope="col">Experiment</th>
              <th scope="col">Verdicts, oldest first</th>
              <th scope="col" class="num">
                Detected
              </th>
              <th scope="col" class="num">
                Repaired
              </th>
              <th scope="col" class="wide-only">
                Repair over time
              </th>
            </tr>
          </thead>
          <tbody>
            {found.map((course) => (
              <Row key={course.experiment} course={course} />
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}

function Row({ course: { experiment, runs } }: { readonly course: Course }): JSX.Element {
  const shown = runs.slice(-SHOWN);
  const last = runs.at(-1);
  const repairs = runs.flatMap(({ repairedAfterMs }) => repairedAfterMs ?? []);
  return (
    <tr>
      <th scope="row">
        {last !== undefined && (
          <a data-row href={href({ page: 'proof', id: last.id })}>
            {experiment}
          </a>
        )}
      </th>
      <td>
        <span class="strip">
          {runs.length > shown.length && <span class="muted num">{`+${runs.length - shown.length} `}</span>}
          {shown.map(({ id, verdict }) => (
            <a key={id} href={href({ page: 'proof', id })} title={`${id}: ${verdict}`} aria-label={`${id}: ${verdict}`}>
              <HealthIcon health={VERDICT_HEALTH[verdict]} size={13} />
            </a>
          ))}
        </span>
      </td>
      <td class="num">{duration(last?.detectedAfterMs ?? null)}</td>
      <td class="num">{duration(last?.repairedAfterMs ?? null)}</td>
      <td class="wide-only">
        {repairs.length > 1 && <Sparkline series={repairs} label={`time to repair over ${repairs.length} runs`} />}
      </td>
    </tr>
  );
}
