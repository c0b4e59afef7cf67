/** The series of a symptom beside what was expected of it, with the point where it left that. */
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { leftAgoMs, leftAt } from '../../../src/api/figure.ts';
import type { SymptomResource } from '../../../src/api/resources.ts';
import { api } from '../state/live.ts';
import { href } from '../state/route.ts';
import { duration } from '../view/format.ts';
import { linePath, span } from '../view/sparkline.ts';
import { Panel, Time } from './bits.tsx';

const WIDTH = 300;
const HEIGHT = 56;
/** Symptoms are not streamed: asked for this often while their page is open. */
const POLL_MS = 3_000;

export function SymptomFigure(props: { readonly figure: NonNullable<SymptomResource['figure']> }): JSX.Element {
  const { title, unit, recent, baseline, compared } = props.figure;
  const [least, most] = span([...recent, ...baseline]);
  const left = leftAt(props.figure);
  const ago = leftAgoMs(props.figure);
  const x = left === null || recent.length < 2 ? null : (left * WIDTH) / (recent.length - 1);
  const number = (value: number): string => `${Number(value.toPrecision(4))}${unit === '' ? '' : ` ${unit}`}`;
  const moment = left === null ? '' : `; left it ${ago ? `${duration(ago)} before the last value` : 'at the mark'}`;
  const label = `${title}: ${number(least)} to ${number(most)}, last ${number(recent.at(-1) ?? 0)}; ${compared}${moment}`;
  return (
    <figure class="symptom-figure">
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" preserveAspectRatio="none">
        <title>{label}</title>
        {x !== null && <path d={`M${x} 0V${HEIGHT}`} class="left-at" />}
        {baseline.length > 0 && <path d={linePath(baseline, WIDTH, HEIGHT, least, most)} class="baseline" />}
        <path d={linePath(recent, WIDTH, HEIGHT, least, most)} class="curve" />
      </svg>
      <figcaption>
        <code>{title}</code> <span class="num">{number(recent.at(-1) ?? 0)}</span>{' '}
        <span class="muted">
          now, drawn from {number(least)} to {number(most)}; {compared}
          {moment}
        </span>
      </figcaption>
    </figure>
  );
}

/** What is claimed of a service and its instances now. Nothing, when nothing is. */
export function ServiceSymptoms({ service }: { readonly service: string }): JSX.Element | null {
  const symptoms = useSymptoms().filter(
    ({ entity }) =>
      (entity.kind === 'service' && entity.name === service) ||
      (entity.kind === 'instance' && entity.service === service),
  );
  if (symptoms.length === 0) return null;
  return (
    <Panel title="Symptoms" count={symptoms.length}>
      <ul class="list symptoms">
        {symptoms.map(({ id, summary, standing, onsetAt, incident, evidence, figure }) => (
          <li key={id}>
            <span class="line">
              <strong>{summary}</strong>
              {standing !== undefined && (
                <span class="muted">{standing === 'advisory' ? 'a remark' : 'calls a human'}</span>
              )}
              {incident !== null && <a href={href({ page: 'incident', id: incident })}>incident {incident}</a>}
              <span class="muted push">
                <Time at={onsetAt} />
              </span>
            </span>
            {figure === undefined ? (
              evidence.map((line) => (
                <p class="muted" key={line}>
                  {line}
                </p>
              ))
            ) : (
              <SymptomFigure figure={figure} />
            )}
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function useSymptoms(): readonly SymptomResource[] {
  const [symptoms, setSymptoms] = useState<readonly SymptomResource[]>([]);
  useEffect(() => {
    let over = false;
    const ask = async (): Promise<void> => {
      try {
        const found = await api().symptoms({ state: 'open', limit: 1_000 });
        if (!over) setSymptoms(found);
      } catch {
        // The stream says that the server is away; what was known stays.
      }
    };
    void ask();
    const timer = setInterval(() => void ask(), POLL_MS);
    return () => {
      over = true;
      clearInterval(timer);
    };
  }, []);
  return symptoms;
}
