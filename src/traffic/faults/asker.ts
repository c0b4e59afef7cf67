/** Questions about network faults to the traffic process, and the answers that belong to them. */
import { HoldfastError } from '../../model/errors.ts';
import type { Ms } from '../../model/time.ts';
import type { FaultAnswer, FaultWork, ToTraffic } from '../protocol.ts';

/** It answers at once; later it hangs. */
const ANSWER_MS: Ms = 5_000;

interface Asked {
  readonly resolve: (answer: FaultAnswer) => void;
  readonly reject: (error: HoldfastError) => void;
  readonly timer: NodeJS.Timeout;
}

export class FaultAsker {
  readonly #send: (message: ToTraffic) => void;
  readonly #asked = new Map<number, Asked>();
  #next = 1;
  #knowsFaults = false;

  constructor(send: (message: ToTraffic) => void) {
    this.#send = send;
  }

  connected(knowsFaults: boolean): void {
    this.#knowsFaults = knowsFaults;
  }

  lost(): void {
    for (const ask of [...this.#asked.keys()]) this.#fail(ask, 'the traffic process went away');
  }

  ask(work: FaultWork): Promise<FaultAnswer> {
    if (!this.#knowsFaults)
      throw new HoldfastError('HF4003', 'the running traffic process knows nothing of network faults');
    const ask = this.#next++;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#fail(ask, 'the traffic process did not answer in time'), ANSWER_MS);
      this.#asked.set(ask, { resolve, reject, timer });
      this.#send({ kind: 'fault', ask, work });
    });
  }

  answered(ask: number, answer: FaultAnswer): void {
    const asked = this.#take(ask);
    if (asked === undefined) return;
    const { error } = answer;
    if (error === null) asked.resolve(answer);
    else asked.reject(new HoldfastError(error.code, error.message, { remedy: error.remedy }));
  }

  #fail(ask: number, why: string): void {
    this.#take(ask)?.reject(new HoldfastError('HF4002', why));
  }

  #take(ask: number): Asked | undefined {
    const asked = this.#asked.get(ask);
    if (asked === undefined) return undefined;
    this.#asked.delete(ask);
    clearTimeout(asked.timer);
    return asked;
  }
}
