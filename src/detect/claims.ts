/**
 * Claims that come ready-made from agents, where the telemetry is. They are taken at their word, as long as they are
 * about something that exists and are repeated: an agent that is gone leaves no symptom behind.
 */
import type { ClaimSignal } from '../model/signal.ts';
import { type EntityRef, symptomId } from '../model/symptom.ts';
import type { Ms } from '../model/time.ts';
import type { SystemView } from '../model/view.ts';
import type { Board } from './board.ts';

/** A claim lasts this long without being repeated. Agents repeat theirs every minute. */
export const CLAIM_TTL_MS: Ms = 180_000;

export class Claims {
  /** Symptom id → when it was last claimed. */
  readonly #heardAt: Map<string, Ms>;

  constructor(saved: readonly (readonly [string, Ms])[] = []) {
    this.#heardAt = new Map(saved);
  }

  snapshot(): readonly (readonly [string, Ms])[] {
    return [...this.#heardAt];
  }

  take({ claim, over }: ClaimSignal, board: Board, view: SystemView, now: Ms): void {
    const id = symptomId(claim.kind, claim.entity, claim.resource);
    if (over || !exists(claim.entity, view)) {
      this.#drop(id, board, now);
      return;
    }
    // What was a remark and is a fault now (or the other way round) is another symptom.
    const known = board.get(id);
    if (known && known.standing !== claim.standing) board.clear(id, now);
    this.#heardAt.set(id, now);
    board.settle(id, claim, 0, now);
  }

  /** Forgets what nobody claims any more. */
  sweep(board: Board, now: Ms): void {
    for (const [id, at] of this.#heardAt) if (now - at > CLAIM_TTL_MS) this.#drop(id, board, now);
  }

  /** Only its own: an agent cannot clear what others have seen. */
  #drop(id: string, board: Board, now: Ms): void {
    if (this.#heardAt.delete(id)) board.clear(id, now);
  }
}

/** What is no part of the system any more takes its symptoms with it. */
export function exists(entity: EntityRef, view: SystemView): boolean {
  if (entity.kind === 'instance') return view.instances.has(entity.name);
  if (entity.kind === 'service') return view.services.has(entity.name);
  return true;
}
