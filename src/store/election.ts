/**
 * Who leads, with proof: election and fencing, built on the contract alone, so they are the same with every engine.
 *
 * A leader holds one key under its lease. Its fencing token is the revision at which that key was created: it never
 * repeats and never goes back, over restarts and restores. `guarded` puts the token's condition into the very
 * transaction that writes, so a leader that lost its lease without noticing cannot change anything any more; to
 * outsiders it hands the token, and they refuse any that is lower than one they have seen.
 */
import { HoldfastError } from '../model/errors.ts';
import type { Compare, KeyValue, LeaseId, Operation, Revision, Store, TxnResult } from './contract.ts';

export interface Leader {
  readonly election: string;
  /** Grows with every new leader. */
  readonly token: Revision;
  /** What it said of itself when it campaigned. */
  readonly value: string;
  readonly lease: LeaseId;
}

export interface CampaignOptions {
  readonly signal?: AbortSignal;
}

/** The key whose presence is leadership. Election names are one key part: printable ASCII without slashes. */
export function electionKey(election: string): string {
  return `/elections/${election}/leader`;
}

/**
 * Resolves when this lease leads; waits as long as another does (in no particular order among those who wait).
 * HF2007 when the lease has ended by then. A lease that leads already gets the leadership it has.
 */
export async function campaign(
  store: Store,
  election: string,
  lease: LeaseId,
  value: string,
  options: CampaignOptions = {},
): Promise<Leader> {
  const key = electionKey(election);
  for (;;) {
    options.signal?.throwIfAborted();
    const { succeeded, revision } = await store.txn({
      when: [{ key, is: 'absent' }],
      change: [{ op: 'put', key, value, lease }],
      otherwise: [],
    });
    if (succeeded) return { election, token: revision, value, lease };
    const current = await leaderOf(store, election);
    if (current?.lease === lease) return current;
    await vacancy(store, key, revision, options.signal);
  }
}

/** Gives leadership up at once; nothing happens when it was lost already. */
export async function resign(store: Store, leader: Leader): Promise<void> {
  const key = electionKey(leader.election);
  await store.txn({ when: [stillLeads(leader)], change: [{ op: 'delete', key }], otherwise: [] });
}

export async function leaderOf(store: Store, election: string): Promise<Leader | null> {
  return asLeader(election, (await store.get(electionKey(election))) ?? undefined);
}

/** The leader now and every one after, null between two. Ends with the signal or when the store closes (HF2011). */
export async function* observe(
  store: Store,
  election: string,
  options: CampaignOptions = {},
): AsyncGenerator<Leader | null> {
  const key = electionKey(election);
  for (;;) {
    const page = await store.list(key);
    yield asLeader(
      election,
      page.items.find((item) => item.key === key),
    );
    try {
      for await (const batch of store.watch(key, page.revision + 1, options)) {
        for (const event of batch.events) {
          if (event.type === 'delete' && event.key === key) yield null;
          if (event.type === 'put' && event.item.key === key) yield asLeader(election, event.item);
        }
      }
      return;
    } catch (error) {
      // Compacted: whoever leads now is what counts, so begin again from there.
      if (!(error instanceof HoldfastError) || error.code !== 'HF2006') throw error;
    }
  }
}

/**
 * A transaction that only the leader can make: HF2012, and nothing happens, when leadership was lost. Otherwise as
 * `txn` with nothing to do otherwise.
 */
export async function guarded(
  store: Store,
  leader: Leader,
  transaction: { readonly when: readonly Compare[]; readonly change: readonly Operation[] },
): Promise<TxnResult> {
  const when = [stillLeads(leader), ...transaction.when];
  const result = await store.txn({ when, change: transaction.change, otherwise: [] });
  if (result.succeeded) return result;
  const current = await leaderOf(store, leader.election);
  if (current?.token === leader.token) return result;
  throw new HoldfastError('HF2012', fencedMessage(leader, current));
}

export async function guardedPut(store: Store, leader: Leader, key: string, value: string): Promise<Revision> {
  const change: Operation[] = [{ op: 'put', key, value, lease: null }];
  return (await guarded(store, leader, { when: [], change })).revision;
}

function asLeader(election: string, item: KeyValue | undefined): Leader | null {
  if (!item || item.lease === null) return null;
  return { election, token: item.createRevision, value: item.value, lease: item.lease };
}

function stillLeads(leader: Leader): Compare {
  return { key: electionKey(leader.election), is: 'created-at', revision: leader.token };
}

function fencedMessage(leader: Leader, current: Leader | null): string {
  const now = current ? `token ${current.token} leads` : 'nobody leads';
  return `token ${leader.token} of election ${leader.election} no longer leads: ${now} now`;
}

/** Resolves when the key may be free. */
async function vacancy(store: Store, key: string, after: Revision, signal: AbortSignal | undefined): Promise<void> {
  const options = signal ? { signal } : {};
  try {
    for await (const batch of store.watch(key, after + 1, options)) {
      if (batch.events.some((event) => event.type === 'delete' && event.key === key)) return;
    }
  } catch (error) {
    if (!(error instanceof HoldfastError) || error.code !== 'HF2006') throw error;
  }
}
