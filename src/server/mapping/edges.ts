/** The map: declared dependencies and measured traffic, together. */
import type { EdgeResource } from '../../api/resources.ts';
import { OUTSIDE } from '../../model/signal.ts';
import type { Moment } from './facts.ts';
import { edgeHealth, openSymptoms } from './health.ts';
import { HISTORY_SECONDS, history, summarise } from './traffic.ts';

export function edgeResources({ core, now }: Moment): readonly EdgeResource[] {
  const symptoms = openSymptoms(core);
  return pairs(core.view).map(({ caller, callee }) => {
    const windows = core.view.edges.windows(caller, callee, now - HISTORY_SECONDS * 1_000, now);
    const traffic = summarise(windows, now);
    return {
      caller,
      callee,
      protocol: windows.at(-1)?.protocol ?? core.view.services.get(callee)?.ports[0]?.protocol ?? 'tcp',
      traffic,
      history: history(windows, now),
      health: edgeHealth({ caller, callee }, traffic, symptoms),
    };
  });
}

/** Measured edges, declared ones without traffic, and published services as called from outside; each once, sorted. */
function pairs(view: Moment['core']['view']): readonly { readonly caller: string; readonly callee: string }[] {
  const known = new Map<string, { caller: string; callee: string }>();
  const add = (caller: string, callee: string): void => {
    if (view.services.has(callee)) known.set(`${caller}→${callee}`, { caller, callee });
  };
  for (const { caller, callee } of view.edges.pairs()) {
    if (caller === OUTSIDE || view.services.has(caller)) add(caller, callee);
  }
  for (const service of view.services.values()) {
    for (const dependency of service.dependsOn) {
      // What has no ports cannot be called: waiting for a job is no edge.
      if (view.services.get(dependency.service)?.ports.length) add(service.name, dependency.service);
    }
    if (service.ports.some(({ published }) => published !== null)) add(OUTSIDE, service.name);
  }
  return [...known.values()].sort((a, b) => a.caller.localeCompare(b.caller) || a.callee.localeCompare(b.callee));
}
