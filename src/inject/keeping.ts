/**
 * What a keeper does on every turn: begins what was requested, ends what is over, measures what lasts. All it knows
 * between turns is which effects are its own; everything else it reads from the records, so a keeper that takes over
 * from a dead one starts with the truth.
 *
 * It does not go on with another keeper's faults but reverts them at once: their children died with that keeper, so
 * the fault is not what was asked for any more, and a safety net that tore once is no place to stay in.
 */
import { asHoldfastError } from '../model/errors.ts';
import type { Ms } from '../model/time.ts';
import type { Effect, EndReason, Executor, Fault, Surroundings, Target } from './contract.ts';
import { bootId, markedWith, monotonic, signal } from './processes.ts';
import type { Records } from './records.ts';

/** A request that is older when a keeper sees it is not begun: whoever asked has given up, or is gone. */
export const BEGIN_WITHIN_MS: Ms = 10_000;
const MEASURE_MS: Ms = 250;
/** How often a revert is tried while something is left, and how long each try waits for processes to die. */
const REVERT_TRIES = 8;
const REVERT_PAUSE_MS: Ms = 100;

interface Held {
  readonly fault: Fault;
  readonly executor: Executor;
  /** Null while it is being made. */
  effect: Effect | null;
  failed: string | null;
  ending: boolean;
  measuredAt: Ms;
  /** It has had its effect: what is measured of a target that has gone takes nothing back. */
  bitten: boolean;
}

export class Keeping {
  readonly #records: Records;
  readonly #executorOf: (kind: string) => Executor | undefined;
  readonly #log: (line: string) => void;
  readonly #held = new Map<string, Held>();
  readonly #ended = new Set<string>();

  constructor(records: Records, executorOf: (kind: string) => Executor | undefined, log: (line: string) => void) {
    this.#records = records;
    this.#executorOf = executorOf;
    this.#log = log;
  }

  /** How many faults are not over. */
  turn(): number {
    let open = 0;
    const ids = this.#records.ids();
    for (const id of ids) {
      if (this.#ended.has(id)) continue;
      if (!this.#held.has(id) && this.#records.has(id, 'end.json')) {
        this.#ended.add(id);
        continue;
      }
      open++;
      // One fault that cannot be handled must not keep the others from being reverted.
      try {
        this.#attend(id);
      } catch (error) {
        this.#log(`${id}: ${String(error)}`);
      }
    }
    for (const id of this.#ended) if (!ids.includes(id)) this.#ended.delete(id);
    return open;
  }

  #attend(id: string): void {
    const held = this.#held.get(id);
    if (!held) this.#meet(id);
    else if (!held.ending && (held.effect || held.failed !== null)) this.#watch(id, held);
  }

  /** A fault that this keeper has not seen before. */
  #meet(id: string): void {
    const fault = this.#records.get(id, 'fault.json');
    const executor = fault && this.#executorOf(fault.kind);
    if (!fault || !executor) {
      this.#close(id, { reason: 'failed', detail: 'its record cannot be understood', residue: [] });
      return;
    }
    const held: Held = { fault, executor, effect: null, failed: null, ending: false, measuredAt: 0, bitten: false };
    this.#held.set(id, held);
    const now = monotonic();
    const begunByAnother = this.#records.has(id, 'traces.json');
    if (begunByAnother) void this.#end(id, held, 'keeper-lost');
    else if (this.#records.has(id, 'revert')) void this.#end(id, held, 'asked');
    else if (fault.bootId !== bootId || now > fault.requestedAt + BEGIN_WITHIN_MS || now >= this.#deadline(id)) {
      held.failed = 'no keeper saw it in time';
      void this.#end(id, held, 'failed');
    } else void this.#begin(id, held);
  }

  async #begin(id: string, held: Held): Promise<void> {
    const { fault, executor } = held;
    const at = this.#surroundings(fault);
    try {
      const traces = executor.prepare(fault, at);
      this.#records.put(id, 'traces.json', traces);
      const effect = await executor.begin(fault, traces, at);
      this.#records.put(id, 'begun.json', { at: monotonic() });
      held.effect = effect;
      this.#log(`${id}: ${fault.kind} is in effect`);
    } catch (error) {
      held.failed = asHoldfastError(error).message;
      this.#log(`${id}: ${fault.kind} failed: ${held.failed}`);
    }
  }

  #watch(id: string, held: Held): void {
    if (held.failed !== null) {
      void this.#end(id, held, 'failed');
      return;
    }
    const now = monotonic();
    const lasts = held.effect?.turn?.() ?? true;
    if (now - held.measuredAt >= MEASURE_MS) this.#measure(id, held);
    if (this.#records.has(id, 'revert')) void this.#end(id, held, 'asked');
    else if (now >= this.#deadline(id)) void this.#end(id, held, 'lease');
    else if (!lasts) void this.#end(id, held, 'target-gone');
  }

  #measure(id: string, held: Held): void {
    held.measuredAt = monotonic();
    const bite = held.effect?.measure();
    if (!bite || (held.bitten && !bite.bitten)) return;
    held.bitten = bite.bitten;
    this.#records.putLoosely(id, 'bite.json', bite);
  }

  async #end(id: string, held: Held, reason: EndReason): Promise<void> {
    held.ending = true;
    try {
      this.#measure(id, held);
    } catch (error) {
      this.#log(`${id}: cannot be measured: ${String(error)}`);
    }
    const residue = await undo(held.executor, held.fault, this.#records);
    this.#close(id, { reason, detail: held.failed ?? '', residue });
  }

  #close(id: string, how: { reason: EndReason; detail: string; residue: readonly string[] }): void {
    this.#held.delete(id);
    this.#ended.add(id);
    this.#records.put(id, 'end.json', { at: monotonic(), ...how });
    this.#log(`${id}: ended (${how.reason}), ${how.residue.length} left`);
  }

  #deadline(id: string): Ms {
    return this.#records.get(id, 'lease.json')?.deadline ?? 0;
  }

  #surroundings(fault: Fault): Surroundings {
    return {
      directory: this.#records.directoryOf(fault.id),
      now: monotonic,
      deadline: () => this.#deadline(fault.id),
      target: () => targetOf(this.#records, fault),
    };
  }
}

export function targetOf(records: Records, fault: Fault): Target {
  return records.get(fault.id, 'target.json') ?? fault.target;
}

/** Reverts until nothing is left or nothing helps; tells what is left. */
export async function undo(executor: Executor, fault: Fault, records: Records): Promise<readonly string[]> {
  let left: readonly string[] = [];
  for (let attempt = 0; attempt < REVERT_TRIES; attempt++) {
    left = await undoOnce(executor, fault, records);
    if (left.length === 0) return [];
    await new Promise((resolve) => setTimeout(resolve, REVERT_PAUSE_MS));
  }
  return left;
}

async function undoOnce(executor: Executor, fault: Fault, records: Records): Promise<readonly string[]> {
  // Under another boot its processes, rules and mounts are gone with the kernel that held them; files are not.
  const traces = records.get(fault.id, 'traces.json');
  for (const stat of markedWith(fault.id)) signal(stat, 'SIGKILL');
  if (!traces) return residueOf(executor, fault, records);
  try {
    await executor.revert(fault, traces);
  } catch (error) {
    return [`${fault.kind} could not be reverted: ${asHoldfastError(error).message}`];
  }
  return residueOf(executor, fault, records);
}

/** What is in the world because of this fault, whether it lasts or is over. */
export function residueOf(executor: Executor, fault: Fault, records: Records): readonly string[] {
  const traces = records.get(fault.id, 'traces.json');
  return [
    ...markedWith(fault.id).map(({ pid }) => `process ${pid} of the fault runs`),
    ...(traces ? executor.residue(fault, traces) : []),
  ];
}
