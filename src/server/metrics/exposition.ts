/**
 * Prometheus text exposition format 0.0.4: one HELP and TYPE per family, its samples together, labels escaped,
 * histograms cumulative with +Inf, _sum and _count.
 */
export type Labels = Readonly<Record<string, string>>;

export interface Sample {
  readonly labels: Labels;
  readonly value: number;
}

export interface HistogramSample {
  readonly labels: Labels;
  /** Counts per bound, not cumulative; the last one is beyond every bound. */
  readonly counts: readonly number[];
  readonly sum: number;
}

export class Exposition {
  readonly #lines: string[] = [];

  gauge(name: string, help: string, samples: readonly Sample[]): void {
    this.#family(name, 'gauge', help, samples);
  }

  /** The name must end in `_total`, as counters do. */
  counter(name: `${string}_total`, help: string, samples: readonly Sample[]): void {
    this.#family(name, 'counter', help, samples);
  }

  histogram(name: string, help: string, bounds: readonly number[], samples: readonly HistogramSample[]): void {
    if (samples.length === 0) return;
    this.#head(name, 'histogram', help);
    for (const { labels, counts, sum } of samples) {
      let total = 0;
      for (const [index, bound] of [...bounds, Number.POSITIVE_INFINITY].entries()) {
        total += counts[index] ?? 0;
        this.#sample(`${name}_bucket`, { ...labels, le: number(bound) }, total);
      }
      this.#sample(`${name}_sum`, labels, sum);
      this.#sample(`${name}_count`, labels, total);
    }
  }

  text(): string {
    return `${this.#lines.join('\n')}\n`;
  }

  #family(name: string, type: string, help: string, samples: readonly Sample[]): void {
    if (samples.length === 0) return;
    this.#head(name, type, help);
    for (const { labels, value } of samples) this.#sample(name, labels, value);
  }

  #head(name: string, type: string, help: string): void {
    this.#lines.push(
      `# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}`,
      `# TYPE ${name} ${type}`,
    );
  }

  #sample(name: string, labels: Labels, value: number): void {
    const pairs = Object.entries(labels).map(([key, text]) => `${key}="${escapeLabel(text)}"`);
    this.#lines.push(`${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${number(value)}`);
  }
}

function escapeLabel(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

function number(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  if (value === Number.NEGATIVE_INFINITY) return '-Inf';
  return Number.isNaN(value) ? 'NaN' : String(value);
}

/** Counts values into buckets; `counts` is what HistogramSample wants. */
export class Buckets {
  readonly #bounds: readonly number[];
  readonly counts: number[];
  sum = 0;

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.counts = new Array<number>(bounds.length + 1).fill(0);
  }

  add(value: number, times = 1): void {
    const found = this.#bounds.findIndex((bound) => value <= bound);
    const index = found < 0 ? this.#bounds.length : found;
    this.counts[index] = (this.counts[index] as number) + times;
    this.sum += value * times;
  }
}
