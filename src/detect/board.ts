/**
 * The open symptoms. Detectors say at every evaluation what they see; the board turns that into news: raised once,
 * updated when something is new, cleared when the claim has been absent long enough.
 */
import type { Symptom } from '../model/symptom.ts';
import type { Ms } from '../model/time.ts';
import type { Claim, Finding } from './claim.ts';
import type { SymptomUpdate } from './contract.ts';

/** A symptom about which nothing can be said for this long is cleared: nobody is hurt by it any more. */
const UNKNOWN_MS: Ms = 30_000;
/** Numbers in the evidence move at every evaluation: they are refreshed at most this often. */
const REFRESH_MS: Ms = 5_000;

interface Entry {
  symptom: Symptom;
  /** Which life of the instance, or which crash, the claim is about. */
  episode: number;
  /** When the claim was last made. */
  seenAt: Ms;
  toldAt: Ms;
}

export class Board {
  readonly #entries = new Map<string, Entry>();
  #news: SymptomUpdate[] = [];

  static restore(snapshot: unknown): Board {
    const board = new Board();
    for (const entry of snapshot as readonly Entry[]) board.#entries.set(entry.symptom.id, { ...entry });
    return board;
  }

  snapshot(): unknown {
    return [...this.#entries.values()];
  }

  open(): readonly Symptom[] {
    return [...this.#entries.values()].map(({ symptom }) => symptom);
  }

  get(id: string): Symptom | undefined {
    return this.#entries.get(id)?.symptom;
  }

  /**
   * `episode`: the same claim about another life (or another crash) before the symptom was cleared is the same
   * spell, detected anew: that is how a repair that did not help is known at once.
   */
  settle(id: string, finding: Finding, clearAfterMs: Ms, now: Ms, episode = 0): void {
    const entry = this.#entries.get(id);
    if (finding !== null && finding !== 'unknown') {
      if (entry) this.#update(entry, finding, episode, now);
      else this.#raise(id, finding, episode, now);
    } else if (entry && now - entry.seenAt >= (finding === 'unknown' ? UNKNOWN_MS : clearAfterMs)) {
      this.clear(id, now);
    }
  }

  clear(id: string, now: Ms): void {
    const entry = this.#entries.get(id);
    if (!entry) return;
    this.#entries.delete(id);
    this.#news.push({ kind: 'cleared', symptom: { ...entry.symptom, clearedAt: now } });
  }

  /** What happened since it was last asked. */
  takeNews(): readonly SymptomUpdate[] {
    const news = this.#news;
    if (news.length > 0) this.#news = [];
    return news;
  }

  #raise(id: string, claim: Claim, episode: number, now: Ms): void {
    const symptom: Symptom = { ...claim, id, onsetAt: Math.min(claim.onsetAt, now), detectedAt: now, clearedAt: null };
    this.#entries.set(id, { symptom, episode, seenAt: now, toldAt: now });
    this.#news.push({ kind: 'raised', symptom });
  }

  #update(entry: Entry, claim: Claim, episode: number, now: Ms): void {
    entry.seenAt = now;
    const { symptom } = entry;
    const again = episode !== entry.episode;
    entry.episode = episode;
    const moved = claim.summary !== symptom.summary || claim.evidence.join() !== symptom.evidence.join();
    if (!again && (!moved || now - entry.toldAt < REFRESH_MS)) return;
    const { summary, evidence, logP, looksPerDay, figure } = claim;
    const looks = looksPerDay === undefined ? {} : { looksPerDay };
    const told = { summary, evidence, logP, ...looks, ...(figure ? { figure } : {}) };
    entry.symptom = again ? { ...symptom, ...told, detectedAt: now } : { ...symptom, ...told };
    entry.toldAt = now;
    this.#news.push({ kind: 'updated', symptom: entry.symptom });
  }
}
