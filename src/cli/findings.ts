/** Findings of the structural audit, from a server or of a file, as people read them. */
import { relative } from 'node:path';
import type { FindingResource } from '../api/resources.ts';
import type { Style } from './terminal.ts';
import { plural } from './text.ts';

/** So many alike are told as one. */
const FOLD = 3;
const MARK = { high: '✗', medium: '!', low: '·' } as const;

/** Grouped by nothing: worst first, each with its place and what to do. `wide` adds why, the lines and the proof. */
export async function tellFindings(findings: readonly FindingResource[], style: Style, wide: boolean): Promise<string> {
  const { stringify } = wide ? await import('yaml') : { stringify: () => '' };
  return (wide ? findings : folded(findings))
    .map((finding) => {
      const { id, severity, sentence, at, why, fix, snippet, experiment } = finding;
      const colour = { high: style.red, medium: style.yellow, low: style.dim }[severity];
      const place = at === null ? '' : style.dim(` ${relative(process.cwd(), at.file)}:${at.line}`);
      const lines = [`${colour(MARK[severity])} ${sentence} ${style.dim(id)}${place}`, `  ${style.dim('→')} ${fix}`];
      if (!wide) return lines.join('\n');
      lines.push(`  ${style.dim(why)}`);
      if (snippet !== '') lines.push('', ...indented(snippet));
      if (experiment !== null)
        lines.push(
          '',
          `  ${style.dim('proof, for holdfast prove:')}`,
          ...indented(stringify(experiment, { lineWidth: 0 }).trimEnd()),
        );
      return `${lines.join('\n')}\n`;
    })
    .join('\n');
}

/** The same of many services is one line, unless it weighs much. */
function folded(findings: readonly FindingResource[]): FindingResource[] {
  const told = new Set<string>();
  return findings.flatMap((finding) => {
    const alike = findings.filter(
      ({ id, severity }) => severity !== 'high' && severity === finding.severity && id === finding.id,
    );
    if (finding.severity === 'high' || alike.length < FOLD) return [finding];
    if (told.has(finding.id)) return [];
    told.add(finding.id);
    const named = alike.flatMap(({ service }) => (service === null || service === finding.service ? [] : [service]));
    const others = [...new Set(named)];
    if (others.length === 0) return alike;
    return [{ ...finding, sentence: `${finding.sentence} The same: ${others.join(', ')}.` }];
  });
}

export function countFindings(findings: readonly FindingResource[]): string {
  if (findings.length === 0) return 'No findings.';
  const of = (severity: FindingResource['severity']): number =>
    findings.filter((finding) => finding.severity === severity).length;
  return `${plural(findings.length, 'finding')}: ${of('high')} high, ${of('medium')} medium, ${of('low')} low.`;
}

function indented(text: string): string[] {
  return text.split('\n').map((line) => `    ${line}`);
}
