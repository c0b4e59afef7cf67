/**
 * Databases with a primary and standbys, as far as failover is concerned: a log of numbered writes per instance that
 * outlives its processes, copying, a list of standbys that a write waits for, and promotion. A client writes through
 * the endpoint the whole time. What must hold is judged here: never two holders of one token, writes only by the
 * holder of the newest, and nothing acknowledged missing from whoever becomes the primary.
 */
import type { AgentCommand, SyncSet } from '../src/model/link.ts';
import type { Random } from '../src/model/random.ts';
import type { RouteTable } from '../src/model/routes.ts';
import type { RoleSignal } from '../src/model/signal.ts';
import type { Ms } from '../src/model/time.ts';
import type { VirtualClock } from './clock.ts';
import type { Process } from './machine.ts';

type RoleCommand = Extract<AgentCommand, { kind: 'role' }>;

interface Life {
  readonly process: Process;
  role: 'primary' | 'standby';
  token: number;
  follows: string | null;
  /** Until then nothing is copied to it and its primary does not see it, though it is well and reachable. */
  cutUntil: Ms;
  /** In force, and since which write; null: what an earlier life left behind. */
  sync: SyncSet | null;
  said: string;
}

export interface DatabaseHooks {
  isUp(process: Process): boolean;
  say(signal: RoleSignal): void;
  refused(command: RoleCommand, error: string): void;
  violated(what: string): void;
}

export const DATABASE_TICK_MS: Ms = 250;
/** A standby that was away needs its time: so many writes per copying. */
const COPIED_AT_ONCE = 2;
const NEAR = 4;

export class SimulatedDatabases {
  readonly #clock: VirtualClock;
  readonly #random: Random;
  readonly #hooks: DatabaseHooks;
  readonly #lives = new Map<string, Life>();
  /** What is on the disk of each instance. */
  readonly #logs = new Map<string, Set<number>>();
  /** Names that writes wait for, as on the disk of each instance. */
  readonly #names = new Map<string, readonly string[]>();
  readonly #newest = new Map<string, number>();
  readonly #holders = new Map<string, string>();
  readonly #acknowledged = new Map<string, number[]>();
  #next = 1;

  constructor(clock: VirtualClock, random: Random, hooks: DatabaseHooks) {
    this.#clock = clock;
    this.#random = random;
    this.#hooks = hooks;
  }

  /** False: an order under an older token than the instance has seen. */
  #admit(instance: string, token: number): boolean {
    if ((this.#newest.get(instance) ?? 0) > token) return false;
    this.#newest.set(instance, token);
    return true;
  }

  started(process: Process): void {
    const { instance, role } = process.launch;
    if (!role) return;
    if (!this.#admit(instance, role.token))
      this.#hooks.violated(`${instance} is started under the old token ${role.token}`);
    const follows = role.primary && `${role.primary.instance}#${role.primary.incarnation}`;
    const life: Life = { process, role: role.role, token: role.token, follows, cutUntil: 0, sync: null, said: '' };
    this.#lives.set(instance, life);
    if (role.role === 'primary') this.#leads(life);
    else this.#names.delete(instance);
  }

  order(command: RoleCommand): void {
    const life = this.#lives.get(command.instance);
    if (!life || life.process.exit !== null || life.process.launch.incarnation !== command.incarnation) return;
    if (!this.#admit(command.instance, command.token)) {
      this.#hooks.refused(command, 'an older token');
      return;
    }
    this.#clock.after(this.#random.between(20, 400), () => {
      if (life.process.exit !== null || life.token > command.token) return;
      if (!this.#hooks.isUp(life.process) || life.process.ailment === 'hung' || life.process.ailment === 'deaf') {
        this.#hooks.refused(command, 'it does not answer');
        return;
      }
      life.token = command.token;
      if (command.role === 'standby')
        life.follows = command.primary && `${command.primary.instance}#${command.primary.incarnation}`;
      if (command.sync) {
        life.sync = command.sync;
        this.#names.set(command.instance, command.sync.names);
      }
      if (command.role === 'primary' && life.role === 'standby') {
        life.role = 'primary';
        life.follows = null;
        this.#leads(life);
      }
      this.#tell(life);
    });
  }

  /** It is the primary now: alone under its token, and with all that was acknowledged. */
  #leads({ process, token }: Life): void {
    const { service, instance } = process.launch;
    const key = `${service} ${token}`;
    const other = this.#holders.get(key);
    if (other !== undefined && other !== instance)
      this.#hooks.violated(`${other} and ${instance} both hold token ${token} of ${service}`);
    this.#holders.set(key, instance);
    const log = this.#logOf(instance);
    const lost = (this.#acknowledged.get(service) ?? []).filter((value) => !log.has(value));
    if (lost.length > 0)
      this.#hooks.violated(
        `${instance} leads ${service} under token ${token} without ${lost.length} acknowledged writes`,
      );
  }

  #logOf(instance: string): Set<number> {
    let log = this.#logs.get(instance);
    if (!log) {
      log = new Set();
      this.#logs.set(instance, log);
    }
    return log;
  }

  /** Copying, one write of the client to whoever the routes name, and what each says of itself. */
  tick(routes: RouteTable | null): void {
    for (const life of this.#lives.values()) if (life.role === 'standby') this.#copy(life);
    for (const pool of routes?.pools ?? []) {
      if (pool.token === null) continue;
      const serving = pool.members.filter(({ state }) => state === 'serve');
      if (serving.length > 1) this.#hooks.violated(`${pool.id} has ${serving.length} primaries`);
      for (const { instance, incarnation } of serving) this.#write(instance, incarnation, pool.token);
    }
    for (const life of this.#lives.values()) this.#tell(life);
  }

  /** The network between the standbys of a service and its primary fails: nobody else notices. */
  cut(service: string, forMs: Ms): void {
    for (const life of this.#lives.values())
      if (life.process.launch.service === service && life.role === 'standby') life.cutUntil = this.#clock.now + forMs;
  }

  #works({ process }: Life): boolean {
    return this.#hooks.isUp(process) && process.ailment !== 'hung' && process.ailment !== 'deaf';
  }

  #primaryOf(life: Life): Life | null {
    const [instance = ''] = life.follows?.split('#') ?? [];
    const primary = this.#lives.get(instance);
    const same = primary && `${instance}#${primary.process.launch.incarnation}` === life.follows;
    if (life.cutUntil > this.#clock.now) return null;
    return same && primary.role === 'primary' && this.#works(primary) ? primary : null;
  }

  #copy(life: Life): void {
    const primary = this.#primaryOf(life);
    if (!primary || !this.#works(life)) return;
    const [own, leading] = [this.#logOf(life.process.launch.instance), this.#logOf(primary.process.launch.instance)];
    for (const value of own) if (!leading.has(value)) own.delete(value);
    // The order of the log is that of the set: the oldest that it lacks come first, some at a time.
    let copied = 0;
    for (const value of leading) {
      if (own.has(value)) continue;
      if (copied >= COPIED_AT_ONCE) return;
      own.add(value);
      copied += 1;
    }
  }

  #lag(standby: string, primary: string): number {
    const own = this.#logOf(standby);
    return [...this.#logOf(primary)].filter((value) => !own.has(value)).length;
  }

  #write(instance: string, incarnation: number, token: number): void {
    const life = this.#lives.get(instance);
    if (!life || life.process.launch.incarnation !== incarnation || !this.#works(life)) return;
    if (life.role !== 'primary' || life.token !== token) {
      this.#hooks.violated(`a write under token ${token} reaches ${instance}, ${life.role} under ${life.token}`);
      return;
    }
    const value = this.#next++;
    this.#logOf(instance).add(value);
    for (const other of this.#lives.values())
      if (other.role === 'standby' && this.#primaryOf(other) === life) this.#copy(other);
    const names = this.#names.get(instance) ?? [];
    if (!names.every((name) => this.#logOf(name).has(value))) return;
    const { service } = life.process.launch;
    const list = this.#acknowledged.get(service) ?? [];
    list.push(value);
    this.#acknowledged.set(service, list);
  }

  #tell(life: Life): void {
    const { process, role, token, follows, sync } = life;
    if (!this.#works(life)) return;
    const { instance, incarnation } = process.launch;
    const standbys = [...this.#lives.values()].filter(
      (other) => other.role === 'standby' && this.#works(other) && this.#primaryOf(other) === life,
    );
    const near = standbys
      .map((other) => other.process.launch.instance)
      .filter((other) => role === 'primary' && this.#lag(other, instance) <= NEAR)
      .sort();
    const caughtUp = near.filter((other) => sync?.names.includes(other) && this.#lag(other, instance) === 0);
    const what = {
      role,
      token,
      follows: role === 'primary' ? null : follows,
      near,
      caughtUp,
      syncVersion: sync?.version ?? null,
    };
    const text = JSON.stringify(what);
    if (text === life.said) return;
    life.said = text;
    this.#hooks.say({ kind: 'role', instance, incarnation, at: this.#clock.now, ...what });
  }

  /** The link is new: everything is said again. */
  forgetSaid(): void {
    for (const life of this.#lives.values()) life.said = '';
  }
}
