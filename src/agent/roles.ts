/**
 * The agent's part in failover: starts instances in their role, asks each by its engine what it is, and has it take
 * another role when told to. It keeps the newest fencing token of every instance on disk, and refuses whatever comes
 * with an older one: a control plane that was asleep cannot bring an old order back.
 */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RoleSession, RunBeside, Seen } from '../failover/contract.ts';
import { engineOf } from '../failover/registry.ts';
import { HoldfastError } from '../model/errors.ts';
import type { InstanceId } from '../model/instance.ts';
import type { AgentCommand, LaunchSpec } from '../model/link.ts';
import type { RoleSignal } from '../model/signal.ts';
import type { Ms } from '../model/time.ts';
import type { Runtime } from '../runtime/contract.ts';
import { connectionError, type Probe } from './checks/probe.ts';
import type { Clock } from './ports.ts';

export type RoleCommand = Extract<AgentCommand, { kind: 'role' }>;

export interface RolesOptions {
  readonly stateDir: string;
  readonly runtime: Pick<Runtime, 'exec'>;
  readonly clock: Clock;
  readonly send: (signal: RoleSignal) => void;
}

/** What has not changed is said again after this long, as a sign of life. */
const AGAIN_MS: Ms = 10_000;
/** Beyond what a promotion may take: its order is given up then, whatever it waits for. */
const EXTRA_MS: Ms = 1_000;

interface Life {
  readonly launch: LaunchSpec;
  readonly session: RoleSession;
  readonly over: AbortController;
  /** Orders of one life are carried out one after the other. */
  orders: Promise<void>;
  said: string;
  saidAt: Ms;
}

/** The newest order that an instance had, over all its lives. */
interface Mark {
  readonly token: number;
  /** Only of the life in which it was written. */
  readonly incarnation: number;
  readonly follows: string | null;
}

export class Roles {
  readonly #options: RolesOptions;
  readonly #dir: string;
  readonly #lives = new Map<InstanceId, Life>();

  constructor(options: RolesOptions) {
    this.#options = options;
    this.#dir = join(options.stateDir, 'roles');
  }

  /** What is really to be started. Throws HF3012 for a token older than one seen before. */
  prepare(launch: LaunchSpec): LaunchSpec {
    const role = launch.role ?? null;
    if (role === null) return launch;
    this.#mark(launch.instance, {
      token: role.token,
      incarnation: launch.incarnation,
      follows: role.primary && `${role.primary.instance}#${role.primary.incarnation}`,
    });
    const { command, environment } = engineOf(role.engine).start(launch, role);
    return { ...launch, command, environment: { ...launch.environment, ...environment } };
  }

  /** One look at an instance by its engine; what it finds is told when it is new. */
  probe(launch: LaunchSpec): Probe {
    return async (signal) => {
      const life = this.#lifeOf(launch);
      if (life === null) return 'it has no role';
      try {
        this.#tell(life, await life.session.look(signal));
        return null;
      } catch (error) {
        return connectionError(error as NodeJS.ErrnoException);
      }
    };
  }

  /** Resolves when the order is carried out; the next look tells. An order for a life that has ended changes nothing. */
  order(command: RoleCommand, launch: LaunchSpec): Promise<void> {
    const life = this.#lifeOf(launch);
    if (life === null) throw new HoldfastError('HF3011', `${launch.instance} has no role that could be changed`);
    const done = life.orders
      .then(() => this.#carryOut(command, life))
      .catch((error: unknown) => {
        if (error instanceof HoldfastError) throw error;
        const why = error instanceof Error ? error.message : String(error);
        throw new HoldfastError('HF3011', `${launch.instance} did not become ${command.role}: ${why}`, {
          cause: error,
        });
      });
    life.orders = done.catch(() => undefined);
    return done;
  }

  async #carryOut(command: RoleCommand, life: Life): Promise<void> {
    const { instance, incarnation, role, token, primary, sync, withinMs } = command;
    if (life.over.signal.aborted) return;
    const follows = primary && `${primary.instance}#${primary.incarnation}`;
    this.#mark(instance, { token, incarnation, follows });
    const signal = AbortSignal.any([life.over.signal, AbortSignal.timeout(withinMs + EXTRA_MS)]);
    const { role: now } = await life.session.look(signal);
    if (role === 'standby' && primary) await life.session.follow(primary, signal);
    else if (role === 'primary' && now === 'standby') await life.session.promote({ sync, withinMs }, signal);
    else if (role === 'primary' && sync) await life.session.waitFor(sync, signal);
    this.#tell(life, await life.session.look(signal));
  }

  #tell({ launch, ...life }: Life, seen: Seen): void {
    const { instance, incarnation } = launch;
    const kept = this.#lives.get(instance);
    if (kept === undefined || kept.session !== life.session) return;
    const at = this.#options.clock.now();
    const { token, follows } = this.#markOf(instance) ?? { token: launch.role?.token ?? 0, follows: null };
    const { role, near, caughtUp, syncVersion } = seen;
    const what = { role, token, follows: role === 'primary' ? null : follows, near, caughtUp, syncVersion };
    const text = JSON.stringify(what);
    if (text === kept.said && at - kept.saidAt < AGAIN_MS) return;
    kept.said = text;
    kept.saidAt = at;
    this.#options.send({ kind: 'role', instance, incarnation, at, ...what });
  }

  /** The life has ended, or is about to be: what is under way for it is given up. */
  end(instance: InstanceId): void {
    this.#lives.get(instance)?.over.abort();
    this.#lives.delete(instance);
  }

  #lifeOf(launch: LaunchSpec): Life | null {
    const role = launch.role ?? null;
    if (role === null) return null;
    const known = this.#lives.get(launch.instance);
    if (known?.launch.incarnation === launch.incarnation) return known;
    known?.over.abort();
    const run: RunBeside = (command, environment, signal) =>
      this.#options.runtime.exec(
        { ...launch, environment: { ...launch.environment, ...this.#freshToken(launch), ...environment } },
        command,
        signal,
      );
    const life: Life = {
      launch,
      session: engineOf(role.engine).open(launch, role, run),
      over: new AbortController(),
      orders: Promise.resolve(),
      said: '',
      saidAt: Number.NEGATIVE_INFINITY,
    };
    this.#lives.set(launch.instance, life);
    return life;
  }

  #freshToken({ instance }: LaunchSpec): Record<string, string> {
    const token = this.#markOf(instance)?.token;
    return token === undefined ? {} : { HOLDFAST_TOKEN: String(token) };
  }

  #path(instance: InstanceId): string {
    return join(this.#dir, `${instance}.json`);
  }

  #markOf(instance: InstanceId): Mark | null {
    try {
      return JSON.parse(readFileSync(this.#path(instance), 'utf8')) as Mark;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw new HoldfastError('HF3012', `${this.#path(instance)} cannot be read`, { cause: error });
    }
  }

  /** On disk before the order is carried out. Throws HF3012 for an older token than the one there. */
  #mark(instance: InstanceId, mark: Mark): void {
    const known = this.#markOf(instance);
    if (known && known.token > mark.token) {
      const message = `${instance} has had token ${known.token}: an order under token ${mark.token} is out of date`;
      throw new HoldfastError('HF3012', message);
    }
    if (known && JSON.stringify(known) === JSON.stringify(mark)) return;
    mkdirSync(this.#dir, { recursive: true, mode: 0o700 });
    const path = this.#path(instance);
    writeFileSync(`${path}.new`, JSON.stringify(mark), { mode: 0o600, flush: true });
    renameSync(`${path}.new`, path);
  }

  close(): void {
    for (const instance of [...this.#lives.keys()]) this.end(instance);
  }
}
