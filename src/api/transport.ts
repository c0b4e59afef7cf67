/**
 * How the client's calls travel: fetch with a token, a deadline, and every failure as a HoldfastError. Streams (live
 * view, logs) are read as text and can be given up when they fall silent.
 */
import { ERROR_CODES } from '../model/error-codes.ts';
import { type ErrorBody, HoldfastError } from '../model/errors.ts';

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export interface CallOptions {
  readonly query?: Query;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export class Transport {
  readonly url: string;
  readonly timeoutMs: number;
  readonly #token: string | null;
  readonly #fetch: typeof fetch;

  constructor(url: string, token: string | null, timeoutMs: number, fetcher: typeof fetch | undefined) {
    this.url = url.replace(/\/+$/, '');
    this.timeoutMs = timeoutMs;
    this.#token = token;
    // Bound, because browsers refuse a fetch whose `this` is not the window.
    this.#fetch = fetcher ?? ((input, init) => globalThis.fetch(input, init));
  }

  async json(
    method: 'GET' | 'POST',
    path: string,
    options: CallOptions,
    timeoutMs: number = this.timeoutMs,
  ): Promise<unknown> {
    const response = await this.#send(method, path, options, AbortSignal.timeout(timeoutMs));
    try {
      return await response.json();
    } catch (error) {
      throw unreachable(this.url, error);
    }
  }

  async text(path: string): Promise<string> {
    const response = await this.#send('GET', path, {}, AbortSignal.timeout(this.timeoutMs));
    try {
      return await response.text();
    } catch (error) {
      throw unreachable(this.url, error);
    }
  }

  /** Opens a streamed answer; its chunks throw when the stream breaks and end when `signal` aborts. */
  async open(path: string, options: CallOptions, signal: AbortSignal | undefined): Promise<TextStream> {
    const hangUp = new AbortController();
    const opening = setTimeout(() => hangUp.abort(silent()), this.timeoutMs);
    const abort = (): void => hangUp.abort(signal?.reason);
    if (signal?.aborted) abort();
    signal?.addEventListener('abort', abort, { once: true });
    const release = (): void => signal?.removeEventListener('abort', abort);
    try {
      return new TextStream(this.url, await this.#send('GET', path, options, hangUp.signal), hangUp, release);
    } catch (error) {
      release();
      throw error;
    } finally {
      clearTimeout(opening);
    }
  }

  async #send(method: string, path: string, options: CallOptions, signal: AbortSignal): Promise<Response> {
    const headers: Record<string, string> = { accept: 'application/json', ...options.headers };
    if (this.#token !== null) headers.authorization = `Bearer ${this.#token}`;
    if (options.body !== undefined) headers['content-type'] = 'application/json';
    let response: Response;
    try {
      response = await this.#fetch(`${this.url}${path}${queryText(options.query ?? {})}`, {
        method,
        headers,
        signal,
        ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
      });
    } catch (error) {
      throw unreachable(this.url, error);
    }
    if (!response.ok) throw await errorOf(response);
    return response;
  }
}

export class TextStream {
  readonly #url: string;
  readonly #response: Response;
  readonly #hangUp: AbortController;
  readonly #release: () => void;

  constructor(url: string, response: Response, hangUp: AbortController, release: () => void) {
    this.#url = url;
    this.#response = response;
    this.#hangUp = hangUp;
    this.#release = release;
  }

  /** `silenceMs`: give up when nothing arrives for so long; null: wait for ever. Leaving the loop hangs up. */
  async *chunks(silenceMs: number | null): AsyncGenerator<string, void, undefined> {
    const reader = this.#response.body?.getReader();
    if (reader === undefined) return;
    const decoder = new TextDecoder();
    try {
      for (;;) {
        const timer = silenceMs === null ? null : setTimeout(() => this.#hangUp.abort(silent()), silenceMs);
        const { done, value } = await reader.read().finally(() => timer !== null && clearTimeout(timer));
        if (done) break;
        yield decoder.decode(value, { stream: true });
      }
      const last = decoder.decode();
      if (last !== '') yield last;
    } catch (error) {
      // Aborted with another reason than silence: the caller has had enough, which is no error.
      if (this.#hangUp.signal.aborted && !(this.#hangUp.signal.reason instanceof HoldfastError)) return;
      throw unreachable(this.#url, error);
    } finally {
      this.#release();
      this.#hangUp.abort();
    }
  }
}

function queryText(query: Query): string {
  const pairs = Object.entries(query).filter(([, value]) => value !== undefined);
  if (pairs.length === 0) return '';
  return `?${pairs.map(([key, value]) => `${key}=${encodeURIComponent(String(value))}`).join('&')}`;
}

async function errorOf(response: Response): Promise<HoldfastError> {
  const text = await response.text().catch(() => '');
  try {
    const body = JSON.parse(text) as ErrorBody;
    if (typeof body.code === 'string' && body.code in ERROR_CODES) return fromBody(body);
  } catch {
    // Not ours: something else answers at this address. Said below.
  }
  const server = response.headers.get('server') ?? 'the server';
  return new HoldfastError('HF7004', `${server} answered ${response.status} without a Holdfast error`);
}

function fromBody(body: ErrorBody): HoldfastError {
  return new HoldfastError(body.code, body.message, {
    remedy: body.remedy,
    ...(body.at ? { at: body.at } : {}),
    ...(body.others ? { others: body.others.map(fromBody) } : {}),
  });
}

function unreachable(url: string, error: unknown): HoldfastError {
  if (error instanceof HoldfastError) return error;
  const where = url === '' ? 'the server' : url;
  const cause = error instanceof Error ? error.cause : undefined;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  if (code === 'ECONNREFUSED') {
    return new HoldfastError('HF7001', `nothing listens at ${where}`, { cause: error });
  }
  const name = error instanceof Error ? error.name : '';
  const detail = name === 'TimeoutError' ? 'no answer in time' : code || (error instanceof Error ? error.message : '');
  return new HoldfastError('HF7004', `${where}: ${detail}`, { cause: error });
}

function silent(): HoldfastError {
  return new HoldfastError('HF7004', 'no answer in time');
}
