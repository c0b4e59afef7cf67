import { describe, expect, it } from 'vitest';
import { find, score } from './search.ts';

const ITEMS = [
  { title: 'Overview', hint: 'go' },
  { title: 'payments', hint: 'service' },
  { title: 'Restart payments-2', hint: 'action' },
  { title: 'Stop all automation', hint: 'action' },
];
const titles = (query: string): string[] => find(query, ITEMS, 10).map(({ title }) => title);

describe('search', () => {
  it('keeps the given order when nothing is typed', () => {
    expect(titles('')).toEqual(ITEMS.map(({ title }) => title));
  });

  it('prefers the start of the title, then the start of a word', () => {
    expect(titles('pay')).toEqual(['payments', 'Restart payments-2']);
  });

  it('wants every word, in any order, in title or hint', () => {
    expect(titles('pay rest')).toEqual(['Restart payments-2']);
    expect(titles('action stop')).toEqual(['Stop all automation']);
    expect(titles('payments nothing')).toEqual([]);
  });

  it('accepts skipped letters as the weakest match', () => {
    expect(titles('pymts')[0]).toBe('payments');
    expect(score('stnemyap', ITEMS[1] ?? { title: '', hint: '' })).toBeNull();
  });

  it('is limited', () => {
    expect(find('', ITEMS, 2)).toHaveLength(2);
  });
});
