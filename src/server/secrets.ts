/**
 * Keeps secrets out of the journal. The journal must be able to give back exactly what the core was told, so a secret
 * is not blanked but replaced by a mark, and its value is kept in the store, which nobody copies around to show what
 * happened. A journal without its store replays to nothing useful; a journal alone tells no secret.
 *
 * What counts as secret: environment values whose name says so, and passwords inside URLs.
 */
import { createHmac, randomBytes } from 'node:crypto';
import type { SystemSpec } from '../model/spec.ts';

/** What is needed of the store: get, list and put, each durable. */
export interface SecretVault {
  load(): Promise<ReadonlyMap<string, string>>;
  save(entries: ReadonlyMap<string, string>): Promise<void>;
}

const NAME = /passw(or)?d|passphrase|secret|token|api_?key|private_?key|access_?key|credential|_pwd$|^pwd_/i;
const URL_PASSWORD = /[a-z][a-z0-9+.-]*:\/\/[^\s:/@]*:([^\s/@]+)@/gi;
/** Shorter values would be found inside ordinary words, and are no secrets worth the name. */
const MIN_LENGTH = 6;
const KEY = 'key';
const MARK = /holdfast-secret-([0-9a-f]{16})/g;

export class Secrets {
  readonly #vault: SecretVault;
  readonly #key: string;
  readonly #byId: Map<string, string>;
  /** Escaped as in JSON text → mark. */
  #marks = new Map<string, string>();
  #pattern: RegExp | null = null;

  private constructor(vault: SecretVault, key: string, byId: Map<string, string>) {
    this.#vault = vault;
    this.#key = key;
    this.#byId = byId;
    this.#index();
  }

  static async open(vault: SecretVault): Promise<Secrets> {
    const known = new Map(await vault.load());
    const key = known.get(KEY) ?? randomBytes(32).toString('hex');
    if (!known.has(KEY)) await vault.save(new Map([[KEY, key]]));
    known.delete(KEY);
    return new Secrets(vault, key, known);
  }

  /** Learns the secrets of a spec; when it resolves they are kept durably and may be sealed. */
  async learn(spec: SystemSpec): Promise<void> {
    const fresh = new Map<string, string>();
    for (const value of secretsOf(spec)) {
      const id = createHmac('sha256', this.#key).update(value).digest('hex').slice(0, 16);
      if (!this.#byId.has(id)) fresh.set(id, value);
    }
    if (fresh.size === 0) return;
    await this.#vault.save(fresh);
    for (const [id, value] of fresh) this.#byId.set(id, value);
    this.#index();
  }

  /** JSON text with every known secret replaced by its mark. */
  readonly seal = (json: string): string => {
    if (this.#pattern === null) return json;
    return json.replace(this.#pattern, (found) => this.#marks.get(found) ?? found);
  };

  /** The other way round. Marks of unknown secrets stay. */
  readonly unseal = (json: string): string =>
    json.replace(MARK, (mark: string, id: string) => {
      const value = this.#byId.get(id);
      return value === undefined ? mark : escaped(value);
    });

  /**
   * One pattern for all, longest first, because a secret may contain another; and escape sequences as a whole, so
   * that no match begins inside one.
   */
  #index(): void {
    this.#marks = new Map([...this.#byId].map(([id, value]) => [escaped(value), `holdfast-secret-${id}`]));
    const texts = [...this.#marks.keys()].sort((a, b) => b.length - a.length);
    const literals = texts.map((text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
    this.#pattern = literals.length === 0 ? null : new RegExp([...literals, '\\\\.'].join('|'), 'gs');
  }
}

export function secretsOf(spec: SystemSpec): ReadonlySet<string> {
  const found = new Set<string>();
  for (const service of Object.values(spec.services)) {
    for (const [name, value] of Object.entries(service.run.environment)) if (NAME.test(name)) found.add(value);
    for (const text of [...Object.values(service.run.environment), ...service.run.command]) {
      for (const match of text.matchAll(URL_PASSWORD)) found.add(match[1] as string);
    }
  }
  return new Set([...found].filter((value) => value.length >= MIN_LENGTH));
}

function escaped(value: string): string {
  return JSON.stringify(value).slice(1, -1);
}
