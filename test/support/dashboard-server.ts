/**
 * The real HTTP layer (its origin checks, its content policy, its live stream) over a world that a test writes, so
 * that the dashboard can be shown any state at will, connection lost included.
 */
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import type { ProofRequest } from '../../src/api/proof-resources.ts';
import { HoldfastError } from '../../src/model/errors.ts';
import type { OperatorCommand } from '../../src/model/operator.ts';
import type { Actor, ControlPlane, ProvingPlane, Topic } from '../../src/server/control-plane.ts';
import { createApp } from '../../src/server/http/app.ts';
import { type Token, token } from '../../src/server/http/auth.ts';
import { originPolicy } from '../../src/server/http/origin.ts';
import { NO_PROVING } from '../../src/server/prove/testing/none.ts';
import type { World } from './dashboard-fixture.ts';
import { audit, coverage, faults, offer, proofDetail, proving } from './dashboard-proofs.ts';
import { DIST } from './paths.ts';
import { freePort } from './ports.ts';

export interface Operation {
  readonly command: OperatorCommand;
  readonly why: string;
}

export const VIEWER_TOKEN = 'viewer-token-0123456789';

const NONE = { running: [], proofs: [] } as const;

export class DashboardServer {
  readonly operations: Operation[] = [];
  readonly experiments: ProofRequest[] = [];
  world: World;
  readonly #tokens: readonly Token[];
  readonly #listeners = new Set<(topic: Topic) => void>();
  #app: FastifyInstance | null = null;
  #port = 0;
  /** Lines are added to every log that is followed. */
  readonly #logs = new Set<(line: string) => void>();

  constructor(world: World, options: { readonly tokens: boolean } = { tokens: false }) {
    this.world = world;
    this.#tokens = options.tokens ? [token('viewer', VIEWER_TOKEN, 'grace')] : [];
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** The same port again after a stop, as a restarted daemon. */
  async start(): Promise<void> {
    this.#app = createApp({
      plane: this.#plane(),
      tokens: this.#tokens,
      origin: originPolicy('127.0.0.1', 'box'),
      facts: { version: '0.1.0', pid: process.pid, ended: () => undefined },
      dashboard: join(DIST, 'dashboard'),
      live: { heartbeatMs: 500 },
      log: () => undefined,
    });
    // Not one of the kernel's own choice: while we are stopped it could give that to somebody else.
    if (this.#port === 0) this.#port = await freePort();
    await this.#app.listen({ host: '127.0.0.1', port: this.#port });
  }

  async stop(): Promise<void> {
    await this.#app?.close();
    this.#app = null;
  }

  /** Shows another world to everybody who watches. */
  show(world: World): void {
    this.world = world;
    for (const topic of ['event', 'status', 'services', 'incidents', 'edges', 'proofs'] as const) {
      for (const listener of this.#listeners) listener(topic);
    }
  }

  log(line: string): void {
    for (const write of this.#logs) write(line);
  }

  #plane(): ControlPlane {
    const absent = (): never => {
      throw new HoldfastError('HF6005', 'not part of this world');
    };
    return {
      status: () => ({ ...this.world.status, now: new Date().toISOString() }),
      services: () => this.world.services,
      symptoms: () =>
        this.world.incidents.flatMap(({ id, symptoms }) => symptoms.map((one) => ({ ...one, incident: id }))),
      instances: () => this.world.services.flatMap(({ instances }) => instances),
      edges: () => this.world.edges,
      audit,
      incidents: () => this.world.incidents,
      incident: (id) => {
        const found = this.world.incidents.find((one) => one.id === id);
        if (found === undefined) throw new HoldfastError('HF5003', `there is no incident ${id}`);
        return found;
      },
      actions: () => this.world.incidents.flatMap(({ plans }) => plans.flatMap(({ actions }) => actions)),
      changes: () => this.world.changes,
      events: (afterSeq) => this.world.events.filter(({ seq }) => seq > afterSeq),
      plan: absent,
      apply: absent,
      operate: async (command: OperatorCommand, actor: Actor) => {
        this.operations.push({ command, why: actor.why });
        return { detail: `did ${command.kind}`, id: null };
      },
      heartbeat: () => undefined,
      logs: (instance, { signal }) => this.#follow(instance, signal),
      journal: absent,
      verifyJournal: absent,
      proving: this.#proving(),
      metrics: () => '',
      subscribe: (listener) => {
        this.#listeners.add(listener);
        return () => this.#listeners.delete(listener);
      },
      shutdown: async () => undefined,
    };
  }

  #proving(): ProvingPlane {
    const now = (): ReturnType<typeof proving> =>
      this.world.status.system === null ? NONE : proving(this.world.proving);
    return {
      ...NO_PROVING,
      list: () => now().proofs,
      one: (id) => {
        const found = now().proofs.find((one) => one.id === id);
        if (found === undefined) throw new HoldfastError('HF6005', `there is no proof ${id}`);
        return proofDetail(found);
      },
      start: async (request) => {
        this.experiments.push(request);
        return { suite: 'suite-2', proofs: ['proof-5'], notices: [] };
      },
      stop: async () => ({ detail: 'no experiment is under way' }),
      offer,
      faults,
      coverage,
      live: now,
    };
  }

  async *#follow(instance: string, signal: AbortSignal): AsyncGenerator<string> {
    for (let i = 1; i <= 40; i++) yield `{"level":"info","instance":"${instance}","msg":"served","request":${i}}`;
    const waiting: string[] = [];
    let wake: () => void = () => undefined;
    const write = (line: string): void => {
      waiting.push(line);
      wake();
    };
    this.#logs.add(write);
    signal.addEventListener('abort', () => wake(), { once: true });
    try {
      while (!signal.aborted) {
        yield* waiting.splice(0);
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    } finally {
      this.#logs.delete(write);
    }
  }
}
