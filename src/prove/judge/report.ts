/** Verdicts for people and for machines: text, JUnit XML, the exit code. (A verdict is its own JSON.) */
import { formatDuration } from '../../model/time.ts';
import type { Finding, Verdict } from './verdict.ts';

const MARKS: Readonly<Record<Finding['result'], string>> = { met: '✓', unmet: '✗', unknown: '?', told: '·' };

/** Lines of evidence shown for each finding; the JSON has them all. */
const MAX_EVIDENCE = 5;

export function describe(verdict: Verdict): string {
  const widest = Math.max(...verdict.findings.map(({ aspect }) => aspect.length));
  const lines = verdict.findings.flatMap(({ aspect, result, found, expected, evidence }) => {
    const wanted = expected === null ? '' : ` (expected ${expected})`;
    const more = evidence.length > MAX_EVIDENCE ? [`… and ${evidence.length - MAX_EVIDENCE} more`] : [];
    const shown = result === 'told' ? [] : [...evidence.slice(0, MAX_EVIDENCE), ...more];
    return [
      `  ${MARKS[result]} ${aspect.padEnd(widest)}  ${found}${wanted}`,
      ...shown.map((line) => `    ${' '.repeat(widest)}  ${line}`),
    ];
  });
  return [verdict.experiment, ...lines, verdict.summary].join('\n');
}

/**
 * 0: all confirmed; 3: a guard halted one, and no other is worse; 2: otherwise. A suite without experiments has
 * confirmed nothing.
 */
export function exitCode(verdicts: readonly Verdict[]): 0 | 2 | 3 {
  const bad = verdicts.filter(({ verdict }) => verdict !== 'confirmed');
  if (verdicts.length === 0) return 2;
  if (bad.length === 0) return 0;
  return bad.every(({ halted, verdict }) => halted && verdict === 'inconclusive') ? 3 : 2;
}

/**
 * JUnit's XML as CI systems read it: a mismatch is a failure, inconclusive an error, since neither may pass.
 */
export function junit(suite: string, verdicts: readonly Verdict[]): string {
  const count = (word: Verdict['verdict']): number => verdicts.filter(({ verdict }) => verdict === word).length;
  const seconds = (ms: number): string => (ms / 1_000).toFixed(3);
  const total = seconds(verdicts.reduce((sum, { durationMs }) => sum + durationMs, 0));
  const numbers = `tests="${verdicts.length}" failures="${count('mismatch')}" errors="${count('inconclusive')}" time="${total}"`;
  const cases = verdicts.map((verdict) => {
    const text = escapeXml(describe(verdict));
    const tag = verdict.verdict === 'mismatch' ? 'failure' : 'error';
    const summary = escapeXml(verdict.summary);
    const inner =
      verdict.verdict === 'confirmed'
        ? `      <system-out>${text}</system-out>`
        : `      <${tag} type="${verdict.verdict}" message="${summary}">${text}</${tag}>`;
    const name = escapeXml(verdict.experiment);
    return `    <testcase classname="${escapeXml(suite)}" name="${name}" time="${seconds(verdict.durationMs)}">\n${inner}\n    </testcase>`;
  });
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites ${numbers}>`,
    `  <testsuite name="${escapeXml(suite)}" ${numbers}>`,
    ...cases,
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Characters that XML 1.0 cannot hold at all are shown as what they are instead. */
function escapeXml(text: string): string {
  return text
    .replace(/[&<>"]/g, (letter) => ENTITIES[letter] as string)
    .replace(/[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu, '\u{FFFD}');
}

/** One line for what changed since the last time the same experiment was judged; null: nothing to compare. */
export function trend(earlier: Verdict | null, now: Verdict): string | null {
  if (earlier === null) return null;
  if (earlier.verdict !== now.verdict) return `${now.experiment}: ${earlier.verdict} → ${now.verdict}`;
  const step = (what: string, from: number | null, to: number | null): string | null =>
    from === null || to === null || from === to ? null : `${what} ${formatDuration(from)} → ${formatDuration(to)}`;
  const steps = [
    step('detected', earlier.detectedAfterMs, now.detectedAfterMs),
    step('repaired', earlier.repairedAfterMs, now.repairedAfterMs),
  ].filter((part) => part !== null);
  return `${now.experiment}: still ${now.verdict}${steps.length > 0 ? `; ${steps.join(', ')}` : ''}`;
}
