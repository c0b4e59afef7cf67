/**
 * Which of several candidates a fault is done to. Pure: the same candidates and the same generator give the same
 * choice, in whatever order the candidates come, so a run is repeated by its seed.
 */
import type { Random } from './random.ts';

/**
 * one: exactly one; all; count: that many, or all where there are fewer; percent: that share, rounded up, so that any
 * share of somebody is somebody; at-most-percent: a number drawn evenly from one to that share, rounded down, but one
 * in any case: a fault that nobody has proves nothing.
 */
export type Selection =
  | { readonly mode: 'one' }
  | { readonly mode: 'all' }
  | { readonly mode: 'count'; readonly count: number }
  | { readonly mode: 'percent'; readonly percent: number }
  | { readonly mode: 'at-most-percent'; readonly percent: number };

export function select(candidates: readonly string[], selection: Selection, random: Random): readonly string[] {
  const sorted = [...new Set(candidates)].sort();
  const wanted = Math.min(sorted.length, countOf(sorted.length, selection, random));
  // Fisher and Yates, as far as it is needed.
  for (let at = 0; at < wanted; at++) {
    const other = at + random.int(sorted.length - at);
    [sorted[at], sorted[other]] = [sorted[other] as string, sorted[at] as string];
  }
  return sorted.slice(0, wanted).sort();
}

function countOf(candidates: number, selection: Selection, random: Random): number {
  switch (selection.mode) {
    case 'one':
      return 1;
    case 'all':
      return candidates;
    case 'count':
      return Math.max(0, Math.floor(selection.count));
    case 'percent':
      return Math.ceil((candidates * share(selection.percent)) / 100 - 1e-9);
    case 'at-most-percent':
      return 1 + random.int(Math.max(1, Math.floor((candidates * share(selection.percent)) / 100 + 1e-9)));
  }
}

function share(percent: number): number {
  return Math.min(100, Math.max(0, percent));
}
