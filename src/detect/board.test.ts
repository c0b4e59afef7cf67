import { describe, expect, it } from 'vitest';
import { Board } from './board.ts';
import type { Claim } from './claim.ts';

const ENTITY = { kind: 'instance', name: 'web-1', service: 'web' } as const;
const CLAIM: Claim = {
  kind: 'slow',
  entity: ENTITY,
  resource: null,
  onsetAt: 500,
  logP: 9,
  summary: 'web-1 is slow',
  evidence: ['90 ms'],
};
const ID = 'slow:instance/web-1';

const kinds = (board: Board): string[] => board.takeNews().map(({ kind }) => kind);

describe('the board of open symptoms', () => {
  it('tells of a symptom once, however often it is claimed', () => {
    const board = new Board();
    for (let now = 1_000; now < 60_000; now += 250) board.settle(ID, CLAIM, 3_000, now);
    expect(kinds(board)).toEqual(['raised']);
    expect(board.get(ID)).toMatchObject({ onsetAt: 500, detectedAt: 1_000, clearedAt: null });
  });

  it('clears it when the claim has been absent long enough, and not before', () => {
    const board = new Board();
    board.settle(ID, CLAIM, 3_000, 1_000);
    board.settle(ID, null, 3_000, 3_900);
    expect(kinds(board)).toEqual(['raised']);
    board.settle(ID, CLAIM, 3_000, 3_950);
    board.settle(ID, null, 3_000, 6_900);
    expect(kinds(board)).toEqual([]);
    board.settle(ID, null, 3_000, 6_950);
    expect(board.takeNews()).toMatchObject([{ kind: 'cleared', symptom: { id: ID, clearedAt: 6_950 } }]);
    expect(board.open()).toEqual([]);
  });

  it('keeps it open for half a minute when nothing can be said', () => {
    const board = new Board();
    board.settle(ID, CLAIM, 3_000, 1_000);
    board.settle(ID, 'unknown', 3_000, 30_900);
    expect(kinds(board)).toEqual(['raised']);
    board.settle(ID, 'unknown', 3_000, 31_000);
    expect(kinds(board)).toEqual(['cleared']);
  });

  it('detects it anew in another episode, with its onset kept', () => {
    const board = new Board();
    board.settle(ID, CLAIM, 3_000, 1_000, 1);
    board.settle(ID, { ...CLAIM, onsetAt: 2_000 }, 3_000, 2_500, 2);
    const news = board.takeNews();
    expect(news.map(({ kind }) => kind)).toEqual(['raised', 'updated']);
    expect(news[1]?.symptom).toMatchObject({ onsetAt: 500, detectedAt: 2_500 });
  });

  it('refreshes its numbers now and then', () => {
    const board = new Board();
    for (let now = 1_000; now <= 11_000; now += 250) {
      board.settle(ID, { ...CLAIM, summary: `web-1 is slow: ${now}` }, 3_000, now);
    }
    expect(kinds(board)).toEqual(['raised', 'updated', 'updated']);
  });
});
