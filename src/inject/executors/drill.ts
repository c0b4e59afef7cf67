/**
 * Asks a program that can break itself to do so, and to stop: what only happens inside of a process (wrong answers, a
 * leak, a lock that is never given back) can be brought about by nobody else. The program listens on PORT for
 * `POST /_drill {"kind": …, "ms": …}`; `{"kind": "none"}` ends it. It ends with the process, too.
 */
import { HoldfastError } from '../../model/errors.ts';
import type { ProcessIdentity } from '../../model/instance.ts';
import type { Executor, Fault } from '../contract.ts';
import { Parameters } from '../parameters.ts';
import { isAlive, membersOf, read } from '../processes.ts';
import { onLinux, processOf } from './common.ts';

const KINDS = ['errors', 'slow', 'hang', 'leak'] as const;
const ANSWER_MS = 2_000;

interface Drill {
  readonly kind: (typeof KINDS)[number];
  readonly ms: number;
  readonly mbPerSec: number;
}

interface Asked {
  readonly target: ProcessIdentity;
  readonly port: number;
}

export const drill: Executor<Drill> = {
  kind: 'drill',
  what: 'asks a program that can break itself to do so (POST /_drill), and to stop',
  targets: ['process'],
  instant: false,
  parameters: {
    kind: '`errors`, `slow`, `hang` or `leak`; `errors`',
    ms: 'of `slow`: how late it answers; 800',
    mbPerSec: 'of `leak`: megabytes a second; 20',
  },
  needs: 'a program that listens on PORT and knows /_drill, as the examples do',
  measured: 'whether it took the order',
  reverted: 'it is asked to stop; it ends with the process, too',
  parse: (given) => {
    const reader = new Parameters('drill', given);
    const parsed = {
      kind: reader.oneOf('kind', KINDS, 'errors'),
      ms: reader.integer('ms', 1, 600_000, 800),
      mbPerSec: reader.integer('mbPerSec', 1, 10_000, 20),
    };
    reader.end();
    return parsed;
  },
  possible: () => onLinux('where the program itself knows how'),
  prepare: (_fault, at) => {
    const target = processOf(at);
    const port = portOf(target);
    if (port !== null) return { target, port } satisfies Asked;
    throw new HoldfastError('HF8203', 'it has no PORT in its environment on which it could be asked');
  },
  begin: async ({ parameters }: Fault<Drill>, given) => {
    const { target, port } = given as unknown as Asked;
    const taken = await ask(port, parameters);
    return {
      measure: () => ({ asked: 1, measured: taken ? 1 : 0, unit: 'orders taken', bitten: taken }),
      turn: () => isAlive(target),
    };
  },
  revert: async (_fault, given) => {
    const { target, port } = given as unknown as Asked;
    // Another life on that port was never asked.
    if (isAlive(target)) await ask(port, { kind: 'none' });
  },
  residue: () => [],
};

async function ask(port: number, order: object): Promise<boolean> {
  const response = await fetch(`http://127.0.0.1:${port}/_drill`, {
    method: 'POST',
    body: JSON.stringify(order),
    signal: AbortSignal.timeout(ANSWER_MS),
  });
  if (!response.ok) throw new HoldfastError('HF8204', `it refused the drill: ${response.status}`);
  return true;
}

/** The target may be a shell around the program. */
function portOf(target: ProcessIdentity): number | null {
  for (const { pid } of membersOf(target)) {
    const port = /(?:^|\0)PORT=(\d+)(?:\0|$)/.exec(read(`/proc/${pid}/environ`) ?? '')?.[1];
    if (port !== undefined) return Number(port);
  }
  return null;
}
