/**
 * Proof of a diagnosis by reversing its cause: a life ended and begun anew, a change taken back, an instance taken out
 * of the routes. What was predicted is that the part of the damage that started there goes away with it:
 *
 *   confirmed    : the symptoms stayed away, and the damage fell by at least CONFIRMS of the predicted part
 *   refuted      : the reversal was carried out, and less than REFUTES of the predicted part went away
 *   inconclusive : in between, or the reversal itself failed
 *
 * Every repair is such an experiment, so most incidents are proved without anybody asking. `prove` asks for one where
 * none is under way.
 */
import { damageRate } from '../diagnose/index.ts';
import type { Action, Cause, Incident, Plan, Proof } from '../model/incident.ts';
import type { Ms } from '../model/time.ts';
import { reversalOf } from '../recover/index.ts';
import { label, storePlan } from './actions.ts';
import type { Context } from './context.ts';
import { openSymptoms, tell, update } from './incidents.ts';

const CONFIRMS = 0.8;
const REFUTES = 0.3;
/** A smaller predicted part drowns in what else goes on. */
const TELLING = 0.3;
/** Of the time before the reversal, at most this much is compared. Longer evens out bursts, and forgets more. */
const COMPARED_MS: Ms = 30_000;
/** Less damage a second than this cannot be seen to go. */
const LEAST_RATE = 0.05;

/** Called when a plan is over: what has it shown of the cause? */
export function conclude(ctx: Context, incident: Incident, plan: Plan, status: Plan['status'], outcome: string): void {
  if (incident.proof?.verdict === 'confirmed') return;
  const shown = shownBy(ctx, incident, plan, status, outcome);
  if (shown !== null) set(ctx, incident, shown);
  else if (incident.proof?.plan === plan.id && incident.proof.verdict === 'pending')
    set(ctx, incident, { ...incident.proof, verdict: 'inconclusive', text: outcome, at: ctx.now });
}

function shownBy(ctx: Context, incident: Incident, plan: Plan, status: Plan['status'], outcome: string): Proof | null {
  if (status !== 'succeeded' && status !== 'failed') return null;
  const reversal = reversed(incident, plan);
  if (reversal === null) return null;
  const { cause, actions } = reversal;
  const base = { plan: plan.id, accused: cause.entity.name, by: actions.map(label).join(', '), at: ctx.now };
  const done = actions.filter((action) => action.status === 'done');
  const broken = actions.find((action) => action.status === 'failed');
  if (done.length === 0) {
    return { ...base, verdict: 'inconclusive', text: broken?.error ?? outcome };
  }
  const [before, after] = ratesAround(ctx, incident, plan, done);
  if (before < LEAST_RATE) {
    const text = status === 'succeeded' ? `${outcome}; users had hardly been hurt yet` : outcome;
    return { ...base, verdict: status === 'succeeded' ? 'confirmed' : 'inconclusive', text };
  }
  const fell = Math.max(0, 1 - after / before);
  const predicted = cause.share ?? 1;
  if (predicted < TELLING) {
    const text = `only ${percent(predicted)} of the damage was predicted to go with it, too little to tell; ${outcome}`;
    return { ...base, verdict: 'inconclusive', text };
  }
  const verdict =
    status === 'succeeded' && fell >= CONFIRMS * predicted
      ? 'confirmed'
      : fell < REFUTES * predicted
        ? 'refuted'
        : 'inconclusive';
  const text = `${percent(fell)} of the damage went away with it, ${percent(predicted)} was predicted; ${outcome}`;
  return { ...base, verdict, text };
}

/** The most believed cause that something was done about, and what. */
function reversed(incident: Incident, plan: Plan): { cause: Cause; actions: readonly Action[] } | null {
  const causes = incident.diagnosis?.causes ?? (plan.cause === null ? [] : [plan.cause]);
  for (const cause of causes) {
    const actions = plan.actions.filter(
      (action) => (action.status === 'done' || action.status === 'failed') && reverses(action, cause),
    );
    if (actions.length > 0) return { cause, actions };
  }
  return null;
}

function reverses({ kind, service, target, argument }: Action, { entity, changeId }: Cause): boolean {
  if (kind === 'page') return false;
  if (changeId !== null || kind === 'rollback') return kind === 'rollback' && argument === changeId;
  return entity.kind === 'instance' ? target === entity.name || target === entity.service : service === entity.name;
}

/** Damage a second, in seconds of waiting (a failed request weighs as some): until the reversal had taken, and since. */
function ratesAround(ctx: Context, incident: Incident, plan: Plan, done: readonly Action[]): readonly [number, number] {
  const over = Math.max(...done.map(({ endedAt, startedAt }) => endedAt ?? startedAt ?? ctx.now));
  const since = Math.max(over, plan.verifySince ?? over);
  const { onsetAt } = incident;
  const before = damageRate(ctx.view, onsetAt, Math.max(onsetAt, over - COMPARED_MS), over);
  return [before, damageRate(ctx.view, onsetAt, since, Math.max(ctx.now, since + 1))];
}

/** Somebody asks for a proof. Replies once; the verdict comes with the plan's verification. */
export function prove(ctx: Context, id: string, who: string, why: string): void {
  const incident = ctx.state.incidents.get(id);
  if (!incident) {
    ctx.refuse('HF5003', `there is no incident ${id}`);
    return;
  }
  if (incident.proof !== null && incident.proof.verdict !== 'inconclusive') {
    ctx.ok(`${incident.proof.verdict}: ${incident.proof.text}`, id);
    return;
  }
  const cause = incident.diagnosis?.causes[0];
  if (incident.closedAt !== null || !cause) {
    const what = incident.closedAt !== null ? 'is over: nothing is left to reverse' : 'has no suspect to reverse yet';
    ctx.refuse('HF5007', `${id} ${what}`);
    return;
  }
  const live = incident.plans.at(-1);
  const plan = live && (live.status === 'open' || live.status === 'verifying') ? live : draft(ctx, incident, cause);
  if (plan === null) {
    ctx.refuse('HF5007', `${cause.entity.name} (${cause.mechanism}) cannot be reversed from here`);
    return;
  }
  const by = plan.actions.map(label).join(', ');
  tell(ctx, id, 'operator', `proof asked for by ${who}: ${why}`);
  const proof: Proof = {
    verdict: 'pending',
    plan: plan.id,
    accused: cause.entity.name,
    by,
    text: plan === live ? 'this repair is under way; whether it helps will tell' : 'this reverses the suspected cause',
    at: ctx.now,
  };
  update(ctx, id, { proof });
  ctx.ok(`${by}: whether the damage goes away with it will tell`, id);
}

function draft(ctx: Context, incident: Incident, cause: Cause): Plan | null {
  const action = reversalOf(cause, ctx.view);
  if (action === null) return null;
  const forMs = Math.max(1_000, ctx.service(action.service)?.spec.recovery.verifyMs ?? 0);
  const plan: Plan = {
    id: ctx.nextId('plan'),
    incident: incident.id,
    createdAt: ctx.now,
    level: incident.plans.filter(({ status }) => status === 'failed').length,
    cause,
    actions: [
      {
        ...action,
        id: ctx.nextId('act'),
        status: 'proposed',
        guards: [],
        createdAt: ctx.now,
        startedAt: null,
        endedAt: null,
        error: null,
      },
    ],
    status: 'open',
    verify: {
      symptoms: openSymptoms(incident).map((symptom) => symptom.id),
      forMs,
      deadlineMs: forMs + PROOF_DEADLINE_MS,
    },
    verifySince: null,
    outcome: null,
  };
  storePlan(ctx, incident.id, plan);
  tell(ctx, incident.id, 'planned', `${label(plan.actions[0] as Action)}, to prove the cause`);
  return plan;
}

/** Symptoms of traffic need some windows to go. */
const PROOF_DEADLINE_MS: Ms = 45_000;

function set(ctx: Context, incident: Incident, proof: Proof): void {
  update(ctx, incident.id, { proof });
  const words = { confirmed: 'proved by', refuted: 'refuted by', inconclusive: 'nothing proved by', pending: '' };
  tell(
    ctx,
    incident.id,
    'verified',
    `${proof.accused} as the cause: ${words[proof.verdict]} ${proof.by}: ${proof.text}`,
  );
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
