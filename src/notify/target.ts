/**
 * The address of a receiver as an operator writes it: `KIND+https://user:password@host:port/path?query#option=value`.
 * What comes after `#` are options of ours: a fragment is never sent, so they cannot clash with what the receiver
 * wants in its query.
 *
 * An address may hold secrets anywhere but in its host. So its name, which is all that anybody gets to see, is made of
 * the scheme and the host alone; and whatever a receiver answers is cleaned of the rest before it is shown.
 */
import { HoldfastError } from '../model/errors.ts';
import { type Ms, parseDuration } from '../model/time.ts';

export interface Target {
  readonly kind: string;
  /** What to call: without user, password and options. */
  readonly url: URL;
  /** `Basic …` from the user and password of the address; null without. */
  readonly authorization: string | null;
  readonly options: TargetOptions;
  /** Safe to show: `webhook+https://hooks.example.com/…`. */
  readonly name: string;
  /** Pieces of the address that must not be shown, longest first. */
  readonly secrets: readonly string[];
}

/** Options that every kind of receiver has. All of them are described in docs/notify.md. */
export const COMMON_OPTIONS = {
  'token-file': 'a file with a token, sent as `Authorization: Bearer`',
  timeout: 'how long an attempt may take',
  dashboard: 'where people reach the dashboard, for the link',
} as const;

export const DEFAULT_TIMEOUT_MS = 10_000;
/** Longer, and a receiver that hangs would hold up what waits behind it. */
const MAX_TIMEOUT_MS = 120_000;
/** Shorter pieces of an address are found inside ordinary words, and are no secrets worth the name. */
const MIN_SECRET = 4;

/** Options of one target, taken one by one; each with an error that says what was expected. */
export class TargetOptions {
  readonly #values: ReadonlyMap<string, string>;
  readonly #name: string;

  constructor(values: ReadonlyMap<string, string>, name: string) {
    this.#values = values;
    this.#name = name;
  }

  text(option: string): string | null {
    return this.#values.get(option) ?? null;
  }

  duration(option: string, fallback: Ms, least: Ms, most: Ms): Ms {
    const text = this.text(option);
    if (text === null) return fallback;
    const ms = parseDuration(text);
    if (ms === undefined || ms < least || ms > most) {
      const range = `a duration from ${least / 1_000}s to ${most / 1_000}s`;
      throw usage(`--notify ${this.#name}: ${option} is not ${range}`, `Write ${option}=10s, for example.`);
    }
    return ms;
  }

  get timeoutMs(): Ms {
    return this.duration('timeout', DEFAULT_TIMEOUT_MS, 100, MAX_TIMEOUT_MS);
  }

  /** Without a slash at the end. */
  get dashboard(): string | null {
    const text = this.text('dashboard');
    if (text === null) return null;
    const url = parsed(text);
    if (url === null || url.hash !== '' || url.search !== '') {
      throw usage(
        `--notify ${this.#name}: dashboard is not the address of a web page`,
        'Write dashboard=https://HOST.',
      );
    }
    return url.href.replace(/\/+$/, '');
  }
}

/** `forms` is what may be written, for the error. HF7002 for what cannot be understood. */
export function parseTarget(text: string, kinds: ReadonlyMap<string, readonly string[]>, forms: string): Target {
  const remedy = `Write ${forms}.`;
  const match = /^([a-z][a-z0-9-]*)\+(https?:\/\/.+)$/i.exec(text);
  const kind = match?.[1]?.toLowerCase() ?? '';
  const known = kinds.get(kind);
  if (match === null || known === undefined)
    throw usage(`--notify ${beginning(text)} names no kind of receiver`, remedy);
  const url = parsed(match[2] as string);
  if (url === null) throw usage(`--notify ${kind}+… is not an address`, remedy);
  const name = `${kind}+${url.protocol}//${url.host}${url.pathname === '/' && url.search === '' ? '' : '/…'}`;
  const options = new TargetOptions(optionsOf(url, name, known), name);
  const authorization = authorizationOf(url, name);
  const secrets = secretsIn(url, authorization);
  url.hash = '';
  url.username = '';
  url.password = '';
  return { kind, url, authorization, options, name, secrets };
}

/** An error of the command line, of which the address itself is no part. */
export function usage(message: string, remedy: string): HoldfastError {
  return new HoldfastError('HF7002', message, { remedy });
}

/** Text of a receiver for people: one line, short, and without what is secret. */
export function shown(text: string, secrets: readonly string[]): string {
  const clean = secrets.reduce((rest, secret) => rest.split(secret).join('…'), text);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  const line = clean.replace(/[\u0000-\u0020\u007f-\u009f]+/g, ' ').trim();
  return line.length > 200 ? `${line.slice(0, 199)}…` : line;
}

function parsed(text: string): URL | null {
  const url = URL.canParse(text) ? new URL(text) : null;
  return url !== null && /^https?:$/.test(url.protocol) && url.hostname !== '' ? url : null;
}

/** The scheme at most: whatever follows may be a secret. */
function beginning(text: string): string {
  const scheme = /^[a-z][a-z0-9+.-]{0,31}:\/\//i.exec(text)?.[0];
  return scheme === undefined ? '…' : `${scheme}…`;
}

function optionsOf(url: URL, name: string, known: readonly string[]): ReadonlyMap<string, string> {
  const allowed = [...Object.keys(COMMON_OPTIONS), ...known];
  const values = new Map<string, string>();
  for (const pair of url.hash.slice(1).split('&')) {
    if (pair === '') continue;
    const [option = '', ...rest] = pair.split('=');
    const remedy = `Options after # are ${allowed.join(', ')}.`;
    if (!allowed.includes(option)) throw usage(`--notify ${name} has an option that is not known`, remedy);
    if (values.has(option)) throw usage(`--notify ${name} has ${option} twice`, remedy);
    const value = decoded(rest.join('='));
    if (value === null || value === '') throw usage(`--notify ${name}: ${option} has no value`, remedy);
    values.set(option, value);
  }
  return values;
}

function authorizationOf(url: URL, name: string): string | null {
  if (url.username === '' && url.password === '') return null;
  const [user, password] = [decoded(url.username), decoded(url.password)];
  if (user === null || password === null)
    throw usage(`--notify ${name}: its user is badly encoded`, 'Write %25 for %.');
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

function secretsIn(url: URL, authorization: string | null): readonly string[] {
  const raw = [
    authorization?.slice('Basic '.length) ?? '',
    url.username,
    url.password,
    url.pathname,
    url.search,
    ...url.pathname.split('/'),
    ...[...url.searchParams].flat(),
  ];
  const found = new Set([...raw, ...raw.map((text) => decoded(text) ?? text)]);
  return longestFirst([...found].filter((text) => text.length >= MIN_SECRET));
}

export function longestFirst(texts: readonly string[]): readonly string[] {
  return [...texts].sort((a, b) => b.length - a.length);
}
