/** What the traffic detectors of one service look at, gathered once for all of them. */
import type { Instance } from '../model/instance.ts';
import type { ServiceSpec } from '../model/spec.ts';
import type { Ms } from '../model/time.ts';
import { isAlive } from './claim.ts';
import type { InstanceRecord } from './record.ts';
import { expectedFailureShare, type Measured, recent, type Tally, typicalMs } from './traffic.ts';

/** Calls of an instance's first seconds are cold (caches, just-in-time compilation): no evidence of slowness. */
export const COLD_MS: Ms = 3_000;

export class ServiceFacts {
  readonly service: ServiceSpec;
  readonly members: readonly Member[];
  /** Newest first. */
  readonly windows: readonly Measured[];
  readonly now: Ms;
  /** Weighted by the calls of each edge; 0 while no past is known. */
  readonly pastFailureShare: number;
  readonly #byInstance = new Map<string, Measured[]>();
  readonly #members: ReadonlyMap<string, Member>;

  constructor(service: ServiceSpec, members: readonly Member[], windows: readonly Measured[], now: Ms) {
    this.service = service;
    this.members = members;
    this.windows = windows;
    this.now = now;
    this.#members = new Map(members.map((member) => [member.instance.id, member]));
    this.pastFailureShare = expectedFailureShare(windows) ?? 0;
    for (const window of windows) {
      const list = this.#byInstance.get(window.instance);
      if (list) list.push(window);
      else this.#byInstance.set(window.instance, [window]);
    }
  }

  /** The newest calls of one instance that satisfy `which`. */
  recent(member: Member, judged: 'requests' | 'completed', which: (window: Measured) => boolean): Tally {
    return recent(this.#byInstance.get(member.instance.id) ?? [], this.now, judged, which);
  }

  /** Newest first, of every life. */
  windowsOf(member: Member): readonly Measured[] {
    return this.#byInstance.get(member.instance.id) ?? [];
  }

  /** Of an instance while it did its work. */
  serves(window: Measured): boolean {
    return this.#members.get(window.instance)?.serves(window) ?? false;
  }

  isWarm(window: Measured): boolean {
    return this.#members.get(window.instance)?.isWarm(window) ?? false;
  }

  typicalMs(member: Member, which: (window: Measured) => boolean): number {
    return typicalMs(this.#byInstance.get(member.instance.id) ?? [], this.now, which);
  }
}

export class Member {
  readonly instance: Instance;
  readonly record: InstanceRecord;

  constructor(instance: Instance, record: InstanceRecord) {
    this.instance = instance;
    this.record = record;
  }

  /** Measured on this instance in its present life. */
  counts(window: Measured): boolean {
    return window.instance === this.instance.id && window.at - 1_000 >= (this.record.startedAt ?? 0);
  }

  /** As above, while it does its work: what the dead and the silent do is told of by other symptoms. */
  serves(window: Measured): boolean {
    if (!this.counts(window) || !isAlive(this.instance) || this.record.crash !== null) return false;
    const { stall } = this.record;
    return stall === null || stall.state === 'erroring';
  }

  isWarm(window: Measured): boolean {
    const { readySince } = this.record;
    return this.serves(window) && readySince !== null && window.at - 1_000 >= readySince + COLD_MS;
  }
}
