/** The audit: every rule over the facts, findings completed from the catalogue, worst first. */

import { CATALOGUE, type FindingId } from './catalogue.ts';
import { retriesSeen, retryAmplification, timeoutChains } from './checks/calls.ts';
import { missingChecks, uselessChecks } from './checks/health.ts';
import { memory, queues, scaling } from './checks/limits.ts';
import { disruption, objectives, restarting, rollouts, secrets, stopping, unproven } from './checks/operation.ts';
import { circles, declaredAndSeen, oneNode, singlePoints, startOrder } from './checks/structure.ts';
import type { AuditInput, ExperimentFile, Facts, Fault, Finding, Remark, Rule, Severity } from './contract.ts';
import { factsOf } from './facts.ts';

export { CATALOGUE, type FindingId } from './catalogue.ts';
export type { AuditInput, ExperimentFile, Finding, Observed, ObservedEdge, Severity } from './contract.ts';

const RULES: readonly Rule[] = [
  singlePoints,
  circles,
  missingChecks,
  uselessChecks,
  timeoutChains,
  retryAmplification,
  retriesSeen,
  memory,
  queues,
  scaling,
  stopping,
  restarting,
  rollouts,
  disruption,
  objectives,
  declaredAndSeen,
  startOrder,
  secrets,
  oneNode,
  unproven,
];

const ORDER: readonly Severity[] = ['high', 'medium', 'low'];

export function audit(input: AuditInput): Finding[] {
  const facts = factsOf(input);
  const findings = RULES.flatMap((rule) => rule(facts)).map((remark) => complete(remark, facts));
  return findings.sort((a, b) => ORDER.indexOf(a.severity) - ORDER.indexOf(b.severity));
}

function complete(remark: Remark, { position }: Facts): Finding {
  const { severity, why, fix } = CATALOGUE[remark.id];
  const { service } = remark;
  return {
    id: remark.id,
    severity: remark.severity ?? severity,
    service,
    sentence: remark.sentence,
    why,
    fix: remark.fix ?? fix,
    snippet: remark.snippet ?? '',
    at: position === null || service === null ? null : position(service, remark.key ?? ''),
    experiment: remark.fault ? experimentOf(remark.id, remark.sentence, remark.fault) : null,
  };
}

/** Over at once: it has no duration. */
const INSTANT = new Set(['kill', 'signal']);

function experimentOf(id: FindingId, sentence: string, fault: Fault): ExperimentFile {
  const { kind, service, select } = fault;
  const strike = {
    fault: kind,
    target: kind === 'cpu' || kind === 'memory' ? { node: 'localhost' } : { service, ...(select ? { select } : {}) },
    ...(INSTANT.has(kind) ? {} : { for: fault.for ?? '20s' }),
    ...(fault.parameters ?? {}),
  };
  return {
    title: `${id}: ${service}`,
    description: sentence,
    'steady-state-hypothesis': {
      title: 'the system serves',
      probes: [{ type: 'probe', name: 'healthy', tolerance: true, provider: { type: 'holdfast', is: 'healthy' } }],
    },
    method: [
      {
        type: 'action',
        name: `${kind} ${service}`,
        pauses: { after: INSTANT.has(kind) ? 5 : 25 },
        'x-holdfast': strike,
      },
    ],
    'x-holdfast': { expect: { repaired_within: '60s', lost_at_most: { requests: 0 } } },
  };
}
