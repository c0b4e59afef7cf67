/**
 * Reads the journal back into a core: at start, to stand where the last server stood, and on request, to prove that
 * the same inputs give the same decisions.
 */
import type { JournalVerification } from '../api/resources.ts';
import type { Core, CoreInput, CoreOptions, CoreOutput } from '../core/contract.ts';
import type { Ms } from '../model/time.ts';
import type { ClockRecord } from './clock.ts';
import {
  acts,
  digestOf,
  inputText,
  type QuietBody,
  type StartBody,
  type StateRecord,
  type StepBody,
  unpackQuiet,
} from './record.ts';

export interface ReplayEntry {
  readonly seq: number;
  readonly at: Ms;
  readonly kind: string;
  readonly body: unknown;
}

export interface CoreFactory {
  create(options: CoreOptions): Core;
  restore(options: CoreOptions, snapshot: string): Core;
}

export interface Sealing {
  readonly seal: (text: string) => string;
  readonly unseal: (text: string) => string;
}

/** The kind of the journal's own segment headers, `{format, snapshot}`. */
const SEGMENT = 'segment';

export class Replay {
  readonly #cores: CoreFactory;
  readonly #sealing: Sealing;
  #core: Core | null = null;
  /** What the core was made with when this was written. */
  options: CoreOptions | null = null;
  clock: ClockRecord | null = null;
  /** Of the server that wrote what is being read. */
  version: string | null = null;
  eventSeq = 0;
  lastAt: Ms = 0;
  /** Steps whose decisions were compared. */
  replayed = 0;
  /** The first decision that came out otherwise. */
  difference: string | null = null;

  constructor(cores: CoreFactory, sealing: Sealing) {
    this.#cores = cores;
    this.#sealing = sealing;
  }

  /** Available once the first entry (a segment header) was taken. */
  get core(): Core {
    if (this.#core === null) throw new Error('replay begins with a segment header');
    return this.#core;
  }

  take(entry: ReplayEntry): void {
    this.lastAt = Math.max(this.lastAt, entry.at);
    if (entry.kind === SEGMENT) this.#header(entry);
    else if (entry.kind === 'start') this.#start(entry.body as StartBody);
    else if (entry.kind === 'step') this.#step(entry);
    else if (entry.kind === 'quiet') this.#quiet(entry);
    // Other kinds are notes for people.
  }

  #header({ seq, body }: ReplayEntry): void {
    const record = JSON.parse((body as { readonly snapshot: string }).snapshot) as StateRecord;
    const known = this.#core;
    const reached = known === null ? record.core : this.#sealing.seal(known.snapshot());
    if (reached !== record.core) this.#differs(seq, 'the state reached');
    if (known === null || JSON.stringify(this.options) !== JSON.stringify(record.options)) {
      this.#core = this.#cores.restore(record.options, this.#sealing.unseal(record.core));
    }
    this.options = record.options;
    this.clock = record.clock;
    this.version = record.version;
    this.eventSeq = record.eventSeq;
  }

  #start(body: StartBody): void {
    this.clock = body.clock;
    this.version = body.version;
  }

  #step({ seq, at, body }: ReplayEntry): void {
    const { input, digest } = this.#unsealed(body) as StepBody;
    const outputs = this.#feed(input, at);
    this.replayed += 1;
    if (digestOf(this.#sealing.seal(JSON.stringify(outputs))) !== digest) this.#differs(seq, inputText(input));
  }

  #quiet({ seq, body }: ReplayEntry): void {
    for (const [at, input] of unpackQuiet(body as QuietBody, this.#sealing.unseal)) {
      this.replayed += 1;
      if (this.#feed(input, at).length > 0) this.#differs(seq, inputText(input));
    }
  }

  #feed(input: CoreInput, at: Ms): readonly CoreOutput[] {
    const outputs = this.core.step(input, at);
    for (const output of outputs) if (!acts(output)) this.eventSeq += 1;
    this.lastAt = Math.max(this.lastAt, at);
    return outputs;
  }

  #unsealed(body: unknown): unknown {
    return JSON.parse(this.#sealing.unseal(JSON.stringify(body)));
  }

  #differs(seq: number, what: string): void {
    this.difference ??= `entry ${seq}: ${what} (written by version ${this.version ?? 'unknown'})`;
  }
}

/** How long replay may keep others waiting at a time. */
const SLICE_MS = 10;

export async function replayAll(entries: Iterable<ReplayEntry>, replay: Replay): Promise<void> {
  let begun = performance.now();
  for (const entry of entries) {
    replay.take(entry);
    if (performance.now() - begun < SLICE_MS) continue;
    await new Promise((resolve) => setImmediate(resolve));
    begun = performance.now();
  }
}

/** What `journal verify` says. `chain` is what walking the hash chain found. */
export function verification(
  chain: {
    readonly entries: number;
    readonly segments: number;
    readonly firstSeq: number;
    readonly lastHash: string;
  },
  replay: Replay | null,
): JournalVerification {
  const { entries, segments, firstSeq, lastHash } = chain;
  return {
    intact: true,
    entries,
    segments,
    firstSeq,
    lastHash,
    replayed: replay?.replayed ?? null,
    firstDifference: replay?.difference ?? null,
  };
}
