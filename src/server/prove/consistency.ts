/**
 * The clients of an experiment: they work on a store while faults go on, and what they were promised is judged when
 * all is over. A host that is a service of the system means the endpoint of that service, so that clients go the same
 * way as everybody else and are rerouted with them.
 */
import type { ConsistencyModel, ConsistencyVerdict, WorkloadKind } from '../../model/consistency.ts';
import { HoldfastError } from '../../model/errors.ts';
import { judgeHistory, kindNamed } from '../../prove/consistency/index.ts';
import { type Experiment, isAddress, type Values, type WorkloadSpec } from '../../prove/experiment/index.ts';
import type { ConsistencyFinding } from '../../prove/judge/index.ts';
import type { Adapter } from '../../workload/contract.ts';
import {
  adapterFor,
  type KeyValueStore,
  OWN_STORE,
  runWorkload,
  storeAdapter,
  type WorkloadResult,
  withoutSecrets,
} from '../../workload/index.ts';

/** Host and port of a service's endpoint; null: there is no such service, or nothing of it is published. */
export type AddressOf = (service: string) => string | null;

/**
 * Judged in the server's own process: a search may take about a quarter of a second of it, no more. `holdfast check`
 * on a saved history searches further.
 */
const BUDGET = { configurations: 100_000, steps: 5_000_000 };
/** Evidence is kept in the store with the verdict. */
const MAX_LINES = 40;

/** What clients can reach from here. */
export interface Reach {
  readonly addressOf: AddressOf;
  /** The server's own: `on: store:`. */
  readonly store: KeyValueStore;
}

export class Recording {
  readonly #spec: WorkloadSpec;
  readonly #expect: ConsistencyModel | null;
  readonly #stop = new AbortController();
  readonly #tell: (text: string) => void;
  readonly #values: Values;
  #adapter: Adapter | null = null;
  readonly #done: Promise<WorkloadResult>;

  /** `values` fills secrets into the address, and keeps them out of all that is said. */
  constructor(
    spec: WorkloadSpec,
    expect: ConsistencyModel | null,
    reach: Reach,
    values: Values,
    tell: (text: string) => void,
  ) {
    this.#spec = spec;
    this.#expect = expect;
    this.#values = values;
    this.#tell = (text) => tell(values.hideText(text));
    this.#done = this.#run(reach);
    // It is heard of when the history is asked for.
    this.#done.catch(() => undefined);
  }

  async #run({ addressOf, store }: Reach): Promise<WorkloadResult> {
    const { kind, on, clients, opsPerSec, timeoutMs, seed } = this.#spec;
    const adapter = await adapterFor(resolve(this.#values.fillAddress(on), addressOf), () =>
      storeAdapter(OWN_STORE, async () => store),
    );
    this.#adapter = adapter;
    this.#tell(`clients: ${kind} on ${withoutSecrets(on)}`);
    const run = runWorkload({
      kind,
      adapter,
      until: this.#stop.signal,
      seed: seed ?? 1,
      ...(clients ? { clients } : {}),
      ...(opsPerSec ? { opsPerSec } : {}),
      ...(timeoutMs ? { timeoutMs } : {}),
    });
    return run.done;
  }

  /** Ends the clients and judges. What went wrong with the clients themselves makes it unknown, never a failure. */
  async finish(): Promise<ConsistencyFinding> {
    this.#stop.abort();
    const checked = this.#expect ?? this.#adapter?.promises(this.#spec.kind) ?? 'linearizable';
    try {
      const { events, leftovers } = await this.#done;
      for (const line of leftovers) this.#tell(`left in the store: ${line}`);
      const verdict = judgeHistory(events, { kind: kindNamed(this.#spec.kind), expect: checked, budget: BUDGET });
      this.#tell(`clients: ${verdict.summary}`);
      return findingOf(verdict, checked);
    } catch (error) {
      const detail = this.#values.hideText(error instanceof HoldfastError ? error.format() : String(error));
      this.#tell(`clients: ${detail}`);
      return { checked, verdict: 'unknown', detail };
    }
  }
}

/** `checked` in the words in which it was asked for: of transactions linearizable means strictly serializable. */
function findingOf(verdict: ConsistencyVerdict, checked: ConsistencyModel): ConsistencyFinding {
  const [first] = verdict.contradictions;
  const drawn = first
    ? [first.key === null ? first.why : `${first.key}: ${first.why}`, ...first.drawing.split('\n')]
    : [];
  const lines = [verdict.summary, ...drawn].slice(0, MAX_LINES);
  return { checked, verdict: verdict.verdict, detail: lines.join('\n') };
}

/** `redis://cache/0` with `cache` a service of the system → the address at which its endpoint listens. */
export function resolve(target: string, addressOf: AddressOf): string {
  const match = /^([a-z]+:\/\/(?:[^@/]*@)?)([\w.-]+)(:\d+)?(.*)$/.exec(target);
  const address = match?.[2] === undefined ? null : addressOf(match[2]);
  if (!match || address === null) return target;
  return `${match[1]}${address}${match[4]}`;
}

/** With clients that were asked for beside the file. HF8051: no address, or one with a password, which would be kept. */
export function withClients(
  experiment: Experiment,
  asked: { readonly kind: WorkloadKind; readonly on: string } | undefined,
): Experiment {
  if (asked === undefined || experiment.workload !== null) return experiment;
  const { kind, on } = asked;
  if (!isAddress(on)) throw new HoldfastError('HF8051', `"${withoutSecrets(on)}" is no address`);
  if (/^[a-z]+:\/\/[^/@:]*:(?!\$\{\w+\}@)[^/@]+@/.test(on)) {
    const remedy = 'Write the workload into an experiment file, with the password as one of its secrets.';
    throw new HoldfastError('HF8051', `${withoutSecrets(on)}: a password in the request would be kept`, { remedy });
  }
  return { ...experiment, workload: { kind, on, clients: null, opsPerSec: null, timeoutMs: null, seed: null } };
}
