/**
 * One observer's ear. Each peer sends a heartbeat a second, with a sequence number and an incarnation; the observer
 * learns the peer's usual interval and suspects it when its silence is too unlikely.
 *
 * What must not be learnt from: intervals that ended a suspicion (a detector that learns from outages becomes blind to
 * them), bursts of late heartbeats that catch up, and anything around the observer's own pauses. A lost heartbeat
 * shows in the sequence number and counts as two ordinary intervals.
 */
import type { Ms } from '../../model/time.ts';
import type { Heartbeat, Opinion } from './contract.ts';
import { Intervals } from './intervals.ts';
import { SelfHealth } from './self-health.ts';

export interface ObserverOptions {
  /** Between two heartbeats. Shorter notices sooner, and costs a packet per peer and observer each time. */
  readonly heartbeatMs: Ms;
  /** How often the observer looks; adds to the time until it notices. Its own lag is judged by this. */
  readonly tickMs: Ms;
  /** A pause that any process may make (garbage collection, a busy host) without being suspected. */
  readonly pauseMs: Ms;
  /** Suspected from this φ on: 8 is a false suspicion in 10⁸ intervals, if the normal distribution held. */
  readonly phi: number;
  /** Suspected after this silence whatever the link is used to: a noisy link must not make a peer immune. */
  readonly ceilingMs: Ms;
}

export const OBSERVER: ObserverOptions = {
  heartbeatMs: 1_000,
  tickMs: 100,
  pauseMs: 3_000,
  phi: 8,
  ceilingMs: 4_700,
};

/** An arrival sooner than this share of the usual interval after the last is a heartbeat that was held up. */
const CATCH_UP = 0.25;

interface Watched {
  incarnation: number;
  seq: number;
  /** Silence is counted from here: the last heartbeat, or when the observer itself was back. */
  heardAt: Ms;
  /** Whether heardAt is a heartbeat's time, so that the next interval may be learnt from. */
  exact: boolean;
  suspected: boolean;
  /** Not heard since the observer's own pause (or ever): silence says less. */
  unknown: boolean;
  intervals: Intervals;
}

export class Observer {
  readonly name: string;
  readonly #options: ObserverOptions;
  readonly #health: SelfHealth;
  readonly #peers = new Map<string, Watched>();

  constructor(name: string, options: Partial<ObserverOptions> = {}) {
    this.name = name;
    this.#options = { ...OBSERVER, ...options };
    this.#health = new SelfHealth(this.#options.tickMs);
  }

  /** Expects heartbeats of a peer from now on. */
  watch(peer: string, now: Ms): void {
    if (!this.#peers.has(peer)) this.#peers.set(peer, this.#newPeer(-1, -1, now));
  }

  forget(peer: string): void {
    this.#peers.delete(peer);
  }

  heartbeat({ peer, incarnation, seq }: Heartbeat, now: Ms): void {
    if (this.#health.isLate(now)) this.#pausedUntil(now);
    const known = this.#peers.get(peer);
    if (!known || incarnation > known.incarnation) {
      this.#peers.set(peer, { ...this.#newPeer(incarnation, seq, now), exact: true, unknown: false });
      return;
    }
    // A former life, a duplicate, or one that was overtaken: no news.
    if (incarnation < known.incarnation || seq <= known.seq) return;
    const sinceMs = now - known.heardAt;
    const steps = seq - known.seq;
    const usual = known.intervals.meanMs;
    if (known.exact && !known.suspected && sinceMs >= CATCH_UP * usual) known.intervals.add(sinceMs / steps);
    known.seq = seq;
    known.heardAt = now;
    known.exact = true;
    known.suspected = false;
    known.unknown = false;
  }

  /** To be called every tickMs. Returns the peers whose state has changed. */
  tick(now: Ms): string[] {
    if (this.#health.tick(now)) this.#pausedUntil(now);
    const changed: string[] = [];
    for (const [peer, watched] of this.#peers) {
      if (watched.suspected || !this.#isSuspect(watched, now)) continue;
      watched.suspected = true;
      changed.push(peer);
    }
    return changed;
  }

  opinion(peer: string, now: Ms): Opinion | null {
    const watched = this.#peers.get(peer);
    if (!watched) return null;
    const silentMs = now - watched.heardAt;
    const late = this.#health.isLate(now);
    const state = watched.suspected && !late ? 'suspects' : watched.unknown || late ? 'unknown' : 'hears';
    const logP = watched.intervals.phi(silentMs, this.#options.pauseMs);
    return { observer: this.name, peer, incarnation: watched.incarnation, at: now, state, silentMs, logP };
  }

  opinions(now: Ms): Opinion[] {
    return [...this.#peers.keys()].map((peer) => this.opinion(peer, now) as Opinion);
  }

  #isSuspect({ heardAt, intervals }: Watched, now: Ms): boolean {
    const silentMs = now - heardAt;
    if (silentMs <= this.#options.pauseMs) return false;
    return silentMs >= this.#options.ceilingMs || intervals.phi(silentMs, this.#options.pauseMs) >= this.#options.phi;
  }

  /** The observer stood still: nobody was silent for it, and what it was about to suspect it has not seen. */
  #pausedUntil(now: Ms): void {
    for (const watched of this.#peers.values()) {
      watched.heardAt = now;
      watched.exact = false;
      watched.suspected = false;
      watched.unknown = true;
    }
    this.#health.tick(now);
  }

  #newPeer(incarnation: number, seq: number, now: Ms): Watched {
    const intervals = new Intervals(this.#options.heartbeatMs);
    return { incarnation, seq, heardAt: now, exact: false, suspected: false, unknown: true, intervals };
  }
}
