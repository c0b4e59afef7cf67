/**
 * slow, on few calls: a balancer sends a slow instance little, and on a quiet service twenty calls take long. Six calls
 * in a row of which each is slower than nineteen in twenty of its peers' calls of the same seconds are no chance: that
 * is a binomial tail, looked for over the newest seconds, however many of them it takes.
 *
 * The same seconds, because whatever slows everybody down must not be held against one; several seconds, because one
 * pause makes every call slow that falls into it.
 */
import type { Member, ServiceFacts } from './service-facts.ts';
import { binomialTail } from './statistics.ts';
import { ENOUGH_REQUESTS, type Measured } from './traffic.ts';

/** One above the usual limit: the tail is looked for at each of up to thirty lengths. */
export const LOG_P = 7;
/** Fewer calls need a larger difference. */
export const RATIO = 4;
/** Seconds over which the calls must be spread. */
export const MIN_SECONDS = 3;
/** Share of the peers' calls that is slower than the mark. */
const SLOWEST = 0.05;

export interface FewSlow {
  readonly calls: number;
  readonly meanMs: number;
  readonly logP: number;
}

export function fewButSlow(
  facts: ServiceFacts,
  member: Member,
  peers: readonly Member[],
  usualMs: number,
): FewSlow | null {
  const own = facts.windowsOf(member).filter((window) => window.completed > 0 && member.isWarm(window));
  if (own.length < MIN_SECONDS || !isMuchSlower(own[0] as Measured, usualMs)) return null;
  const others = peers
    .flatMap((peer) => facts.windowsOf(peer).filter((window) => peer.isWarm(window)))
    .sort((a, b) => b.at - a.at);
  const theirs = new Pool();
  const mine = new Pool();
  const seconds = new Set<number>();
  let next = 0;
  for (const window of own) {
    mine.add(window);
    seconds.add(Math.floor(window.at / 1_000));
    for (; next < others.length && (others[next] as Measured).at >= window.at; next++)
      theirs.add(others[next] as Measured);
    if (mine.completed >= ENOUGH_REQUESTS) return null;
    if (seconds.size < MIN_SECONDS || theirs.completed < ENOUGH_REQUESTS) continue;
    const meanMs = mine.sumMs / mine.completed;
    if (meanMs < RATIO * (theirs.sumMs / theirs.completed)) continue;
    const above = mine.above(theirs.slowestBucket(SLOWEST));
    const logP = binomialTail(above, mine.completed, SLOWEST);
    if (logP >= LOG_P) return { calls: mine.completed, meanMs, logP };
  }
  return null;
}

/** Cheap, and true of nearly nobody: what follows is worked out for suspects only. */
function isMuchSlower({ sumMs, completed }: Measured, usualMs: number): boolean {
  return sumMs / completed >= RATIO * usualMs;
}

class Pool {
  completed = 0;
  sumMs = 0;
  readonly #counts = new Map<number, number>();

  add({ completed, sumMs, latency }: Measured): void {
    this.completed += completed;
    this.sumMs += sumMs;
    for (const [bucket, count] of latency) this.#counts.set(bucket, (this.#counts.get(bucket) ?? 0) + count);
  }

  above(bucket: number): number {
    let total = 0;
    for (const [other, count] of this.#counts) if (other > bucket) total += count;
    return total;
  }

  /** The bucket that at most this share of the calls lies above. */
  slowestBucket(share: number): number {
    let left = this.completed * share;
    let last = 0;
    for (const [bucket, count] of [...this.#counts].sort(([a], [b]) => b - a)) {
      last = bucket;
      left -= count;
      if (left < 0) break;
    }
    return last;
  }
}
