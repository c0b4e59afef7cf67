/**
 * Least loaded of two random choices: within a constant of the best possible balance, without the herding of plain
 * least-loaded when several proxies or stale numbers are involved (Mitzenmacher, 2001).
 */
import type { Random } from '../model/random.ts';

export interface Loaded {
  /** Requests or connections in flight. */
  readonly load: number;
}

/** `null` only when there is no candidate. */
export function chooseOfTwo<T extends Loaded>(candidates: readonly T[], random: Random): T | null {
  const count = candidates.length;
  if (count <= 1) return candidates[0] ?? null;
  const first = random.int(count);
  let second = random.int(count - 1);
  if (second >= first) second++;
  const a = candidates[first] as T;
  const b = candidates[second] as T;
  return b.load < a.load ? b : a;
}

export interface Judged {
  readonly serving: boolean;
  /** Connections are refused or time out: trying is pointless, so not even panic goes there. */
  readonly refusing: boolean;
  readonly stalled: boolean;
  readonly ejected: boolean;
}

/**
 * Who may take new traffic. When fewer than `panicShare` of the serving members are usable, the ejections are more
 * likely to be wrong (or the cause shared) than the members, so they are ignored: some failures are better than the
 * rest overrun. A stalled member takes traffic only when there is no other: a request is better off waiting there,
 * where it may be answered, than failing at once.
 */
export function candidatesOf<T extends Judged>(members: readonly T[], panicShare: number): T[] {
  const serving = members.filter((member) => member.serving);
  const usable = serving.filter((member) => !member.refusing && !member.stalled && !member.ejected);
  if (usable.length > 0 && usable.length >= panicShare * serving.length) return usable;
  const reachable = serving.filter((member) => !member.refusing);
  const moving = reachable.filter((member) => !member.stalled);
  return moving.length > 0 ? moving : reachable;
}
