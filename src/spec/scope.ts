/** What the readers of one service need to know: its node, its name, where complaints go. */
import type { Problems } from './problems.ts';
import { entriesOf, get, type MapNode, type Place, type SpecNode } from './tree.ts';

export interface Scope {
  readonly name: string;
  readonly node: MapNode;
  /** Where the name stands in the file. */
  readonly place: Place;
  readonly problems: Problems;
  readonly lookup: (name: string) => string | undefined;
  readonly readFile: (path: string) => string | undefined;
  /** Every service of the file, also those that are not started here. */
  readonly siblings: ReadonlySet<string>;
  /** Those of them that run here. */
  readonly running: ReadonlySet<string>;
}

/** A key of Holdfast's own: beside Compose's keys, or under `x-holdfast`. */
export function own(node: SpecNode, key: string): SpecNode | undefined {
  return get(node, key) ?? get(get(node, 'x-holdfast'), key);
}

/** Given in both places a key would have two meanings. */
export function refuseDoubles(node: SpecNode, problems: Problems): void {
  for (const [key, entry] of entriesOf(get(node, 'x-holdfast'))) {
    if (get(node, key) === undefined) continue;
    problems.error('HF1004', `${key} is given twice, beside x-holdfast and in it`, entry.key, 'Keep one of them.');
  }
}
