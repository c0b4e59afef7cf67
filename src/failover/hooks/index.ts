/**
 * Programs that Holdfast knows nothing of: the service's own command starts in the role that HOLDFAST_ROLE names, and
 * commands of the spec tell the role, promote and re-point. A standby speaks for itself whether it has caught up.
 */
import { HoldfastError } from '../../model/errors.ts';
import type { LaunchRole, RolePeer } from '../../model/link.ts';
import type { FailoverHooks } from '../../model/spec.ts';
import { type Engine, type RoleSession, type RunBeside, roleVariables, type Seen } from '../contract.ts';

export const hooks: Engine = {
  start: (launch, role) => ({ command: launch.command, environment: roleVariables(role) }),
  open: (launch, role, run) => new HookSession(launch.instance, role, run),
};

class HookSession implements RoleSession {
  readonly #instance: string;
  readonly #role: LaunchRole;
  readonly #run: RunBeside;

  constructor(instance: string, role: LaunchRole, run: RunBeside) {
    this.#instance = instance;
    this.#role = role;
    this.#run = run;
  }

  get #hooks(): FailoverHooks {
    if (this.#role.hooks) return this.#role.hooks;
    throw new HoldfastError('HF3011', `${this.#instance} has no failover hooks`);
  }

  async look(signal: AbortSignal): Promise<Seen> {
    const { code, lastLine } = await this.#run(this.#hooks.role, {}, signal);
    const role = lastLine.trim();
    if (code !== 0) throw new Error(`exit ${code}${role === '' ? '' : `: ${role}`}`);
    if (role !== 'primary' && role !== 'standby') throw new Error(`the role hook says ${JSON.stringify(role)}`);
    const own = role === 'standby' && (await this.#hasCaughtUp(signal)) ? [this.#instance] : [];
    return { role, near: own, caughtUp: own, syncVersion: null };
  }

  async #hasCaughtUp(signal: AbortSignal): Promise<boolean> {
    const { caughtUp } = this.#hooks;
    return caughtUp === null || (await this.#run(caughtUp, {}, signal)).code === 0;
  }

  async promote(_order: unknown, signal: AbortSignal): Promise<void> {
    await this.#must('promote', this.#hooks.promote, { HOLDFAST_ROLE: 'primary' }, signal);
  }

  async follow(primary: RolePeer, signal: AbortSignal): Promise<void> {
    const { follow } = this.#hooks;
    if (follow === null) throw new HoldfastError('HF3011', `${this.#instance} has no follow hook`);
    await this.#must('follow', follow, roleVariables({ ...this.#role, role: 'standby', primary }), signal);
  }

  /** Synchronous standbys are a matter of engines: the spec refuses them together with hooks. */
  async waitFor(): Promise<void> {}

  async #must(
    what: string,
    command: readonly string[],
    environment: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<void> {
    const { code, lastLine } = await this.#run(command, environment, signal);
    if (code !== 0)
      throw new HoldfastError('HF3011', `the ${what} hook of ${this.#instance} ended with ${code}: ${lastLine}`);
  }
}
