/**
 * The simulated server: the real core, fed and obeyed as the real server does it. Inputs go into a journal that is
 * made durable before anything acts on the world; a crash loses what was not durable, and the restart replays from
 * the last snapshot and must come to the same decisions.
 */
import type { Core, CoreInput, CoreOptions, CoreOutput } from '../src/core/contract.ts';
import { createCore, restoreCore } from '../src/core/index.ts';
import type { Ms } from '../src/model/time.ts';
import type { VirtualClock } from './clock.ts';
import type { SimulatedMachine } from './machine.ts';

interface Entry {
  readonly at: Ms;
  readonly input: CoreInput;
  readonly digest: number;
}

export interface ServerHooks {
  note(text: string): void;
  violated(what: string): void;
  stepped(core: Core, input: CoreInput, outputs: readonly CoreOutput[]): void;
}

const SNAPSHOT_EVERY = 1_000;
export const TICK_MS = 250;

export class SimulatedServer {
  core: Core | null = null;
  #snapshot: string | null = null;
  #durable: Entry[] = [];
  #buffered: Entry[] = [];
  #life = 0;
  #diskFails = false;
  #acknowledgedIndex = 0;
  wallSkewMs: Ms = 0;
  readonly #clock: VirtualClock;
  readonly #machine: SimulatedMachine;
  readonly #options: CoreOptions;
  readonly #hooks: ServerHooks;

  constructor(clock: VirtualClock, machine: SimulatedMachine, options: CoreOptions, hooks: ServerHooks) {
    this.#clock = clock;
    this.#machine = machine;
    this.#options = options;
    this.#hooks = hooks;
  }

  start(): void {
    this.#life += 1;
    this.#diskFails = false;
    const core = this.#snapshot === null ? createCore(this.#options) : restoreCore(this.#options, this.#snapshot);
    for (const { at, input, digest } of this.#durable) {
      if (digestOf(core.step(input, at)) !== digest) {
        this.#hooks.violated(`replay of ${input.kind} at ${at} ms decided differently`);
        break;
      }
    }
    if (core.index < this.#acknowledgedIndex) {
      this.#hooks.violated(
        `acknowledged index ${this.#acknowledgedIndex} is lost: the restarted core is at ${core.index}`,
      );
    }
    this.core = core;
    this.feed({ kind: 'configure', apiUrl: 'http://127.0.0.1:7420' });
    this.link();
    this.#tick(this.#life);
  }

  /** (Re)connects the agent, which sends its inventory. */
  link(): void {
    const life = this.#life;
    this.#machine.connect((message) => {
      if (this.core !== null && this.#life === life) this.feed({ kind: 'agent', message });
    });
  }

  crash(): void {
    if (this.core === null) return;
    this.core = null;
    this.#buffered = [];
    this.#machine.disconnect();
    this.#hooks.note('server crashed');
  }

  /** The next durable write fails: a server that cannot write its journal must not act. */
  failDisk(): void {
    this.#diskFails = true;
  }

  #tick(life: number): void {
    this.#clock.after(TICK_MS, () => {
      if (this.core === null || this.#life !== life) return;
      this.feed({ kind: 'tick', wallMs: 1_750_000_000_000 + this.#clock.now + this.wallSkewMs });
      this.#tick(life);
    });
  }

  /** Null: the server is down, or went down over this input. */
  feed(input: CoreInput): readonly CoreOutput[] | null {
    const core = this.core;
    if (core === null) return null;
    const outputs = core.step(input, this.#clock.now);
    this.#buffered.push({ at: this.#clock.now, input, digest: digestOf(outputs) });
    if (outputs.some((output) => output.kind !== 'event')) {
      if (this.#diskFails) {
        this.#hooks.note('journal write failed');
        this.crash();
        return null;
      }
      this.#durable.push(...this.#buffered);
      this.#buffered = [];
      this.#acknowledgedIndex = core.index;
    }
    for (const output of outputs) if (output.kind === 'command') this.#machine.receive(output.command);
    this.#hooks.stepped(core, input, outputs);
    if (this.#durable.length + this.#buffered.length >= SNAPSHOT_EVERY) {
      this.#snapshot = core.snapshot();
      this.#durable = [];
      this.#buffered = [];
    }
    return outputs;
  }
}

/** FNV-1a over the outputs' text: enough to tell decisions apart. */
function digestOf(outputs: readonly CoreOutput[]): number {
  if (outputs.length === 0) return 0;
  const text = JSON.stringify(outputs);
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return hash >>> 0;
}
