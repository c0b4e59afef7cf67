/** `depends_on` (both forms) and `links`; what a service waits for, and circles among them. */
import type { DependencyCondition, DependencySpec } from '../model/spec.ts';
import { nearest } from '../model/suggest.ts';
import type { Problems } from './problems.ts';
import type { Scope } from './scope.ts';
import { entriesOf, get, itemsOf, type Place, textOf } from './tree.ts';
import { readBool } from './values.ts';

export interface WrittenDependency extends DependencySpec {
  readonly place: Place;
}

const CONDITIONS: Readonly<Record<string, DependencyCondition>> = {
  service_started: 'started',
  service_healthy: 'healthy',
  service_completed_successfully: 'completed',
};

/** As written: the services named may not exist, or not run here. */
export function writtenDependencies(scope: Pick<Scope, 'node' | 'name' | 'problems'>): readonly WrittenDependency[] {
  const { node, name, problems } = scope;
  const found = new Map<string, WrittenDependency>();
  for (const item of itemsOf(get(node, 'links'))) {
    const [service = '', alias] = (textOf(item) ?? '').split(':');
    found.set(service, { service, condition: 'started', required: true, place: item });
    if (alias !== undefined && alias !== service)
      problems.notice(
        'not-honoured',
        item,
        name,
        `links: the alias ${alias}`,
        `the address of ${service} is in its variables`,
      );
  }
  const dependsOn = get(node, 'depends_on');
  for (const item of itemsOf(dependsOn)) {
    const service = textOf(item) ?? '';
    found.set(service, { service, condition: 'started', required: true, place: item });
  }
  for (const [service, { key, value }] of entriesOf(dependsOn)) {
    const condition = CONDITIONS[textOf(get(value, 'condition')) ?? ''] ?? 'started';
    const required = readBool(get(value, 'required')) ?? true;
    found.set(service, { service, condition, required, place: key });
    const restart = get(value, 'restart');
    if (restart && readBool(restart))
      problems.notice(
        'not-honoured',
        restart,
        name,
        `depends_on.${service}.restart`,
        `the address of ${service} stays the same when it restarts`,
      );
  }
  return [...found.values()];
}

/** Those that are started here; complains about names that nobody has. */
export function dependenciesOf(
  scope: Scope,
  written: readonly WrittenDependency[],
  profilesOf: (service: string) => readonly string[] | null,
): readonly DependencySpec[] {
  for (const { service, required, place } of written) {
    if (scope.siblings.has(service) || !required) continue;
    const profiles = profilesOf(service);
    const near = scope.problems.isMany ? null : nearest(service, scope.siblings);
    let remedy =
      near === null ? 'Name a service of this file, or write `required: false`.' : `Did you mean \`${near}\`?`;
    if (profiles) remedy = `Enable it: --profile ${profiles[0]}, or write \`required: false\`.`;
    const what = profiles ? `which is only in the profile ${profiles.join(', ')}` : 'which does not exist';
    scope.problems.error('HF1007', `${scope.name} depends on ${service}, ${what}`, place, remedy);
  }
  return written
    .filter(({ service }) => scope.running.has(service))
    .map(({ service, condition, required }) => ({ service, condition, required }));
}

/** Every circle once, with its whole way. Walks with a stack of its own: files may be made to be deep. */
export function refuseCircles(graph: ReadonlyMap<string, readonly WrittenDependency[]>, problems: Problems): void {
  const done = new Set<string>();
  for (const start of graph.keys()) {
    const way: { readonly name: string; next: number }[] = [{ name: start, next: 0 }];
    const open = new Map([[start, 0]]);
    while (way.length > 0 && !done.has(start)) {
      const top = way.at(-1) as { readonly name: string; next: number };
      const edge = graph.get(top.name)?.[top.next];
      top.next += 1;
      if (edge === undefined) {
        done.add(top.name);
        open.delete(top.name);
        way.pop();
        continue;
      }
      const circle = open.get(edge.service);
      if (circle !== undefined) {
        const names = [...way.slice(circle).map(({ name }) => name), edge.service].join(' → ');
        problems.error(
          'HF1006',
          `services wait for each other: ${names}`,
          edge.place,
          'Remove one of these dependencies.',
        );
      } else if (!done.has(edge.service) && graph.has(edge.service)) {
        open.set(edge.service, way.length);
        way.push({ name: edge.service, next: 0 });
      }
    }
  }
}
