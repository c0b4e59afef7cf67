/** Everything wrong with an experiment, each with its path, a stable code and what to do; found in one reading. */
import type { ErrorCode } from '../../model/error-codes.ts';
import { HoldfastError } from '../../model/errors.ts';
import { nearest } from '../../model/suggest.ts';
import type { JsonMap } from './json.ts';

export type Path = readonly (string | number)[];

export interface Problem {
  readonly code: ErrorCode;
  readonly path: Path;
  readonly message: string;
  readonly remedy: string | undefined;
}

/** Read, but without effect; the run goes on. */
export interface Notice {
  readonly path: Path;
  readonly text: string;
}

/** `method[2].provider.url`; the whole file is `experiment`. */
export function formatPath(path: Path): string {
  if (path.length === 0) return 'experiment';
  return path
    .map((part, n) => {
      if (typeof part === 'number') return `[${part}]`;
      const plain = /^[A-Za-z_][\w-]*$/.test(part) ? part : `[${JSON.stringify(part)}]`;
      return n === 0 || plain.startsWith('[') ? plain : `.${plain}`;
    })
    .join('');
}

/** More are not shown: what lies behind them is seldom read. */
const MAX_PROBLEMS = 100;

export class Problems {
  readonly #problems: Problem[] = [];
  readonly #seen = new Set<string>();
  readonly notices: Notice[] = [];

  /** Once each: what is referred to is read once more at every reference. */
  add(code: ErrorCode, path: Path, message: string, remedy?: string): void {
    const key = `${code} ${formatPath(path)} ${message}`;
    if (this.#seen.has(key) || this.#problems.length >= MAX_PROBLEMS) return;
    this.#seen.add(key);
    this.#problems.push({ code, path, message, remedy });
  }

  get list(): readonly Problem[] {
    return this.#problems;
  }

  /**
   * A key that is near to a known one is a slip, and an error. Any other foreign key is left alone with a notice,
   * because existing files carry keys of other tools, which Chaos Toolkit ignores too.
   */
  keys(map: JsonMap, path: Path, known: readonly string[], strict = false): void {
    for (const key of Object.keys(map)) {
      if (known.includes(key) || key.startsWith('x-')) continue;
      const near = nearest(key, known);
      if (near !== null)
        this.add('HF8103', [...path, key], `unknown key ${JSON.stringify(key)}`, `Did you mean ${near}?`);
      else if (strict)
        this.add('HF8103', [...path, key], `unknown key ${JSON.stringify(key)}`, `The keys are ${known.join(', ')}.`);
      else this.notices.push({ path: [...path, key], text: 'is not a key of the format and has no effect' });
    }
  }

  throwIfAny(): void {
    const [first, ...others] = this.#problems.map(
      ({ code, path, message, remedy }) =>
        [code, `${formatPath(path)}: ${message}`, remedy === undefined ? {} : { remedy }] as const,
    );
    if (first === undefined) return;
    const [code, message, details] = first;
    throw new HoldfastError(code, message, { ...details, others: others.map((other) => new HoldfastError(...other)) });
  }
}
