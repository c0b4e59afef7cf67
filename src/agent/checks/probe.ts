/** What a probe is: one attempt to find out whether an instance is well. Counting attempts is not its business. */
import { readFileSync } from 'node:fs';
import type { LaunchSpec } from '../../model/link.ts';
import type { CheckProbe } from '../../model/spec.ts';
import type { ExecResult } from '../../runtime/contract.ts';

/** Instances listen here; checks go straight to them, not through the endpoint. */
export const INSTANCE_HOST = '127.0.0.1';

export interface ProbeTarget {
  readonly launch: LaunchSpec;
  exec(command: readonly string[], signal: AbortSignal): Promise<ExecResult>;
  /** Its failover engine's look at it. */
  readonly look: Probe;
  /** Told of what a monitoring plugin said, numbers and all; absent where nobody listens. */
  plugin?(result: PluginReport): void;
}

export interface PluginReport {
  readonly check: string;
  /** null: killed. */
  readonly exitCode: number | null;
  readonly stdout: string;
}

/**
 * One run. Resolves with null when all is well, else with what is wrong, in a few words. It must let go of everything
 * when aborted, and settle soon after: with NO_CONNECTION at once if that is how far it came; nothing else that it then
 * says is heard.
 */
export type Probe = (signal: AbortSignal) => Promise<string | null>;

export type ProbeOf<K extends CheckProbe['kind']> = (
  probe: Extract<CheckProbe, { kind: K }>,
  target: ProbeTarget,
) => Probe;

export function portOf(launch: LaunchSpec, name: string): number {
  const port = launch.ports[name];
  if (port === undefined) throw new Error(`no port named ${name}`);
  return port;
}

/** A connection error in the words of the check signals. */
export function connectionError(error: NodeJS.ErrnoException & { readonly port?: number }): string {
  // HTTP/2 tells of a failed connection as of a cancelled stream, with the reason inside.
  if (error.cause instanceof Error) return connectionError(error.cause);
  switch (error.code) {
    case 'ECONNREFUSED':
      return isListenedOn(error.port) ? 'refused, though it listens' : 'refused';
    case 'ECONNRESET':
    case 'EPIPE':
      return 'reset';
    case 'ETIMEDOUT':
      return 'timeout';
    default:
      return error.code ?? error.message;
  }
}

/** Somebody listens on this port, says the kernel: then it was not the program that refused. */
export function isListenedOn(port: number | undefined): boolean {
  return port !== undefined && ['tcp', 'tcp6'].some((family) => listens(tableOf(family), port));
}

/** Lines of /proc/net/tcp: number, local and remote address as hexadecimal `ADDRESS:PORT`, state (0A: listening). */
export function listens(table: string, port: number): boolean {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  return new RegExp(`^ *\\d+: [0-9A-F]+:${hex} [0-9A-F]+:0000 0A `, 'm').test(table);
}

function tableOf(family: string): string {
  try {
    return readFileSync(`/proc/net/${family}`, 'latin1');
  } catch {
    return ''; // Not Linux, or no such family.
  }
}
