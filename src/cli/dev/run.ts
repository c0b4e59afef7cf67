/**
 * The loop of `holdfast dev`: looks at the API twice a second, breaks things when asked, judges what came of it. What
 * it shows goes through a display: a redrawn screen on a terminal, plain lines elsewhere.
 */
import { randomInt } from 'node:crypto';
import type { HoldfastClient } from '../../api/client.ts';
import type { InstanceResource, ServiceResource, StatusResource } from '../../api/resources.ts';
import { asHoldfastError, HoldfastError } from '../../model/errors.ts';
import { experimentOf, FAULTS, type Fault } from './faults.ts';
import type { View } from './screen.ts';
import { judge, type Trial, withResidue } from './verdict.ts';

/** Repair, verification of the repair, and a backoff or two. */
const TRIAL_TIMEOUT_MS = 90_000;
const RESIDUE_TIMEOUT_MS = TRIAL_TIMEOUT_MS + 20_000;
const LOOK_MS = 500;
const LOOK_WHILE_TRYING_MS = 200;
/** The customers are not the system: breaking them proves nothing. */
const SPARED: ReadonlySet<string> = new Set(['shopper']);

export interface Display {
  show(view: View): void;
}

export interface BreakChoice {
  /** Undefined: any. */
  readonly fault: string | undefined;
  readonly target: string | undefined;
}

export class DevLoop {
  readonly #client: HoldfastClient;
  readonly #display: Display;
  readonly trials: Trial[] = [];
  #view: View;
  #stopped = false;
  #givenUp = '';
  #wake: () => void = () => {};

  constructor(client: HoldfastClient, display: Display) {
    this.#client = client;
    this.#display = display;
    this.#view = { url: client.url, status: null, services: [], trials: [], message: '' };
  }

  get status(): StatusResource | null {
    return this.#view.status;
  }

  /** Healthy, with nothing being tried. */
  get quiet(): boolean {
    return this.#view.status?.health === 'healthy' && this.#view.status.openIncidents === 0 && !this.#current();
  }

  say(message: string): void {
    this.#show({ message });
  }

  stop(): void {
    this.#stopped = true;
    this.#wake();
  }

  /** Runs until stopped; calls back after every look. */
  async run(onLook: () => void = () => {}): Promise<void> {
    while (!this.#stopped) {
      await this.#look();
      onLook();
      if (this.#stopped) return;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, this.#current() ? LOOK_WHILE_TRYING_MS : LOOK_MS);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** Breaks something. One thing at a time: two faults at once would blame each other. */
  async break(choice: BreakChoice): Promise<void> {
    if (this.#current()) return this.say('One at a time: the last fault is not judged yet.');
    if (!this.quiet) return this.say('Not yet: the system is not healthy.');
    const { instance, service } = pickTarget(this.#view.services, choice.target);
    const fault = pickFault(choice.fault);
    const atMs = Date.now();
    const proof = await this.#inject(fault, instance.id);
    const { name, replicas } = service;
    const injection = { fault, instance: instance.id, proof, service: name, replicas, atMs };
    this.trials.push(judge(injection, [], atMs, TRIAL_TIMEOUT_MS));
    this.#show({ message: '' });
    this.#wake();
  }

  async #inject(fault: Fault, instance: string): Promise<string> {
    const files = [{ file: 'dev', baseDir: '/', text: experimentOf(fault, instance) }];
    const run = { kind: 'experiments', files } as const;
    const { proofs } = await this.#client.prove({ run, environment: {}, dryRun: false, why: 'holdfast dev' });
    return proofs[0] ?? '';
  }

  /** What was not repaired is reverted now, not at the end of its time. */
  async #giveUp({ verdict, injection: { proof } }: Trial): Promise<void> {
    if (verdict?.result === 'match' || verdict?.result === 'mismatch' || this.#givenUp === proof) return;
    this.#givenUp = proof;
    await this.#client.stopProofs('holdfast dev: judged');
  }

  /** Nothing is said before it has been looked for what the fault has left, unless that takes for ever. */
  async #judged(trial: Trial): Promise<Trial> {
    if (trial.verdict === null) return trial;
    const { state, findings } = await this.#client.proof(trial.injection.proof);
    if (state === 'done') return withResidue(trial, findings);
    await this.#giveUp(trial);
    return Date.now() - trial.injection.atMs > RESIDUE_TIMEOUT_MS ? trial : { ...trial, verdict: null };
  }

  #current(): Trial | undefined {
    const last = this.trials.at(-1);
    return last && last.verdict === null ? last : undefined;
  }

  async #look(): Promise<void> {
    try {
      const [status, services] = await Promise.all([this.#client.status(), this.#client.services()]);
      const trying = this.#current();
      if (trying) {
        const incidents = await this.#client.incidents({ state: 'all', limit: 20 });
        const judged = judge(trying.injection, incidents, Date.now(), TRIAL_TIMEOUT_MS);
        this.trials[this.trials.length - 1] = await this.#judged(judged);
      }
      this.#show({ status, services });
    } catch (error) {
      // The server is away: shown as such, and looked for again.
      const { code, message } = asHoldfastError(error);
      this.#show({ status: null, message: `${code} ${message}` });
    }
  }

  #show(change: Partial<View>): void {
    this.#view = { ...this.#view, ...change, trials: this.trials };
    this.#display.show(this.#view);
  }
}

function pickFault(wished: string | undefined): Fault {
  const fault = wished === undefined ? FAULTS[randomInt(FAULTS.length)] : FAULTS.find(({ id }) => id === wished);
  if (!fault) throw new HoldfastError('HF7002', `no fault "${wished}": ${FAULTS.map(({ id }) => id).join(', ')}`);
  return fault;
}

function pickTarget(
  services: readonly ServiceResource[],
  wished: string | undefined,
): { instance: InstanceResource; service: ServiceResource } {
  const candidates = services
    .filter((service) => !SPARED.has(service.name))
    .flatMap((service) => service.instances.map((instance) => ({ instance, service })))
    .filter(({ instance }) => instance.ready && (wished === undefined || instance.id === wished));
  const picked = candidates[candidates.length > 0 ? randomInt(candidates.length) : 0];
  if (!picked) throw new HoldfastError('HF3007', `${wished ?? 'no instance'} is not there or not ready`);
  return picked;
}
