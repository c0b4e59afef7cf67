/**
 * Threads of a run without threads: generators that yield what they wait for, resumed in a fixed order. So the course
 * of an experiment reads like the script it is, background activities included, and stays a pure function of events.
 */
import type { Ms } from '../../model/time.ts';
import { formatDuration } from '../../model/time.ts';
import type { Answer, Effect, Request } from './effects.ts';

type Wish =
  | { readonly kind: 'ask'; readonly request: Request; readonly timeoutMs: Ms }
  | { readonly kind: 'sleep'; readonly until: Ms }
  | { readonly kind: 'join'; readonly tasks: readonly Task[] };

export type Steps<T> = Generator<Wish, T, unknown>;

/** Thrown into tasks that are to end early; their `finally` blocks may still ask for things. */
export class Interrupted extends Error {}

export interface Task {
  readonly steps: Steps<void>;
  /** Not interrupted: it undoes something. */
  readonly shielded: boolean;
  done: boolean;
  wish: Wish | null;
  /** Of the effect that it waits for. */
  id: number | null;
  wakeAt: Ms | null;
}

export class Tasks {
  now: Ms = 0;
  readonly #tasks: Task[] = [];
  readonly #waiting = new Map<number, Task>();
  #outbox: Effect[] = [];
  #nextId = 1;

  spawn(steps: Steps<void>, shielded = false): Task {
    const task: Task = { steps, shielded, done: false, wish: null, id: null, wakeAt: null };
    this.#tasks.push(task);
    this.#resume(task, undefined);
    return task;
  }

  /** An answer to an effect; one that nobody waits for is dropped. */
  answer(id: number, answer: Answer): void {
    const task = this.#waiting.get(id);
    if (task !== undefined) this.#resume(task, answer);
    this.#settle();
  }

  advance(): void {
    const due = this.#tasks.filter(({ wakeAt }) => wakeAt !== null && wakeAt <= this.now);
    for (const task of due.sort((a, b) => (a.wakeAt as Ms) - (b.wakeAt as Ms))) {
      if (task.wakeAt === null || task.wakeAt > this.now) continue;
      const { wish, id } = task;
      if (wish?.kind !== 'ask') this.#resume(task, undefined);
      else {
        this.#outbox.push({ kind: 'cancel', id: id as number });
        this.#resume(task, { ok: false, error: `no answer within ${formatDuration(wish.timeoutMs)}` });
      }
    }
    this.#settle();
  }

  /** Ends a sleep before its time. */
  wake(task: Task): void {
    if (task.wish?.kind === 'sleep') this.#resume(task, undefined);
  }

  interrupt(reason: string): void {
    for (const task of this.#tasks.filter(({ done, shielded }) => !done && !shielded)) {
      if (task.done) continue;
      if (task.id !== null) this.#outbox.push({ kind: 'cancel', id: task.id });
      this.#resume(task, undefined, new Interrupted(reason));
    }
    this.#settle();
  }

  /** What was asked for since the last time. */
  flush(): readonly Effect[] {
    const effects = this.#outbox;
    this.#outbox = [];
    return effects;
  }

  get nextWake(): Ms | null {
    const times = this.#tasks.flatMap(({ wakeAt }) => (wakeAt === null ? [] : [wakeAt]));
    return times.length === 0 ? null : Math.min(...times);
  }

  /** Joins end when all that they wait for has ended. */
  #settle(): void {
    for (let again = true; again; ) {
      again = false;
      for (const task of [...this.#tasks]) {
        if (task.wish?.kind !== 'join' || !task.wish.tasks.every(({ done }) => done)) continue;
        this.#resume(task, undefined);
        again = true;
      }
    }
    for (let n = this.#tasks.length - 1; n >= 0; n--) if (this.#tasks[n]?.done) this.#tasks.splice(n, 1);
  }

  #resume(task: Task, value: unknown, error?: Error): void {
    if (task.id !== null) this.#waiting.delete(task.id);
    task.wish = null;
    task.id = null;
    task.wakeAt = null;
    const next = this.#continue(task, value, error);
    if (next === null || next.done === true) {
      task.done = true;
      return;
    }
    task.wish = next.value;
    if (next.value.kind === 'sleep') task.wakeAt = next.value.until;
    if (next.value.kind === 'ask') this.#ask(task, next.value);
  }

  /** A task that does not catch its interruption has ended by it, at once or when its `finally` is through. */
  #continue(task: Task, value: unknown, error: Error | undefined): IteratorResult<Wish, void> | null {
    try {
      return error === undefined ? task.steps.next(value) : task.steps.throw(error);
    } catch (thrown) {
      if (thrown instanceof Interrupted) return null;
      throw thrown;
    }
  }

  #ask(task: Task, wish: Extract<Wish, { kind: 'ask' }>): void {
    const id = this.#nextId++;
    task.id = id;
    task.wakeAt = this.now + wish.timeoutMs;
    this.#waiting.set(id, task);
    this.#outbox.push({ ...wish.request, id, timeoutMs: wish.timeoutMs });
  }
}

export function* ask(request: Request, timeoutMs: Ms): Steps<Answer> {
  return (yield { kind: 'ask', request, timeoutMs }) as Answer;
}

export function* sleepUntil(until: Ms): Steps<void> {
  yield { kind: 'sleep', until };
}

export function* join(tasks: readonly Task[]): Steps<void> {
  const open = tasks.filter(({ done }) => !done);
  if (open.length > 0) yield { kind: 'join', tasks: open };
}
