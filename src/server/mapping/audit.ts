/** GET /v1/audit: the structural audit of what runs, with what was seen of it. */
import type { AuditResource } from '../../api/resources.ts';
import { Histogram } from '../../model/histogram.ts';
import { audit, type Observed, type ObservedEdge } from '../../review/index.ts';
import { iso, type Moment } from './facts.ts';
import { quantileMs } from './traffic.ts';

/** What is looked back on: as far as edge windows are kept, and a minute says enough of ordinary traffic. */
const SEEN_MS = 600_000;

export function auditResource(moment: Moment): AuditResource {
  const { core, now } = moment;
  const findings = core.spec === null ? [] : audit({ spec: core.spec, observed: observedOf(moment), position: null });
  const count = (severity: string): number => findings.filter((finding) => finding.severity === severity).length;
  return {
    system: core.spec?.name ?? null,
    at: iso(core, now),
    high: count('high'),
    medium: count('medium'),
    low: count('low'),
    findings: findings.map(({ experiment, ...finding }) => ({
      ...finding,
      experiment: experiment && { ...experiment },
    })),
  };
}

function observedOf({ core, now }: Moment): Observed {
  const { view } = core;
  const edges = view.edges.pairs().map(({ caller, callee }): ObservedEdge => {
    let [requests, retried] = [0, 0];
    const latency = new Histogram();
    for (const window of view.edges.windows(caller, callee, now - SEEN_MS, now)) {
      requests += window.requests;
      retried += window.retried;
      // Of a TCP connection the set-up is measured, which no timeout of a call is about.
      if (window.protocol === 'http') latency.merge(window.latency);
    }
    return { caller, callee, requests, retried, p99Ms: quantileMs(latency, 0.99) };
  });
  const memoryBytes = new Map<string, number>();
  const nodes = new Map<string, string[]>();
  for (const { id, service, node, phase } of core.instances.values()) {
    if (phase === 'exited') continue;
    const most = Math.max(0, ...view.resourcesOf(id).map((sample) => sample.memoryBytes));
    if (most > 0) memoryBytes.set(service, Math.max(memoryBytes.get(service) ?? 0, most));
    const on = nodes.get(service) ?? [];
    if (!on.includes(node)) nodes.set(service, [...on, node]);
  }
  return { edges, memoryBytes, nodes };
}
