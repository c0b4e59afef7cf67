/**
 * What is done in the drills, and what is known of it: the cases of the fault matrices, and every kind of fault that can
 * be injected. The component is right when the diagnosis names the instance that was struck, its service, or the way to
 * it; the fault class is what the fault is, not what it looks like from one side.
 */
import { cpus } from 'node:os';
import type { FaultClass } from '../../src/model/incident.ts';
import { type FaultCase, SYSTEMS } from '../../test/support/faults/cases.ts';

export type SystemName = 'shop' | 'web';

export interface DrillCase {
  readonly id: string;
  readonly what: string;
  /** An instance, a service, or `the machine`. */
  readonly target: string;
  /** Any of them is right; `→payments`: any way to it. */
  readonly blamed: readonly string[];
  readonly classes: readonly FaultClass[];
  readonly act: Matrix | Injection;
}

interface Matrix {
  readonly by: 'hand';
  readonly test: FaultCase;
}

export interface Injection {
  readonly by: 'injection';
  readonly kind: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  /** Of one caller only. */
  readonly from: string | null;
  /** null: over at once. */
  readonly forMs: number | null;
}

/** The shortest that every detector on this way can notice: few calls a second reach one of three replicas. */
const LAST_MS = 15_000;
/** As long as a deploy may take to be found bad; what is rolled back is over before. */
const CHANGED_MS = 30_000;
/** Pressure on the machine has to last for its mean to show. */
const PRESS_MS = 20_000;

type Known = Pick<DrillCase, 'blamed' | 'classes'>;

/** Everything that can be done to one replica or the way to it. */
function injections(service: string, slot: number, kinds: readonly Partial<Injection>[]): DrillCase[] {
  const target = `${service}-${slot}`;
  return kinds.map((given) => {
    const act = { by: 'injection', kind: '', parameters: {}, from: null, forMs: LAST_MS, ...given } as const;
    const mode = typeof act.parameters.mode === 'string' ? `-${act.parameters.mode}` : '';
    const of = `${act.from === null ? '' : `${act.from}-`}${service}`;
    return {
      id: `${act.kind}${mode}@${of}`,
      what: `${act.kind} ${JSON.stringify(act.parameters)}${act.from === null ? '' : ` for ${act.from}`}`,
      target,
      ...known(act.kind, service, target),
      act,
    };
  });
}

function known(kind: string, service: string, target: string): Known {
  const blamed = [target, service, `→${service}`];
  if (PROCESS.has(kind)) return { blamed, classes: ['software'] };
  if (kind === 'descriptors') return { blamed, classes: ['capacity'] };
  // A slow disk looks from outside like a program that is slow: nothing but its own account could tell them apart.
  if (kind === 'files') return { blamed, classes: ['hardware', 'capacity', 'software'] };
  return { blamed, classes: ['network'] };
}

const PROCESS: ReadonlySet<string> = new Set(['kill', 'signal', 'pause', 'crash-loop', 'delayed-start', 'clock']);

const ON_PROCESS: readonly Partial<Injection>[] = [
  { kind: 'kill', forMs: null },
  { kind: 'signal', parameters: { signal: 'SIGABRT' }, forMs: null },
  { kind: 'pause' },
  { kind: 'crash-loop', forMs: 8_000 },
  { kind: 'descriptors' },
  { kind: 'delayed-start', parameters: { delayMs: 6_000 } },
  // Nobody in these systems reads the time of day or asks for names: borne, and nobody may be accused.
  { kind: 'clock', parameters: { offsetSec: 3_600 } },
  { kind: 'dns', parameters: { mode: 'fail' } },
];

const ON_WAY: readonly Partial<Injection>[] = [
  { kind: 'network', parameters: { mode: 'drop' } },
  { kind: 'network', parameters: { mode: 'reject' } },
  { kind: 'latency', parameters: { ms: 800, jitterMs: 100 } },
  { kind: 'bandwidth', parameters: { bytesPerSec: 300 } },
  { kind: 'loss', parameters: { share: 0.5 } },
  { kind: 'reset' },
  { kind: 'half-open' },
  { kind: 'slicer', parameters: { averageBytes: 8, delayMs: 20 } },
  { kind: 'limit', parameters: { bytes: 40 } },
  { kind: 'blackhole' },
  { kind: 'timeout' },
  // Callers keep their connections: without it nobody feels it until the next one is opened.
  { kind: 'refuse', parameters: { cutOpen: true } },
  // Nobody waits for the end of a connection: it has no effect, and says so.
  { kind: 'slow-close', parameters: { delayMs: 2_000 } },
  { kind: 'netem', parameters: { delayMs: 400 } },
];

const ON_HTTP: readonly Partial<Injection>[] = [
  { kind: 'http-status', parameters: { status: 503 } },
  { kind: 'http-delay', parameters: { ms: 800 } },
  { kind: 'http-body', parameters: { change: 'break', bytes: 5 } },
];

/** On a service: a change for which nobody but its author is to blame. */
function changesOf(service: string): DrillCase[] {
  return CHANGES.map((given) => ({
    id: `${given.kind}@${service}`,
    what: `${given.kind} ${JSON.stringify(given.parameters)}`,
    target: service,
    blamed: [service],
    classes: ['human'],
    act: { by: 'injection', from: null, forMs: CHANGED_MS, ...given },
  }));
}

const CHANGES: readonly Pick<Injection, 'kind' | 'parameters'>[] = [
  { kind: 'misconfigure', parameters: { environment: { NODE_OPTIONS: '--no-such-option' } } },
  { kind: 'bad-deploy', parameters: { exit: 1 } },
];

/** On the machine as a whole. */
function onMachine(kinds: readonly (Partial<Injection> & { readonly kind: string })[]): DrillCase[] {
  return kinds.map((given) => ({
    id: `${given.kind}@machine`,
    what: `${given.kind} ${JSON.stringify(given.parameters ?? {})}`,
    target: 'the machine',
    blamed: ['(node)'],
    classes: given.kind === 'node-loss' ? ['hardware'] : ['capacity', 'hardware'],
    act: { by: 'injection', parameters: {}, from: null, forMs: PRESS_MS, ...given },
  }));
}

/** Threads for each core that want to run all the time. */
const OVERLOAD = 12;

const MACHINE: readonly (Partial<Injection> & { readonly kind: string })[] = [
  // Many times what there are cores: one for each gets its fair share, which who mostly sleeps hardly feels.
  { kind: 'cpu', parameters: { workers: OVERLOAD * cpus().length } },
  // Nearly all there is: with memory left nobody feels what others have. The stressor is what the kernel would kill first.
  { kind: 'memory', parameters: { share: 0.985, floorBytes: 268_435_456 } },
  { kind: 'disk-full', parameters: {} },
  // Nothing here starts processes while it runs, and the state of the systems lies in memory (index.ts), for whose disk
  // nobody waits: borne.
  { kind: 'processes', parameters: { count: 200 } },
  { kind: 'io', parameters: {} },
  { kind: 'node-loss', parameters: { beyondBudget: true }, forMs: 5_000 },
];

const matrixOf = (name: SystemName): DrillCase[] =>
  (SYSTEMS.find((system) => system.name === name)?.cases ?? []).map((test) => ({
    id: test.id,
    what: test.what,
    target: test.target,
    blamed: test.expect.blamed ?? [test.target],
    classes: test.expect.classes,
    act: { by: 'hand', test },
  }));

export const DRILLS: Readonly<Record<SystemName, readonly DrillCase[]>> = {
  shop: [
    ...matrixOf('shop'),
    ...injections('payments', 2, [...ON_PROCESS, ...ON_WAY, ...ON_HTTP]),
    ...injections('store', 1, [
      { kind: 'latency', parameters: { ms: 300, jitterMs: 50 } },
      { kind: 'latency', parameters: { ms: 400, jitterMs: 50 }, from: 'payments' },
      { kind: 'blackhole', forMs: 10_000 },
      { kind: 'reset' },
      { kind: 'files', parameters: { delayMs: 50 } },
    ]),
    ...changesOf('payments'),
    ...onMachine(MACHINE),
  ],
  web: [
    ...matrixOf('web'),
    ...injections('api', 2, [...ON_PROCESS, ...ON_WAY, ...ON_HTTP]),
    ...injections('redis', 1, [
      { kind: 'latency', parameters: { ms: 300, jitterMs: 50 } },
      { kind: 'blackhole', forMs: 10_000 },
      { kind: 'reset' },
      { kind: 'files', parameters: { delayMs: 50 } },
    ]),
    ...changesOf('api'),
    ...onMachine(MACHINE),
  ],
};
