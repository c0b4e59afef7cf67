/** What has been proven, in the store under /proofs/: one record for each run, the newest PROOFS_KEPT of them. */
import type { CauseTest } from '../../prove/cause/index.ts';
import type { Verdict } from '../../prove/judge/index.ts';
import type { Store } from '../../store/contract.ts';
import { listAll } from '../list-all.ts';

export interface ProofRecord {
  readonly id: string;
  readonly serial: number;
  /** Runs that were asked for together. */
  readonly suite: string;
  readonly title: string;
  readonly source: string;
  readonly state: 'waiting' | 'running' | 'done';
  /** Nothing was done: it is not kept. */
  readonly dryRun: boolean;
  readonly who: string;
  readonly why: string;
  readonly askedAt: string;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  readonly verdict: Verdict | null;
  /** Absent in records of older versions. */
  readonly cause?: CauseTest | null;
  readonly progress: readonly { readonly at: string; readonly text: string }[];
}

const PREFIX = '/proofs/';
/** A year of a daily suite of a few experiments. More makes `get proofs` longer and the store larger (about 4 KB each). */
export const PROOFS_KEPT = 1_000;

export class ProofLedger {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  async load(): Promise<readonly ProofRecord[]> {
    const values = [...(await listAll(this.#store, PREFIX)).values()];
    return values.map((value) => JSON.parse(value) as ProofRecord).sort((a, b) => a.serial - b.serial);
  }

  async save(record: ProofRecord): Promise<void> {
    const put = { op: 'put', key: keyOf(record.serial), value: JSON.stringify(record), lease: null } as const;
    await this.#store.txn({ when: [], change: [put], otherwise: [] });
  }

  async remove(serials: readonly number[]): Promise<void> {
    for (const serial of serials) {
      await this.#store.txn({ when: [], change: [{ op: 'delete', key: keyOf(serial) }], otherwise: [] });
    }
  }
}

function keyOf(serial: number): string {
  return `${PREFIX}${String(serial).padStart(9, '0')}`;
}
