/** "Did you mean": the nearest of some words by edit distance, where swapping two neighbours counts as one edit. */

export function distance(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min((last[j] as number) + 1, (row[j - 1] as number) + 1, (last[j - 1] as number) + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        best = Math.min(best, (before[j - 2] as number) + 1);
      row.push(best);
    }
    before = last;
    last = row;
  }
  return last[b.length] as number;
}

/** A guess is not worth more: among thousands of generated names none is what was meant. */
const MAX_TRIED = 500;

/** The nearest word within `limit` edits; the default lets a third of the letters be wrong. */
export function nearest(word: string, words: Iterable<string>, limit = Math.floor(word.length / 3)): string | null {
  if (word.length > 60) return null;
  const lower = word.toLowerCase().replaceAll('-', '_');
  let best: string | null = null;
  // A word of which every letter is wrong is another word.
  let bestDistance = Math.min(Math.max(1, limit) + 1, lower.length);
  let tried = 0;
  for (const candidate of words) {
    tried += 1;
    if (tried > MAX_TRIED) break;
    if (lower.length >= 4 && limit > 1 && candidate.startsWith(lower)) return candidate;
    if (Math.abs(candidate.length - lower.length) >= bestDistance) continue;
    const edits = distance(lower, candidate.toLowerCase());
    if (edits < bestDistance) [best, bestDistance] = [candidate, edits];
  }
  return best;
}
