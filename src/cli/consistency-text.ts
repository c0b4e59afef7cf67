/** A consistency verdict for people: one sentence, what contradicts, and what still holds. */
import type { ConsistencyModel, ConsistencyVerdict, Contradiction } from '../model/consistency.ts';
import type { Style } from './terminal.ts';

/** Contradictions that are drawn; all of them are in the JSON. */
const DRAWN = 3;

const TRANSACTIONAL: readonly ConsistencyModel[] = [
  'strict-serializable',
  'serializable',
  'repeatable-read',
  'snapshot-isolation',
  'read-committed',
  'read-uncommitted',
];

const MARK = { holds: '✓', violated: '✗', unknown: '?' } as const;

export function tellVerdict(verdict: ConsistencyVerdict, style: Style): string {
  const paint = { holds: style.green, violated: style.red, unknown: style.yellow }[verdict.verdict];
  const parts = [`${paint(MARK[verdict.verdict])} ${style.bold(verdict.summary)}`];
  if (verdict.reason !== null && verdict.verdict !== 'unknown') parts.push(style.yellow(verdict.reason));
  const { contradictions } = verdict;
  parts.push(...contradictions.slice(0, DRAWN).map((one) => tellContradiction(one, style)));
  if (contradictions.length > DRAWN)
    parts.push(style.dim(`${contradictions.length - DRAWN} more: -o json shows all of them`));
  if (isAboutTransactions(verdict)) parts.push(levels(verdict, style));
  return parts.join('\n\n');
}

function tellContradiction({ key, why, before, drawing }: Contradiction, style: Style): string {
  const held = before.length > 0 ? `, which held ${before.join(' or ')} before` : '';
  const title = key === null && before.length === 0 ? why : `${key === null ? 'the object' : key}${held}: ${why}`;
  const lines = drawing.split('\n').map((line) => `  ${line.endsWith('✗') ? style.red(line) : line}`);
  return [style.bold(title), ...lines].join('\n');
}

function isAboutTransactions({ kind }: ConsistencyVerdict): boolean {
  return kind === 'list-append' || kind === 'rw-register';
}

function levels({ holds }: ConsistencyVerdict, style: Style): string {
  const lines = TRANSACTIONAL.map((level) =>
    holds.includes(level) ? `  ${style.green('✓')} ${level}` : `  ${style.red('✗')} ${level}`,
  );
  return ['Isolation that this history allows:', ...lines].join('\n');
}
