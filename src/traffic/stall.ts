/**
 * Whether a member has stalled: it holds requests and sends nothing, and that is not what it usually does.
 *
 * Two conditions, both against what the pool showed lately (latency-model.ts), so nothing has to be configured for
 * slow services:
 *  1. Silence: no byte from the member, on any connection, for longer than max(stallMs, 8 × p99 of the silences that
 *     ended by themselves, 1.5 × the longest pause that was lately taken for a stall).
 *  2. Chance: the requests it holds would all have to be slow ones. The product of P(latency > age) over them must be
 *     below one in a million. One slow request never suffices after a thousand samples; two do.
 * And a comparison: a peer sent something in the meantime. A pool of one has no peer; there the silence must be four
 * times as long, and enough of its own past must be known.
 */
import type { Ms } from '../model/time.ts';
import type { LatencyModel } from './latency-model.ts';

export const GAP_MULTIPLE = 8;
export const ALONE_MULTIPLE = 4;
export const CHANCE = 1e-6;
const ALONE_MIN_SAMPLES = 20;
/** More waiting requests than these do not make the judgement surer. */
export const MAX_AGES = 32;

export interface StallEvidence {
  readonly now: Ms;
  /** Since when the member holds requests and has not sent a byte. */
  readonly silentSince: Ms;
  /** Ages of the requests it holds, oldest first, at most MAX_AGES. */
  readonly ages: readonly Ms[];
  /** Serving members besides this one. */
  readonly peers: number;
  /** When one of them last sent a byte. */
  readonly peersLastByteAt: Ms;
}

/** suspect: one more request there would tell; sent as a probe that is moved away when it stalls too. */
export type StallVerdict = 'fine' | 'suspect' | 'stalled';

export function judgeStall(evidence: StallEvidence, model: LatencyModel, stallMs: Ms): StallVerdict {
  const silent = evidence.now - evidence.silentSince;
  if (evidence.ages.length === 0 || silent < stallMs) return 'fine';
  const alone = evidence.peers === 0;
  if (alone && (model.samples < ALONE_MIN_SAMPLES || silent < ALONE_MULTIPLE * stallMs)) return 'fine';
  if (!alone && evidence.peersLastByteAt <= evidence.silentSince) return 'fine';
  if (silent < silenceLimit(model, stallMs, alone, evidence.now)) return 'fine';
  let chance = 1;
  for (const share of model.survival(evidence.ages)) chance *= share;
  if (chance < CHANCE) return 'stalled';
  // One request that hardly ever takes so long: worth a probe. With an ordinary one, waiting is enough.
  return chance < SUSPECT_CHANCE ? 'suspect' : 'fine';
}

const SUSPECT_CHANCE = 0.05;

export function silenceLimit(model: LatencyModel, stallMs: Ms, alone: boolean, now: Ms): Ms {
  const limit = Math.max(stallMs, GAP_MULTIPLE * model.gapP99(), model.toleratedPause(now));
  return alone ? ALONE_MULTIPLE * limit : limit;
}
