/**
 * What may be done on what evidence. A suspicion is cheap and often wrong, so it allows only what can be taken back:
 * sending traffic elsewhere, not placing anything new there. What cannot be taken back (starting a second holder of a
 * volume, promoting a replica) needs a verdict of death, a majority's, and a fence: the peer's lease has ended, so that
 * even a peer that lives after all can do no harm.
 */
import type { Ms } from '../../model/time.ts';
import type { Verdict } from './contract.ts';

export type Authority = 'nothing' | 'reversible' | 'irreversible';

/** The lease that a peer must hold to do what only one may do. */
export interface Fence {
  /** Of the incarnation that held it. */
  readonly incarnation: number;
  /** When it ends by the store's word; null: it holds none, and no harm can be done under it. */
  readonly endsAt: Ms | null;
}

/** Verdicts older than this allow nothing: ask again. */
export const VERDICT_MS: Ms = 2_000;

export interface Permission {
  readonly may: Authority;
  readonly because: string;
}

/** `fence`: null when nothing fences this peer, and then nothing irreversible is ever allowed. */
export function authorityOf(verdict: Verdict, fence: Fence | null, now: Ms): Permission {
  if (now - verdict.at > VERDICT_MS) return no(`the verdict is ${now - verdict.at} ms old`);
  switch (verdict.state) {
    case 'alive':
      return no('it is alive');
    case 'unknown':
      return no('nobody knows: those who could tell were not looking');
    case 'gray':
    case 'suspect':
      return { may: 'reversible', because: `it is ${verdict.state}: only what can be taken back` };
    case 'dead':
      return ofDead(verdict, fence, now);
  }
}

function ofDead({ incarnation }: Verdict, fence: Fence | null, now: Ms): Permission {
  if (fence === null) return { may: 'reversible', because: 'it is dead, but nothing fences it' };
  if (fence.incarnation > incarnation) return no('it has come back since');
  if (fence.endsAt !== null && fence.endsAt > now) {
    return { may: 'reversible', because: `it is dead, but its lease lasts for another ${fence.endsAt - now} ms` };
  }
  return { may: 'irreversible', because: 'it is dead, and its lease has ended' };
}

function no(because: string): Permission {
  return { may: 'nothing', because };
}
