/** What may be sent again, and what the client is told when it may not. Pure. */
import type { Ms } from '../../model/time.ts';
import type { FailureKind } from '../edge-window.ts';

/** What an exchange has to know of its request. */
export interface RequestFacts {
  readonly head: Buffer;
  readonly idempotent: boolean;
  readonly isHead: boolean;
  readonly upgrade: boolean;
  readonly minor: number;
}

/** Answers that another instance may do better than. */
export const RETRY_STATUS: ReadonlySet<number> = new Set([502, 503, 504]);

/** Request bodies up to this size are kept until the response begins, so that they can be sent again. */
export const REPLAY_BYTES = 65_536;

/**
 * A request that cannot be repeated is sent on a used connection only when that was used within this time: the server
 * may be closing it for idleness at this very moment.
 */
export const FRESH_MS: Ms = 1_000;

/** A member that accepts probes and refuses calls must not keep a call busy for ever. */
export const MAX_CONNECT_FAILURES = 10;

export const STATUS_OF: Readonly<Record<FailureKind, number>> = {
  unavailable: 503,
  connect: 503,
  timeout: 504,
  reset: 502,
  status5xx: 502,
};

/** The body of a request while it can still be sent again. */
export class ReplayBody {
  readonly parts: Buffer[] = [];
  /** It was too large to be kept, or is not needed any more: it cannot be sent again. */
  gone = false;
  #bytes = 0;

  keep(bytes: Buffer): void {
    this.parts.push(bytes);
    this.#bytes += bytes.length;
  }

  /** For what has been sent already: keeps it only within the bound. */
  keepSent(bytes: Buffer): void {
    if (this.gone) return;
    if (this.#bytes + bytes.length > REPLAY_BYTES) this.drop();
    else this.keep(bytes);
  }

  get full(): boolean {
    return this.#bytes >= REPLAY_BYTES;
  }

  drop(): void {
    this.gone = true;
    this.parts.length = 0;
  }
}
