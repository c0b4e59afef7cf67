/**
 * How a diagnosis came about, on a terminal: where the damage starts, how it spread, who was ruled out, what the verdict
 * hangs on, and what reversing the cause has shown.
 */
import type { Explanation, IncidentResource } from '../api/resources.ts';
import type { Style } from './terminal.ts';
import { percent } from './text.ts';

const BAR = 20;

export function explanationLines({ explanation, proof, abstained }: IncidentResource, style: Style): string[] {
  if (explanation === null) return proofLines(proof, style);
  return [
    ...(explanation.sentence === null ? [] : ['', `${explanation.sentence}.`]),
    ...proofLines(proof, style),
    ...titled(`Where the damage starts${unitOf(explanation)}`, accountLines(explanation, style), style),
    ...titled('How it spread', treeLines(explanation, style), style),
    ...titled(
      'Ruled out',
      explanation.ruledOut.map(({ name, why }) => `  ${style.dim('×')} ${name}: ${why}`),
      style,
    ),
    ...titled('What the verdict hangs on', hangsOn(explanation, abstained, style), style),
  ];
}

function titled(title: string, lines: readonly string[], style: Style): string[] {
  return lines.length === 0 ? [] : ['', style.bold(title), ...lines];
}

function unitOf({ account }: Explanation): string {
  return account === null ? '' : `, in ${account.unit}`;
}

/** `Proved by repair`, when it is: the strongest thing that can be said of a cause. */
function proofLines(proof: IncidentResource['proof'], style: Style): string[] {
  if (proof === null) return [];
  const { verdict, by, text } = proof;
  if (verdict === 'confirmed') return [`${style.green('Proved by repair')} (${by}): ${text}.`];
  if (verdict === 'refuted') return [`${style.red('Refuted by repair')} (${by}): ${text}.`];
  if (verdict === 'pending') return [`${style.yellow('Being proved')} (${by}): ${text}.`];
  return [`${style.yellow('Repair proved nothing')} (${by}): ${text}.`];
}

function accountLines({ account }: Explanation, style: Style): string[] {
  if (account === null || account.rows.length === 0) return [];
  const all = account.rows.reduce((sum, { own }) => sum + own, account.small);
  const rows = account.rows.map(
    ({ where, suffered, own }) => [where, amount(suffered, account), amount(own, account), own / all] as const,
  );
  const width = Math.max('service'.length, ...rows.map(([where]) => where.length));
  const head = style.dim(`  ${'service'.padEnd(width)}  ${'suffered'.padStart(9)}  ${'starts'.padStart(9)}`);
  const lines = rows.map(([where, suffered, own, part]) => {
    const bar = '█'.repeat(Math.max(1, Math.round(part * BAR)));
    const share = percent(Math.round(part * 100) / 100).padStart(5);
    return `  ${where.padEnd(width)}  ${suffered.padStart(9)}  ${own.padStart(9)}  ${share} ${style.yellow(bar)}`;
  });
  const rest = [
    ...(account.small >= 0.05 ? [`too small to list ${amount(account.small, account)}`] : []),
    ...(account.absorbed >= 0.05 ? [`absorbed −${amount(account.absorbed, account)}`] : []),
    `reached users ${amount(account.reached, account)}`,
  ];
  return [head, ...lines, style.dim(`  ${rest.join(' · ')}`)];
}

/** From the cause to the users; a service that is reached twice is told of once. */
function treeLines({ propagation, account }: Explanation, style: Style): string[] {
  const root = propagation[0]?.from;
  if (root === undefined) return [];
  const told = new Set([root]);
  const below = (from: string, indent: string): string[] => {
    const steps = propagation.filter((step) => step.from === from);
    return steps.flatMap(({ to, amount: value }, at) => {
      const last = at === steps.length - 1;
      const again = to !== 'users' && told.has(to);
      told.add(to);
      const line = `${indent}${style.dim(last ? '└─' : '├─')} ${to} ${style.dim(amount(value, account))}`;
      return again || to === 'users' ? [line] : [line, ...below(to, `${indent}${last ? '  ' : style.dim('│ ')} `)];
    });
  };
  return [`  ${style.bold(root)}`, ...below(root, '  ')];
}

function hangsOn({ sensitivity, deciding, missing }: Explanation, abstained: boolean, style: Style): string[] {
  const lines: string[] = [];
  if (sensitivity !== null && sensitivity.tried > 0) {
    const { tried, overturned } = sensitivity;
    if (overturned.length === 0) {
      lines.push(`  ${style.green('✓')} the same in all ${tried} repetitions with one edge or one past less`);
    }
    for (const { without, name, instead } of overturned) {
      const what = without === 'edge' ? `the calls ${name}` : `the past of ${name}`;
      lines.push(`  ${style.yellow('!')} without ${what} it would be ${instead ?? 'nobody'}`);
    }
  }
  const turning = abstained ? deciding : [];
  if (turning.length > 0) lines.push(`  ${style.yellow('?')} what would decide: ${turning.join('; ')}`);
  const others = missing.filter((what) => !turning.includes(what));
  if (others.length > 0) lines.push(style.dim(`  not to be had: ${others.join('; ')}`));
  return lines;
}

/** Requests are whole. */
function amount(value: number, account: Explanation['account']): string {
  const whole = Math.abs(value) >= 100 || account?.unit === 'failed requests';
  return whole ? Math.round(value).toString() : value.toFixed(1);
}
