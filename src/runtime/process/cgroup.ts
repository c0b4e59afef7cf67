/**
 * Limits by the kernel: one cgroup (version 2) per life, where Holdfast may make one. Everything here is small files
 * under a root that is a parameter, so the tests run against a directory.
 */
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ResourceLimits } from '../../model/spec.ts';

export const CGROUP_MOUNT = '/sys/fs/cgroup';
const CONTROLLERS = ['cpu', 'memory', 'pids'];
/** The kernel's own default period: short enough that a limited service is not stalled for long at a time. */
const CPU_PERIOD_US = 100_000;

export class Cgroups {
  readonly base: string;

  private constructor(base: string) {
    this.base = base;
  }

  /**
   * The first place where groups with all three controllers can be made: below the mount (root's own machine), else
   * beside the group that this process is in (a delegated subtree, as systemd gives to users). `own` is the text of
   * /proc/self/cgroup. Undefined: limits are enforced by sampling.
   */
  static detect(mount: string, own: string): Cgroups | undefined {
    const path = /^0::(\/.*)$/m.exec(own)?.[1];
    const parents = [mount, ...(path && path !== '/' ? [join(mount, dirname(path))] : [])];
    for (const parent of parents) {
      const base = join(parent, 'holdfast');
      if (offers(parent) && tryDo(() => prepare(parent, base)) && offers(base)) return new Cgroups(base);
    }
    return undefined;
  }

  /** Makes the group of a life with its limits; the shim enters it before it becomes the service. */
  create(launchId: string, limits: ResourceLimits): string {
    const dir = join(this.base, launchId);
    mkdirSync(dir, { recursive: true });
    if (limits.memoryBytes !== null) {
      writeFileSync(join(dir, 'memory.max'), String(limits.memoryBytes));
      // A service that lost one of its processes to the OOM killer is in no state that anybody planned for.
      writeFileSync(join(dir, 'memory.oom.group'), '1');
    }
    if (limits.cpus !== null) {
      writeFileSync(join(dir, 'cpu.max'), `${Math.round(limits.cpus * CPU_PERIOD_US)} ${CPU_PERIOD_US}`);
    }
    if (limits.pids !== null) writeFileSync(join(dir, 'pids.max'), String(limits.pids));
    return dir;
  }

  dirOf(launchId: string): string | undefined {
    const dir = join(this.base, launchId);
    return existsSync(dir) ? dir : undefined;
  }

  /** SIGKILL to everything in the group at once, forks included (Linux 5.14); false when the kernel cannot. */
  kill(launchId: string): boolean {
    const dir = this.dirOf(launchId);
    return (
      dir !== undefined &&
      existsSync(join(dir, 'cgroup.kill')) &&
      tryDo(() => writeFileSync(join(dir, 'cgroup.kill'), '1'))
    );
  }

  /** How many of the group's processes the OOM killer took. */
  oomKills(launchId: string): number {
    const dir = this.dirOf(launchId);
    if (dir === undefined) return 0;
    return Number(/^oom_kill (\d+)$/m.exec(readOr(join(dir, 'memory.events'), ''))?.[1] ?? 0);
  }

  /** The group goes when it is empty; one that still holds a dying process goes with the next life. */
  remove(launchId: string): void {
    const dir = this.dirOf(launchId);
    if (dir !== undefined) tryDo(() => rmdirSync(dir));
  }
}

function offers(dir: string): boolean {
  const offered = readOr(join(dir, 'cgroup.controllers'), '').trim().split(/\s+/);
  return CONTROLLERS.every((controller) => offered.includes(controller));
}

function prepare(parent: string, base: string): void {
  enable(parent);
  mkdirSync(base, { recursive: true });
  enable(base);
}

function enable(dir: string): void {
  const path = join(dir, 'cgroup.subtree_control');
  const enabled = readOr(path, '').trim().split(/\s+/);
  const missing = CONTROLLERS.filter((controller) => !enabled.includes(controller));
  if (missing.length > 0) writeFileSync(path, missing.map((controller) => `+${controller}`).join(' '));
}

function readOr(path: string, otherwise: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return otherwise;
  }
}

/** For what may well be forbidden here: the answer is what is asked for, not the reason. */
function tryDo(work: () => void): boolean {
  try {
    work();
    return true;
  } catch {
    return false;
  }
}
