/**
 * Keeps secrets out of the journal without breaking replay. A secret is replaced by a placeholder that is the same
 * for the same secret (a keyed hash, so it cannot be guessed from the journal without the key), before the core sees
 * it: the core decides, computes revisions and takes snapshots on placeholders only, and the journal holds exactly
 * what the core saw. Changing a secret changes its placeholder, so a deploy is still seen as one.
 *
 *   redacted = redact(spec, key)            → core.step(apply redacted.value), journal, snapshot
 *   store: /secrets/<placeholder>           ← redacted.secrets, and the key (store.db is 0600)
 *   reveal(command, secrets)                → the agent, at the last moment, never logged
 *
 * What looks like a secret: any text under a key whose name says so, `NAME=text` and `--name text` with such a name,
 * and the password in a URL.
 */
import { createHmac } from 'node:crypto';
import { HoldfastError } from '../model/errors.ts';

export interface Redacted<T> {
  readonly value: T;
  /** Placeholder → secret, of those found in this value. */
  readonly secrets: ReadonlyMap<string, string>;
}

const SECRET_NAME = /PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|API[_-]?KEY|CREDENTIAL|PRIVATE/i;
const ASSIGNMENT = /^(-{0,2}([A-Za-z][\w.-]*)=)(.+)$/s;
const OPTION = /^--?([A-Za-z][\w-]*)$/;
/** scheme://user:password@host; the user may be empty (redis). */
const URL_PASSWORD = /(\b[a-z][a-z0-9+.-]*:\/\/[^\s/:@]*:)([^\s/@]+)(?=@)/gi;
const PLACEHOLDER = /secret:[0-9a-f]{32}/g;

export function looksSecret(name: string): boolean {
  return SECRET_NAME.test(name);
}

/** A copy of plain JSON data with every secret replaced. Redacting twice changes nothing more. */
export function redact<T>(value: T, key: string | Buffer): Redacted<T> {
  const secrets = new Map<string, string>();
  const hide = (secret: string): string => {
    if (secret === '' || isPlaceholder(secret)) return secret;
    const placeholder = `secret:${createHmac('sha256', key).update(secret).digest('hex').slice(0, 32)}`;
    secrets.set(placeholder, secret);
    return placeholder;
  };
  return { value: mapText(value, (text, under) => hideText(text, under, hide)) as T, secrets };
}

/** Puts the secrets back. HF2002 when one is not known: an instance must not start with a placeholder as password. */
export function reveal<T>(value: T, secrets: ReadonlyMap<string, string>): T {
  return mapText(value, (text) =>
    text.replace(PLACEHOLDER, (placeholder) => {
      const secret = secrets.get(placeholder);
      if (secret === undefined) throw new HoldfastError('HF2002', `the store does not hold ${placeholder}`);
      return secret;
    }),
  ) as T;
}

/** What a text stands under: the names of the keys above it say "secret", or the argument before it does. */
interface Under {
  readonly secret: boolean;
}

function hideText(text: string, under: Under, hide: (secret: string) => string): string {
  if (under.secret) return hide(text);
  const [, start, name, rest] = ASSIGNMENT.exec(text) ?? [];
  if (start !== undefined && name !== undefined && rest !== undefined && looksSecret(name)) return start + hide(rest);
  return text.replace(URL_PASSWORD, (_, before: string, password: string) => before + hide(password));
}

function mapText(value: unknown, map: (text: string, under: Under) => string, secret = false): unknown {
  if (typeof value === 'string') return map(value, { secret });
  if (Array.isArray(value)) {
    return value.map((item, index) => mapText(item, map, secret || namesSecret(value[index - 1])));
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [name, mapText(item, map, secret || looksSecret(name))]),
  );
}

/** `--password`, of which the next argument is the value. */
function namesSecret(argument: unknown): boolean {
  const name = typeof argument === 'string' ? OPTION.exec(argument)?.[1] : undefined;
  return name !== undefined && looksSecret(name);
}

function isPlaceholder(text: string): boolean {
  return /^secret:[0-9a-f]{32}$/.test(text);
}
