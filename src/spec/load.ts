/**
 * From files to one tree of services: several documents in a file, `include`, `extends`. Files come through a
 * function that is handed in, so that this stays without I/O and a test can hand in a map.
 */

import { nearest } from '../model/suggest.ts';
import { checkShape } from './check.ts';
import { readDotEnv } from './dotenv.ts';
import type { Lookup } from './interpolate.ts';
import { MAX_FILES, MAX_SPEC_BYTES } from './limits.ts';
import { merge, mergeMaps, withoutResets } from './merge.ts';
import { baseOf, dirOf, joinPath } from './paths.ts';
import type { Problems } from './problems.ts';
import { file as fileShape } from './schema/file.ts';
import {
  type Entry,
  entriesOf,
  get,
  itemsOf,
  type MapNode,
  mapNode,
  type Origin,
  type Place,
  type SpecNode,
  textOf,
} from './tree.ts';
import { readYaml } from './yaml.ts';

export interface LoadOptions {
  readonly readFile: (path: string) => string | undefined;
  readonly problems: Problems;
  readonly unset: (name: string, place: Place, service: string | null) => void;
}

/** One file with everything it brings in. */
export interface Loaded {
  readonly origin: Origin;
  readonly top: MapNode;
  /** After `extends`; included services too. */
  readonly services: ReadonlyMap<string, Entry>;
}

interface FileSource {
  readonly file: string;
  readonly dir: string;
  readonly text: string;
  readonly lookup: Lookup;
}

export class Loader {
  readonly #options: LoadOptions;
  #files = 0;

  constructor(options: LoadOptions) {
    this.#options = options;
  }

  load(source: FileSource): Loaded {
    return this.#load([source], [source.file]);
  }

  /** `sources` after the first are laid over it; `chain` are the files that led here, against circles. */
  #load(sources: readonly FileSource[], chain: readonly string[]): Loaded {
    const parts = sources.map((source) => this.#parse(source));
    const first = parts[0] as { readonly origin: Origin; readonly top: MapNode };
    const top = parts.slice(1).reduce((base, part) => overlay(base, part.top), first.top);
    const lookup = (sources[0] as FileSource).lookup;
    const services = new Map(this.#included(top, lookup, chain));
    const own = get(top, 'services');
    const extender = new Extender(this, own, services, lookup);
    for (const [name, entry] of entriesOf(own)) {
      if (entry.value.tag === 'reset') continue;
      const other = services.get(name);
      if (other) {
        this.#options.problems.error(
          'HF1011',
          `service ${name} is also in the included ${other.key.origin.file}`,
          entry.key,
          'Rename one of them, or remove the include.',
        );
      }
      services.set(name, { key: entry.key, value: withoutResets(extender.resolve(name, entry.value)) });
    }
    return { origin: first.origin, top, services };
  }

  #parse(source: FileSource): { readonly origin: Origin; readonly top: MapNode } {
    const { problems, unset } = this.#options;
    const { origin, roots } = readYaml({ ...source, unset }, problems);
    let top = mapNode({ origin, offset: 0 }, new Map());
    for (const root of roots) {
      checkShape(root, fileShape, problems);
      if (root.kind === 'map') top = overlay(top, root);
    }
    return { origin, top };
  }

  /** The text of a file that another names; undefined after a complaint. */
  read(path: string, place: Place, what: string): string | undefined {
    const { problems } = this.#options;
    this.#files += 1;
    if (this.#files > MAX_FILES) {
      problems.error('HF1014', `more than ${MAX_FILES} files are brought together`, place);
      return undefined;
    }
    const text = this.#options.readFile(path);
    if (text === undefined) problems.error('HF1011', `${what} ${path} does not exist`, place, 'Correct the path.');
    return text;
  }

  /** The services of another file, for `extends`. */
  loadOther(path: string, text: string, lookup: Lookup): SpecNode | undefined {
    return get(this.#parse({ file: path, dir: dirOf(path), text, lookup }).top, 'services');
  }

  get problems(): Problems {
    return this.#options.problems;
  }

  *#included(top: MapNode, lookup: Lookup, chain: readonly string[]): Generator<readonly [string, Entry]> {
    for (const item of itemsOf(get(top, 'include'))) {
      const loaded = this.#include(item, lookup, chain);
      for (const [name, entry] of loaded?.services ?? []) yield [name, entry];
    }
  }

  #include(item: SpecNode, lookup: Lookup, chain: readonly string[]): Loaded | null {
    const paths = itemsOf(item.kind === 'map' ? get(item, 'path') : item).flatMap((node) => {
      const text = textOf(node);
      return text === undefined ? [] : [{ node, path: joinPath(item.origin.dir, text) }];
    });
    const first = paths[0];
    if (first === undefined) return null;
    const circle = paths.find(({ path }) => chain.includes(path));
    if (circle) {
      const way = [...chain.slice(chain.indexOf(circle.path)), circle.path].map(baseOf).join(' → ');
      this.problems.error('HF1011', `files include each other: ${way}`, circle.node, 'Remove one of the includes.');
      return null;
    }
    const directory = textOf(get(item, 'project_directory'));
    const dir = directory === undefined ? dirOf(first.path) : joinPath(item.origin.dir, directory);
    const inner = this.#includeLookup(item, dir, lookup);
    const sources = paths.flatMap(({ node, path }) => {
      const text = this.read(path, node, 'the included file');
      return text === undefined ? [] : [{ file: path, dir, text, lookup: inner }];
    });
    return sources.length === 0 ? null : this.#load(sources, [...chain, ...paths.map(({ path }) => path)]);
  }

  /** The including project's variables win; then the include's `env_file`, by default `.env` of its directory. */
  #includeLookup(item: SpecNode, dir: string, lookup: Lookup): Lookup {
    const named = itemsOf(get(item, 'env_file'));
    const values = new Map<string, string>();
    for (const node of named) {
      const path = joinPath(item.origin.dir, textOf(node) ?? '');
      this.#addVariables(values, this.read(path, node, 'the env_file'), lookup);
    }
    if (named.length === 0) this.#addVariables(values, this.#options.readFile(joinPath(dir, '.env')), lookup);
    return (name) => lookup(name) ?? values.get(name);
  }

  #addVariables(values: Map<string, string>, text: string | undefined, lookup: Lookup): void {
    if (text === undefined || text.length > MAX_SPEC_BYTES) return;
    for (const [name, value] of readDotEnv(text, lookup).values) values.set(name, value);
  }
}

/** Lays a document over another: services by the rules of services, everything else map by map. */
function overlay(base: MapNode, over: MapNode): MapNode {
  const merged = mergeMaps(base, over, ['']);
  const [under, above] = [get(base, 'services'), get(over, 'services')];
  if (under?.kind !== 'map' || above?.kind !== 'map') return merged;
  const services = new Map<string, Entry>(under.entries);
  for (const [name, { key, value }] of above.entries) {
    if (value.tag === 'reset') services.delete(name);
    else services.set(name, { key, value: merge(services.get(name)?.value, value, []) });
  }
  const entries = new Map(merged.entries);
  const place = over.entries.get('services')?.key ?? over;
  entries.set('services', { key: place, value: mapNode(above, services) });
  return mapNode(merged, entries);
}

/** A service with what it inherits, and over how many steps. */
interface Heir {
  readonly node: SpecNode;
  readonly depth: number;
}

/** A longer line of heirs is a mistake. */
const MAX_EXTENDS = 32;

/** Resolves `extends` within one file, and into other files. */
class Extender {
  readonly #loader: Loader;
  readonly #own: SpecNode | undefined;
  readonly #included: ReadonlyMap<string, Entry>;
  readonly #lookup: Lookup;
  readonly #others = new Map<string, SpecNode | undefined>();
  readonly #resolved = new Map<SpecNode, Heir>();

  constructor(loader: Loader, own: SpecNode | undefined, included: ReadonlyMap<string, Entry>, lookup: Lookup) {
    this.#loader = loader;
    this.#own = own;
    this.#included = included;
    this.#lookup = lookup;
  }

  resolve(name: string, service: SpecNode): SpecNode {
    return this.#resolve(name, service, this.#own, []).node;
  }

  #resolve(name: string, service: SpecNode, siblings: SpecNode | undefined, chain: readonly string[]): Heir {
    const known = this.#resolved.get(service);
    if (known) return known;
    const extend = get(service, 'extends');
    if (extend === undefined || service.kind !== 'map') return { node: service, depth: 0 };
    const here = `${service.origin.file}:${name}`;
    const way = [...chain, here];
    if (chain.includes(here)) {
      const names = way.slice(chain.indexOf(here)).map((step) => step.slice(step.lastIndexOf(':') + 1));
      this.#loader.problems.error(
        'HF1011',
        `services extend each other: ${names.join(' → ')}`,
        extend,
        'Remove one `extends`.',
      );
      return { node: without(service, 'extends'), depth: 0 };
    }
    const own = without(service, 'extends');
    // The stack is spared as soon as the way is too long; what was resolved before counts by its depth.
    const base = way.length > MAX_EXTENDS ? { node: null, depth: MAX_EXTENDS } : this.#base(extend, siblings, way);
    const depth = (base?.depth ?? 0) + 1;
    if (depth > MAX_EXTENDS)
      this.#loader.problems.error('HF1014', `more than ${MAX_EXTENDS} services extend one another in a row`, extend);
    const node = base?.node ? merge(base.node, own, []) : own;
    const heir = { node, depth: Math.min(depth, MAX_EXTENDS) };
    this.#resolved.set(service, heir);
    return heir;
  }

  #base(extend: SpecNode, siblings: SpecNode | undefined, way: readonly string[]): Heir | null {
    const { problems } = this.#loader;
    const name = textOf(extend.kind === 'map' ? get(extend, 'service') : extend);
    if (name === undefined) return null;
    const fileNode = extend.kind === 'map' ? get(extend, 'file') : undefined;
    const pool = fileNode ? this.#other(fileNode, siblings) : siblings;
    if (fileNode && pool === undefined) return null;
    const found = get(pool, name) ?? (fileNode ? undefined : this.#included.get(name)?.value);
    if (found === undefined) {
      const near = problems.isMany
        ? null
        : nearest(
            name,
            entriesOf(pool).map(([key]) => key),
          );
      const where = fileNode ? textOf(fileNode) : 'this file';
      const remedy = near === null ? 'Name a service that is there.' : `Did you mean \`${near}\`?`;
      problems.error('HF1011', `there is no service ${name} to extend in ${where}`, extend, remedy);
      return null;
    }
    const base = this.#resolve(name, found, pool, way);
    // Profiles say when the base itself starts, not when its heirs do.
    return base.node.kind === 'map' ? { ...base, node: without(base.node, 'profiles') } : null;
  }

  #other(fileNode: SpecNode, siblings: SpecNode | undefined): SpecNode | undefined {
    const path = joinPath(fileNode.origin.dir, textOf(fileNode) ?? '');
    if (path === fileNode.origin.file) return siblings;
    if (!this.#others.has(path)) {
      const text = this.#loader.read(path, fileNode, 'the file to extend from,');
      this.#others.set(path, text === undefined ? undefined : this.#loader.loadOther(path, text, this.#lookup));
    }
    return this.#others.get(path);
  }
}

function without(node: MapNode, key: string): MapNode {
  if (!node.entries.has(key)) return node;
  const entries = new Map(node.entries);
  entries.delete(key);
  return mapNode(node, entries, node.tag);
}
