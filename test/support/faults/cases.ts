/**
 * The matrix: what is done to the sample systems, and what must come of it. One line a case; the runner knows how.
 * A case is run as it is, or with Holdfast itself killed (kill -9) right after the fault and started again a second
 * later; test/faults/matrix.ts says which.
 */

import type { FaultClass } from '../../../src/model/incident.ts';
import type { ActionKind } from '../../../src/model/spec.ts';

export type FaultAction =
  | { readonly do: 'signal'; readonly signal: 'SIGKILL' | 'SIGSTOP' }
  /** Ask the instance to harm itself. */
  | { readonly do: 'drill'; readonly order: Readonly<Record<string, string | number>> }
  /** Deploy with these variables added to the environment of the target service. */
  | { readonly do: 'deploy'; readonly environment: Readonly<Record<string, string>> };

export interface FaultCase {
  readonly id: string;
  readonly what: string;
  /** An instance; for a deploy, a service. */
  readonly target: string;
  readonly fault: FaultAction;
  readonly expect: Expectation;
}

export interface Expectation {
  /** The entity that must be blamed first: the target unless said otherwise. */
  readonly blamed?: readonly string[];
  readonly classes: readonly FaultClass[];
  /** One of these must have been done to the target or its service … */
  readonly actions: readonly ActionKind[];
  /** … and nothing but `eject` and `page` to any other. */
  readonly detectedWithinMs: number;
  /** Until the last symptom is gone. A crash loop counts as over when nothing crashed for half a minute. */
  readonly repairedWithinMs: number;
  /** Of the requests of the independent client from the fault to the repair. */
  readonly lostShare: number;
}

/** Systems of the matrix: how they are loaded and which cases they get. */
export interface SystemUnderTest {
  readonly name: 'shop' | 'web';
  readonly cases: readonly FaultCase[];
}

const kill: FaultAction = { do: 'signal', signal: 'SIGKILL' };
const stop: FaultAction = { do: 'signal', signal: 'SIGSTOP' };
const drill = (order: Readonly<Record<string, string | number>>): FaultAction => ({ do: 'drill', order });

/** The faults of one replica among several: the same for a service of either system. */
function replicaCases(service: string): readonly FaultCase[] {
  const one = (slot: number) => `${service}-${slot}`;
  const restarted = { classes: ['software'], actions: ['restart', 'replace'] } as const;
  return [
    {
      id: 'kill',
      what: 'kill -9',
      target: one(2),
      fault: kill,
      expect: { ...restarted, detectedWithinMs: 500, repairedWithinMs: 15_000, lostShare: 0.001 },
    },
    {
      id: 'stop',
      what: 'SIGSTOP',
      target: one(1),
      fault: stop,
      expect: { ...restarted, detectedWithinMs: 3_000, repairedWithinMs: 20_000, lostShare: 0.005 },
    },
    {
      id: 'crash-loop',
      what: 'exit, and exit at its next two starts',
      target: one(3),
      fault: drill({ kind: 'exit', times: 2 }),
      expect: { ...restarted, detectedWithinMs: 500, repairedWithinMs: 45_000, lostShare: 0.005 },
    },
    {
      id: 'hang',
      what: 'listens and never answers',
      target: one(2),
      fault: drill({ kind: 'hang' }),
      expect: { ...restarted, detectedWithinMs: 4_000, repairedWithinMs: 25_000, lostShare: 0.005 },
    },
    {
      id: 'errors',
      what: 'answers 500',
      target: one(1),
      fault: drill({ kind: 'errors' }),
      expect: { ...restarted, detectedWithinMs: 4_000, repairedWithinMs: 25_000, lostShare: 0.05 },
    },
    {
      id: 'slow',
      what: 'answers 800 ms late',
      target: one(3),
      fault: drill({ kind: 'slow', ms: 800 }),
      expect: {
        classes: ['software', 'capacity'],
        actions: ['restart', 'replace', 'eject'],
        // Six completed calls are needed, and the balancer sends a slow instance few: about one a second here.
        detectedWithinMs: 15_000,
        repairedWithinMs: 45_000,
        lostShare: 0.005,
      },
    },
    {
      id: 'leak',
      what: 'memory grows to its limit',
      target: one(2),
      fault: drill({ kind: 'leak', mbPerSec: 40 }),
      expect: {
        classes: ['software', 'capacity'],
        actions: ['restart', 'replace'],
        detectedWithinMs: 8_000,
        repairedWithinMs: 30_000,
        lostShare: 0.005,
      },
    },
  ];
}

export const SYSTEMS: readonly SystemUnderTest[] = [
  {
    name: 'shop',
    cases: [
      ...replicaCases('payments'),
      {
        id: 'dependency',
        what: 'the store is down: exits, and at its next start',
        target: 'store-1',
        fault: drill({ kind: 'exit', times: 1 }),
        expect: {
          blamed: ['store-1', 'store'],
          classes: ['software'],
          actions: ['restart', 'replace'],
          detectedWithinMs: 1_000,
          repairedWithinMs: 45_000,
          lostShare: 0.5,
        },
      },
      {
        id: 'bad-change',
        what: 'a change that fails every replica',
        target: 'payments',
        fault: { do: 'deploy', environment: { BAD_CONFIG: '1' } },
        expect: {
          classes: ['human'],
          actions: ['rollback'],
          detectedWithinMs: 15_000,
          repairedWithinMs: 60_000,
          lostShare: 0.3,
        },
      },
    ],
  },
  {
    name: 'web',
    cases: [
      ...replicaCases('api'),
      {
        id: 'dependency',
        what: 'Redis hangs (SIGSTOP)',
        target: 'redis-1',
        fault: stop,
        expect: {
          blamed: ['redis-1', 'redis'],
          classes: ['software'],
          actions: ['restart', 'replace'],
          detectedWithinMs: 5_000,
          repairedWithinMs: 30_000,
          lostShare: 0.6,
        },
      },
      {
        id: 'proxy',
        what: 'kill -9 of an nginx master',
        target: 'web-1',
        fault: kill,
        expect: {
          classes: ['software'],
          actions: ['restart', 'replace'],
          detectedWithinMs: 500,
          repairedWithinMs: 15_000,
          lostShare: 0.005,
        },
      },
      {
        id: 'bad-change',
        what: 'a change that fails every replica',
        target: 'api',
        fault: { do: 'deploy', environment: { BAD_CONFIG: '1' } },
        expect: {
          classes: ['human'],
          actions: ['rollback'],
          detectedWithinMs: 15_000,
          repairedWithinMs: 60_000,
          lostShare: 0.3,
        },
      },
    ],
  },
];
