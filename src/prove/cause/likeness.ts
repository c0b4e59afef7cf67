/**
 * Which fault is most like a suspected cause, and how it differs from it. A mechanism is text for people, made from a
 * few words (src/diagnose): what none of these rules knows cannot be injected, and that is said.
 */
import type { Cause } from '../../model/incident.ts';
import type { Ms } from '../../model/time.ts';
import type { JsonMap } from '../experiment/index.ts';

export interface Likeness {
  readonly kind: string;
  readonly parameters: JsonMap;
  readonly instant: boolean;
  readonly unlike: string | null;
  /** It works on calls: somebody has to call the target. */
  readonly calls: boolean;
  readonly http: boolean;
}

/** A delay that is not known is set so that anybody would notice. */
const DELAY_MS: Ms = 500;
const DELAYS = { low: 20, high: 5_000 } as const;

const process = (kind: string, unlike: string | null, parameters: JsonMap = {}): Likeness => ({
  kind,
  parameters,
  instant: kind === 'kill' || kind === 'signal',
  unlike,
  calls: false,
  http: false,
});
const way = (kind: string, unlike: string | null, parameters: JsonMap = {}): Likeness => ({
  ...process(kind, unlike, parameters),
  calls: true,
  http: kind.startsWith('http-'),
});

/** `delayMs`: how much longer calls to the accused took; null: not known. Null: nothing that can be injected is like it. */
export function likenessOf({ mechanism, changeId, faultClass }: Cause, delayMs: Ms | null): Likeness | null {
  if (changeId !== null || faultClass === 'human') return null;
  const has = (pattern: RegExp): boolean => pattern.test(mechanism);
  const killed = /killed by (SIG\w+)/.exec(mechanism)?.[1];
  if (killed === 'SIGKILL') return process('kill', null);
  if (killed !== undefined) return process('signal', null, { signal: killed });
  if (has(/killed by a signal/)) return process('kill', null);
  if (has(/^memory limit exceeded/)) return process('kill', 'it is killed without filling its memory first');
  if (has(/^(exits with code|ended)/)) return process('kill', 'it is killed and does not end by itself');
  if (has(/^stopped \(SIGSTOP\)/)) return process('pause', null);
  if (has(/^stopped answering/))
    return process('pause', 'its processes are stopped, whatever kept them from answering');
  if (has(/^openFiles exhausted/)) return process('descriptors', null);
  if (has(/^listens no more|^takes no calls/)) return way('refuse', 'its process goes on: connections are refused');
  if (has(/^answers with errors|^reports errors/)) return way('http-status', 'it is answered for', { status: 503 });
  const ms = Math.round(Math.min(DELAYS.high, Math.max(DELAYS.low, delayMs ?? DELAY_MS)));
  if (has(/^lost between/))
    return delayMs === null ? way('blackhole', null) : way('latency', 'calls are delayed, not lost', { ms });
  if (has(/^(answers slowly|starts here|unusual|unsteady|(cpu|memory|disk|io)\w* exhausted)/))
    return way('latency', 'calls to it are delayed on their way, whatever made it slow', { ms });
  return null;
}
