/** The registry of guard rails, asked in this order, and their combined word. A new rail is one file and one line here. */
import type { GuardVerdict } from '../model/incident.ts';
import type { Random } from '../model/random.ts';
import type { Ms } from '../model/time.ts';
import { backoff } from './backoff.ts';
import { brake } from './brake.ts';
import { budget } from './budget.ts';
import { caughtUp } from './caught-up.ts';
import { confidence } from './confidence.ts';
import type { ActionDraft, CombinedVerdict, GuardContext } from './contract.ts';
import { cooldown } from './cooldown.ts';
import { intensity } from './intensity.ts';
import { approval, notAllowed, observe, stopped } from './mode.ts';
import { quorum } from './quorum.ts';
import { silence } from './silence.ts';

type Rail = (action: ActionDraft, context: GuardContext, now: Ms, random: Random) => GuardVerdict | null;

const RAILS: readonly Rail[] = [
  stopped,
  observe,
  approval,
  notAllowed,
  silence,
  confidence,
  caughtUp,
  brake,
  quorum,
  budget,
  cooldown,
  intensity,
  backoff,
];

/** One verdict of each rail that has a say in this kind of action. */
export function guard(action: ActionDraft, context: GuardContext, now: Ms, random: Random): readonly GuardVerdict[] {
  return RAILS.map((rail) => rail(action, context, now, random)).filter((verdict) => verdict !== null);
}

/** The strictest wins. A delay ends when all of them do; one that waits for state to change names no time. */
export function combine(verdicts: readonly GuardVerdict[]): CombinedVerdict {
  if (verdicts.some(({ verdict }) => verdict === 'refuse')) return { verdict: 'refuse', until: null };
  const delays = verdicts.filter(({ verdict }) => verdict === 'delay');
  if (delays.length === 0) return { verdict: 'allow', until: null };
  const times = delays.map(({ until }) => until);
  return { verdict: 'delay', until: times.includes(null) ? null : Math.max(...(times as Ms[])) };
}
