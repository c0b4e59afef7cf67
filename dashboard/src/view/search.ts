/** Finding by a few typed letters: all words must match; the start of a word counts more than its middle. */
export interface Findable {
  readonly title: string;
  readonly hint: string;
}

/** null: does not match. Higher is better. */
export function score(query: string, item: Findable): number | null {
  const title = item.title.toLowerCase();
  const hint = item.hint.toLowerCase();
  let total = 0;
  for (const word of query.toLowerCase().split(/\s+/).filter(Boolean)) {
    const one = Math.max(wordScore(word, title), wordScore(word, hint) / 2);
    if (one === 0) return null;
    total += one;
  }
  return total;
}

export function find<T extends Findable>(query: string, items: readonly T[], limit: number): readonly T[] {
  return items
    .map((item, index) => ({ item, index, score: score(query, item) }))
    .filter((entry): entry is typeof entry & { score: number } => entry.score !== null)
    .sort((a, b) => b.score - a.score || a.index - b.index)
    .slice(0, limit)
    .map(({ item }) => item);
}

function wordScore(word: string, text: string): number {
  const at = text.indexOf(word);
  if (at === 0) return 8;
  if (at > 0) return /[\s\-_/:(]/.test(text[at - 1] ?? '') ? 6 : 4;
  return subsequence(word, text) ? 1 : 0;
}

function subsequence(word: string, text: string): boolean {
  let at = 0;
  for (const letter of word) {
    at = text.indexOf(letter, at) + 1;
    if (at === 0) return false;
  }
  return true;
}
