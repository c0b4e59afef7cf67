/**
 * What an agent calls. It writes requests and reads what became of them; the effects are the keeper's. Nothing here
 * is held in memory: any process with the same state directory can renew, revert and list what another one began.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { builtEntry } from '../model/entry.ts';
import { HoldfastError } from '../model/errors.ts';
import type { Ms } from '../model/time.ts';
import {
  type Executor,
  type Fault,
  type FaultRequest,
  type FaultStatus,
  MAX_LEASE_MS,
  MIN_LEASE_MS,
  type Possibility,
  type Target,
} from './contract.ts';
import { livingKeeper } from './keeper.ts';
import { BEGIN_WITHIN_MS, residueOf, undo } from './keeping.ts';
import { bootId, isAlive, monotonic } from './processes.ts';
import { Records } from './records.ts';
import { executorOf, KINDS } from './registry.ts';

const KEEPER_ENTRY = builtEntry(import.meta.url, './keeper.js');
const POLL_MS: Ms = 20;
/** A keeper that has ended without taking its name is started again no sooner. */
const START_MS: Ms = 1_500;
/** Longer than a keeper tries to revert. */
const REVERT_WITHIN_MS: Ms = 10_000;

export class Injector {
  readonly #stateDir: string;
  readonly #records: Records;
  #startedAt = Number.NEGATIVE_INFINITY;
  #starting: ChildProcess | null = null;

  constructor(stateDir: string) {
    this.#stateDir = stateDir;
    this.#records = new Records(stateDir);
  }

  /** HF8202 for a kind that there is not. */
  possible(kind: string): Possibility {
    return executor(kind).possible();
  }

  /**
   * Resolves when the fault is in effect. HF6004: not a valid request; HF8201: this machine cannot do it; HF8202: no
   * such kind; HF8203: the target is gone, or of a kind that this fault is not for; HF8204: it could not be begun.
   */
  async begin(request: FaultRequest): Promise<FaultStatus> {
    const fault = this.#check(request);
    // Whoever lost the answer asks again.
    if (!this.#records.has(fault.id, 'fault.json')) this.#records.create(fault, fault.requestedAt + request.leaseMs);
    const status = await this.#until(fault.id, ({ phase }) => phase !== 'requested', BEGIN_WITHIN_MS);
    if (status?.phase === 'active' || (status?.end && status.end.reason !== 'failed')) return status;
    this.#ask(fault.id);
    throw new HoldfastError('HF8204', `fault ${fault.kind}: ${status?.end?.detail ?? 'its keeper did not answer'}`);
  }

  /** The lease lasts this much longer, from now. HF8205 when the fault is over. */
  renew(id: string, leaseMs: Ms): void {
    checkLease(leaseMs);
    if (this.#status(id).phase === 'ended') throw new HoldfastError('HF8205', `fault ${id} is over`);
    this.#records.put(id, 'lease.json', { deadline: monotonic() + leaseMs });
  }

  /** The instance has come back as another process, and the fault is to follow it. */
  retarget(id: string, target: Target): void {
    const { fault, phase } = this.#status(id);
    checkTarget(executor(fault.kind), target);
    if (phase !== 'ended') this.#records.put(id, 'target.json', target);
  }

  /**
   * Resolves when it is over; `end` says what is left. Reverting what is over changes nothing, unless something was
   * left: then it is tried again, here.
   */
  async revert(id: string): Promise<FaultStatus> {
    const { fault, end } = this.#status(id);
    if (end && end.residue.length > 0) {
      const residue = await undo(executor(fault.kind), fault, this.#records);
      this.#records.put(id, 'end.json', { ...end, residue });
    }
    this.#ask(id);
    const status = await this.#until(id, ({ phase }) => phase === 'ended', REVERT_WITHIN_MS);
    if (status?.phase === 'ended') return status;
    throw new HoldfastError('HF8206', `fault ${id} is not reverted after ${REVERT_WITHIN_MS / 1_000} s`);
  }

  /** Everything that lasts, at once. */
  revertAll(): Promise<readonly FaultStatus[]> {
    const open = this.list().filter(({ phase }) => phase !== 'ended');
    for (const { fault } of open) this.#ask(fault.id);
    return Promise.all(open.map(({ fault }) => this.revert(fault.id)));
  }

  status(id: string): FaultStatus | undefined {
    return this.#records.status(id);
  }

  list(): readonly FaultStatus[] {
    return this.#records.ids().flatMap((id) => this.#records.status(id) ?? []);
  }

  /** What is in the world because of the fault, looked up now. While it lasts that is the fault itself. */
  residue(id: string): readonly string[] {
    const { fault } = this.#status(id);
    return residueOf(executor(fault.kind), fault, this.#records);
  }

  /** The record of a fault that is over; one that lasts is kept. */
  forget(id: string): void {
    if (this.#records.status(id)?.phase === 'ended') this.#records.remove(id);
  }

  /**
   * To be called at the start of every part that has this state directory, and again now and then: when a fault is
   * not over and no keeper lives, one is started, and reverts it. Tells how many faults were found so.
   */
  sweep(): number {
    const open = this.list().filter(({ phase }) => phase !== 'ended');
    if (open.length > 0) this.#ensureKeeper();
    return open.length;
  }

  /** What the next life of an instance is to be started with, for faults that work through its environment. */
  environmentOf(instance: string): Readonly<Record<string, string>> {
    const additions: Record<string, string> = {};
    for (const { fault, phase } of this.list()) {
      if (phase !== 'active' || fault.target.kind !== 'launch' || fault.target.instance !== instance) continue;
      Object.assign(additions, this.#records.get(fault.id, 'traces.json')?.environment);
    }
    return additions;
  }

  /** The command that the next life of an instance is to be started by, for faults that change what it sees; often empty. */
  wrapperOf(instance: string): readonly string[] {
    return this.list().flatMap(({ fault, phase }) => {
      if (phase !== 'active' || fault.target.kind !== 'launch' || fault.target.instance !== instance) return [];
      return (this.#records.get(fault.id, 'traces.json')?.wrapper as readonly string[] | undefined) ?? [];
    });
  }

  #check(request: FaultRequest): Fault {
    const chosen = executor(request.kind);
    const parameters = chosen.parse(request.parameters);
    checkLease(request.leaseMs);
    checkTarget(chosen, request.target);
    if (request.id !== undefined && !/^[\w-]{1,64}$/.test(request.id)) {
      throw new HoldfastError('HF6004', 'the id of a fault is 1–64 letters, digits, _ and -');
    }
    const possibility = chosen.possible();
    if (!possibility.possible) {
      throw new HoldfastError('HF8201', `fault ${request.kind}: ${possibility.why}`, { remedy: possibility.instead });
    }
    const requestedAt = monotonic();
    // Sorts by time; the rest makes it unlike any other's.
    const id =
      request.id ?? `${Math.floor(requestedAt).toString(36).padStart(8, '0')}-${randomBytes(4).toString('hex')}`;
    return { id, kind: request.kind, parameters, target: request.target, holder: request.holder, requestedAt, bootId };
  }

  #status(id: string): FaultStatus {
    const status = this.#records.status(id);
    if (!status) throw new HoldfastError('HF8205', `there is no fault ${id}`);
    return status;
  }

  #ask(id: string): void {
    const path = join(this.#records.directoryOf(id), 'revert');
    if (existsSync(this.#records.directoryOf(id))) writeFileSync(path, '');
  }

  async #until(id: string, good: (status: FaultStatus) => boolean, withinMs: Ms): Promise<FaultStatus | undefined> {
    const give = monotonic() + withinMs;
    for (;;) {
      const status = this.#records.status(id);
      if (!status || good(status) || monotonic() > give) return status;
      this.#ensureKeeper();
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  /** Two that are started at once sort it out between themselves. */
  #ensureKeeper(): void {
    const waitedMs = monotonic() - this.#startedAt;
    // One that is still on its way is waited for: on a machine under load more of them would only add to it.
    const onItsWay = this.#starting?.exitCode === null && this.#starting.signalCode === null;
    if (waitedMs < (onItsWay ? BEGIN_WITHIN_MS : START_MS) || livingKeeper(this.#stateDir)) return;
    this.#startedAt = monotonic();
    const logFile = openSync(join(this.#stateDir, 'keeper.log'), 'a', 0o600);
    const keeper = spawn(process.execPath, [KEEPER_ENTRY, this.#stateDir], {
      detached: true,
      stdio: ['ignore', logFile, logFile],
    });
    closeSync(logFile);
    keeper.on('error', () => undefined);
    keeper.unref();
    this.#starting = keeper;
  }
}

function executor(kind: string): Executor {
  const found = executorOf(kind);
  if (found) return found;
  throw new HoldfastError('HF8202', `there is no fault ${kind}`, { remedy: `Use one of: ${KINDS.join(', ')}.` });
}

function checkLease(leaseMs: Ms): void {
  if (leaseMs >= MIN_LEASE_MS && leaseMs <= MAX_LEASE_MS) return;
  throw new HoldfastError('HF6004', `a lease lasts between ${MIN_LEASE_MS} ms and ${MAX_LEASE_MS / 60_000} minutes`);
}

function checkTarget({ kind, targets }: Executor, target: Target): void {
  if (!targets.includes(target.kind)) {
    throw new HoldfastError('HF8203', `fault ${kind} is done to a ${targets.join(' or ')}, not to a ${target.kind}`);
  }
  const identity = target.kind === 'process' || target.kind === 'port' ? target.process : null;
  if (identity && !isAlive(identity))
    throw new HoldfastError('HF8203', `process ${identity.pid} of the target is gone`);
}
