/**
 * What the mapping needs besides the core: facts of this process and this machine that the core has no use for. All
 * mapping is functions over these two; nothing here decides anything.
 */
import type { StatusResource } from '../../api/resources.ts';
import type { Core } from '../../core/contract.ts';
import type { NodeFacts } from '../../model/link.ts';
import type { Ms } from '../../model/time.ts';

export interface ServerFacts {
  readonly version: string;
  readonly pid: number;
  readonly startedAtWallMs: number;
  readonly stateDir: string;
  readonly node: string;
  /** From the last inventory; null until the agent reported. */
  readonly machine: NodeFacts | null;
  readonly parts: StatusResource['parts'];
  /** Receivers of pages. */
  readonly notifiers: number;
}

export interface Moment {
  readonly core: Core;
  readonly facts: ServerFacts;
  readonly now: Ms;
}

/** Wall-clock time of a moment of the core's clock, for people to read. */
export function iso(core: Pick<Core, 'wallOffsetMs'>, at: Ms): string {
  return new Date(at + core.wallOffsetMs).toISOString();
}

export function isoOrNull(core: Pick<Core, 'wallOffsetMs'>, at: Ms | null): string | null {
  return at === null ? null : iso(core, at);
}
