/** Doctor: what will break the system, or keep it from being repaired, before it happens; and how to see it happen. */
import type { JSX } from 'preact';
import type { AuditResource, FindingResource } from '../../../src/api/resources.ts';
import { CopyButton, Panel } from '../parts/bits.tsx';
import { FailureText } from '../parts/connection.tsx';
import { HealthIcon } from '../parts/icons.tsx';
import { NoSystem } from '../parts/no-system.tsx';
import { type Asked, useAsked } from '../state/asked.ts';
import { askExperiment } from '../state/asks.ts';
import { api, useLive } from '../state/live.ts';
import { href } from '../state/route.ts';
import { blow } from '../view/blow.ts';
import { plural } from '../view/format.ts';

const SEVERITIES = [
  ['high', 'down', 'will hurt'],
  ['medium', 'degraded', 'may hurt'],
  ['low', 'stopped', 'worth knowing'],
] as const;

export function Doctor(): JSX.Element {
  // Another spec, and calls that were seen meanwhile, change what is found.
  const index = useLive(({ status }) => status?.index ?? null);
  const system = useLive(({ status }) => status?.system ?? null);
  const audit = useAsked('audit', () => api().audit(), String(index));
  if (system === null) return <NoSystem />;
  return (
    <>
      <h1>What is wrong before anything happens</h1>
      <p class="summary">{summary(audit)}</p>
      {audit.failure !== null && (
        <p class="notice bad">
          <FailureText failure={audit.failure} />
        </p>
      )}
      {audit.value !== null &&
        SEVERITIES.map(([severity, health, words]) => {
          const found = audit.value?.findings.filter((finding) => finding.severity === severity) ?? [];
          if (found.length === 0) return null;
          return (
            <Panel
              key={severity}
              title={`${severity[0]?.toUpperCase()}${severity.slice(1)}: ${words}`}
              count={found.length}
            >
              <ul class="list findings">
                {alike(found).map((findings) => (
                  <Item key={`${findings[0]?.id} ${findings[0]?.sentence}`} findings={findings} health={health} />
                ))}
              </ul>
            </Panel>
          );
        })}
    </>
  );
}

function summary({ value, failure }: Asked<AuditResource>): JSX.Element | string {
  if (value === null)
    return failure === null ? 'Looking at the structure of the system …' : 'It could not be looked at.';
  const { high, medium, low, findings } = value;
  if (findings.length === 0) return 'Nothing was found, in the spec and in the calls seen so far.';
  return (
    <>
      {plural(findings.length, 'finding')}: {high} high, {medium} medium, {low} low, from the spec and the calls seen so
      far. <CopyButton text="holdfast doctor -o wide" label="Copy as command line: all findings with their proofs" />
    </>
  );
}

/** The same of several services is one item. */
function alike(findings: readonly FindingResource[]): readonly (readonly FindingResource[])[] {
  const found = new Map<string, FindingResource[]>();
  for (const finding of findings) found.set(finding.id, [...(found.get(finding.id) ?? []), finding]);
  return [...found.values()];
}

function Item(props: {
  readonly findings: readonly FindingResource[];
  readonly health: (typeof SEVERITIES)[number][1];
}): JSX.Element | null {
  const { findings, health } = props;
  const [first] = findings;
  if (first === undefined) return null;
  const { id, why } = first;
  const fixes = [...new Set(findings.map(({ fix }) => fix))];
  const snippets = findings.flatMap(({ snippet }) => (snippet === '' ? [] : [snippet]));
  return (
    <li>
      {findings.map((finding) => (
        <div class="line found" key={finding.sentence}>
          <span class="sentence">
            <HealthIcon health={health} size={14} />
            <strong>
              <Worded text={finding.sentence} />
            </strong>
          </span>
          <Prove finding={finding} />
        </div>
      ))}
      <p class="muted">
        {why} <code>{id}</code>
      </p>
      {fixes.map((fix) => (
        <p key={fix}>
          <span aria-hidden="true">→ </span>
          <Worded text={fix} />
        </p>
      ))}
      {snippets.length > 0 && (
        <details>
          <summary>Lines for the spec</summary>
          <pre>{snippets.join('\n\n')}</pre>
        </details>
      )}
    </li>
  );
}

/** Texts of the audit mark what belongs into a file with backticks. */
function Worded({ text }: { readonly text: string }): JSX.Element {
  return <>{text.split('`').map((part, i) => (i % 2 === 1 ? <code key={i}>{part}</code> : part))}</>;
}

function Prove({ finding }: { readonly finding: FindingResource }): JSX.Element {
  const { id, service, experiment } = finding;
  const proven = useLive(({ proving }) =>
    proving.proofs.find((proof) => proof.experiment === experiment?.title && proof.verdict !== null),
  );
  if (experiment === null) return <span class="muted push">no fault would show it</span>;
  const name = service === null ? id : `${id}/${service}`;
  const files = [{ file: `doctor/${name}`, baseDir: '/', text: JSON.stringify(experiment) }];
  const points = [
    ...blow(experiment),
    'If the finding is right the verdict is “mismatch”: users are hurt, or nothing repairs it.',
  ];
  return (
    <span class="line push">
      {proven !== undefined && (
        <a href={href({ page: 'proof', id: proven.id })}>
          {proven.verdict === 'mismatch' ? 'shown to be so' : `tried: ${proven.verdict}`}
        </a>
      )}
      <CopyButton text={`holdfast doctor --prove ${name}`} label={`Copy as command line: prove ${name}`} />
      <button
        type="button"
        class="button small"
        aria-label={`Prove ${name}`}
        onClick={() =>
          askExperiment(`See it happen: ${finding.sentence}`, points, { run: { kind: 'experiments', files } })
        }
      >
        Prove …
      </button>
    </span>
  );
}
