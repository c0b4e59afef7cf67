/**
 * The values of one run: configuration and secrets looked up in an environment that is handed in, filled into texts
 * where they are asked for (`${name}`, `$name`; `$$` is a dollar sign), and kept out of everything that is written.
 */
import { HoldfastError } from '../../model/errors.ts';
import { isList, isMap, type Json, type JsonMap, mapTexts } from './json.ts';
import { formatPath } from './problems.ts';
import type { Experiment, Source } from './types.ts';

/** Name → value, for environment variables. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Path as it is written in the experiment → content. */
export type Files = Readonly<Record<string, string>>;

const REFERENCE = /\$(?:(\$)|([A-Za-z_][A-Za-z0-9_]*)|\{([A-Za-z_][A-Za-z0-9_]*)\})/g;
const WHOLE = /^\$\{([A-Za-z_][A-Za-z0-9_]*)\}$/;
/** Shorter secrets are not searched for in answers: `a` is everywhere, and hiding it would tell it. */
const MIN_SECRET = 4;
const HIDDEN = '***';

export class Values {
  readonly #values: ReadonlyMap<string, Json>;
  readonly #hidden: readonly string[];

  /** Throws HF8107 with every variable and file that is missing. `overrides` win over what the file says. */
  constructor(
    experiment: Experiment,
    environment: Environment,
    overrides: Readonly<Record<string, Json>> = {},
    files: Files = {},
  ) {
    const missing: HoldfastError[] = [];
    const secrets: Json[] = [];
    const look = (path: readonly string[], source: Source): Json => {
      if (source.from === 'inline') return source.value;
      if (source.from === 'file') {
        const text = Object.hasOwn(files, source.path) ? files[source.path]?.replace(/\r?\n$/, '') : undefined;
        // Whoever keeps a value in a file of its own does not want it told, whatever it is called.
        if (text !== undefined) secrets.push(text);
        else missing.push(lacksFile(`${formatPath(path)}: file ${source.path} was not handed over`));
        return text ?? null;
      }
      const found = environment[source.key] ?? source.fallback;
      if (found !== undefined) return typed(found, source.type);
      const message = `${formatPath(path)}: environment variable ${source.key} is not set`;
      missing.push(new HoldfastError('HF8107', message));
      return null;
    };
    const values = new Map<string, Json>();
    for (const [group, keys] of Object.entries(experiment.secrets)) {
      for (const [key, source] of Object.entries(keys)) {
        const value = look(['secrets', group, key], source);
        secrets.push(value);
        if (!values.has(key)) values.set(key, value);
      }
    }
    // Configuration stands above secrets of the same name.
    for (const [key, source] of Object.entries(experiment.configuration))
      values.set(key, Object.hasOwn(overrides, key) ? null : look(['configuration', key], source));
    for (const [key, value] of Object.entries(overrides)) values.set(key, value);
    const [first, ...others] = missing;
    if (first !== undefined) throw new HoldfastError(first.code, first.message, { others });
    this.#values = values;
    // As they stand in addresses and in JSON, too.
    const forms = (text: string): readonly string[] => [text, addressed(text), JSON.stringify(text).slice(1, -1)];
    const hidden = secrets.flatMap(texts).flatMap(forms);
    this.#hidden = [...new Set(hidden)].sort((a, b) => b.length - a.length);
  }

  /** A text that is nothing but `${name}` becomes the value in its own type; unknown names stay as they are. */
  fill(value: Json): Json {
    return mapTexts(value, (text) => {
      const whole = WHOLE.exec(text)?.[1];
      const single = whole === undefined ? undefined : this.#values.get(whole);
      return single ?? this.fillText(text);
    });
  }

  fillText(text: string): string {
    return this.#filled(text, (value) => value);
  }

  #filled(text: string, quote: (value: string) => string): string {
    return text.replace(REFERENCE, (all, dollar: string | undefined, bare: string, braced: string) => {
      if (dollar !== undefined) return '$';
      const value = this.#values.get(bare ?? braced);
      return value === undefined ? all : quote(typeof value === 'string' ? value : JSON.stringify(value));
    });
  }

  /** An address: what is filled into it is quoted, so that a password may hold `@` and `/`; a whole address stays one. */
  fillAddress(address: string): string {
    const whole = WHOLE.exec(address);
    return whole ? this.fillText(address) : this.#filled(address, encodeURIComponent);
  }

  /** The same value with every secret in it replaced: what may be journaled and shown. */
  hide(value: Json): Json {
    if (this.#hidden.length === 0) return value;
    return mapTexts(value, (text) => this.hideText(text));
  }

  hideText(text: string): string {
    return this.#hidden.reduce((shown, secret) => shown.replaceAll(secret, HIDDEN), text);
  }
}

/** `scheme://user:password@`, unless the password is a reference, which tells nothing. */
const URL_PASSWORD = /(:\/\/[^\s:@/]*:)(?!\$)[^\s@/]+(?=@)/g;

/** The experiment as it may be journaled: secrets and passwords that are written into the file are not. */
export function withoutSecrets(experiment: Experiment): Json {
  const { secrets, ...rest } = experiment.raw;
  const raw = mapTexts(rest, (text) => text.replace(URL_PASSWORD, `$1${HIDDEN}`)) as JsonMap;
  return isMap(secrets) ? { ...raw, secrets: veil(secrets) } : secrets === undefined ? raw : { ...raw, secrets };
}

function veil(value: Json): Json {
  if (isMap(value) && (value.type === 'env' || value.type === 'vault' || value.type === 'file'))
    return Object.hasOwn(value, 'default') ? { ...value, default: HIDDEN } : value;
  if (isList(value)) return value.map(veil);
  if (isMap(value)) return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, veil(item)]));
  return HIDDEN;
}

/** HF8107 of a file: setting a variable would not help. */
export function lacksFile(message: string): HoldfastError {
  return new HoldfastError('HF8107', message, {
    remedy: 'Hand it over: `holdfast prove` reads it beside the experiment.',
  });
}

/** What is no text (half of a pair of surrogates) stands in no address. */
function addressed(text: string): string {
  try {
    return encodeURIComponent(text);
  } catch {
    return text;
  }
}

function texts(value: Json): readonly string[] {
  if (typeof value === 'string') return value.length >= MIN_SECRET ? [value] : [];
  if (isList(value)) return value.flatMap(texts);
  return isMap(value) ? Object.values(value).flatMap(texts) : [];
}

function typed(value: Json, type: 'str' | 'int' | 'float' | 'bool' | 'json'): Json {
  if (typeof value !== 'string' || type === 'str') return value;
  if (type === 'json') {
    try {
      return JSON.parse(value) as Json;
    } catch {
      return value;
    }
  }
  if (type === 'bool') return ['1', 'true', 'yes', 'on'].includes(value.toLowerCase());
  const number = Number(value);
  if (Number.isNaN(number) || value.trim() === '') return value;
  return type === 'int' ? Math.trunc(number) : number;
}
