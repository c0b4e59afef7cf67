/**
 * The peers: single observers as they are in wide use, with their published defaults. None of them looks at its own
 * pauses, and each says "down" alone.
 */

export interface Detector {
  readonly name: string;
  heartbeat(at: number): void;
  isDown(at: number): boolean;
}

/** Down after a fixed silence. */
export class FixedTimeout implements Detector {
  readonly name: string;
  readonly #timeoutMs: number;
  #heardAt = 0;

  constructor(timeoutMs: number) {
    this.name = `fixed ${timeoutMs / 1_000} s`;
    this.#timeoutMs = timeoutMs;
  }

  heartbeat(at: number): void {
    this.#heardAt = at;
  }

  isDown(at: number): boolean {
    return at - this.#heardAt >= this.#timeoutMs;
  }
}

const WINDOW = 1_000;

class Window {
  readonly #values = new Float64Array(WINDOW);
  #count = 0;
  #next = 0;
  #sum = 0;
  #squares = 0;

  add(value: number): void {
    if (this.#count === WINDOW) {
      const old = this.#values[this.#next] as number;
      this.#sum -= old;
      this.#squares -= old * old;
    } else this.#count++;
    this.#values[this.#next] = value;
    this.#next = (this.#next + 1) % WINDOW;
    this.#sum += value;
    this.#squares += value * value;
  }

  get mean(): number {
    return this.#sum / this.#count;
  }

  get deviation(): number {
    return Math.sqrt(Math.max(0, this.#squares / this.#count - this.mean ** 2));
  }
}

/**
 * As in Akka: φ 8 of a normal distribution (logistic approximation), deviation at least 100 ms, acceptable pause 3 s,
 * 1,000 intervals, first guess the interval and a quarter of it.
 */
export class AkkaPhi implements Detector {
  readonly name = 'phi as in Akka';
  readonly #intervals = new Window();
  #heardAt: number | null = null;

  heartbeat(at: number): void {
    if (this.#heardAt === null) {
      this.#intervals.add(750);
      this.#intervals.add(1_250);
    } else if (!this.isDown(at)) this.#intervals.add(at - this.#heardAt);
    this.#heardAt = at;
  }

  isDown(at: number): boolean {
    if (this.#heardAt === null) return false;
    const mean = this.#intervals.mean + 3_000;
    const deviation = Math.max(100, this.#intervals.deviation);
    const silence = at - this.#heardAt;
    if (silence <= mean) return false;
    const y = (silence - mean) / deviation;
    const e = Math.exp(-y * (1.5976 + 0.070566 * y * y));
    return -Math.log10(e / (1 + e)) >= 8;
  }
}

/** As in Cassandra: φ 8 of an exponential distribution, 1,000 intervals, those above 2 s are not learnt from. */
export class CassandraPhi implements Detector {
  readonly name = 'phi as in Cassandra';
  readonly #intervals = new Window();
  #heardAt: number | null = null;

  heartbeat(at: number): void {
    if (this.#heardAt === null) this.#intervals.add(2_000);
    else if (at - this.#heardAt <= 2_000) this.#intervals.add(at - this.#heardAt);
    this.#heardAt = at;
  }

  isDown(at: number): boolean {
    if (this.#heardAt === null) return false;
    return ((at - this.#heardAt) / this.#intervals.mean) * Math.LOG10E >= 8;
  }
}
