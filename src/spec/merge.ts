/**
 * Compose's rules for laying one description over another (extends, several documents, several files of an include):
 * maps merge, lists append, commands are replaced, lists of KEY=value merge by key, !reset and !override as tagged.
 */
import {
  asMap,
  type Entry,
  isNull,
  type ListNode,
  type MapNode,
  mapNode,
  type SpecNode,
  scalarNode,
  textOf,
} from './tree.ts';

/** Path below a service → how it merges, where that is not by its kind. */
const REPLACED: ReadonlySet<string> = new Set([
  'command',
  'entrypoint',
  'healthcheck.test',
  'readiness.test',
  'extends',
]);
const KEYED: Readonly<Record<string, string>> = {
  annotations: '=',
  environment: '=',
  labels: '=',
  sysctls: '=',
  extra_hosts: '=:',
  'build.additional_contexts': '=',
  'build.args': '=',
  'build.labels': '=',
  'build.ssh': '=',
  'deploy.labels': '=',
};
/** Lists of names that may also be maps. */
const NAMED: ReadonlySet<string> = new Set(['depends_on', 'networks', 'models']);

/** `path` is below a service; an empty path is the service itself. */
export function merge(base: SpecNode | undefined, over: SpecNode, path: readonly string[]): SpecNode {
  if (base === undefined || over.tag === 'override' || over.tag === 'reset') return over;
  const at = path.join('.');
  if (REPLACED.has(at)) return over;
  const [under, above] = [inForm(base, at), inForm(over, at)];
  if (under.kind === 'map' && above.kind === 'map') {
    return isOtherDriver(under, above, at) ? above : mergeMaps(under, above, path);
  }
  if (under.kind === 'list' && above.kind === 'list') return append(under, above);
  return isNull(above) && under.kind !== 'scalar' ? under : above;
}

export function mergeMaps(base: MapNode, over: MapNode, path: readonly string[]): MapNode {
  const entries = new Map<string, Entry>(base.entries);
  for (const [key, { key: place, value }] of over.entries) {
    if (value.tag === 'reset') entries.delete(key);
    else entries.set(key, { key: place, value: merge(entries.get(key)?.value, value, [...path, key]) });
  }
  return mapNode(over, entries);
}

/** Another logging driver brings its own options. */
function isOtherDriver(base: MapNode, over: MapNode, at: string): boolean {
  if (at !== 'logging') return false;
  const driver = textOf(over.entries.get('driver')?.value);
  return driver !== undefined && driver !== textOf(base.entries.get('driver')?.value);
}

/** The longer of the forms that Compose allows, so that both sides have the same. */
function inForm(node: SpecNode, at: string): SpecNode {
  const separators = KEYED[at];
  if (separators !== undefined) return asMap(node, separators);
  if (NAMED.has(at) && node.kind === 'list') {
    const entries = node.items.flatMap((item) => {
      const name = textOf(item);
      return name === undefined ? [] : [[name, { key: item, value: scalarNode(item, null) }] as const];
    });
    return mapNode(node, new Map(entries));
  }
  if (at === 'build' && node.kind === 'scalar' && !isNull(node))
    return mapNode(node, new Map([['context', { key: node, value: node }]]));
  if (STRING_OR_LIST.has(at) && node.kind === 'scalar' && !isNull(node))
    return { kind: 'list', origin: node.origin, offset: node.offset, tag: null, items: [node] };
  return node;
}

const STRING_OR_LIST: ReadonlySet<string> = new Set(['dns', 'dns_search', 'env_file', 'label_file', 'tmpfs']);

function append(base: ListNode, over: ListNode): ListNode {
  const items = [...base.items];
  const seen = new Set(items.map(textOf));
  for (const item of over.items) {
    const text = textOf(item);
    if (text === undefined || !seen.has(text)) items.push(item);
  }
  return { ...over, items };
}

/** What is tagged !reset in a file of its own is not there at all. */
export function withoutResets(node: SpecNode): SpecNode {
  if (node.kind === 'list') {
    const items = node.items.filter((item) => item.tag !== 'reset').map(withoutResets);
    return { ...node, items };
  }
  if (node.kind === 'scalar') return node;
  const entries = [...node.entries].flatMap(([key, { key: place, value }]) =>
    value.tag === 'reset' ? [] : [[key, { key: place, value: withoutResets(value) }] as const],
  );
  return mapNode(node, new Map(entries), node.tag);
}
