/** What operators may ask for. Every one of these is journaled with who and why. */
import type { RecoveryMode } from './spec.ts';
import type { Ms } from './time.ts';

/** Who asks for a change, and why; `expectIndex` is the plan's index: a moved state refuses it. */
export interface ChangeRequest {
  readonly who: string;
  readonly why: string;
  readonly expectIndex: number | null;
}

export type OperatorCommand =
  | { readonly kind: 'restart'; readonly service: string; readonly instance: string | null }
  | { readonly kind: 'scale'; readonly service: string; readonly replicas: number }
  | { readonly kind: 'rollback'; readonly change: string | null; readonly service: string }
  | { readonly kind: 'silence'; readonly service: string | null; readonly forMs: Ms }
  | { readonly kind: 'unsilence'; readonly silence: string }
  | { readonly kind: 'mode'; readonly mode: RecoveryMode }
  | { readonly kind: 'approve' | 'reject'; readonly action: string }
  /** Try again now what a guard rail delayed or refused, in the face of that rail. */
  | { readonly kind: 'override'; readonly action: string; readonly rail: string }
  /** Reverse the suspected cause of an incident, under the guard rails, and see whether the damage goes away. */
  | { readonly kind: 'prove'; readonly incident: string }
  /** Automation stops at once: nothing automatic is begun until resume. Instances go on. */
  | { readonly kind: 'stop-all' }
  | { readonly kind: 'resume' }
  /** Stop every instance of the system (or of one service), dependants first. */
  | { readonly kind: 'down'; readonly service: string | null };
