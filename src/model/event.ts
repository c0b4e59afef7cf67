/** Events: what happened, one line each, for people watching. */
import type { Ms } from './time.ts';

/** What live views and the log show; also the timeline's source. */
export interface CoreEvent {
  readonly at: Ms;
  readonly level: 'info' | 'warn' | 'error';
  readonly topic:
    | 'instance'
    | 'rollout'
    | 'symptom'
    | 'incident'
    | 'diagnosis'
    | 'plan'
    | 'action'
    | 'guard'
    | 'change'
    | 'operator'
    | 'experiment'
    | 'failover'
    | 'traffic'
    | 'node';
  readonly text: string;
  readonly service: string | null;
  readonly instance: string | null;
  readonly incident: string | null;
}
