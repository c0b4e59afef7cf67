/** A running replica, and how one life of it ended. */
import type { Ms } from './time.ts';

export type InstanceId = string; // `payments-2`: service + slot

/**
 * pending: declared, waits (dependency, backoff, approval); starting: process runs, not yet ready;
 * running: has been ready; stopping: drain or grace; exited: the process is gone.
 */
export type InstancePhase = 'pending' | 'starting' | 'running' | 'stopping' | 'exited';

/** Identifies one life of a process for ever: a recycled pid has another start time. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Kernel start time in clock ticks since boot (Linux /proc/PID/stat field 22), or the platform's equivalent. */
  readonly startTicks: string;
  readonly bootId: string;
}

export type ExitReason = 'code' | 'signal' | 'oom' | 'spawn-failed' | 'unknown';

export interface InstanceExit {
  readonly at: Ms;
  readonly reason: ExitReason;
  readonly code: number | null;
  readonly signal: string | null;
  /** Human detail: the spawn error, which limit was hit, why it is unknown. */
  readonly detail: string | null;
  /** The last lines it wrote (at most 20 lines, 4 KiB), for the diagnosis and the page. */
  readonly lastOutput: readonly string[];
}

export interface Instance {
  readonly id: InstanceId;
  readonly service: string;
  readonly slot: number;
  /** Counts the lives of this slot; every start gets the next one. Observations of an older life are ignored. */
  readonly incarnation: number;
  readonly node: string;
  /** Hash of the service spec that this life was started from. */
  readonly revision: string;
  readonly phase: InstancePhase;
  readonly process: ProcessIdentity | null;
  /** Allocated per port name: where this instance listens. */
  readonly ports: Readonly<Record<string, number>>;
  readonly ready: boolean;
  /** Last liveness verdict: null = not yet judged. */
  readonly live: boolean | null;
  readonly ejected: boolean;
  readonly startedAt: Ms | null;
  readonly readyAt: Ms | null;
  readonly lastExit: InstanceExit | null;
  /** Why it waits, when pending: "waits for redis to be healthy", "backoff 4s". */
  readonly waitingFor: string | null;
}

/** How a life ended, as a clause: `payments-2 ${describeExit(exit)}`. Its `detail` is for who has room for more. */
export function describeExit({ reason, code, signal }: InstanceExit): string {
  switch (reason) {
    case 'code':
      return `exited with code ${code}`;
    case 'signal':
      return `was killed by ${signal}`;
    case 'oom':
      return 'was killed: memory limit exceeded';
    case 'spawn-failed':
      return 'could not be started';
    case 'unknown':
      return 'is gone, and its exit was not seen';
  }
}
