/** How a plan (the difference between a spec and what runs) and the notices of a spec read. */
import type { PlanResult } from '../api/resources.ts';
import type { SpecNotice } from '../model/spec.ts';
import type { Style } from './terminal.ts';
import { plural } from './text.ts';

const MARKS = { add: '+', remove: '-', update: '~', scale: '~', none: ' ' } as const;

export function planText(plan: PlanResult, style: Style): string {
  if (plan.empty) return `${plan.system} is as the file says: nothing would change.`;
  const color = { add: style.green, remove: style.red, update: style.yellow, scale: style.yellow, none: style.dim };
  const lines = plan.changes
    .filter((diff) => diff.change !== 'none')
    .flatMap((diff) => [
      color[diff.change](`${MARKS[diff.change]} ${diff.service}: ${diff.effect}`),
      ...diff.fields.map((field) => style.dim(`    ${field}`)),
    ]);
  const policy = plan.policy.map((field) => style.yellow(`~ policy: ${field}`));
  return [`${style.bold(plan.system)}: ${planSummary(plan)}`, ...policy, ...lines].join('\n');
}

export function planSummary(plan: PlanResult): string {
  const count = (kind: string) => plan.changes.filter((diff) => diff.change === kind).length;
  const parts = [
    [count('add'), 'to add'],
    [count('update') + count('scale'), 'to change'],
    [count('remove'), 'to remove'],
  ] as const;
  const said = parts.filter(([number]) => number > 0).map(([number, what]) => `${number} ${what}`);
  if (plan.policy.length > 0) said.push('policy to change');
  return said.length === 0 ? 'nothing to do' : `${said.join(', ')} (${plural(plan.changes.length, 'service')})`;
}

export function noticeText(notice: SpecNotice, style: Style): string {
  const where = `${notice.file}:${notice.line}:${notice.column}`;
  return `${style.yellow('note')} ${where}: ${notice.what}; ${notice.instead}`;
}
