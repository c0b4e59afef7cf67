/** Environment and labels: files first, then what stands in the spec; a bare NAME takes its value from outside. */
import { readDotEnv } from './dotenv.ts';
import { MAX_SPEC_BYTES } from './limits.ts';
import { joinPath } from './paths.ts';
import type { Scope } from './scope.ts';
import { asMap, dig, entriesOf, get, itemsOf, type Place, type SpecNode, textOf } from './tree.ts';
import { readBool } from './values.ts';

export interface Variable {
  readonly value: string;
  readonly place: Place;
}

export function environmentOf(scope: Scope): ReadonlyMap<string, Variable> {
  const variables = new Map<string, Variable>();
  for (const item of itemsOf(get(scope.node, 'env_file'))) addFile(variables, item, scope, 'env_file');
  const node = get(scope.node, 'environment');
  for (const [name, { key, value }] of entriesOf(node && asMap(node))) {
    const text = textOf(value) ?? scope.lookup(name);
    if (name === '' || /[=\0]/.test(name)) {
      const remedy = 'Write NAME: value, or - NAME=value.';
      scope.problems.error('HF1004', `${JSON.stringify(name)} is not the name of a variable`, key, remedy);
    } else if (text === undefined) {
      variables.delete(name);
    } else {
      variables.set(name, { value: text, place: value });
    }
  }
  return variables;
}

function addFile(variables: Map<string, Variable>, item: SpecNode, scope: Scope, key: string): void {
  const path = textOf(item.kind === 'map' ? get(item, 'path') : item);
  if (path === undefined) return;
  const absolute = joinPath(item.origin.dir, path);
  const text = scope.readFile(absolute);
  if (text === undefined) {
    if (readBool(get(item, 'required')) === false) return;
    const remedy = key === 'env_file' ? 'Correct the path, or write {path, required: false}.' : 'Correct the path.';
    scope.problems.error('HF1015', `${key} ${path} of ${scope.name} does not exist`, item, remedy);
    return;
  }
  if (text.length > MAX_SPEC_BYTES) {
    scope.problems.error('HF1014', `${key} ${path} is larger than 1 MiB`, item);
    return;
  }
  const raw = textOf(get(item, 'format')) === 'raw';
  const { values, badLines } = raw ? rawLines(text) : readDotEnv(text, scope.lookup);
  for (const line of badLines) {
    const at = { file: absolute, line, column: 1 };
    scope.problems.errorAt('HF1004', `not an assignment in ${key} ${path}`, at, 'Write NAME=value.');
  }
  for (const [name, value] of values) variables.set(name, { value, place: item });
}

/** Compose's `format: raw`: everything after `=` is the value. */
function rawLines(text: string): {
  readonly values: ReadonlyMap<string, string>;
  readonly badLines: readonly number[];
} {
  const values = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const cut = line.indexOf('=');
    if (cut > 0 && !line.startsWith('#')) values.set(line.slice(0, cut), line.slice(cut + 1));
  }
  return { values, badLines: [] };
}

export function labelsOf(scope: Scope): Readonly<Record<string, string>> {
  const labels = new Map<string, Variable>();
  for (const item of itemsOf(get(scope.node, 'label_file'))) addFile(labels, item, scope, 'label_file');
  for (const node of [dig(scope.node, 'deploy', 'labels'), get(scope.node, 'labels')]) {
    for (const [name, { value }] of entriesOf(node && asMap(node)))
      labels.set(name, { value: textOf(value) ?? '', place: value });
  }
  return plain(labels);
}

/** Sorted, so that the order in the file makes no difference to the revision. */
export function plain(variables: ReadonlyMap<string, Variable>): Readonly<Record<string, string>> {
  const names = [...variables.keys()].sort();
  return Object.fromEntries(names.map((name) => [name, (variables.get(name) as Variable).value]));
}

/** The start of the names that a consumer gets for a dependency: `order-store` → `ORDER_STORE`. */
export function variableName(service: string): string {
  return service.toUpperCase().replace(/[^A-Z0-9]/g, '_');
}
