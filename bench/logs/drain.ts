/**
 * The peer: Drain (He et al., "Drain: an online log parsing approach with fixed depth tree", 2017), as published: split
 * at blanks, bucket by length, a tree over the first depth − 2 tokens (a token with a digit goes to the wildcard's
 * branch, 100 children), then the most similar group when at least `st` of its tokens agree, merged token by token.
 * The masks are those that are commonly configured for every kind of log: addresses, hex, numbers.
 */

const WILD = '<*>';
const CHILDREN = 100;

interface Group {
  readonly id: number;
  tokens: string[];
}

interface Branch {
  readonly children: Map<string, Branch>;
  readonly groups: Group[];
}

export class Drain {
  readonly #st: number;
  readonly #depth: number;
  readonly #root: Branch = branch();
  #groups = 0;

  constructor(st: number, depth: number) {
    this.#st = st;
    this.#depth = depth - 2;
  }

  /** The id of the group of a line that is masked already. */
  take(masked: string): number {
    const tokens = masked.trim().split(/\s+/);
    const leaf = this.#descend(tokens);
    const group = this.#closest(leaf.groups, tokens);
    if (group) {
      group.tokens = group.tokens.map((token, at) => (token === tokens[at] ? token : WILD));
      return group.id;
    }
    const made: Group = { id: this.#groups++, tokens };
    leaf.groups.push(made);
    return made.id;
  }

  #descend(tokens: readonly string[]): Branch {
    let at = child(this.#root, String(tokens.length), Number.POSITIVE_INFINITY);
    for (const token of tokens.slice(0, this.#depth)) at = child(at, /\d/.test(token) ? WILD : token, CHILDREN);
    return at;
  }

  #closest(groups: readonly Group[], tokens: readonly string[]): Group | null {
    let best: Group | null = null;
    let bestShare = -1;
    let bestWild = -1;
    for (const group of groups) {
      let same = 0;
      let wild = 0;
      group.tokens.forEach((token, at) => {
        if (token === WILD) wild++;
        else if (token === tokens[at]) same++;
      });
      const share = same / tokens.length;
      if (share > bestShare || (share === bestShare && wild > bestWild)) {
        best = group;
        bestShare = share;
        bestWild = wild;
      }
    }
    return bestShare >= this.#st ? best : null;
  }
}

const USUAL_MASKS: readonly RegExp[] = [
  /(?<![\w.])(?:\/)?\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?(?![\w.])/g,
  /(?<!\w)0[xX][0-9a-fA-F]+(?!\w)/g,
  /(?<!\w)[-+]?\d+(?:\.\d+)?(?!\w)/g,
];

export function usualMask(line: string): string {
  return USUAL_MASKS.reduce((text, mask) => text.replace(mask, WILD), line);
}

function branch(): Branch {
  return { children: new Map(), groups: [] };
}

function child(parent: Branch, token: string, most: number): Branch {
  const key = parent.children.has(token) || parent.children.size < most - 1 ? token : WILD;
  let found = parent.children.get(key);
  if (!found) {
    found = branch();
    parent.children.set(key, found);
  }
  return found;
}
