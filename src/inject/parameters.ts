/** Reading the parameters of a fault: every one has a name, a range and a default, and a stray one is an error. */
import { HoldfastError } from '../model/errors.ts';

type Given = Readonly<Record<string, unknown>>;

export class Parameters {
  readonly #kind: string;
  readonly #given: Given;
  readonly #seen = new Set<string>();

  constructor(kind: string, given: Given) {
    this.#kind = kind;
    this.#given = given;
  }

  /** Within [low, high]; `otherwise` undefined: it must be given. */
  number(name: string, low: number, high: number, otherwise?: number): number {
    const value = this.#take(name, otherwise);
    if (typeof value === 'number' && value >= low && value <= high) return value;
    throw this.#wrong(name, `a number between ${low} and ${high}`, value);
  }

  integer(name: string, low: number, high: number, otherwise?: number): number {
    const value = this.number(name, low, high, otherwise);
    if (Number.isInteger(value)) return value;
    throw this.#wrong(name, 'a whole number', value);
  }

  oneOf<T extends string>(name: string, words: readonly T[], otherwise?: T): T {
    const value = this.#take(name, otherwise);
    const word = words.find((each) => each === value);
    if (word !== undefined) return word;
    throw this.#wrong(name, `one of ${words.join(', ')}`, value);
  }

  /** False when it is not given. */
  flag(name: string): boolean {
    const value = this.#take(name, false);
    if (typeof value === 'boolean') return value;
    throw this.#wrong(name, 'true or false', value);
  }

  /** Empty when it is not given. */
  texts(name: string): readonly string[] {
    const value = this.#take(name, []);
    if (Array.isArray(value) && value.every((each) => typeof each === 'string')) return value;
    throw this.#wrong(name, 'a list of texts', value);
  }

  text(name: string, pattern: RegExp, otherwise: string): string {
    const value = this.#take(name, otherwise);
    if (typeof value === 'string' && (value === otherwise || pattern.test(value))) return value;
    throw this.#wrong(name, `a text like ${pattern.source}`, value);
  }

  /** To be called last: HF6004 when something was given that nobody asked for. */
  end(): void {
    const stray = Object.keys(this.#given).find((name) => !this.#seen.has(name));
    if (stray === undefined) return;
    const known = [...this.#seen].sort().join(', ') || 'none';
    throw new HoldfastError('HF6004', `fault ${this.#kind} has no parameter ${stray} (it has: ${known})`);
  }

  #take(name: string, otherwise: unknown): unknown {
    this.#seen.add(name);
    return this.#given[name] ?? otherwise;
  }

  #wrong(name: string, wanted: string, value: unknown): HoldfastError {
    const got = value === undefined ? 'it is missing' : `not ${JSON.stringify(value)}`;
    return new HoldfastError('HF6004', `fault ${this.#kind}: ${name} is ${wanted}, ${got}`);
  }
}
