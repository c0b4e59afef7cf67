/**
 * What Holdfast must be able to ask of a program that has a primary and standbys: how it is started in a role, what
 * it is now, and to take another role. One folder per program; a program without a folder brings its own commands
 * (hooks). Deciding who leads is not an engine's business: it does what it is told, under a token that is newer than
 * any it was told before (the agent sees to that).
 */
import type { LaunchRole, LaunchSpec, RolePeer, SyncSet } from '../model/link.ts';
import type { Ms } from '../model/time.ts';

/** What is started instead of the service's own command. */
export interface Starting {
  readonly command: readonly string[];
  /** On top of the launch's own. */
  readonly environment: Readonly<Record<string, string>>;
}

/** What an instance says that it is: compare RoleSignal. */
export interface Seen {
  readonly role: 'primary' | 'standby';
  readonly near: readonly string[];
  readonly caughtUp: readonly string[];
  readonly syncVersion: number | null;
}

export interface PromoteOrder {
  /** Set before it leads, so that no write is acknowledged under an older list. Null: left as it is. */
  readonly sync: SyncSet | null;
  readonly withinMs: Ms;
}

/** One life of an instance, as its engine sees it. All of it may be repeated; all of it lets go when aborted. */
export interface RoleSession {
  /** Throws with a few words when it does not answer or does not work: `refused`, `timeout`, … */
  look(signal: AbortSignal): Promise<Seen>;
  /** Resolves when it is the primary. */
  promote(order: PromoteOrder, signal: AbortSignal): Promise<void>;
  /** Resolves when it has been told; whether it follows shows later. */
  follow(primary: RolePeer, signal: AbortSignal): Promise<void>;
  /** Of a primary: writes wait for these from now on. */
  waitFor(sync: SyncSet, signal: AbortSignal): Promise<void>;
}

/** Runs a command beside the instance: its user, its environment. */
export type RunBeside = (
  command: readonly string[],
  environment: Readonly<Record<string, string>>,
  signal: AbortSignal,
) => Promise<{ readonly code: number | null; readonly lastLine: string }>;

export interface Engine {
  start(launch: LaunchSpec, role: LaunchRole): Starting;
  open(launch: LaunchSpec, role: LaunchRole, run: RunBeside): RoleSession;
}

/** Instances listen here. */
export const INSTANCE_HOST = '127.0.0.1';

export function portOf(launch: LaunchSpec): number {
  return Object.values(launch.ports)[0] ?? 0;
}

/** For programs and hooks that look at their environment. */
export function roleVariables({ role, token, primary }: LaunchRole): Record<string, string> {
  return {
    HOLDFAST_ROLE: role,
    HOLDFAST_TOKEN: String(token),
    ...(primary
      ? {
          HOLDFAST_PRIMARY: primary.instance,
          HOLDFAST_PRIMARY_HOST: INSTANCE_HOST,
          HOLDFAST_PRIMARY_PORT: String(primary.port),
        }
      : {}),
  };
}
