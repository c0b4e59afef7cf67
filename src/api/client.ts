/**
 * The typed client of the HTTP API, for Node ≥ 20 and for browsers: nothing but fetch. Whatever goes wrong comes
 * back as a HoldfastError, so that callers print one kind of error.
 */
import { asHoldfastError, type HoldfastError } from '../model/errors.ts';
import type { OperatorCommand } from '../model/operator.ts';
import type {
  CauseOffer,
  CoverageResource,
  FaultInjection,
  FaultResource,
  FaultsResource,
  ProofDetail,
  ProofRequest,
  ProofResource,
  ProofStarted,
  ScheduleRequest,
  ScheduleResource,
} from './proof-resources.ts';
import type {
  Acknowledgement,
  ActionResource,
  ApplyRequest,
  ApplyResult,
  AuditResource,
  ChangeResource,
  EdgeResource,
  HealthResource,
  IncidentResource,
  InstanceResource,
  JournalEntryResource,
  JournalVerification,
  LiveEvents,
  OperationResult,
  PlanResult,
  ServiceResource,
  SpecSource,
  StatusResource,
  SymptomResource,
} from './resources.ts';
import { SseParser } from './sse.ts';
import { type Query, Transport } from './transport.ts';

export interface ClientOptions {
  /** `http://127.0.0.1:7420`; '' in a browser means the page's own origin. */
  readonly url: string;
  readonly token?: string | null;
  /** Time for an answer to begin, ms. Default 10,000: the server answers from memory, so more hides trouble. */
  readonly timeoutMs?: number;
  readonly fetch?: typeof fetch;
}

export type LiveEvent = {
  readonly [K in keyof LiveEvents]: {
    readonly event: K;
    /** Sequence number, for `core` only. */
    readonly seq: number | null;
    readonly data: LiveEvents[K];
  };
}[keyof LiveEvents];

export interface EventsOptions {
  /** Go on after this sequence number; undefined: only what is new. */
  readonly after?: number;
  readonly signal?: AbortSignal;
  /** Told when the live view is lost and when it is back. */
  readonly onState?: (state: 'connected' | 'reconnecting', error: HoldfastError | null) => void;
  /** Silence after which the connection is given up and made anew, ms. Default 25,000: two heartbeats and a half. */
  readonly silenceMs?: number;
  /** Pause before the n-th attempt to reconnect, ms. Default 250 doubling to 5,000, ± 20 %. */
  readonly backoffMs?: (attempt: number) => number;
}

const VERIFY_TIMEOUT_MS = 10 * 60_000;

export class HoldfastClient {
  readonly #transport: Transport;

  constructor(options: ClientOptions) {
    this.#transport = new Transport(options.url, options.token ?? null, options.timeoutMs ?? 10_000, options.fetch);
  }

  get url(): string {
    return this.#transport.url;
  }

  status(): Promise<StatusResource> {
    return this.#get('/v1/status');
  }

  services(): Promise<readonly ServiceResource[]> {
    return this.#get('/v1/services');
  }

  service(name: string): Promise<ServiceResource> {
    return this.#get(`/v1/services/${encodeURIComponent(name)}`);
  }

  instances(): Promise<readonly InstanceResource[]> {
    return this.#get('/v1/instances');
  }

  edges(): Promise<readonly EdgeResource[]> {
    return this.#get('/v1/edges');
  }

  audit(): Promise<AuditResource> {
    return this.#get('/v1/audit');
  }

  incidents(
    query: { readonly state?: 'open' | 'closed' | 'all'; readonly limit?: number } = {},
  ): Promise<readonly IncidentResource[]> {
    return this.#get('/v1/incidents', query);
  }

  /** The id may be a prefix. */
  incident(id: string): Promise<IncidentResource> {
    return this.#get(`/v1/incidents/${encodeURIComponent(id)}`);
  }

  symptoms(
    query: { readonly state?: 'open' | 'all'; readonly limit?: number } = {},
  ): Promise<readonly SymptomResource[]> {
    return this.#get('/v1/symptoms', query);
  }

  actions(
    query: { readonly state?: 'awaiting' | 'open' | 'all'; readonly limit?: number } = {},
  ): Promise<readonly ActionResource[]> {
    return this.#get('/v1/plans', query);
  }

  changes(query: { readonly limit?: number } = {}): Promise<readonly ChangeResource[]> {
    return this.#get('/v1/changes', query);
  }

  journal(query: { readonly after?: number; readonly limit?: number } = {}): Promise<readonly JournalEntryResource[]> {
    return this.#get('/v1/journal', query);
  }

  async verifyJournal(query: { readonly replay?: boolean } = {}): Promise<JournalVerification> {
    const answer = await this.#transport.json('GET', '/v1/journal/verify', { query }, VERIFY_TIMEOUT_MS);
    return answer as JournalVerification;
  }

  plan(spec: SpecSource): Promise<PlanResult> {
    return this.#post('/v1/plan', { spec });
  }

  apply(request: ApplyRequest): Promise<ApplyResult> {
    return this.#post('/v1/apply', request);
  }

  operate(command: OperatorCommand, why: string): Promise<OperationResult> {
    return this.#post('/v1/operations', { command, why });
  }

  /** Newest first. */
  proofs(query: { readonly limit?: number } = {}): Promise<readonly ProofResource[]> {
    return this.#get('/v1/proofs', query);
  }

  /** The id may be a prefix. */
  proof(id: string): Promise<ProofDetail> {
    return this.#get(`/v1/proofs/${encodeURIComponent(id)}`);
  }

  /** What proving the cause of an incident would do. `on`: a service or instance other than a twin of the accused. */
  proofOffer(incident: string, on?: string): Promise<CauseOffer> {
    return this.#get(`/v1/incidents/${encodeURIComponent(incident)}/proof`, on === undefined ? {} : { on });
  }

  prove(request: ProofRequest): Promise<ProofStarted> {
    return this.#post('/v1/proofs', request);
  }

  stopProofs(why: string): Promise<Acknowledgement> {
    return this.#post('/v1/proofs/stop', { why });
  }

  /** The next one first. */
  schedules(): Promise<readonly ScheduleResource[]> {
    return this.#get('/v1/schedules');
  }

  schedule(request: ScheduleRequest): Promise<ScheduleResource> {
    return this.#post('/v1/schedules', request);
  }

  unschedule(name: string, why: string): Promise<Acknowledgement> {
    return this.#post('/v1/schedules/remove', { name, why });
  }

  faults(): Promise<FaultsResource> {
    return this.#get('/v1/faults');
  }

  /** Resolves when it is in force. HF5002, HF5006, HF8301: what stands in the way. */
  injectFault(request: FaultInjection): Promise<FaultResource> {
    return this.#post('/v1/faults', request);
  }

  /** HF8205 when nothing is known of it; one that is over says so in its targets. */
  renewFault(id: string, leaseMs: number, why: string): Promise<FaultResource> {
    return this.#post(`/v1/faults/${encodeURIComponent(id)}/renew`, { leaseMs, why });
  }

  /** Resolves when it is over. */
  revertFault(id: string, why: string): Promise<FaultResource> {
    return this.#post(`/v1/faults/${encodeURIComponent(id)}/revert`, { why });
  }

  coverage(): Promise<CoverageResource> {
    return this.#get('/v1/coverage');
  }

  heartbeat(instance: string, pass: boolean, note: string): Promise<Acknowledgement> {
    return this.#post(`/v1/heartbeat/${encodeURIComponent(instance)}`, { pass, note });
  }

  /** `down` stops every instance first and may take as long as their grace periods: `timeoutMs` says how long to wait. */
  shutdown(request: {
    readonly down: boolean;
    readonly why: string;
    readonly timeoutMs?: number;
  }): Promise<Acknowledgement> {
    const { timeoutMs, ...body } = request;
    return this.#post('/v1/shutdown', body, timeoutMs);
  }

  healthz(): Promise<HealthResource> {
    return this.#get('/healthz');
  }

  openApi(): Promise<Readonly<Record<string, unknown>>> {
    return this.#get('/openapi.json');
  }

  metrics(): Promise<string> {
    return this.#transport.text('/metrics');
  }

  /** Lines of an instance's log. Leaving the loop hangs up. */
  async *logs(
    instance: string,
    options: { readonly tail?: number; readonly follow?: boolean; readonly signal?: AbortSignal } = {},
  ): AsyncGenerator<string, void, undefined> {
    const { signal, ...query } = options;
    const path = `/v1/logs/${encodeURIComponent(instance)}`;
    const stream = await this.#transport.open(path, { query }, signal);
    let rest = '';
    for await (const chunk of stream.chunks(null)) {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      yield* lines;
    }
    if (rest !== '') yield rest;
  }

  /**
   * The live view. Reconnects by itself and goes on after the last event seen; ends when `signal` aborts, throws
   * only what trying again cannot mend (no token, no right).
   */
  async *events(options: EventsOptions = {}): AsyncGenerator<LiveEvent, void, undefined> {
    const backoff = options.backoffMs ?? defaultBackoffMs;
    let after = options.after;
    let attempt = 0;
    while (!options.signal?.aborted) {
      let error: HoldfastError | null = null;
      try {
        const headers: Record<string, string> = after === undefined ? {} : { 'last-event-id': String(after) };
        const stream = await this.#transport.open('/v1/events', { headers }, options.signal);
        options.onState?.('connected', null);
        attempt = 0;
        const parser = new SseParser();
        for await (const chunk of stream.chunks(options.silenceMs ?? 25_000)) {
          for (const message of parser.push(chunk)) {
            const seq = message.event === 'core' && message.id !== null ? Number(message.id) : null;
            if (seq !== null) after = seq;
            yield { event: message.event, seq, data: JSON.parse(message.data) } as LiveEvent;
          }
        }
      } catch (caught) {
        error = asHoldfastError(caught);
        if (error.retry === 'never') throw error;
      }
      if (options.signal?.aborted) return;
      options.onState?.('reconnecting', error);
      await pause(backoff(attempt++), options.signal);
    }
  }

  async #get<T>(path: string, query: Query = {}): Promise<T> {
    return (await this.#transport.json('GET', path, { query })) as T;
  }

  async #post<T>(path: string, body: unknown, timeoutMs?: number): Promise<T> {
    return (await this.#transport.json('POST', path, { body }, timeoutMs)) as T;
  }
}

function defaultBackoffMs(attempt: number): number {
  return Math.min(5_000, 250 * 2 ** attempt) * (0.8 + 0.4 * Math.random());
}

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', done, { once: true });
  });
}
