/**
 * The heart of the daemon: every input goes into the core one after the other, is journaled with what came of it,
 * and what acts on the world is carried out once that is durable. A crash at any moment therefore leaves the journal
 * knowing at least what the world has seen.
 *
 * Inputs that lead to nothing are gathered and written together: losing the last of them in a crash loses nothing
 * that anybody has seen.
 */
import type { Core, CoreInput, CoreOutput } from '../core/contract.ts';
import { asHoldfastError, HoldfastError } from '../model/errors.ts';
import type { CoreEvent } from '../model/event.ts';
import type { AgentCommand } from '../model/link.ts';
import type { Ms } from '../model/time.ts';
import { acts, decisionsOf, digestOf, packQuiet, type StepBody } from './record.ts';

/** The part of the journal that the engine needs. */
export interface EngineJournal {
  readonly rotationDue: boolean;
  append(entry: { readonly at: Ms; readonly wallMs: number; readonly kind: string; readonly body: unknown }): unknown;
  rotate(snapshot: { readonly at: Ms; readonly wallMs: number; readonly snapshot: string }): unknown;
  flush(options: { readonly durable: boolean }): Promise<void>;
}

export interface EngineOptions {
  readonly core: Core;
  readonly journal: EngineJournal;
  readonly clock: { now(): Ms; wallMs(): number };
  /** Secrets out of text that goes to disk. */
  readonly seal: (text: string) => string;
  /** The state record for a segment header. */
  readonly snapshot: () => string;
  readonly command: (command: AgentCommand) => void;
  readonly page: (incident: string, text: string) => void;
  readonly event: (event: CoreEvent) => void;
  /** After every step; `outputs` are all of them, carried out or not yet. */
  readonly stepped: (input: CoreInput, outputs: readonly CoreOutput[]) => void;
  /** The journal could not be written (null: it can again). Told once per change. */
  readonly journalTrouble: (error: HoldfastError | null) => void;
}

type Reply = Extract<CoreOutput, { kind: 'reply' }>;

/** Quiet inputs written together. More saves room; fewer shows them sooner in `holdfast journal`. */
const QUIET_MAX = 256;
const QUIET_MAX_AGE_MS = 1_000;
/** Pause before a flush that failed for lack of room is tried again. */
const RETRY_MS = 500;

export class Engine {
  readonly #o: EngineOptions;
  #quiet: [Ms, CoreInput][] = [];
  #inFlight: Promise<void> = Promise.resolve();
  #trouble: HoldfastError | null = null;
  #closed = false;

  constructor(options: EngineOptions) {
    this.#o = options;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Feeds one input. Resolves with the core's reply (null when the input has none) after it is durable. */
  async submit(input: CoreInput): Promise<Reply | null> {
    if (this.#closed) throw new HoldfastError('HF2011', 'the server is shutting down');
    if (this.#o.journal.rotationDue) this.rotate();
    const at = this.#o.clock.now();
    const outputs = this.#o.core.step(input, at);
    this.#record(at, input, outputs);
    for (const output of outputs) if (output.kind === 'event') this.#o.event(output.event);
    this.#o.stepped(input, outputs);
    const acting = outputs.filter(acts);
    if (acting.length > 0) {
      await this.#durable();
      for (const output of acting) this.#carryOut(output);
    }
    return acting.find((output) => output.kind === 'reply') ?? null;
  }

  /** A fresh segment, so that the next start replays nothing. */
  rotate(): void {
    this.#writeQuiet();
    this.#o.journal.rotate({ at: this.#o.clock.now(), wallMs: this.#o.clock.wallMs(), snapshot: this.#o.snapshot() });
  }

  /**
   * Hands everything gathered so far to the operating system: from then on kill -9 loses none of it. No room is told
   * as trouble and tried again with the next sweep; anything else is thrown.
   */
  async sweep(): Promise<void> {
    this.#writeQuiet();
    try {
      await this.#o.journal.flush({ durable: false });
      this.#tell(null);
    } catch (caught) {
      const error = asHoldfastError(caught);
      this.#tell(error);
      if (error.code !== 'HF2004') throw error;
    }
  }

  /** Takes nothing more, and makes all of it durable. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.rotate();
    await this.#o.journal.flush({ durable: true });
  }

  /** Something that is no input of the core but belongs into the record: who stopped the server, say. */
  note(kind: string, body: unknown): Promise<void> {
    this.#writeQuiet();
    this.#append(this.#o.clock.now(), kind, body);
    return this.#durable();
  }

  #record(at: Ms, input: CoreInput, outputs: readonly CoreOutput[]): void {
    if (outputs.length === 0) {
      this.#quiet.push([at, input]);
      const oldest = this.#quiet[0]?.[0] ?? at;
      if (this.#quiet.length >= QUIET_MAX || at - oldest >= QUIET_MAX_AGE_MS) this.#writeQuiet();
      return;
    }
    this.#writeQuiet();
    const digest = digestOf(this.#o.seal(JSON.stringify(outputs)));
    const body: StepBody = { input, digest, decisions: decisionsOf(outputs) };
    this.#append(at, 'step', body);
  }

  #writeQuiet(): void {
    const last = this.#quiet.at(-1);
    if (last === undefined) return;
    const body = packQuiet(this.#quiet, this.#o.seal);
    this.#quiet = [];
    this.#o.journal.append({ at: last[0], wallMs: this.#o.clock.wallMs(), kind: 'quiet', body });
  }

  #append(at: Ms, kind: string, body: unknown): void {
    const sealed: unknown = JSON.parse(this.#o.seal(JSON.stringify(body)));
    this.#o.journal.append({ at, wallMs: this.#o.clock.wallMs(), kind, body: sealed });
  }

  /** Waits until all that was appended is on disk, for as long as it takes; keeps the order of those who wait. */
  #durable(): Promise<void> {
    const flushed = this.#inFlight.then(() => this.#flush());
    this.#inFlight = flushed.catch(() => undefined);
    return flushed;
  }

  async #flush(): Promise<void> {
    for (;;) {
      try {
        await this.#o.journal.flush({ durable: true });
        this.#tell(null);
        return;
      } catch (caught) {
        const error = asHoldfastError(caught);
        this.#tell(error);
        // Room may come back; anything else means that nothing can be known about the journal any more.
        if (error.code !== 'HF2004') throw error;
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }

  #tell(error: HoldfastError | null): void {
    if (error?.code === this.#trouble?.code) return;
    this.#trouble = error;
    this.#o.journalTrouble(error);
  }

  #carryOut(output: CoreOutput): void {
    if (output.kind === 'command') this.#o.command(output.command);
    else if (output.kind === 'page') this.#o.page(output.incident, output.text);
  }
}
