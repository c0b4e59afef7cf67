/** What Holdfast did and wants to do, what its guard rails said, and the buttons for those who may decide. */
import type { JSX } from 'preact';
import type { ActionResource, IncidentResource, PlanResource } from '../../../src/api/resources.ts';
import type { OperatorCommand } from '../../../src/model/operator.ts';
import { CopyButton, Empty, Panel, Time } from '../parts/bits.tsx';
import { actionTitle, askDecision, askOverride } from '../state/asks.ts';
import { cliFor } from '../view/cli.ts';
import { duration } from '../view/format.ts';
import { holding, isOpen } from '../view/stages.ts';

export function Plans({ incident }: { readonly incident: IncidentResource }): JSX.Element {
  const newestFirst = [...incident.plans].reverse();
  return (
    <Panel title="Repair" count={incident.plans.length}>
      {newestFirst.length === 0 ? (
        <Empty>{isOpen(incident) ? 'No plan yet.' : 'No plan was needed.'}</Empty>
      ) : (
        <ol class="plans">
          {newestFirst.map((plan) => (
            <PlanItem key={plan.id} plan={plan} open={isOpen(incident)} />
          ))}
        </ol>
      )}
    </Panel>
  );
}

const LEVEL = ['First attempt', 'Second attempt', 'Third attempt', 'Fourth attempt'];

function PlanItem({ plan, open }: { readonly plan: PlanResource; readonly open: boolean }): JSX.Element {
  return (
    <li>
      <div class="line">
        <strong>{LEVEL[plan.level] ?? `Attempt ${plan.level + 1}`}</strong>
        <span class={`badge ${PLAN_TONE[plan.status]}`}>{plan.status}</span>
        <code class="muted">{plan.id}</code>
        <span class="muted push">
          <Time at={plan.createdAt} />
        </span>
      </div>
      {plan.outcome !== null && <p class="muted">{plan.outcome}</p>}
      <ul class="plan-actions">
        {plan.actions.map((action) => (
          <ActionItem key={action.id} action={action} open={open} />
        ))}
      </ul>
    </li>
  );
}

const PLAN_TONE: Readonly<Record<PlanResource['status'], string>> = {
  open: 'degraded',
  verifying: 'degraded',
  succeeded: 'healthy',
  failed: 'down',
  superseded: 'plain',
  cancelled: 'plain',
};

function ActionItem({ action, open }: { readonly action: ActionResource; readonly open: boolean }): JSX.Element {
  const waits = open && action.status === 'awaiting-approval';
  const held = open ? holding(action) : [];
  return (
    <li>
      <div class="line">
        <strong>{actionTitle(action)}</strong>
        <span class={`badge ${toneOf(action)}`}>{action.status.replace('-', ' ')}</span>
        {!action.reversible && action.kind !== 'page' && <span class="muted">cannot be undone</span>}
        <span class="muted push num">{tookText(action)}</span>
      </div>
      <p>{action.reason}</p>
      {action.error !== null && <p class="notice bad">{action.error}</p>}
      {action.guards.length > 0 && (
        <ul class="guards" aria-label="Guard rails">
          {action.guards.map((guard) => (
            <li key={guard.rail} class={guard.verdict}>
              <span class="rail">{guard.rail}</span>
              <span class="verdict-word">{VERDICT[guard.verdict] ?? guard.verdict}</span>
              <span>{guard.reason}</span>
            </li>
          ))}
        </ul>
      )}
      {(waits || held.length > 0) && (
        <div class="decide">
          {waits && (
            <>
              <button type="button" class="button primary" onClick={() => askDecision('approve', action)}>
                Approve
              </button>
              <Copy command={{ kind: 'approve', action: action.id }} what={`approve ${actionTitle(action)}`} />
              <button type="button" class="button" onClick={() => askDecision('reject', action)}>
                Reject
              </button>
              <Copy command={{ kind: 'reject', action: action.id }} what={`reject ${actionTitle(action)}`} />
            </>
          )}
          {held.map(({ rail, reason }) => (
            <span class="line" key={rail}>
              <button type="button" class="button danger-outline" onClick={() => askOverride(action, rail, reason)}>
                Override {rail}
              </button>
              <Copy command={{ kind: 'override', action: action.id, rail }} what={`override ${rail}`} />
            </span>
          ))}
        </div>
      )}
    </li>
  );
}

const VERDICT: Readonly<Record<string, string>> = { allow: 'allows', delay: 'delays', refuse: 'refuses' };

function Copy({ command, what }: { readonly command: OperatorCommand; readonly what: string }): JSX.Element {
  return <CopyButton text={cliFor(command)} label={`Copy as command line: ${what}`} />;
}

function toneOf({ status }: ActionResource): string {
  if (status === 'done') return 'healthy';
  if (status === 'failed' || status === 'refused') return 'down';
  return status === 'skipped' || status === 'proposed' ? 'plain' : 'degraded';
}

function tookText({ startedAt, endedAt }: ActionResource): string {
  if (startedAt === null || endedAt === null) return '';
  return `took ${duration(Date.parse(endedAt) - Date.parse(startedAt))}`;
}
