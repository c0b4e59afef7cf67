/** Resolves names as a program does that is started the same way as a struck instance, and compares. */
import { execFile } from 'node:child_process';
import type { Ms } from '../../model/time.ts';

export interface Expected {
  readonly name: string;
  /** fail: none, at once; timeout: none for as long as is waited; known: any; else the address that comes first. */
  readonly answer: string;
}

/** No answer for so long is none; resolvers wait 5 s for each server. */
const PATIENCE_MS: Ms = 2_000;

export class NamesProbe {
  readonly #wrapper: readonly string[];
  readonly #expected: readonly Expected[];
  readonly #met = new Set<string>();
  #asking = 0;

  constructor(wrapper: readonly string[], expected: readonly Expected[]) {
    this.#wrapper = wrapper;
    this.#expected = expected;
  }

  /** Answers are waited for. */
  get isAsking(): boolean {
    return this.#asking > 0;
  }

  /** When it was last answered. */
  isMet(name: string): boolean {
    return this.#met.has(name);
  }

  /** Returns at once; what has not been answered since the last time is not asked again. */
  ask(): void {
    if (this.#asking > 0) return;
    for (const { name, answer } of this.#expected) {
      this.#asking++;
      const options = { encoding: 'utf8', timeout: PATIENCE_MS, killSignal: 'SIGKILL' } as const;
      const [file = '', ...args] = [...this.#wrapper, 'getent', 'ahosts', name];
      execFile(file, args, options, (error, stdout) => {
        this.#asking--;
        const address = stdout.split(/\s/)[0] ?? '';
        if (isAsAsked(answer, address, error?.killed === true)) this.#met.add(name);
        else this.#met.delete(name);
      });
    }
  }
}

function isAsAsked(answer: string, address: string, silent: boolean): boolean {
  if (answer === 'timeout') return silent;
  if (silent) return false;
  if (answer === 'fail') return address === '';
  return answer === 'known' ? address !== '' : address === answer;
}
