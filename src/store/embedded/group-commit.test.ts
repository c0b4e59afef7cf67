import { describe, expect, it } from 'vitest';
import { HoldfastError } from '../../model/errors.ts';
import { type Connection, GroupCommit } from './group-commit.ts';

const FULL = 13;
const IOERR_FSYNC = 1_034;

class SqliteError extends Error {
  readonly rawCode: number;
  constructor(rawCode: number) {
    super(`code ${rawCode}`);
    this.rawCode = rawCode;
  }
}

/** Counts what was added in a transaction, as rows would; room for `room` of it. */
class Ledger implements Connection {
  inTransaction = false;
  readonly log: string[] = [];
  committed = 0;
  open = 0;
  room = Number.POSITIVE_INFINITY;
  failCommit: number | undefined;

  exec(sql: string): void {
    this.log.push(sql);
    if (sql.startsWith('BEGIN')) {
      this.inTransaction = true;
      this.open = this.committed;
    } else if (sql === 'ROLLBACK') {
      this.inTransaction = false;
    } else {
      if (this.failCommit !== undefined) throw new SqliteError(this.failCommit);
      this.inTransaction = false;
      this.committed = this.open;
    }
  }

  add(amount: number): number {
    if (this.open + amount > this.room) throw new SqliteError(FULL);
    this.open += amount;
    return this.open;
  }
}

function commits(ledger: Ledger): { group: GroupCommit; restored: () => number } {
  let restored = 0;
  const restore = (): void => {
    restored++;
  };
  const hooks = { begin: () => restore, beforeCommit: () => undefined, afterCommit: () => undefined };
  return { group: new GroupCommit(ledger, hooks), restored: () => restored };
}

describe('group commit', () => {
  it('commits what comes in one turn together, and answers each', async () => {
    const ledger = new Ledger();
    const { group } = commits(ledger);
    const results = await Promise.all([1, 2, 3].map((amount) => group.run(() => ledger.add(amount))));
    expect(results).toEqual([1, 3, 6]);
    expect(ledger.log).toEqual(['BEGIN IMMEDIATE', 'COMMIT']);
    await group.run(() => ledger.add(4));
    expect(ledger.log).toHaveLength(4);
  });

  it('answers nobody before the commit', async () => {
    const ledger = new Ledger();
    const { group } = commits(ledger);
    const seen = await group.run(() => ledger.add(1)).then(() => ledger.committed);
    expect(seen).toBe(1);
  });

  it('refuses one job without failing the others', async () => {
    const ledger = new Ledger();
    const { group } = commits(ledger);
    const refused = group.run(() => {
      throw new HoldfastError('HF2007', 'no such lease');
    });
    const other = group.run(() => ledger.add(1));
    await expect(refused).rejects.toMatchObject({ code: 'HF2007' });
    expect(await other).toBe(1);
    expect(ledger.log).toEqual(['BEGIN IMMEDIATE', 'COMMIT']);
  });

  it('lets what fits through when one does not fit', async () => {
    const ledger = new Ledger();
    ledger.room = 10;
    const { group, restored } = commits(ledger);
    const results = await Promise.allSettled([4, 50, 5].map((amount) => group.run(() => ledger.add(amount))));
    expect(results.map((result) => result.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(results[1]).toMatchObject({ reason: { code: 'HF2004', retry: 'later' } });
    expect(ledger.committed).toBe(9);
    expect(restored()).toBe(2);
    expect(await group.run(() => ledger.add(1))).toBe(10);
  });

  it('trusts nothing after a failed fsync: everything after it is refused', async () => {
    const ledger = new Ledger();
    ledger.failCommit = IOERR_FSYNC;
    const { group, restored } = commits(ledger);
    const unknown = { code: 'HF2014' };
    const results = await Promise.allSettled([1, 2].map((amount) => group.run(() => ledger.add(amount))));
    expect(results).toMatchObject([{ reason: unknown }, { reason: unknown }]);
    expect(restored()).toBe(1);
    ledger.failCommit = undefined;
    await expect(group.run(() => ledger.add(1))).rejects.toMatchObject(unknown);
    expect(ledger.committed).toBe(0);
  });

  it('finishes what was asked before the end, and refuses what comes after', async () => {
    const ledger = new Ledger();
    const { group } = commits(ledger);
    const before = group.run(() => ledger.add(1));
    group.end(new HoldfastError('HF2011', 'closed'));
    const after = group.run(() => ledger.add(1));
    expect(await before).toBe(1);
    await expect(after).rejects.toMatchObject({ code: 'HF2011' });
    expect(ledger.committed).toBe(1);
  });
});
