/** Edges as a table: who calls whom, how much, how well, over the last minute. */
import type { JSX } from 'preact';
import type { EdgeResource } from '../../../src/api/resources.ts';
import { duration, percent, rate } from '../view/format.ts';
import { maximum, seriesOf } from '../view/sparkline.ts';
import { ServiceLink, Sparkline } from './bits.tsx';
import { useBounded } from './bounded.tsx';
import { HealthIcon } from './icons.tsx';

export function EdgeTable(props: {
  readonly edges: readonly EdgeResource[];
  /** Leave out the side that the page is about. */
  readonly side: 'caller' | 'callee' | 'both';
  readonly caption: string;
}): JSX.Element {
  const { edges, side, caption } = props;
  const { shown, more } = useBounded(edges, 'edges');
  return (
    <>
      <div class="table-wrap">
        <table>
          <caption class="off-screen">{caption}</caption>
          <thead>
            <tr>
              {side !== 'callee' && <th scope="col">Caller</th>}
              {side !== 'caller' && <th scope="col">Callee</th>}
              <th scope="col" class="num">
                Rate
              </th>
              <th scope="col" class="num">
                Errors
              </th>
              <th scope="col" class="num wide-only">
                p50
              </th>
              <th scope="col" class="num">
                p99
              </th>
              <th scope="col" class="wide-only">
                Rate, 60 s
              </th>
              <th scope="col" class="wide-only">
                Errors, 60 s
              </th>
              <th scope="col" class="wide-only">
                Mean, 60 s
              </th>
            </tr>
          </thead>
          <tbody>
            {shown.map((edge) => (
              <EdgeRow key={`${edge.caller}→${edge.callee}`} edge={edge} side={side} />
            ))}
          </tbody>
        </table>
      </div>
      {more}
    </>
  );
}

function EdgeRow({
  edge,
  side,
}: {
  readonly edge: EdgeResource;
  readonly side: 'caller' | 'callee' | 'both';
}): JSX.Element {
  const { traffic } = edge;
  const failing = (traffic?.failureShare ?? 0) > 0;
  const mark = (
    <>
      <HealthIcon health={edge.health} size={13} />
      <span class="off-screen">{edge.health}: </span>
    </>
  );
  const meanTop = Math.max(1, maximum(seriesOf(edge, 'meanMs')));
  return (
    <tr>
      {side !== 'callee' && (
        <td class="marked">
          {mark} <ServiceLink name={edge.caller} />
        </td>
      )}
      {side !== 'caller' && (
        <td class="marked">
          {side === 'callee' && mark} <ServiceLink name={edge.callee} />
        </td>
      )}
      <td class="num">{rate(traffic?.requestsPerSec)}</td>
      <td class={`num ${failing ? 'bad' : 'muted'}`}>{percent(traffic?.failureShare)}</td>
      <td class="num wide-only">{duration(traffic?.p50Ms)}</td>
      <td class="num">{duration(traffic?.p99Ms)}</td>
      <td class="wide-only">
        <Sparkline
          width={72}
          series={seriesOf(edge, 'requestsPerSec')}
          label="requests per second over the last 60 seconds"
        />
      </td>
      <td class="wide-only">
        <Sparkline
          width={72}
          series={seriesOf(edge, 'failureShare')}
          top={1}
          tone={failing ? 'bad' : 'plain'}
          label="share of failed requests over the last 60 seconds"
        />
      </td>
      <td class="wide-only">
        <Sparkline
          width={72}
          series={seriesOf(edge, 'meanMs')}
          top={meanTop}
          label="mean time over the last 60 seconds"
        />
      </td>
    </tr>
  );
}
