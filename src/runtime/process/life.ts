/** One life as the runtime knows it: its record, its process, and the promise of its end. */
import type { ChildProcess } from 'node:child_process';
import type { InstanceExit, ProcessIdentity } from '../../model/instance.ts';
import type { InventoryItem } from '../../model/link.ts';
import type { Ms } from '../../model/time.ts';
import type { LifeRef } from '../contract.ts';
import type { LifeRecord } from './record.ts';

export class Life {
  record: LifeRecord;
  identity: ProcessIdentity | null = null;
  /** Told when the process exists; only while a start waits for it. */
  claimed: (identity: ProcessIdentity) => void = () => {};
  /** Only of lives that this process started itself. */
  shim: ChildProcess | null = null;
  /** Why there is no shim: it could not be started, which is told later than that it was tried. */
  unstarted: Error | null = null;
  /** The shim of a life that is not over, also of adopted ones: never to be killed with its service. */
  shimPid: number | null = null;
  /** SIGKILL was sent by us: explains an end that left no status. */
  killed = false;
  /** Since when the process is gone without a status, on the runtime's clock. */
  goneSince: Ms | null = null;
  /** The stop under way, so that a second one does not begin again. */
  stopping: { deadline: Ms; readonly done: Promise<void> } | null = null;
  readonly ended: Promise<void>;
  #markEnded: () => void = () => {};

  constructor(record: LifeRecord) {
    this.record = record;
    this.ended = new Promise((done) => {
      this.#markEnded = done;
    });
    if (record.exit) this.#markEnded();
  }

  get exit(): InstanceExit | null {
    return this.record.exit;
  }

  /** What the process wrote down about itself when it began. */
  claimedBy(found: { readonly identity: ProcessIdentity; readonly shimPid: number | null }): void {
    this.identity = found.identity;
    this.shimPid = found.shimPid;
    this.claimed(found.identity);
  }

  end(exit: InstanceExit): void {
    this.shimPid = null;
    this.record = { ...this.record, exit };
    this.#markEnded();
  }

  is(ref: LifeRef): boolean {
    return this.record.launch.instance === ref.instance && this.record.launch.incarnation === ref.incarnation;
  }

  item(): InventoryItem {
    const { launch, startedAt, exit } = this.record;
    return { launch, process: this.identity, startedAt, exit };
  }
}
