/**
 * Virtual time: a queue of things to do, ordered by when and then by the order in which they were planned, so that
 * a run depends on its seed alone. A binary heap; an hour of a cluster's life takes milliseconds.
 */
import type { Ms } from '../src/model/time.ts';

interface Task {
  readonly at: Ms;
  readonly order: number;
  readonly run: () => void;
}

export class VirtualClock {
  readonly #heap: Task[] = [];
  #order = 0;
  now: Ms = 0;

  after(delayMs: Ms, run: () => void): void {
    this.at(this.now + Math.max(0, delayMs), run);
  }

  at(time: Ms, run: () => void): void {
    this.#push({ at: Math.max(time, this.now), order: this.#order++, run });
  }

  every(intervalMs: Ms, run: () => void): void {
    this.after(intervalMs, () => {
      run();
      this.every(intervalMs, run);
    });
  }

  /** Runs everything that is due up to and including `end`. */
  runUntil(end: Ms): void {
    for (let next = this.#heap[0]; next !== undefined && next.at <= end; next = this.#heap[0]) {
      this.#pop();
      this.now = next.at;
      next.run();
    }
    this.now = end;
  }

  #push(task: Task): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(task);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!before(task, heap[parent] as Task)) break;
      heap[at] = heap[parent] as Task;
      at = parent;
    }
    heap[at] = task;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop() as Task;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1] as Task, heap[child] as Task)) child += 1;
      if (!before(heap[child] as Task, last)) break;
      heap[at] = heap[child] as Task;
      at = child;
    }
    heap[at] = last;
  }
}

function before(a: Task, b: Task): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
