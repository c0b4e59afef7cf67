/** Ranked causes, each with what speaks for and against it; and who was found to be a victim. */
import type { JSX } from 'preact';
import type { IncidentResource } from '../../../src/api/resources.ts';
import { serviceOf } from '../../../src/model/symptom.ts';
import { Empty, Panel } from '../parts/bits.tsx';
import { useLive } from '../state/live.ts';
import { href } from '../state/route.ts';
import { percent, plural } from '../view/format.ts';
import { tried } from '../view/verdicts.ts';

type Cause = IncidentResource['causes'][number];
const BAR = 120;

export function Causes({ incident }: { readonly incident: IncidentResource }): JSX.Element {
  return (
    <Panel title="Cause">
      {incident.abstained && (
        <p class="notice warn">Not sure enough of the cause to do anything that cannot be undone.</p>
      )}
      {incident.causes.length === 0 ? (
        <Empty>
          {incident.closedAt === null ? 'Nothing can be accused yet.' : 'It ended before a cause was found.'}
        </Empty>
      ) : (
        <ol class="causes">
          {incident.causes.map((cause, i) => (
            <CauseItem key={`${cause.entity.name} ${cause.mechanism}`} cause={cause} first={i === 0} />
          ))}
        </ol>
      )}
      {incident.causes.length > 0 && <Reliability />}
      {incident.victims.length > 0 && (
        <p class="victims">
          <strong>Ruled out as victims, and left alone:</strong>{' '}
          {incident.victims.map((victim) => (
            <span key={victim} class="badge plain">
              {victim}
            </span>
          ))}
        </p>
      )}
    </Panel>
  );
}

/** A confidence is worth what became of those before it. */
function Reliability(): JSX.Element | null {
  const { right, tested } = useLive(({ incidents, proving }) => tried(incidents, proving.proofs));
  if (tested === 0) return <p class="trust muted">No diagnosis of this system has been put to the test yet.</p>;
  return (
    <p class="trust muted">
      How far to trust it: of {plural(tested, 'diagnosis', 'diagnoses')} of this system that a repair or an experiment
      put to the test, {right} {right === 1 ? 'was' : 'were'} right.
    </p>
  );
}

function CauseItem({ cause, first }: { readonly cause: Cause; readonly first: boolean }): JSX.Element {
  const service = serviceOf(cause.entity);
  const change = useLive(({ changes }) => changes?.find(({ id }) => id === cause.changeId) ?? null);
  const name = <code>{cause.entity.name}</code>;
  return (
    <li class={first ? 'first' : ''}>
      <div class="line">
        <strong>
          {service === null ? name : <a href={href({ page: 'service', name: service })}>{name}</a>}: {cause.mechanism}
        </strong>
        <span class="badge plain">{cause.faultClass}</span>
      </div>
      <dl class="bars">
        <Bar name="confidence" share={cause.confidence} />
        {cause.share !== null && <Bar name="of the damage" share={cause.share} />}
      </dl>
      {change !== null && (
        <p class="change">
          {change.who}: {change.why}
          {change.content.map((text) => (
            <code class="block" key={text}>
              {text}
            </code>
          ))}
        </p>
      )}
      <ul class="evidence">
        {[...cause.evidenceFor, ...cause.evidenceAgainst].map((one) => (
          <EvidenceItem key={one.text} evidence={one} />
        ))}
      </ul>
    </li>
  );
}

/** What moves the belief by less than a twentieth of a power of ten is a note, neither for nor against. */
function EvidenceItem({ evidence }: { readonly evidence: Cause['evidenceFor'][number] }): JSX.Element {
  const { text, weight } = evidence;
  const side = Math.abs(weight) < 0.05 ? 'note' : weight < 0 ? 'against' : 'for';
  return (
    <li class={side}>
      <span class="sign">{side}</span>
      <span>{text}</span>
      {side !== 'note' && (
        <span class="num muted" title="How much it moves the belief, in powers of ten of the odds">
          {weight < 0 ? '−' : '+'}
          {Math.abs(weight).toFixed(1)}
        </span>
      )}
    </li>
  );
}

function Bar({ name, share }: { readonly name: string; readonly share: number }): JSX.Element {
  return (
    <div>
      <dd class="num">{percent(share)}</dd>
      <svg width={BAR} height="6" aria-hidden="true">
        <rect width={BAR} height="6" rx="3" class="track" />
        <rect width={Math.max(0, Math.min(1, share)) * BAR} height="6" rx="3" class="value" />
      </svg>
      <dt>{name}</dt>
    </div>
  );
}
