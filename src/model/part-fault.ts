/**
 * The kill of a part of Holdfast itself. A part is struck by the agent, at once and by signal, and not by an executor
 * of its own: whoever keeps faults may be such a part, and nothing of it lasts that a lease would have to end.
 *
 * Here is what may be asked for and what is told of it. Only parts that are processes of their own can be killed: the
 * agent lives in the server, and the server is what runs the experiment and judges it.
 */
import { HoldfastError } from './errors.ts';
import type { FaultKindFacts } from './fault.ts';
import type { Ms } from './time.ts';

export const PART_KILL = 'kill-part';
type Given = Readonly<Record<string, unknown>>;

/** What a part was good for while it was away. */
export interface PartOutage {
  readonly part: 'traffic';
  readonly killed: number;
  /** From the kill to the moment at which Holdfast knew; null: it never did. */
  readonly noticedAfterMs: Ms | null;
  /** From the kill until another process was in its place and answered; null: none was. */
  readonly backAfterMs: Ms | null;
  /** Process in its place; null: none. */
  readonly successor: number | null;
  /** Endpoints that took connections before, and those of them that did so again in time. */
  readonly endpoints: number;
  readonly open: number;
  /** From the kill until the last of these took a connection again. */
  readonly closedForMs: Ms;
  /** In which all of that had to happen. */
  readonly withinMs: Ms;
}

/**
 * How long a part may take to be back. Default 5 s: a process of Node is up in a fraction of a second, on a machine
 * that is busy with everything else in a few. Less where callers give up sooner.
 */
const WITHIN_MS: Ms = 5_000;
const LEAST_WITHIN_MS: Ms = 100;
/** As long as a run waits for its faults to be over. */
const MOST_WITHIN_MS: Ms = 15_000;

export const PART_FAULT: FaultKindFacts = {
  kind: PART_KILL,
  what: 'kills a part of Holdfast itself (SIGKILL)',
  parameters: {
    part: '`traffic`: the process behind every endpoint (the server, with the agent in it, runs the experiment)',
    withinMs: `until when it has to be back, with every endpoint open, ms; ${WITHIN_MS}`,
  },
  instant: true,
  targets: ['node'],
  needs: 'every service has opted in; `target: {node: localhost}`',
  measured: 'whether its process is gone',
  reverted: 'not at all: Holdfast starts it again',
  possible: true,
  how: 'by signal',
};

export interface PartKill {
  readonly part: PartOutage['part'];
  readonly withinMs: Ms;
}

/** HF6004 for what it does not understand, unknown keys included; HF8207 for a part that no experiment survives. */
export function parsePartKill(given: Given): PartKill {
  const { part, withinMs = WITHIN_MS, ...rest } = given;
  const [stray] = Object.keys(rest);
  if (stray !== undefined) throw new HoldfastError('HF6004', `${PART_KILL} has no parameter ${stray}`);
  if (part === 'server' || part === 'agent') {
    const where = part === 'agent' ? 'the agent lives in the server, and the server' : 'the server';
    throw new HoldfastError('HF8207', `${PART_KILL}: ${where} runs this experiment and would not see its end`);
  }
  if (part !== 'traffic') {
    const got = part === undefined ? 'it is missing' : `not ${JSON.stringify(part)}`;
    throw new HoldfastError('HF6004', `${PART_KILL}: part is traffic, ${got}`, { remedy: 'Write part: traffic.' });
  }
  if (typeof withinMs !== 'number' || !(withinMs >= LEAST_WITHIN_MS && withinMs <= MOST_WITHIN_MS)) {
    throw new HoldfastError(
      'HF6004',
      `${PART_KILL}: withinMs is a number between ${LEAST_WITHIN_MS} and ${MOST_WITHIN_MS}, not ${JSON.stringify(withinMs)}`,
    );
  }
  return { part, withinMs };
}

/** Back in time, with all that it did before. */
export function isBack({ noticedAfterMs, backAfterMs, closedForMs, endpoints, open, withinMs }: PartOutage): boolean {
  return (
    noticedAfterMs !== null &&
    backAfterMs !== null &&
    backAfterMs <= withinMs &&
    open === endpoints &&
    closedForMs <= withinMs
  );
}
