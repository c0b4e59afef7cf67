/** Our own figures as series that can be asked for: what /metrics shows, and what each instance uses, every 15 s. */
import type { Core } from '../core/contract.ts';
import type { SeriesStore } from '../query/series-store.ts';

/** As often as most people scrape. */
export const SELF_SAMPLE_MS = 15_000;

/** `text` is our own exposition: one sample a line, HELP and TYPE before each family. */
export function sampleSelf(text: string, store: SeriesStore, wallMs: number): void {
  let kind: 'gauge' | 'counter' = 'gauge';
  for (const line of text.split('\n')) {
    if (line.startsWith('# TYPE ')) kind = /(?:counter|histogram)$/.test(line) ? 'counter' : 'gauge';
    if (line === '' || line.startsWith('#')) continue;
    const space = line.lastIndexOf(' ');
    const [name, labels] = series(line.slice(0, space));
    store.put(name, { ...labels, job: 'holdfast' }, kind, wallMs, numberOf(line.slice(space + 1)));
  }
}

export function sampleInstances(core: Core, store: SeriesStore, wallMs: number): void {
  for (const { id, service, phase } of core.instances.values()) {
    const usage = phase === 'running' ? core.view.resourcesOf(id).at(-1) : undefined;
    if (!usage) continue;
    const labels = { instance: id, job: 'holdfast', service };
    store.put('holdfast_instance_cpu_cores', labels, 'gauge', wallMs, usage.cpuCores);
    store.put('holdfast_instance_memory_bytes', labels, 'gauge', wallMs, usage.memoryBytes);
    store.put('holdfast_instance_open_files', labels, 'gauge', wallMs, usage.openFiles);
  }
}

function series(text: string): [name: string, labels: Record<string, string>] {
  const brace = text.indexOf('{');
  if (brace < 0) return [text, {}];
  const labels: Record<string, string> = {};
  for (const [, name, value] of text.slice(brace).matchAll(/([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g)) {
    labels[name as string] = (value as string).replace(/\\(.)/g, (_all, escaped: string) =>
      escaped === 'n' ? '\n' : escaped,
    );
  }
  return [text.slice(0, brace), labels];
}

function numberOf(text: string): number {
  if (text === '+Inf') return Number.POSITIVE_INFINITY;
  return text === '-Inf' ? Number.NEGATIVE_INFINITY : Number(text);
}
