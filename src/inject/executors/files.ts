/**
 * Makes the files of an instance slow, or fail, by tracing it (strace) and delaying or refusing its system calls. No
 * mount, no library, no restart; and when the tracer is killed the kernel lets the instance go at once. Its price: a
 * traced process pays for every one of those calls with some tens of microseconds.
 */
import { readFileSync } from 'node:fs';
import { Bound } from '../bound.ts';
import type { Executor, Fault, Possibility } from '../contract.ts';
import { Parameters } from '../parameters.ts';
import { isAlive, membersOf, read, tool } from '../processes.ts';
import { needsTools, processOf } from './common.ts';

interface FilesFault {
  readonly mode: 'slow' | 'failing';
  readonly delayMs: number;
  readonly error: string;
  /** Every n-th call only. */
  readonly nth: number;
  /** Only these files, by their whole names; empty: all. */
  readonly paths: readonly string[];
}

/** Calls that are for files alone; with names of files also those that serve connections too. */
const CALLS = ['openat', 'pread64', 'pwrite64', 'preadv', 'pwritev', 'fsync', 'fdatasync'];
const CALLS_OF_NAMED = [...CALLS, 'read', 'write', 'readv', 'writev'];

export const files: Executor<FilesFault> = {
  kind: 'files',
  what: 'makes the files of an instance slow, or has every n-th call on them fail',
  targets: ['process'],
  instant: false,
  parameters: {
    mode: '`slow` or `failing`; `slow`',
    delayMs: 'before each call, ms; 100',
    error: 'what failing calls fail with; `EIO`',
    nth: 'every n-th call only; 1',
    paths: 'only these files, by their whole names; all',
  },
  needs: 'strace, setpriv (util-linux); root, or kernel.yama.ptrace_scope=0; nobody else tracing',
  measured: 'system calls that were delayed or refused; one is a bite',
  reverted: 'the tracer ends, and the kernel lets the instance go',
  parse: (given) => {
    const reader = new Parameters('files', given);
    const parsed = {
      mode: reader.oneOf('mode', ['slow', 'failing'] as const, 'slow'),
      delayMs: reader.number('delayMs', 0.001, 60_000, 100),
      error: reader.text('error', /^E[A-Z0-9]{2,14}$/, 'EIO'),
      nth: reader.integer('nth', 1, 65_535, 1),
      paths: reader.texts('paths'),
    };
    reader.end();
    return parsed;
  },
  possible: () => mayTrace() ?? needsTools(['strace', 'setpriv'], 'strace and util-linux', 'by tracing the instance'),
  prepare: (_fault, at) => ({ target: processOf(at), pids: membersOf(processOf(at)).map(({ pid }) => pid) }),
  begin: async ({ id, parameters }: Fault<FilesFault>, traces, at) => {
    const pids = (traces as { pids: readonly number[] }).pids;
    const identity = processOf(at);
    const tracer = new Bound(id, commandOf(parameters, pids), /\((?:INJECTED|DELAYED)\)/);
    await tracer.until(() => pids.every((pid) => !read(`/proc/${pid}/stat`) || tracerOf(pid) === tracer.child.pid));
    return {
      measure: () => {
        tracer.beat();
        return { asked: 1, measured: tracer.figure, unit: 'calls affected', bitten: tracer.figure > 0 };
      },
      turn: () => isAlive(identity),
    };
  },
  // The tracer carries the mark of the fault, and is ended as all such processes are.
  revert: async () => undefined,
  residue: () => [],
};

/** `setpriv`: the tracer is killed by the kernel when the keeper dies, as it reads no pipe. */
export function commandOf(parameters: FilesFault, pids: readonly number[]): readonly string[] {
  const calls = (parameters.paths.length > 0 ? CALLS_OF_NAMED : CALLS).join(',');
  const effect =
    parameters.mode === 'slow' ? `delay_enter=${Math.round(parameters.delayMs * 1_000)}` : `error=${parameters.error}`;
  const when = parameters.nth === 1 ? '' : `:when=${parameters.nth}+${parameters.nth}`;
  return [
    tool('setpriv') ?? 'setpriv',
    '--pdeathsig',
    'KILL',
    tool('strace') ?? 'strace',
    '-f',
    '-qq',
    ...pids.map((pid) => `--attach=${pid}`),
    ...parameters.paths.map((path) => `--trace-path=${path}`),
    '-e',
    `trace=${calls}`,
    '-e',
    `inject=${calls}:${effect}${when}`,
  ];
}

function tracerOf(pid: number): number {
  return Number(/^TracerPid:\s+(\d+)/m.exec(read(`/proc/${pid}/status`) ?? '')?.[1] ?? 0);
}

/** Undefined when it may; a kernel without Yama has no such file, and asks for the same user only. */
function mayTrace(): Possibility | undefined {
  const instead = 'Fill the disk (disk-full) or load it (io) instead, or allow tracing (kernel.yama.ptrace_scope=0).';
  if (process.getuid?.() === 0) return undefined;
  try {
    if (Number(readFileSync('/proc/sys/kernel/yama/ptrace_scope', 'utf8')) === 0) return undefined;
  } catch {
    return undefined;
  }
  return { possible: false, why: 'the kernel lets nobody trace what is not his child', instead };
}
