/**
 * Two variables in one line (`user ann reads from orders`) may never repeat one of them while the other changes, so no
 * single place collects words. Here the lines are sought that differ from a new one in the same two places. Pairs are
 * weaker evidence than one place: states of a machine (`from NEW to RUNNING`) look alike, so twice as many words are
 * demanded of each place, and no word may occur in both, as states do.
 */
import type { Template } from './template.ts';

/** Templates of the same length that are compared, newest first: bounds the cost of a stream of free text. */
const COMPARED = 256;

export interface Pair {
  readonly places: readonly [number, number];
  /** Includes the new one. */
  readonly members: readonly Template[];
}

/** `alike`: templates with as many columns, oldest first. `needed`: different words in each place. */
export function pairWith(template: Template, alike: readonly Template[], needed: number): Pair | null {
  const groups = new Map<number, Template[]>();
  const size = template.columns.length;
  for (let at = alike.length - 1; at >= Math.max(0, alike.length - COMPARED); at--) {
    const other = alike[at] as Template;
    if (other === template) continue;
    const places = twoPlaces(template.columns, other.columns);
    if (places === null) continue;
    const key = places[0] * size + places[1];
    const group = groups.get(key);
    if (group) group.push(other);
    else groups.set(key, [other]);
  }
  for (const [key, others] of groups) {
    const places: [number, number] = [Math.floor(key / size), key % size];
    const members = [template, ...others];
    if (members.length >= needed && areVariables(members, places, needed)) return { places, members };
  }
  return null;
}

function areVariables(members: readonly Template[], [one, two]: readonly [number, number], needed: number): boolean {
  const first = new Set(members.map(({ columns }) => columns[one]));
  const second = new Set(members.map(({ columns }) => columns[two]));
  return first.size >= needed && second.size >= needed && ![...first].some((word) => second.has(word));
}

/** Where they differ, if that is in exactly two places. */
function twoPlaces(one: readonly string[], other: readonly string[]): [number, number] | null {
  let first = -1;
  let second = -1;
  for (let at = 0; at < one.length; at++) {
    if (one[at] === other[at]) continue;
    if (first < 0) first = at;
    else if (second < 0) second = at;
    else return null;
  }
  return second < 0 ? null : [first, second];
}
