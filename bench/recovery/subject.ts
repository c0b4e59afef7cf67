/** What the rig asks of a supervisor under test: everything else about it is its own affair. */
export interface Replica {
  /** As its supervisor calls it. */
  readonly id: string;
  /** On this machine, not within a container. */
  readonly pid: number;
}

export interface Subject {
  readonly name: 'holdfast' | 'pm2' | 'swarm';
  /** Why it cannot be measured here (a package that is not installed); null when it can. */
  missing(): Promise<string | null>;
  /** Brings up three replicas of the app, and returns when all of them answer. */
  start(): Promise<void>;
  /** Where clients go; several take turns. */
  readonly addresses: readonly string[];
  /** Only those that serve. */
  replicas(): Promise<readonly Replica[]>;
  /** Whether it is done with the last fault, by its own account: the next one would be a new fault. */
  settled(): Promise<boolean>;
  /** When it knew of the crash of this replica, wall-clock ms; null when it does not (yet). */
  noticedAt(replica: Replica, crashedAt: number): Promise<number | null>;
  /** Its own account of what happened, for people; empty when it has none. */
  story(): Promise<readonly string[]>;
  /** Ends everything that `start` began, however far that came. May be called twice. */
  stop(): Promise<void>;
}

export const REPLICAS = 3;
