/** Drives the independent load client (load-client.mjs) as a process of its own. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { LOAD_CLIENT } from './paths.ts';

export interface LoadRequest {
  readonly method?: string;
  /** `{n}` becomes the number of the request. */
  readonly path: string;
  readonly weight?: number;
  readonly body?: unknown;
}

export interface LoadSummary {
  readonly sent: number;
  readonly ok: number;
  readonly failed: number;
  readonly open: number;
  readonly failedShare: number;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly latencyMs: {
    readonly p50: number | null;
    readonly p90: number | null;
    readonly p99: number | null;
    readonly p999: number | null;
    readonly max: number | null;
  };
  readonly over1s: number;
  readonly firstFailureMs: number | null;
  readonly lastFailureMs: number | null;
  /** When the last request was due that failed, or took longer than the window's `lateMs`. */
  readonly lastLateMs: number | null;
}

/** Monotonic milliseconds, the same in all processes of this machine. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

export class Load {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #waiting: ((line: string) => void)[] = [];
  readonly #exited: Promise<number | null>;

  constructor(options: {
    /** Several, separated by commas, take turns. */
    readonly url: string;
    readonly ratePerSec: number;
    readonly requests: readonly LoadRequest[];
    readonly timeoutMs?: number;
    /** Requests take turns on the open connections, instead of using as few of them as will do. */
    readonly spread?: boolean;
  }) {
    const args = ['--url', options.url, '--rate', String(options.ratePerSec)];
    args.push('--requests', JSON.stringify(options.requests), '--timeout', String(options.timeoutMs ?? 10_000));
    if (options.spread) args.push('--spread');
    this.#child = spawn(process.execPath, [LOAD_CLIENT, ...args]);
    this.#child.stderr.pipe(process.stderr);
    this.#exited = new Promise((resolve) => this.#child.on('close', resolve));
    createInterface({ input: this.#child.stdout }).on('line', (line) => this.#waiting.shift()?.(line));
  }

  /** Requests that were due in this time; open ones are still waiting for their answer. */
  async window(fromMs: number, toMs: number, lateMs?: number): Promise<LoadSummary> {
    this.#child.stdin.write(`${JSON.stringify({ from: fromMs, to: toMs, late: lateMs })}\n`);
    return this.#next();
  }

  /** Sends no more, waits for what is open, and returns the summary of everything. */
  async stop(): Promise<LoadSummary> {
    const summary = this.#next();
    this.#child.stdin.end();
    const result = await summary;
    await this.#exited;
    return result;
  }

  #next(): Promise<LoadSummary> {
    return new Promise((resolve, reject) => {
      this.#waiting.push((line) => resolve(JSON.parse(line) as LoadSummary));
      void this.#exited.then((code) => reject(new Error(`the load client ended with ${code}`)));
    });
  }
}
