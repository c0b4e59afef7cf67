/**
 * Keeps the silences of receivers that have their own in step with ours. One attempt at a time for each; what failed is
 * tried again at the next look, and what was done is checked again every few minutes: a receiver may forget.
 */
import type { Ms } from '../model/time.ts';
import type { Notifier, SilenceNotice } from './contract.ts';
import type { Log } from './courier.ts';

const CHECK_MS: Ms = 120_000;

interface State {
  /** What the receiver was told last, as text; null: nothing yet. */
  done: string | null;
  doneAt: Ms;
  busy: boolean;
  trouble: string | null;
}

export class Hush {
  readonly #states = new Map<Notifier, State>();
  readonly #now: () => Ms;
  readonly #log: Log;
  #closed = false;

  constructor(notifiers: readonly Notifier[], now: () => Ms, log: Log) {
    this.#now = now;
    this.#log = log;
    for (const notifier of notifiers) {
      if (notifier.silence) this.#states.set(notifier, { done: null, doneAt: 0, busy: false, trouble: null });
    }
  }

  look(wanted: readonly SilenceNotice[], holdfast: string): void {
    const text = JSON.stringify(wanted);
    for (const [notifier, state] of this.#states) {
      const due = state.done !== text || (wanted.length > 0 && this.#now() - state.doneAt >= CHECK_MS);
      if (!due || state.busy || this.#closed) continue;
      state.busy = true;
      void this.#tell(notifier, state, wanted, text, holdfast).finally(() => {
        state.busy = false;
      });
    }
  }

  close(): void {
    this.#closed = true;
  }

  async #tell(
    notifier: Notifier,
    state: State,
    wanted: readonly SilenceNotice[],
    text: string,
    holdfast: string,
  ): Promise<void> {
    const signal = AbortSignal.timeout(notifier.timeoutMs);
    const outcome = await notifier.silence?.(wanted, holdfast, signal).catch((error: unknown) => {
      return { kind: 'retry', why: error instanceof Error ? error.message : String(error), afterMs: null } as const;
    });
    if (outcome?.kind === 'delivered') {
      if (state.done !== text && wanted.length > 0)
        this.#log({ level: 'info', text: `${wanted.map(({ id }) => id).join(', ')} silenced in ${notifier.name}` });
      Object.assign(state, { done: text, doneAt: this.#now(), trouble: null });
      return;
    }
    if (outcome && outcome.why !== state.trouble) {
      this.#log({ level: 'warn', text: `silences could not be told to ${notifier.name}: ${outcome.why}` });
      state.trouble = outcome.why;
    }
  }
}
