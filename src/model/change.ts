/** Something a human or a pipeline did. Changes are the first suspects, but only with their content looked at. */
import type { Ms } from './time.ts';

export type ChangeKind = 'deploy' | 'scale' | 'restart' | 'rollback' | 'down' | 'external';

export interface Change {
  readonly id: string;
  readonly at: Ms;
  readonly kind: ChangeKind;
  readonly who: string;
  readonly why: string;
  readonly services: readonly string[];
  /** What is different, readable: `payments: environment.RATE "5" → "0"`. */
  readonly content: readonly string[];
  /** Revision of each service before and after, to roll back to. */
  readonly from: Readonly<Record<string, string>>;
  readonly to: Readonly<Record<string, string>>;
}

/** Does the service run another revision since? A first start, a restart and another size are nothing to go back from. */
export function brings({ from, to }: Pick<Change, 'from' | 'to'>, service: string): boolean {
  return from[service] !== undefined && from[service] !== to[service];
}
