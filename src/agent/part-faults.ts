/**
 * The kill of a part of Holdfast: by signal, and then it is watched until another process is in its place and every
 * endpoint that took connections before takes one again. Nothing lasts, so nothing is reverted and no lease is needed:
 * when this agent dies meanwhile, the next one starts the part again all the same.
 */
import { connect } from 'node:net';
import { asHoldfastError, HoldfastError } from '../model/errors.ts';
import type { FaultOrder, FaultReport } from '../model/fault.ts';
import { PART_KILL, type PartOutage, parsePartKill } from '../model/part-fault.ts';
import type { Listener } from '../model/routes.ts';
import type { Ms } from '../model/time.ts';
import type { Clock, PartChange, PartPort } from './ports.ts';

export interface PartFaultsOptions {
  readonly port: PartPort;
  readonly clock: Clock;
  readonly report: (faults: readonly FaultReport[]) => void;
}

/** An endpoint is tried this often while it is closed: what is told is right to this. */
const KNOCK_MS: Ms = 20;
/** A connection on this machine that takes longer is none. */
const CONNECT_MS: Ms = 500;
const GONE_WITHIN_MS: Ms = 2_000;

interface Struck {
  readonly id: string;
  readonly killed: number;
  readonly begunAt: Ms;
  /** Those that took connections before. */
  readonly doors: readonly Listener[];
  readonly closed: Set<Listener>;
  readonly withinMs: Ms;
  noticedAfterMs: Ms | null;
  backAfterMs: Ms | null;
  closedForMs: Ms;
  successor: number | null;
  over: boolean;
}

export class PartFaults {
  readonly #o: PartFaultsOptions;
  readonly #struck = new Map<string, Struck>();
  #closing = false;

  constructor(options: PartFaultsOptions) {
    this.#o = options;
  }

  knows(kind: string): boolean {
    return kind === PART_KILL;
  }

  has(id: string): boolean {
    return this.#struck.has(id);
  }

  inject(order: FaultOrder): void {
    this.#strike(order).catch((error: unknown) => {
      const { message, remedy } = asHoldfastError(error);
      const end = { reason: 'failed', detail: `${message} (${remedy})`, residue: [] };
      this.#o.report([{ id: order.id, phase: 'ended', begunAt: null, bite: null, end }]);
    });
  }

  /** What the part says of itself, to be handed on by whoever listens to it. */
  changed({ state }: PartChange): void {
    if (state !== 'lost') return;
    for (const struck of this.#struck.values()) {
      if (!struck.over) struck.noticedAfterMs ??= this.#o.clock.now() - struck.begunAt;
    }
  }

  /** Looked up now. There is nothing to revert: it is over as soon as the part is back, or is not back in time. */
  async residue(ids: readonly string[]): Promise<readonly string[]> {
    const struck = ids.flatMap((id) => this.#struck.get(id) ?? []);
    if (struck.length === 0) return [];
    const processes = this.#o.port.processes();
    const victims = struck.map(({ killed }) => killed).filter((pid) => processes.includes(pid));
    const many = processes.length > 1 ? [`${processes.length} traffic processes run: ${processes.join(', ')}`] : [];
    const none = this.#o.port.serving() === null ? ['no traffic process serves'] : [];
    const doors = [...new Set(struck.flatMap(({ doors: each }) => each))];
    const open = await Promise.all(doors.map(isOpen));
    const closed = doors.filter((door, n) => !open[n] && this.#stillWanted(door));
    return [
      ...victims.map((pid) => `process ${pid}, which was killed, runs`),
      ...many,
      ...none,
      ...closed.map(({ id, host, port }) => `${id} takes no connection at ${host}:${port}`),
    ];
  }

  close(): void {
    this.#closing = true;
  }

  async #strike({ id, parameters }: FaultOrder): Promise<void> {
    if (this.#struck.has(id)) return;
    const { port, clock } = this.#o;
    const { withinMs } = parsePartKill(parameters);
    const all = port.listeners();
    const open = await Promise.all(all.map(isOpen));
    const doors = all.filter((_, n) => open[n]);
    const killed = port.kill();
    const begunAt = clock.now();
    if (killed === null) throw new HoldfastError('HF8203', `${PART_KILL}: no traffic process runs`);
    const blank = { noticedAfterMs: null, backAfterMs: null, closedForMs: 0, successor: null, over: false };
    const struck: Struck = { id, killed, begunAt, doors, closed: new Set(doors), withinMs, ...blank };
    this.#struck.set(id, struck);
    while (port.processes().includes(killed) && clock.now() - begunAt < GONE_WITHIN_MS) await pause(5);
    this.#tell(struck, 'active');
    await this.#watch(struck);
  }

  async #watch(struck: Struck): Promise<void> {
    const { clock, port } = this.#o;
    while (!this.#closing && !struck.over) {
      await this.#knock(struck);
      const pid = port.serving();
      if (pid !== null && pid !== struck.killed) {
        struck.backAfterMs ??= clock.now() - struck.begunAt;
        struck.successor = pid;
      }
      const whole = struck.backAfterMs !== null && struck.closed.size === 0;
      if (whole || clock.now() - struck.begunAt > struck.withinMs) this.#end(struck);
      else await pause(KNOCK_MS);
    }
  }

  async #knock(struck: Struck): Promise<void> {
    await Promise.all(
      [...struck.closed].map(async (door) => {
        if (!(await isOpen(door))) return;
        struck.closed.delete(door);
        struck.closedForMs = Math.max(struck.closedForMs, this.#o.clock.now() - struck.begunAt);
      }),
    );
  }

  #end(struck: Struck): void {
    if (struck.over) return;
    struck.over = true;
    if (struck.closed.size > 0) struck.closedForMs = this.#o.clock.now() - struck.begunAt;
    this.#tell(struck, 'ended');
  }

  #tell(struck: Struck, phase: 'active' | 'ended'): void {
    const gone = !this.#o.port.processes().includes(struck.killed);
    const bite = { asked: 1, measured: gone ? 1 : 0, unit: 'processes ended', bitten: gone };
    const end = phase === 'ended' ? { reason: 'asked', detail: '', residue: [] } : null;
    const part = phase === 'ended' ? { part: outageOf(struck) } : {};
    this.#o.report([{ id: struck.id, phase, begunAt: struck.begunAt, bite, end, ...part }]);
  }

  /** A later table may have taken it away. */
  #stillWanted({ id, port }: Listener): boolean {
    return this.#o.port.listeners().some((each) => each.id === id && each.port === port);
  }
}

function outageOf({ killed, noticedAfterMs, backAfterMs, successor, doors, closed, ...rest }: Struck): PartOutage {
  const { closedForMs, withinMs } = rest;
  const [endpoints, open] = [doors.length, doors.length - closed.size];
  return { part: 'traffic', killed, noticedAfterMs, backAfterMs, successor, endpoints, open, closedForMs, withinMs };
}

function isOpen({ host, port }: Listener): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: host === '0.0.0.0' || host === '::' ? 'localhost' : host, port });
    const done = (open: boolean): void => {
      socket.destroy();
      resolve(open);
    };
    socket.setTimeout(CONNECT_MS, () => done(false));
    socket.once('connect', () => done(true));
    socket.once('error', () => done(false));
  });
}

function pause(ms: Ms): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
