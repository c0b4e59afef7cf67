/** Counters of what came and of what was left out and why. Never reset: whoever reads them takes differences. */
import type { DropReason, Meter, MeterRow, What } from './contract.ts';

export class Counters implements Meter {
  readonly #rows = new Map<string, { protocol: string; what: What; reason: DropReason | null; count: number }>();

  accepted(protocol: string, what: What, count: number): void {
    this.#add(protocol, what, null, count);
  }

  dropped(protocol: string, what: What, reason: DropReason, count: number): void {
    this.#add(protocol, what, reason, count);
  }

  rows(): readonly MeterRow[] {
    return [...this.#rows.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => ({ ...row }));
  }

  /** Everything dropped of a kind, or for one reason alone. For tests and reports. */
  total(what: What, reason?: DropReason | null): number {
    let sum = 0;
    for (const row of this.#rows.values())
      if (row.what === what && (reason === undefined ? row.reason !== null : row.reason === reason)) sum += row.count;
    return sum;
  }

  #add(protocol: string, what: What, reason: DropReason | null, count: number): void {
    if (count === 0) return;
    const key = `${protocol} ${what} ${reason ?? ''}`;
    const row = this.#rows.get(key);
    if (row) row.count += count;
    else this.#rows.set(key, { protocol, what, reason, count });
  }
}
