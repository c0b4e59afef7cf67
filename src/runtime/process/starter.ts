/** From a launch to a running process: directories, log, record, shim, in the order that makes a crash harmless. */
import { type ChildProcess, spawn } from 'node:child_process';
import { chown, mkdir, writeFile } from 'node:fs/promises';
import { HoldfastError } from '../../model/errors.ts';
import type { ProcessIdentity } from '../../model/instance.ts';
import type { LaunchSpec } from '../../model/link.ts';
import type { Ms } from '../../model/time.ts';
import { StartFailure } from '../contract.ts';
import type { Cgroups } from './cgroup.ts';
import { buildEnvironment, splitForShell } from './environment.ts';
import { Life } from './life.ts';
import type { LogKeeper } from './logs/keeper.ts';
import { accountFor, checkAccess, checkCommand, checkLimits } from './preflight.ts';
import { hasProc, parseStat, readSmallFile, startTicksOf } from './proc.ts';
import { type LifeRecord, newLaunchId, type Paths, type RecordWriter, removeLifeFiles } from './record.ts';
import { BLANK_EXIT, SHIM_SCRIPT } from './shim.ts';
import { accountPrefix, sessionPrefix, type Tools } from './tools.ts';
import type { Account } from './users.ts';

export interface Surroundings {
  readonly paths: Paths;
  readonly records: RecordWriter;
  readonly tools: Tools;
  readonly cgroups: Cgroups | undefined;
  readonly logs: LogKeeper;
  readonly bootId: string;
  readonly shell: string;
}

/** What a launch comes down to on this machine; everything that can be refused has been refused. */
export interface PreparedLaunch {
  readonly launch: LaunchSpec;
  readonly account: Account | null;
  readonly environment: Readonly<Record<string, string>>;
  /** What the shim is started by; empty: nothing. Before it becomes another user, and with all that it was given. */
  readonly wrapper: readonly string[];
}

/** Throws StartFailure. */
export function prepareLaunch(launch: LaunchSpec, paths: Paths): PreparedLaunch {
  try {
    const account = accountFor(launch.user);
    const environment = environmentFor(launch, account, paths);
    checkLimits(launch.resources);
    checkCommand(launch.command, launch.workingDir, environment.PATH ?? '');
    return { launch, account, environment, wrapper: [] };
  } catch (error) {
    throw asStartFailure(error);
  }
}

function environmentFor(launch: LaunchSpec, account: Account | null, paths: Paths): Record<string, string> {
  const ofAccount: Record<string, string> = {};
  if (account?.name) ofAccount.USER = account.name;
  if (account?.home) ofAccount.HOME = account.home;
  return buildEnvironment(process.env, [
    ofAccount,
    launch.environment,
    { HOLDFAST_INSTANCE_DIR: paths.data(launch.instance) },
  ]);
}

/**
 * The record is on the disk before the process exists. After that: no pid file means that the shim has not claimed
 * the life yet, and whoever creates that file first decides whether it ever will.
 */
export async function startLife(prepared: PreparedLaunch, around: Surroundings, now: Ms): Promise<Life> {
  const { launch, account } = prepared;
  const { paths } = around;
  const data = paths.data(launch.instance);
  await mkdir(paths.instance(launch.instance), { recursive: true, mode: 0o711 });
  await mkdir(data, { recursive: true, mode: 0o700 });
  const log = await around.logs.openFor(launch.instance, launch.logs);
  try {
    if (account) {
      await chown(data, account.uid, account.gid);
      await log.chown(account.uid, account.gid);
      if (launch.role) checkAccess(data, account);
    }
    const record: LifeRecord = {
      format: 1,
      launchId: newLaunchId(launch),
      launch,
      startedAt: now,
      bootId: around.bootId,
      logOffset: (await log.stat()).size,
      verdict: null,
      exit: null,
    };
    await writeFile(paths.exit(record.launchId), BLANK_EXIT, { mode: 0o600 });
    await around.records.write(record, true);
    const life = new Life(record);
    try {
      const shim = spawnShim(prepared, record.launchId, around, log.fd);
      // It is told before anybody waits for the claim, and by an event that must not be missed.
      shim.once('error', (error) => {
        life.unstarted = error;
      });
      life.shim = shim;
    } catch (error) {
      await around.records.remove(launch.instance);
      await removeLifeFiles(paths, record.launchId);
      throw error;
    }
    return life;
  } catch (error) {
    throw asStartFailure(error);
  } finally {
    await log.close();
  }
}

function spawnShim(prepared: PreparedLaunch, launchId: string, around: Surroundings, logFd: number): ChildProcess {
  const { launch, account } = prepared;
  const { plain, odd } = splitForShell(prepared.environment);
  odd.forEach((assignment, index) => {
    plain[`HOLDFAST_ODD_${index}`] = assignment;
  });
  const argv = [
    '-c',
    SHIM_SCRIPT,
    'holdfast',
    around.paths.exit(launchId),
    around.paths.pid(launchId),
    launch.resources.openFiles === null ? '-' : String(launch.resources.openFiles),
    groupFor(launchId, launch, around) ?? '-',
    ...sessionPrefix(around.tools),
    ...(account ? accountPrefix(around.tools, account) : []),
    ...launch.command,
  ];
  const [program = '', ...words] = [...prepared.wrapper, around.shell, ...argv];
  const shim = spawn(program, words, {
    cwd: launch.workingDir,
    env: plain,
    detached: true,
    stdio: ['ignore', logFd, logFd],
  });
  shim.unref();
  return shim;
}

function groupFor(launchId: string, launch: LaunchSpec, { cgroups }: Surroundings): string | undefined {
  try {
    return cgroups?.create(launchId, launch.resources);
  } catch (error) {
    throw new HoldfastError('HF3008', `the limits of ${launch.instance} were refused: ${String(error)}`, {
      cause: error,
    });
  }
}

export interface PidFile {
  readonly identity: ProcessIdentity;
  readonly shimPid: number | null;
}

/** What the process wrote about itself before it became the service; undefined until the line is complete. */
export function readPidFile(path: string, bootId: string): PidFile | undefined {
  const text = readSmallFile(path);
  if (!text?.endsWith('\n')) return undefined;
  if (hasProc) {
    const stat = parseStat(text);
    return stat && { identity: { pid: stat.pid, startTicks: stat.startTicks, bootId }, shimPid: stat.ppid };
  }
  const pid = Number(text);
  if (!Number.isInteger(pid)) return undefined;
  // Gone already: no start can match this one, so it will be found dead.
  return { identity: { pid, startTicks: startTicksOf(pid) ?? 'gone', bootId }, shimPid: null };
}

export function asStartFailure(error: unknown): StartFailure {
  if (error instanceof StartFailure) return error;
  if (error instanceof HoldfastError) {
    return new StartFailure('spawn-failed', error.code, error.message, { remedy: error.remedy, cause: error });
  }
  const { code } = error as NodeJS.ErrnoException;
  const message = error instanceof Error ? error.message : String(error);
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new StartFailure('spawn-failed', 'HF2004', message, { cause: error });
  return new StartFailure('spawn-failed', 'HF3010', message, { cause: error });
}
