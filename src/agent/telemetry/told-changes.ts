/**
 * Changes that others tell of (events of DogStatsD: a pipeline's `deployed`), for the services that run here. Complaints
 * (events of type error or warning) are no changes, and neither is what names nobody.
 */
import type { ChangeSignal } from '../../model/signal.ts';
import type { ChangeReport } from '../../model/telemetry.ts';
import type { Ms } from '../../model/time.ts';
import type { Residents } from './residents.ts';

/** One service's changes closer together are one: who tells more often reports events, not changes. */
export const APART_MS: Ms = 10_000;
const TITLE_CHARS = 200;
const TEXT_CHARS = 500;

export class ToldChanges {
  readonly #residents: Residents;
  readonly #lastAt = new Map<string, Ms>();

  constructor(residents: Residents) {
    this.#residents = residents;
  }

  take({ title, text, who, services, labels }: ChangeReport, at: Ms, now: Ms): ChangeSignal[] {
    if (labels.alert_type === 'error' || labels.alert_type === 'warning') return [];
    const known = services.filter((name) => this.#residents.hasService(name));
    const fresh = known.filter((name) => now - (this.#lastAt.get(name) ?? Number.NEGATIVE_INFINITY) >= APART_MS);
    if (fresh.length === 0) return [];
    for (const name of fresh) this.#lastAt.set(name, now);
    const content = [title.slice(0, TITLE_CHARS), ...(text === '' ? [] : [text.slice(0, TEXT_CHARS)])];
    const why = content[0] ?? '';
    const change = { id: '', at, kind: 'external', who, why, services: fresh, content, from: {}, to: {} } as const;
    return [{ kind: 'change', at, change }];
  }
}
