/** A value that is watched: the dashboard's only store. Changes are told together, at most every 50 ms. */
import { useEffect, useReducer, useRef } from 'preact/hooks';

const TELL_AFTER_MS = 50;

export class Cell<T> {
  #value: T;
  #timer: ReturnType<typeof setTimeout> | null = null;
  readonly #listeners = new Set<() => void>();

  constructor(value: T) {
    this.#value = value;
  }

  get value(): T {
    return this.#value;
  }

  /** `now`: what the user did himself is shown at once. */
  set(value: T, when: 'soon' | 'now' = 'soon'): void {
    if (Object.is(value, this.#value)) return;
    this.#value = value;
    if (when === 'now') this.#tell();
    else this.#timer ??= setTimeout(() => this.#tell(), TELL_AFTER_MS);
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #tell(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    for (const listener of [...this.#listeners]) listener();
  }
}

/** Renders again when what `select` picks is another value. */
export function useCell<T, S>(cell: Cell<T>, select: (value: T) => S): S {
  const [, again] = useReducer((n: number) => n + 1, 0);
  const selected = select(cell.value);
  const seen = useRef({ select, selected });
  seen.current = { select, selected };
  useEffect(() => {
    const look = (): void => {
      if (!Object.is(seen.current.select(cell.value), seen.current.selected)) again(undefined as never);
    };
    // It may have changed since this was rendered: nobody told us, and nobody may for long.
    look();
    return cell.subscribe(look);
  }, [cell]);
  return selected;
}
