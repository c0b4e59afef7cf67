/** What every benchmark is: it measures, names its target and its peers, and hides nothing. */
export interface BenchRow {
  /** Stable within the benchmark: `http.holdfast.rps`. */
  readonly id: string;
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  /** What it should reach; null for rows that only inform (peers, floors). */
  readonly target: number | null;
  readonly pass: boolean | null;
  /** Where the rest goes, how noisy it was, what bounds it. */
  readonly note?: string;
}

export interface BenchOptions {
  /** Fewer rounds: to see that it works, not to publish. */
  readonly quick: boolean;
  /** Progress, for people (stderr). */
  log(line: string): void;
}

export interface Bench {
  readonly name: string;
  readonly what: string;
  run(options: BenchOptions): Promise<BenchRow[]>;
}
