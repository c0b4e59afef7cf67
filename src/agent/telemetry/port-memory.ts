/**
 * Which port an intake that may take any had last time. Senders were told of it and go on sending there: a restart that
 * moves it would lose what they send until they are told anew.
 */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

export class PortMemory {
  readonly #file: string;
  readonly #ports: Map<string, number>;

  constructor(file: string) {
    this.#file = file;
    this.#ports = new Map(Object.entries(read(file)));
  }

  get(intake: string): number | null {
    return this.#ports.get(intake) ?? null;
  }

  /** Kept when it is news. A disk that does not take it costs the memory, not the intake. */
  keep(intake: string, port: number): void {
    if (this.#ports.get(intake) === port) return;
    this.#ports.set(intake, port);
    try {
      mkdirSync(dirname(this.#file), { recursive: true });
      writeFileSync(`${this.#file}.new`, JSON.stringify(Object.fromEntries(this.#ports)));
      renameSync(`${this.#file}.new`, this.#file);
    } catch {
      // The next start asks for the protocol's own port again.
    }
  }
}

function read(file: string): Record<string, number> {
  try {
    const known: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (typeof known !== 'object' || known === null) return {};
    return Object.fromEntries(Object.entries(known).filter(([, port]) => Number.isInteger(port) && port > 0));
  } catch {
    return {};
  }
}
