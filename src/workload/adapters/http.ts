/**
 * Any service of yours, by a small contract over HTTP. For every operation one request is made to the URL given:
 *
 *   POST URL   {"workload": "register", "f": "write", "key": "ab12/k3", "value": 17}
 *
 * | answer | meaning |
 * | --- | --- |
 * | 200 `{"value": …}` | done; for `read` and `dequeue` the value (nil: `null`), for `txn` its micro-operations with what they read; nil is read as 0 by a counter and as [] by sets and lists |
 * | 409 | not done: a cas found another value, a transaction was aborted |
 * | any other 4xx | not done, and never will be |
 * | 5xx, no answer, a cut connection | nobody knows |
 *
 * `f` and its value are those of contract.ts. Keys are new in every run, so nothing must be prepared.
 */
import { Agent, request } from 'node:http';
import { Agent as TlsAgent, request as tlsRequest } from 'node:https';
import { type ConsistencyModel, WORKLOADS, type WorkloadKind } from '../../model/consistency.ts';
import type { Value } from '../../model/history.ts';
import type { Ms } from '../../model/time.ts';
import { type Adapter, type Call, type Connection, fail, info, type Outcome, ok } from '../contract.ts';
import { withoutSecrets } from '../target.ts';

export function httpAdapter(url: string): Adapter {
  return new HttpAdapter(url);
}

class HttpAdapter implements Adapter {
  readonly name = 'http';
  readonly target: string;
  readonly workloads: readonly WorkloadKind[] = WORKLOADS;
  readonly #url: URL;
  #run = '';
  #workload: WorkloadKind = 'register';

  constructor(url: string) {
    this.#url = new URL(url);
    this.target = withoutSecrets(url);
  }

  promises(workload: WorkloadKind): ConsistencyModel {
    return workload === 'list-append' ? 'strict-serializable' : 'linearizable';
  }

  async prepare(workload: WorkloadKind, run: string): Promise<void> {
    this.#workload = workload;
    this.#run = run;
  }

  async connect(timeoutMs: Ms): Promise<Connection> {
    const connection = new HttpConnection(this.#url, this.#workload, this.#run, timeoutMs);
    await connection.reach();
    return connection;
  }

  async cleanUp(): Promise<readonly string[]> {
    return [];
  }
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

/** Longer answers are of something else. */
const MAX_BODY_BYTES = 16 * 2 ** 20;

class HttpConnection implements Connection {
  readonly #url: URL;
  readonly #workload: WorkloadKind;
  readonly #run: string;
  readonly #timeoutMs: Ms;
  readonly #agent: Agent | TlsAgent;
  #alive = true;

  constructor(url: URL, workload: WorkloadKind, run: string, timeoutMs: Ms) {
    this.#url = url;
    this.#workload = workload;
    this.#run = run;
    this.#timeoutMs = timeoutMs;
    const options = { keepAlive: true, maxSockets: 1 };
    this.#agent = url.protocol === 'https:' ? new TlsAgent(options) : new Agent(options);
  }

  alive(): boolean {
    return this.#alive;
  }

  close(): void {
    this.#alive = false;
    this.#agent.destroy();
  }

  /** Any answer at all will do: it shows that somebody listens. */
  async reach(): Promise<void> {
    await this.#send('OPTIONS', '');
  }

  async call(call: Call): Promise<Outcome> {
    const { f, key } = call;
    const named = key === undefined ? {} : { key: this.#named(key) };
    const asked = { workload: this.#workload, f, ...named, value: this.#value(call) };
    let answer: Answer;
    try {
      answer = await this.#send('POST', JSON.stringify(asked));
    } catch (error) {
      this.#alive = false;
      const refused = (error as NodeJS.ErrnoException).code === 'ECONNREFUSED';
      return refused ? fail('refused') : info((error as Error).message);
    }
    const { status, body } = answer;
    if (status >= 200 && status < 300) return this.#result(call, body);
    if (status === 409) return fail();
    return status >= 400 && status < 500 ? fail(`${status} ${body.slice(0, 100)}`) : info(String(status));
  }

  #named(key: string): string {
    return `${this.#run}/${key}`;
  }

  #value({ f, value }: Call): Value {
    if (f !== 'txn') return value;
    return (value as readonly (readonly [string, string, Value])[]).map(([what, key, item]) => [
      what,
      this.#named(key),
      item,
    ]);
  }

  /** What was done with an answer that cannot be read is unknown, except that nothing was read. */
  #result(call: Call, body: string): Outcome {
    let value: Value | undefined;
    try {
      value = (JSON.parse(body) as { value?: Value }).value;
    } catch (error) {
      return info(`not JSON: ${(error as Error).message}`);
    }
    if (call.f === 'txn') return this.#micro(call, value);
    if (call.f !== 'read' && call.f !== 'dequeue') return ok(call.value);
    if (value === undefined) return info('an answer without a value');
    if (value !== null || call.f === 'dequeue') return ok(value);
    return ok(this.#workload === 'counter' ? 0 : this.#workload === 'set' ? [] : null);
  }

  /** With the keys as they were asked for. */
  #micro(call: Call, value: Value | undefined): Outcome {
    const asked = call.value as readonly (readonly [string, string, Value])[];
    if (!Array.isArray(value) || value.length !== asked.length) return info('not as many results as were asked for');
    const results = value as readonly (readonly Value[])[];
    return ok(asked.map(([f, key, given], n) => [f, key, f === 'r' ? (results[n]?.[2] ?? []) : given]));
  }

  #send(method: string, body: string): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const make = this.#url.protocol === 'https:' ? tlsRequest : request;
      const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
      const call = make(this.#url, { method, agent: this.#agent, headers }, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          text += chunk;
          if (text.length > MAX_BODY_BYTES) response.destroy(new Error('the answer is too long'));
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text }));
        response.on('error', reject);
        response.on('aborted', () => reject(new Error('the answer was cut off')));
      });
      call.setTimeout(this.#timeoutMs, () => call.destroy(new Error('no answer in time')));
      call.on('error', reject);
      call.end(body);
    });
  }
}
