/**
 * What of all that looks odd is said aloud. Thousands of series and log patterns are compared with their past every few
 * seconds, so something is always rare somewhere; and nothing of this leads to an action by itself. Hence one allowance
 * per service, on the one scale of −log10 p: what would come up by chance more often than PER_DAY times a day is not
 * said, and each thing said makes the next one ten times harder to say for an hour. When Holdfast acts on the service,
 * the allowance is full again: what was said was worth it.
 *
 * A claim is repeated every minute while it lasts, and over when it has been absent for CLEAR_MS.
 */
import type { ClaimSignal } from '../../model/signal.ts';
import { type SymptomClaim, serviceOf, symptomId } from '../../model/symptom.ts';
import type { Ms } from '../../model/time.ts';
import { Allowance } from '../logs/budget.ts';

/** Remarks a day that chance alone may make about one service. More hears weaker signs, and more of nothing. */
export const PER_DAY = 2;
/** A claim must be absent so long before it is over. */
export const CLEAR_MS: Ms = 30_000;
/** Well within what the core allows for (CLAIM_TTL_MS). */
export const REPEAT_MS: Ms = 60_000;
/** News of a claim are told at most so often. */
const NEWS_MS: Ms = 10_000;
/** Open claims of one service; more would tell nobody more. */
const MAX_OPEN = 8;
const DAY_MS = 86_400_000;

export interface Candidate {
  readonly claim: SymptomClaim;
  /** Independent looks a day that could have led to it. 0: it is no matter of chance, and costs nothing. */
  readonly looksPerDay: number;
}

interface Open {
  claim: SymptomClaim;
  readonly service: string;
  seenAt: Ms;
  toldAt: Ms;
}

export class AlertGate {
  readonly #open = new Map<string, Open>();
  readonly #allowances = new Map<string, Allowance>();

  /** All that looks odd now; returns what is to be told. */
  review(candidates: readonly Candidate[], now: Ms): ClaimSignal[] {
    const told: ClaimSignal[] = [];
    // The strongest first: it may be all that is allowed.
    for (const candidate of [...candidates].sort((a, b) => (b.claim.logP ?? 99) - (a.claim.logP ?? 99))) {
      const signal = this.#consider(candidate, now);
      if (signal) told.push(signal);
    }
    for (const [id, { claim, seenAt }] of this.#open) {
      if (now - seenAt < CLEAR_MS) continue;
      this.#open.delete(id);
      told.push({ kind: 'claim', at: now, claim, over: true });
    }
    return told;
  }

  /** Something was done about this service: what was said of it is no longer held against it. */
  vindicate(service: string): void {
    this.#allowances.delete(service);
  }

  get open(): readonly SymptomClaim[] {
    return [...this.#open.values()].map(({ claim }) => claim);
  }

  #consider({ claim, looksPerDay }: Candidate, now: Ms): ClaimSignal | null {
    const id = symptomId(claim.kind, claim.entity, claim.resource);
    const known = this.#open.get(id);
    if (!known) return this.#begin(id, claim, looksPerDay, now);
    known.seenAt = now;
    const news = claim.summary !== known.claim.summary || claim.standing !== known.claim.standing;
    if (now - known.toldAt < (news ? NEWS_MS : REPEAT_MS)) return null;
    known.claim = { ...withLooks(claim, looksPerDay), onsetAt: Math.min(claim.onsetAt, known.claim.onsetAt) };
    known.toldAt = now;
    return { kind: 'claim', at: now, claim: known.claim, over: false };
  }

  #begin(id: string, claim: SymptomClaim, looksPerDay: number, now: Ms): ClaimSignal | null {
    // Whose allowance pays: a node has its own.
    const service = serviceOf(claim.entity) ?? `node ${claim.entity.name}`;
    if ([...this.#open.values()].filter((open) => open.service === service).length >= MAX_OPEN) return null;
    if (looksPerDay > 0) {
      const allowance = this.#allowances.get(service) ?? new Allowance({ perDay: PER_DAY });
      this.#allowances.set(service, allowance);
      if ((claim.logP ?? 0) < allowance.needed(looksPerDay, DAY_MS, now)) return null;
      allowance.spend(now);
    }
    const told = withLooks(claim, looksPerDay);
    this.#open.set(id, { claim: told, service, seenAt: now, toldAt: now });
    return { kind: 'claim', at: now, claim: told, over: false };
  }
}

/** What was a matter of chance says of how many. */
function withLooks(claim: SymptomClaim, looksPerDay: number): SymptomClaim {
  return looksPerDay > 0 ? { ...claim, looksPerDay } : claim;
}
