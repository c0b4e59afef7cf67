/**
 * Drives one run: gives the pure machine its events and carries out its effects, watches what users lose while it
 * lasts, and halts it when that is more than it may be. Nothing is decided here about the course of the experiment.
 */

import { ERROR_CODES } from '../../model/error-codes.ts';
import { asHoldfastError } from '../../model/errors.ts';
import { type FaultBite, isOver } from '../../model/fault.ts';
import type { Ms } from '../../model/time.ts';
import { formatDuration } from '../../model/time.ts';
import type { SystemView } from '../../model/view.ts';
import {
  type Effect,
  type Experiment,
  ExperimentRun,
  type Journal,
  type Json,
  type RunEvent,
  type RunOptions,
} from '../../prove/experiment/index.ts';
import { LossMeter } from './meter.ts';
import type { Asked, World } from './world.ts';

export interface RunnerOptions {
  readonly experiment: Experiment;
  readonly run: RunOptions;
  readonly world: World;
  readonly view: SystemView;
  readonly now: () => Ms;
  /** One line for people following. */
  readonly tell: (text: string) => void;
  /** Without the secrets in it. Before it is cut to length: half of one tells enough. */
  readonly hide: (value: Json) => Json;
}

/** How often losses are read, guards are asked, and ended faults are looked for. */
const PULSE_MS: Ms = 250;

export class Runner {
  readonly #o: RunnerOptions;
  readonly #run: ExperimentRun;
  readonly #pending = new Map<number, AbortController>();
  readonly meter: LossMeter;
  #timer: NodeJS.Timeout | null = null;
  #pulse: NodeJS.Timeout | null = null;
  readonly #faults = new Set<string>();
  #halted = false;
  #done: (journal: Journal) => void = () => undefined;

  /** Throws HF8107 when a variable or a file is missing. */
  constructor(options: RunnerOptions) {
    this.#o = options;
    this.#run = new ExperimentRun(options.experiment, options.run);
    this.meter = new LossMeter(options.view, options.now());
  }

  start(): Promise<Journal> {
    return new Promise((resolve) => {
      this.#done = resolve;
      this.#pulse = setInterval(() => this.#look(), PULSE_MS);
      this.#step({ kind: 'start' });
    });
  }

  stop(reason: string): void {
    this.#step({ kind: 'stop', reason });
  }

  halt(reason: string): void {
    if (this.#halted || this.#run.settling) return;
    this.#halted = true;
    this.#o.tell(`halted: ${reason}`);
    this.#step({ kind: 'halt', reason });
  }

  #step(event: RunEvent): void {
    for (const effect of this.#run.step(event, this.#o.now())) this.#carryOut(effect);
  }

  #carryOut(effect: Effect): void {
    switch (effect.kind) {
      case 'wait': {
        if (this.#timer) clearTimeout(this.#timer);
        this.#timer = setTimeout(() => this.#step({ kind: 'tick' }), Math.max(0, effect.until - this.#o.now()));
        return;
      }
      case 'cancel':
        this.#pending.get(effect.id)?.abort();
        this.#pending.delete(effect.id);
        return;
      case 'done':
        this.#end();
        this.#done(effect.journal);
        return;
      default:
        this.#ask(effect);
    }
  }

  #ask(asked: Asked): void {
    const abort = new AbortController();
    this.#pending.set(asked.id, abort);
    if (asked.kind === 'inject') this.#faults.add(asked.fault);
    const about = textOf(asked);
    // A refusal can come at once: the machine is not entered again before it has let go.
    Promise.resolve()
      .then(() => this.#o.world.answer(asked, abort.signal))
      .then(
        (output) => {
          if (about !== null) this.#o.tell(`${about}: ${outcomeOf(asked, this.#o.hide(output))}`);
          return { kind: 'answer', id: asked.id, output } as const;
        },
        (error: unknown) => {
          const message = reasonOf(error);
          const said = error instanceof Error && error.cause ? `${message}: ${String(error.cause)}` : message;
          if (about !== null) this.#o.tell(`${about} failed: ${said}`);
          return { kind: 'failure', id: asked.id, error: said } as const;
        },
      )
      .then((event) => {
        if (this.#pending.delete(asked.id)) this.#step(event);
      });
  }

  #look(): void {
    const now = this.#o.now();
    this.meter.read(now);
    for (const id of this.#faults) {
      const fault = this.#o.world.fault(id);
      if (!fault || !isOver(fault)) continue;
      this.#faults.delete(id);
      this.#step({ kind: 'over', fault: id });
    }
    const { failureShare, forMs, budget } = this.#o.experiment.safety.halt;
    const share = this.meter.failureShare(now, forMs);
    if (share !== null && share > failureShare) {
      this.halt(`steady state: ${Math.round(share * 100)} % of users' calls fail for ${formatDuration(forMs)}`);
    }
    const used = this.meter.losses?.budget ?? null;
    if (budget !== null && used !== null && used > budget) {
      this.halt(`objective: ${Math.round(used * 1_000) / 10} % of the error budget is used up`);
    }
  }

  #end(): void {
    if (this.#timer) clearTimeout(this.#timer);
    if (this.#pulse) clearInterval(this.#pulse);
    for (const abort of this.#pending.values()) abort.abort();
    this.#pending.clear();
  }
}

/** What is to be done is told where it says more than the catalogue does. */
function reasonOf(error: unknown): string {
  const { message, remedy, code } = asHoldfastError(error);
  return remedy === ERROR_CODES[code].remedy ? message : `${message} (${remedy})`;
}

/** What people following are told of; null: nothing. */
function textOf(asked: Asked): string | null {
  switch (asked.kind) {
    case 'inject':
      return `${asked.spec.kind} (${asked.fault})`;
    case 'revert':
      return `revert ${asked.fault}`;
    case 'targets':
      return `${asked.fault.kind} would strike`;
    case 'probe':
    case 'action':
      return asked.provider.type === 'holdfast' ? null : asked.name;
    case 'residue':
      return 'residue';
    default:
      return null;
  }
}

/** What came of it, in words where it is ours. */
function outcomeOf(asked: Asked, output: unknown): string {
  if (asked.kind === 'targets') return listOf(output, 'the machine');
  if (asked.kind === 'residue') return listOf(output, 'nothing is left');
  const map = typeof output === 'object' && output !== null ? (output as Readonly<Record<string, unknown>>) : {};
  if (asked.kind === 'inject') return `in force on ${listOf(map.targets, 'the machine')}`;
  if (asked.kind !== 'revert') return shown(output);
  const bite = map.bite as FaultBite | null | undefined;
  const did = bite
    ? `${bite.bitten ? 'it bit' : 'it had no effect'} (${bite.measured} of ${bite.asked} ${bite.unit})`
    : 'over';
  const reason =
    typeof map.reason === 'string' && map.reason !== 'asked' && map.reason !== '' ? `, ended by ${map.reason}` : '';
  return `${did}${reason}; ${listOf(map.residue, 'nothing is left')}`;
}

function listOf(value: unknown, none: string): string {
  return Array.isArray(value) && value.length > 0 ? value.join(', ') : none;
}

const SHOWN = 160;

function shown(output: unknown): string {
  // Headers are seldom what somebody follows a run for.
  const text = JSON.stringify(output, (key, value: unknown) =>
    key === 'headers' || key === 'begunAt' ? undefined : value,
  );
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
}
