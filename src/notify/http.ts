/**
 * A POST to a receiver, and what its answer means: 2xx is delivered; 408, 425, 429, 5xx, no answer and no connection
 * are worth another try; everything else says that this request will never be taken. Redirects are not followed: the
 * request carries credentials, and where they go is for the operator to say.
 */
import { readFileSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { HoldfastError } from '../model/errors.ts';
import type { Ms } from '../model/time.ts';
import type { Outcome } from './contract.ts';
import { longestFirst, shown, type Target, usage } from './target.ts';

export interface PostRequest {
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Pieces that must not be shown, besides those of the address. */
  readonly secrets?: readonly string[];
  readonly signal: AbortSignal;
}

/** What is read of an answer that says no. */
const EXCERPT_BYTES = 1_024;
/** Thousands of silences are less. */
const MAX_ANSWER = 16 * 1_048_576;
const TRY_AGAIN = new Set([408, 425, 429]);

/** Posts JSON to one address, with the credentials that it was given. */
export class Poster {
  readonly #target: Target;
  readonly #url: URL;
  readonly #tokenFile: SecretFile | null;

  /** `url`: when it is not the address itself that is called. HF7002 when the file of a token cannot be read. */
  constructor(target: Target, url: URL = target.url) {
    this.#target = target;
    this.#url = url;
    this.#tokenFile = SecretFile.of(target, 'token-file');
  }

  async post(request: PostRequest): Promise<Outcome> {
    return (await this.call('POST', this.#url, request)).outcome;
  }

  /** Another method, or another address of the same receiver; `json` is what it answered when it took the request. */
  async call(
    method: 'GET' | 'POST' | 'DELETE',
    url: URL,
    { body, headers = {}, secrets = [], signal }: Omit<PostRequest, 'body'> & { readonly body?: string },
  ): Promise<{ readonly outcome: Outcome; readonly json: unknown }> {
    const token = await this.#tokenFile?.token();
    const authorization = token === undefined ? this.#target.authorization : `Bearer ${token}`;
    let response: Response;
    try {
      response = await fetch(url, {
        method,
        ...(body === undefined ? {} : { body }),
        headers: {
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          'user-agent': 'holdfast',
          ...(authorization === null ? {} : { authorization }),
          ...headers,
        },
        redirect: 'manual',
        signal,
      });
    } catch (error) {
      const why = signal.aborted ? 'no answer in time' : connectionTrouble(error);
      return { outcome: { kind: 'retry', why, afterMs: null }, json: null };
    }
    if (method === 'GET' && response.ok) return { outcome: { kind: 'delivered' }, json: await jsonOf(response) };
    const hidden = [...this.#target.secrets, ...secrets, ...(token === undefined ? [] : [token])];
    return { outcome: await outcomeOf(response, longestFirst(hidden)), json: null };
  }
}

/** null for what is none, and for an answer that is cut short or too long to be one. */
async function jsonOf(response: Response): Promise<unknown> {
  try {
    const text = await response.text();
    return text.length > MAX_ANSWER ? null : JSON.parse(text);
  } catch {
    return null;
  }
}

async function outcomeOf(response: Response, hidden: readonly string[]): Promise<Outcome> {
  const { status } = response;
  if (status >= 200 && status < 300) {
    await response.body?.cancel().catch(() => undefined);
    return { kind: 'delivered' };
  }
  const said = shown(await excerpt(response), hidden);
  const why = `it answers ${status}${said === '' ? '' : `: ${said}`}`;
  if (status >= 500 || TRY_AGAIN.has(status)) {
    return { kind: 'retry', why, afterMs: retryAfterMs(response.headers.get('retry-after'), Date.now()) };
  }
  const moved = status >= 300 && status < 400;
  return { kind: 'refused', why: moved ? `it answers ${status}, a redirect: give the address it leads to` : why };
}

/** Codes are safe to show; messages of the libraries below may hold the address. */
function connectionTrouble(error: unknown): string {
  for (let at = error, depth = 0; at instanceof Error && depth < 4; at = at.cause, depth++) {
    const { code } = at as NodeJS.ErrnoException;
    if (typeof code === 'string' && /^[A-Z0-9_]+$/.test(code)) return WORDS[code] ?? code;
  }
  return 'no connection';
}

const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  UND_ERR_SOCKET: 'connection closed without an answer',
  ENOTFOUND: 'its host name is not known',
  EAI_AGAIN: 'its host name cannot be looked up',
  EHOSTUNREACH: 'its host cannot be reached',
  ENETUNREACH: 'its network cannot be reached',
  ETIMEDOUT: 'no connection in time',
  UND_ERR_CONNECT_TIMEOUT: 'no connection in time',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is signed by nobody known (NODE_EXTRA_CA_CERTS names a file of more)',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is signed by nobody known (NODE_EXTRA_CA_CERTS names a file of more)',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    'its certificate is signed by nobody known (NODE_EXTRA_CA_CERTS names a file of more)',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another host',
};

async function excerpt(response: Response): Promise<string> {
  const reader = response.body?.getReader();
  if (reader === undefined) return '';
  const parts: Uint8Array[] = [];
  let bytes = 0;
  try {
    while (bytes < EXCERPT_BYTES) {
      const { done, value } = await reader.read();
      if (done) break;
      parts.push(value);
      bytes += value.length;
    }
  } catch {
    // Cut short by the time limit: the status says enough.
  }
  await reader.cancel().catch(() => undefined);
  return Buffer.concat(parts).toString('utf8', 0, EXCERPT_BYTES);
}

/** Seconds, or a date; null for neither. */
export function retryAfterMs(header: string | null, nowWallMs: number): Ms | null {
  if (header === null) return null;
  if (/^\d+$/.test(header.trim())) return Number(header) * 1_000;
  const at = Date.parse(header);
  return Number.isNaN(at) ? null : Math.max(0, at - nowWallMs);
}

/**
 * Text that is kept in a file, so that it is on no command line. Read for every attempt: a secret that was renewed
 * is used without a restart.
 */
export class SecretFile {
  readonly #file: string;

  private constructor(file: string) {
    this.#file = file;
  }

  /** null when the option is not given. HF7002 when its file is no good: better said at the start than at a page. */
  static of(target: Target, option: string): SecretFile | null {
    const file = target.options.text(option);
    if (file === null) return null;
    try {
      // Reading anything else (a pipe) may take for ever.
      if (!statSync(file).isFile()) throw usage(`${file} is no file`, REMEDY);
      contentOf(file, readFileSync(file, 'utf8'));
    } catch (error) {
      throw usage(`--notify ${target.name}: ${readTrouble(file, error).message}`, REMEDY);
    }
    return new SecretFile(file);
  }

  async read(): Promise<string> {
    try {
      return contentOf(this.#file, await readFile(this.#file, 'utf8'));
    } catch (error) {
      throw readTrouble(this.#file, error);
    }
  }

  /** One that fits into a header. */
  async token(): Promise<string> {
    const text = await this.read();
    if (!/^[\x21-\x7e]+$/.test(text)) throw usage(`${this.#file} holds more than a token`, REMEDY);
    return text;
  }
}

function contentOf(file: string, text: string): string {
  const content = text.trim();
  if (content === '') throw usage(`${file} is empty`, REMEDY);
  return content;
}

function readTrouble(file: string, error: unknown): HoldfastError {
  if (error instanceof HoldfastError) return error;
  return usage(`${file} cannot be read: ${(error as NodeJS.ErrnoException).code ?? 'unknown'}`, REMEDY);
}

const REMEDY = 'Name a file that holds the secret alone.';
