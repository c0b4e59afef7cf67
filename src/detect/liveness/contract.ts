/** What observers of a peer tell each other, and what is concluded. */
import type { Ms } from '../../model/time.ts';

/** A peer's sign of life, as it arrives. */
export interface Heartbeat {
  readonly peer: string;
  /** Grows with each life of the peer; and when it learns that it was declared dead. */
  readonly incarnation: number;
  /** Counts up within an incarnation, so that a lost heartbeat is told from a late one. */
  readonly seq: number;
}

/** What one observer knows of one peer. Sent on every change and once a second. */
export interface Opinion {
  readonly observer: string;
  readonly peer: string;
  readonly incarnation: number;
  /** The time of the observer's last look, on the shared clock. */
  readonly at: Ms;
  /** unknown: it was not looking (its own pause), or has not heard the peer yet. */
  readonly state: 'hears' | 'suspects' | 'unknown';
  /** How long it has heard nothing while it was listening. */
  readonly silentMs: Ms;
  /** φ: −log10 of the chance of such a silence from a peer that lives. */
  readonly logP: number;
}

/** What a caller got from a peer lately. Slow: beyond what it takes as usual. */
export interface CallReport {
  readonly caller: string;
  readonly peer: string;
  readonly at: Ms;
  readonly ok: number;
  readonly failed: number;
  readonly slow: number;
}

export type PeerState = 'unknown' | 'alive' | 'suspect' | 'dead' | 'gray';

/** Why a peer is gray: its heartbeats and its callers disagree, or its observers among themselves. */
export type GrayReason = 'calls-fail' | 'heartbeats-lost' | 'one-sided';

export interface Verdict {
  readonly peer: string;
  readonly incarnation: number;
  readonly state: PeerState;
  readonly reason: GrayReason | null;
  readonly since: Ms;
  /** When it was judged: actions must not be based on an old verdict. */
  readonly at: Ms;
  /** −log10 p: of those who agree, the weakest. */
  readonly logP: number | null;
  readonly evidence: readonly string[];
}
