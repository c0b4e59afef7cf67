/** Experiments and the structural audit of the shop as the API tells them: one under way, some judged, one of a cause. */
import type {
  CauseOffer,
  CoverageResource,
  FaultsResource,
  FindingResource as Judged,
  ProofDetail,
  ProofResource,
  ProvingResource,
} from '../../src/api/proof-resources.ts';
import type { AuditResource, FindingResource } from '../../src/api/resources.ts';
import { ago } from './dashboard-incidents.ts';

const KINDS = ['kill', 'pause', 'latency', 'cpu'];
const SERVICES = ['gateway', 'payments', 'store', '(machine)'];
const PREDICTED =
  'payments is crashed; users lose 4 to 61 requests and at most 1.2 s of waiting by it; both end with it';
const MEASURED =
  'crashed; users lost 12 of 640 requests and 0.4 s of waiting, afterwards 0 of 480 requests and 0 s of waiting in 9 s';

function judged(serial: number, change: Partial<ProofResource>): ProofResource {
  return {
    id: `proof-${serial}`,
    suite: 'suite-1',
    experiment: 'kill on payments',
    source: 'catalogue',
    state: 'done',
    dryRun: false,
    who: 'ada',
    why: 'before the sale',
    askedAt: ago(4_000 - 60 * serial),
    startedAt: ago(3_990 - 60 * serial),
    endedAt: ago(3_960 - 60 * serial),
    verdict: 'confirmed',
    summary: 'Confirmed: detected after 21ms, repaired after 1.4s.',
    halted: false,
    detectedAfterMs: 21 + serial,
    repairedAfterMs: 1_400 - 40 * serial,
    blamed: 'payments-2',
    faultClass: 'software',
    durationMs: 9_000,
    faults: [{ kind: 'kill', service: 'payments' }],
    findings: [],
    actions: ['restart payments-2'],
    progress: [{ at: ago(3_970 - 60 * serial), text: 'kill (proof-1-1): in force on payments-2' }],
    trend: null,
    cause: null,
    ...change,
  };
}

const UNDER_WAY: Partial<ProofResource> = {
  experiment: 'pause on gateway',
  state: 'running',
  endedAt: null,
  verdict: null,
  summary: null,
  detectedAfterMs: null,
  repairedAfterMs: null,
  blamed: null,
};

const OF_CAUSE: Partial<ProofResource> = {
  experiment: 'cause of inc-12: kill on payments-1',
  source: 'cause',
  summary:
    'Confirmed: payments-2 as the cause of inc-12: kill on payments-1 did what was predicted, and it ended with it.',
  cause: {
    incident: 'inc-12',
    accused: 'payments-2',
    target: 'payments-1',
    predicted: PREDICTED,
    verdict: 'confirmed',
    measured: MEASURED,
  },
};

/** Newest first. */
export function proofs(running: boolean): readonly ProofResource[] {
  return [
    ...(running ? [judged(6, UNDER_WAY)] : []),
    judged(5, OF_CAUSE),
    judged(4, {}),
    judged(3, {
      experiment: 'latency on store',
      verdict: 'mismatch',
      summary: 'Mismatch: repaired: still open (expected within 1m30s).',
      repairedAfterMs: null,
      blamed: 'store',
      faults: [{ kind: 'latency', service: 'store' }],
    }),
    judged(2, {}),
    judged(1, { verdict: 'inconclusive', summary: 'Inconclusive: bitten: no effect.', detectedAfterMs: null }),
  ];
}

export function proving(running: boolean): ProvingResource {
  const targets = [
    {
      instance: 'gateway-1',
      service: 'gateway',
      phase: 'active',
      bite: { asked: 1, measured: 1, unit: 'processes', bitten: true },
    },
  ] as const;
  const fault = { id: 'proof-6-1', kind: 'pause', proof: 'proof-6', askedAt: ago(4), leaseEndsAt: ago(-6) };
  return {
    running: running ? [{ ...fault, targets: targets.map((one) => ({ ...one, end: null, residue: [] })) }] : [],
    proofs: proofs(running),
  };
}

const FINDINGS: readonly Judged[] = [
  { aspect: 'ran', result: 'met', found: 'to its end', expected: 'to its end', evidence: [] },
  {
    aspect: 'bitten',
    result: 'met',
    found: '1 of 1',
    expected: 'every fault has its effect',
    evidence: ['kill: gone'],
  },
  { aspect: 'blamed', result: 'told', found: 'payments-1: killed by SIGKILL', expected: null, evidence: [] },
  { aspect: 'residue', result: 'met', found: 'nothing is left', expected: 'nothing is left', evidence: [] },
  { aspect: 'cause', result: 'met', found: MEASURED, expected: PREDICTED, evidence: [] },
];

export function proofDetail(proof: ProofResource): ProofDetail {
  return { ...proof, findings: FINDINGS, next: null, more: false, discoveries: [], text: '', junit: '', earlier: [] };
}

export function coverage(): CoverageResource {
  const cell = (kind: string, service: string, verdict: 'confirmed' | 'mismatch', proof: string) => ({
    kind,
    service,
    verdict,
    proof,
  });
  return {
    kinds: KINDS,
    services: SERVICES,
    cells: [cell('kill', 'payments', 'confirmed', 'proof-4'), cell('latency', 'store', 'mismatch', 'proof-3')],
    open: KINDS.flatMap((kind) =>
      SERVICES.filter((service) => (kind === 'cpu') === (service === '(machine)')).map((service) => ({
        kind,
        service,
      })),
    ),
    left: [{ kind: 'http-status', service: 'store', why: 'it does not speak HTTP' }],
    grid: '',
  };
}

export function faults(): FaultsResource {
  const facts = (kind: string): FaultsResource['kinds'][number] => ({
    kind,
    what: `${kind}, as the shop would feel it`,
    parameters: {},
    instant: kind === 'kill',
    targets: ['process'],
    needs: '',
    measured: '',
    reverted: 'the end of its lease',
    possible: true,
    how: '',
  });
  return { kinds: KINDS.map(facts), running: [] };
}

export function offer(incident: string): CauseOffer {
  return {
    incident,
    accused: 'payments-2',
    mechanism: 'killed by SIGKILL',
    repair: { possible: true, text: 'restart payments-2, under the guard rails of every repair' },
    injection: {
      possible: true,
      text: 'kill on payments-1 (a twin of the accused) once',
      target: 'payments-1',
      prediction: PREDICTED,
    },
  };
}

export function audit(): AuditResource {
  const finding = (change: Partial<FindingResource>): FindingResource => ({
    id: 'single-instance',
    severity: 'high',
    service: 'store',
    sentence: 'store runs once: cart, orders, payments and 2 more fall with it.',
    why: 'A crash of this one process is felt by everybody above it.',
    fix: 'Run two or more, or let callers go on without it (`required: false`).',
    snippet: 'services:\n  store:\n    deploy: { replicas: 2 }',
    at: null,
    experiment: {
      title: 'single-instance: store',
      method: [{ type: 'action', 'x-holdfast': { fault: 'kill', target: { service: 'store' } } }],
    },
    ...change,
  });
  const limit = { id: 'no-memory-limit', severity: 'medium', experiment: null, snippet: '' } as const;
  const findings = [
    finding({}),
    finding({ ...limit, service: 'mailer', sentence: 'mailer may take all memory of the machine.' }),
    finding({ ...limit, service: 'shopper', sentence: 'shopper may take all memory of the machine.' }),
  ];
  return { system: 'shop', at: ago(1), high: 1, medium: 2, low: 0, findings };
}
