/**
 * Asks targets for their metrics, as Prometheus does: each at its own moment within the interval, so that a hundred
 * targets are not a hundred requests at once. A target that answers late, too much or nonsense costs itself only: its
 * `up` is 0, and the reason is in `state()`.
 */
import { Agent, get as httpGet } from 'node:http';
import { get as httpsGet } from 'node:https';
import type { Ms } from '../../model/time.ts';
import type { IntakeContext } from '../contract.ts';
import { hashHigh, hashLow, hashStart, hashText } from '../wire/hash.ts';
import { Malformed } from '../wire/protobuf.ts';
import { unpack } from '../wire/unpack.ts';
import { parseText } from './text.ts';

const NAME = 'prometheus-scrape';
const ACCEPT = 'application/openmetrics-text;version=1.0.0;q=0.8,text/plain;version=0.0.4;q=0.5,*/*;q=0.1';

export interface ScrapeTarget {
  /** `http://127.0.0.1:9100/metrics`. */
  readonly url: string;
  /** Label `job`, and the source of its series; label `instance` is host:port. */
  readonly job: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** Default 15 s, as often as most people scrape. Shorter finds faults sooner, at the target's cost. */
  readonly intervalMs?: Ms;
  /** Default 10 s, at most the interval. */
  readonly timeoutMs?: Ms;
  /** Sent as `Authorization: Bearer`. */
  readonly token?: string;
}

export interface ScrapeState {
  readonly url: string;
  readonly up: boolean;
  /** Why it is not up; null when it is. */
  readonly error: string | null;
  readonly tookMs: Ms;
  readonly points: number;
}

export interface RunningScraper {
  state(): readonly ScrapeState[];
  close(): Promise<void>;
}

/** Begins at once. Besides the target's own, each scrape yields `up` (0 or 1) and `scrape_duration_seconds`. */
export function startScraping(context: IntakeContext, targets: readonly ScrapeTarget[]): RunningScraper {
  const agent = new Agent({ keepAlive: true });
  const running = targets.map((target, n) => new Target(context, target, agent, n / targets.length));
  return {
    state: () => running.map(({ state }) => state),
    close: async () => {
      await Promise.all(running.map((target) => target.stop()));
      agent.destroy();
    },
  };
}

class Target {
  readonly #context: IntakeContext;
  readonly #target: ScrapeTarget;
  readonly #agent: Agent;
  readonly #labels: Readonly<Record<string, string>>;
  readonly #intervalMs: Ms;
  readonly #abort = new AbortController();
  #timer: NodeJS.Timeout;
  #current: Promise<void> = Promise.resolve();
  state: ScrapeState;

  constructor(context: IntakeContext, target: ScrapeTarget, agent: Agent, phase: number) {
    this.#context = context;
    this.#target = target;
    this.#agent = agent;
    this.#intervalMs = target.intervalMs ?? 15_000;
    this.#labels = { ...target.labels, job: target.job, instance: new URL(target.url).host };
    this.state = { url: target.url, up: false, error: 'not asked yet', tookMs: 0, points: 0 };
    this.#timer = setTimeout(() => this.#next(), phase * this.#intervalMs);
  }

  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    this.#abort.abort();
    await this.#current;
  }

  #next(): void {
    const begin = this.#context.now();
    this.#current = this.#scrape(begin).then(() => {
      if (this.#abort.signal.aborted) return;
      const wait = Math.max(0, begin + this.#intervalMs - this.#context.now());
      this.#timer = setTimeout(() => this.#next(), wait);
    });
  }

  async #scrape(begin: Ms): Promise<void> {
    const wallMs = this.#context.wallMs();
    let error: string | null = null;
    let points = 0;
    try {
      const { bytes, type } = await this.#fetch();
      const batch = this.#context.batch(NAME);
      const openMetrics = type.startsWith('application/openmetrics-text');
      const options = { openMetrics, source: this.#target.job, labels: this.#labels, wallMs };
      points = parseText(bytes, options, this.#context, batch);
      batch.commit();
    } catch (caught) {
      error = caught instanceof Error ? caught.message : String(caught);
      if (this.#abort.signal.aborted) return;
      const reason = caught instanceof Malformed ? 'malformed' : caught instanceof TooLarge ? 'too-large' : 'too-slow';
      this.#context.meter.dropped(NAME, 'requests', reason, 1);
    }
    const tookMs = this.#context.now() - begin;
    this.state = { url: this.#target.url, up: error === null, error, tookMs, points };
    const own = this.#context.batch(NAME);
    for (const [name, value] of [
      ['up', error === null ? 1 : 0],
      ['scrape_duration_seconds', tookMs / 1_000],
    ] as const) {
      hashStart();
      hashText(`${name} ${this.#target.url} ${this.#target.job}`);
      const [low, high] = [hashLow(), hashHigh()];
      const draft = { name, labels: this.#labels, kind: 'gauge', unit: '', source: this.#target.job } as const;
      const known = this.#context.series.find(low, high) ?? this.#context.series.add(low, high, draft);
      if (known) own.point(known.series, wallMs, value);
    }
    own.commit();
  }

  #fetch(): Promise<{ bytes: Buffer; type: string }> {
    const { url, token } = this.#target;
    const timeoutMs = Math.min(this.#target.timeoutMs ?? 10_000, this.#intervalMs);
    const headers = {
      accept: ACCEPT,
      'accept-encoding': 'gzip',
      'user-agent': 'holdfast',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    };
    const signal = AbortSignal.any([this.#abort.signal, AbortSignal.timeout(timeoutMs)]);
    const secure = url.startsWith('https:');
    return new Promise((resolve, reject) => {
      const options = { headers, signal, ...(secure ? {} : { agent: this.#agent }) };
      const sent = (secure ? httpsGet : httpGet)(url, options, (reply) => {
        const chunks: Buffer[] = [];
        let size = 0;
        reply.on('error', reject);
        reply.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size <= this.#context.limits.maxRequestBytes) {
            chunks.push(chunk);
            return;
          }
          reject(new TooLarge('the target sends too much'));
          sent.destroy();
        });
        reply.on('end', () => {
          const type = reply.headers['content-type'] ?? '';
          const body = Buffer.concat(chunks);
          if (reply.statusCode !== 200) reject(new Error(`status ${reply.statusCode}`));
          else if (!reply.headers['content-encoding']) resolve({ bytes: body, type });
          else
            unpack(reply.headers['content-encoding'], body, this.#context, (result) => {
              if (!result.ok) reject(new TooLarge(`the answer does not unpack: ${result.why}`));
              else {
                this.#context.memory.give(result.takenBytes);
                resolve({ bytes: result.bytes, type });
              }
            });
        });
      });
      sent.on('error', (error) =>
        reject(
          error.name === 'AbortError' || error.name === 'TimeoutError'
            ? new Error(`no answer within ${timeoutMs} ms`)
            : error,
        ),
      );
    });
  }
}

class TooLarge extends Error {}
