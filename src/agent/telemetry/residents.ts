/**
 * Who is who: the names that senders use, matched with the services and instances that run here. Senders of our own
 * instances say it right (they are told by OTEL_RESOURCE_ATTRIBUTES); others are recognised by the service's name, by
 * their port, or not at all, and then nothing is claimed of them.
 */
import { readFileSync } from 'node:fs';
import type { LaunchSpec } from '../../model/link.ts';
import type { EntityRef } from '../../model/symptom.ts';
import type { Series } from '../../model/telemetry.ts';

/** How intakes write an instance that is known by its process alone. */
const PID = /^pid\/(\d{1,10})$/;

export interface ResidentsOptions {
  /** Process group of a process of this machine; null: there is none such. */
  readonly groupOf: (pid: number) => number | null;
}

export class Residents {
  readonly #groupOf: (pid: number) => number | null;
  /** By the pid of the main process, which leads its group. */
  readonly #byPid = new Map<number, string>();
  readonly #launches = new Map<string, LaunchSpec>();
  readonly #running = new Set<string>();
  readonly #byPort = new Map<number, string>();
  /** Instances by service. */
  readonly #services = new Map<string, Set<string>>();

  constructor({ groupOf }: ResidentsOptions = { groupOf: processGroup }) {
    this.#groupOf = groupOf;
  }

  /** Its process runs: senders that name no instance may name that, or a child of it. */
  started(instance: string, pid: number): void {
    this.#dropPid(instance);
    if (this.#launches.has(instance)) this.#byPid.set(pid, instance);
  }

  add(launch: LaunchSpec): void {
    this.remove(launch.instance);
    this.#launches.set(launch.instance, launch);
    this.#running.add(launch.instance);
    for (const port of Object.values(launch.ports)) this.#byPort.set(port, launch.instance);
    const group = this.#services.get(launch.service) ?? new Set();
    this.#services.set(launch.service, group.add(launch.instance));
  }

  remove(instance: string): void {
    const launch = this.#launches.get(instance);
    if (!launch) return;
    this.#launches.delete(instance);
    this.#running.delete(instance);
    this.#dropPid(instance);
    for (const port of Object.values(launch.ports)) if (this.#byPort.get(port) === instance) this.#byPort.delete(port);
    const group = this.#services.get(launch.service);
    group?.delete(instance);
    if (group?.size === 0) this.#services.delete(launch.service);
  }

  ended(instance: string): void {
    this.#running.delete(instance);
    this.#dropPid(instance);
  }

  runs(instance: string): boolean {
    return this.#running.has(instance);
  }

  get(instance: string): LaunchSpec | undefined {
    return this.#launches.get(instance);
  }

  hasService(name: string): boolean {
    return this.#services.has(name);
  }

  instance(name: string): EntityRef | null {
    const launch = this.#launches.get(name);
    return launch ? { kind: 'instance', name, service: launch.service } : null;
  }

  /** Any word that may be the name of an instance, of its address, or of a service; null: nobody we know. */
  find(service: string, instance: string | null): EntityRef | null {
    const own =
      instance === null
        ? null
        : (this.instance(instance) ?? this.#atAddress(instance) ?? this.#ofProcess(instance, service));
    if (own) return own;
    const group = this.#services.get(service);
    if (!group) return this.instance(service) ?? this.#atAddress(service);
    const [only] = group;
    if (group.size === 1 && only !== undefined) return { kind: 'instance', name: only, service };
    return { kind: 'service', name: service };
  }

  ofSeries({ source, labels }: Series): EntityRef | null {
    const named = labels['service.instance.id'] ?? labels.instance ?? labels.host ?? null;
    const pid = labels['process.pid'];
    const known = named !== null && (this.#launches.has(named) || this.#atAddress(named) !== null);
    const instance = pid === undefined || known ? named : `pid/${pid}`;
    const service = labels['service.name'] ?? labels.service ?? labels.job ?? source;
    return this.find(service, instance) ?? (service === source ? null : this.find(source, instance));
  }

  #dropPid(instance: string): void {
    for (const [pid, owner] of this.#byPid) if (owner === instance) this.#byPid.delete(pid);
  }

  /**
   * Of the main process, or of one of its group: `npm start` is not the process that speaks. Other machines have the same
   * numbers: a sender that calls itself something else is not believed.
   */
  #ofProcess(text: string, service: string): EntityRef | null {
    const pid = Number(PID.exec(text)?.[1] ?? Number.NaN);
    if (Number.isNaN(pid)) return null;
    const own = this.#byPid.get(pid) ?? this.#byPid.get(this.#groupOf(pid) ?? -1);
    const launch = own === undefined ? undefined : this.#launches.get(own);
    if (!launch || (launch.service !== service && !service.startsWith('unknown_service'))) return null;
    return { kind: 'instance', name: launch.instance, service: launch.service };
  }

  /** `127.0.0.1:18080`: a scraped target. */
  #atAddress(text: string): EntityRef | null {
    const match = /^(?:127\.0\.0\.1|localhost|\[?::1\]?):(\d{1,5})$/.exec(text);
    const instance = match ? this.#byPort.get(Number(match[1])) : undefined;
    return instance === undefined ? null : this.instance(instance);
  }
}

/** Fifth field of /proc/PID/stat; the name before it may hold anything, so it is counted from the last parenthesis. */
function processGroup(pid: number): number | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[2]);
  } catch {
    return null;
  }
}
