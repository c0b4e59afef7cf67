/** Holdfast itself: the real server from the build, its default settings, a spec of ten lines. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isSettled } from '../../src/cli/wait.ts';
import { freePort, TestSystem } from '../../test/support/system.ts';
import { APP } from './paths.ts';
import { untilAllAnswer } from './ready.ts';
import { REPLICAS, type Replica, type Subject } from './subject.ts';

const spec = (port: number): string => `name: bench
services:
  web:
    command: ["node", "${APP}"]
    ports: ["127.0.0.1:${port}:3000"]
    deploy: { replicas: ${REPLICAS} }
    healthcheck: { http: /healthz }
`;

export class Holdfast implements Subject {
  readonly name = 'holdfast';
  #dir: string | null = null;
  #port = 0;
  #starting: Promise<TestSystem> | null = null;

  get addresses(): readonly string[] {
    return [`http://127.0.0.1:${this.#port}`];
  }

  async missing(): Promise<null> {
    return null;
  }

  async start(): Promise<void> {
    this.#dir = mkdtempSync(join(tmpdir(), 'hf-bench-'));
    this.#port = await freePort();
    const file = join(this.#dir, 'compose.yaml');
    writeFileSync(file, spec(this.#port));
    this.#starting = TestSystem.start({ file });
    await this.#starting;
    await untilAllAnswer(async () => (await this.replicas()).length === REPLICAS, this.addresses);
  }

  async replicas(): Promise<readonly Replica[]> {
    const instances = await (await this.#system()).read((client) => client.instances());
    return instances
      .filter(({ ready }) => ready)
      .flatMap(({ id, pid }) => (pid === null ? [] : [{ id, pid }]))
      .sort((a, b) => a.id.localeCompare(b.id));
  }

  async settled(): Promise<boolean> {
    const system = await this.#system();
    const [status, services] = await system.read((client) => Promise.all([client.status(), client.services()]));
    return isSettled(status, services) && status.openIncidents === 0;
  }

  async noticedAt(replica: Replica, crashedAt: number): Promise<number | null> {
    const incidents = await (await this.#system()).incidents();
    const times = incidents
      .flatMap(({ symptoms }) => symptoms)
      .filter(({ entity }) => entity.kind === 'instance' && entity.name === replica.id)
      .map(({ detectedAt }) => Date.parse(detectedAt))
      .filter((at) => at >= crashedAt);
    return times.length > 0 ? Math.min(...times) : null;
  }

  async story(): Promise<readonly string[]> {
    const [latest] = await (await this.#system()).incidents();
    if (!latest) return [];
    const lines = latest.timeline.map(({ afterMs, stage, text }) => `  +${Math.round(afterMs)} ms ${stage}: ${text}`);
    return [`${latest.id} ${latest.status} ${latest.title}`, ...lines];
  }

  async stop(): Promise<void> {
    const system = await this.#starting?.catch(() => null);
    this.#starting = null;
    await system?.stop();
    if (this.#dir !== null) rmSync(this.#dir, { recursive: true, force: true });
    this.#dir = null;
  }

  #system(): Promise<TestSystem> {
    if (!this.#starting) throw new Error('Holdfast was not started');
    return this.#starting;
  }
}
