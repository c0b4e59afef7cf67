/** What differs between two specs of a service, and what carrying it out would do: the content of a plan. */
export interface ServiceDiff {
  readonly service: string;
  readonly change: 'add' | 'remove' | 'update' | 'scale' | 'none';
  /** `environment.RATE: "5" → "0"`, one per difference. Values whose key looks secret read `(changed)`. */
  readonly fields: readonly string[];
  /** `start 3 instances`, `replace 3 instances one at a time`, `stop 1 instance`, `reroute only`. */
  readonly effect: string;
}
