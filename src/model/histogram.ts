/**
 * Latency histograms that travel: fixed log-linear buckets (8 per power of two, so a quantile is off by at most
 * ±6.25 %), sparse on the wire. Fixed buckets merge exactly, across instances, edges and time.
 *
 * Unit: microseconds, from 1 µs to about 18 minutes (bucket 0 … 239); outside values fall into the end buckets.
 */
const SUB = 8;
const SUB_BITS = 3;
export const HISTOGRAM_BUCKETS = 240;

/** Sparse form: [bucket, count] pairs in ascending bucket order. */
export type SparseHistogram = readonly (readonly [bucket: number, count: number])[];

export function bucketOf(valueUs: number): number {
  if (!(valueUs >= 1)) return 0;
  const v = Math.min(valueUs, 2 ** 31 - 1) | 0;
  if (v < SUB) return v;
  const exponent = 31 - Math.clz32(v);
  const sub = (v >>> (exponent - SUB_BITS)) & (SUB - 1);
  return Math.min(HISTOGRAM_BUCKETS - 1, (exponent - SUB_BITS + 1) * SUB + sub);
}

/** Lower bound of a bucket in µs (inclusive). */
export function bucketLowUs(bucket: number): number {
  if (bucket < SUB) return bucket;
  const exponent = Math.floor(bucket / SUB) + SUB_BITS - 1;
  return (SUB + (bucket % SUB)) * 2 ** (exponent - SUB_BITS);
}

/** Asked for thousands of times a second, hence a table. */
const MID_US = Float64Array.from({ length: HISTOGRAM_BUCKETS }, (_, bucket) =>
  bucket < SUB ? bucket : (bucketLowUs(bucket) + bucketLowUs(bucket + 1)) / 2,
);

/** Middle of a bucket in µs: what a value in it is taken for. */
export function bucketMidUs(bucket: number): number {
  return MID_US[bucket] as number;
}

export class Histogram {
  readonly #counts = new Float64Array(HISTOGRAM_BUCKETS);
  #total = 0;
  /** Buckets in use: [#first, #last]. Latencies of one edge lie close together. */
  #first = HISTOGRAM_BUCKETS;
  #last = -1;

  static from(sparse: SparseHistogram): Histogram {
    const h = new Histogram();
    h.merge(sparse);
    return h;
  }

  get total(): number {
    return this.#total;
  }

  record(valueUs: number, count = 1): void {
    this.#add(bucketOf(valueUs), count);
  }

  #add(bucket: number, count: number): void {
    this.#counts[bucket] = (this.#counts[bucket] as number) + count;
    this.#total += count;
    if (bucket < this.#first) this.#first = bucket;
    if (bucket > this.#last) this.#last = bucket;
  }

  merge(sparse: SparseHistogram): void {
    for (const [bucket, count] of sparse) this.#add(bucket, count);
  }

  /** Quantile q in [0, 1], in µs; 0 when empty. */
  quantileUs(q: number): number {
    if (this.#total === 0) return 0;
    const rank = Math.max(1, Math.ceil(q * this.#total));
    let seen = 0;
    for (let bucket = this.#first; bucket <= this.#last; bucket++) {
      seen += this.#counts[bucket] as number;
      if (seen >= rank) return MID_US[bucket] as number;
    }
    return MID_US[this.#last] as number;
  }

  meanUs(): number {
    return this.#total === 0 ? 0 : this.sumUs() / this.#total;
  }

  sumUs(): number {
    let sum = 0;
    for (let bucket = this.#first; bucket <= this.#last; bucket++) {
      sum += (this.#counts[bucket] as number) * (MID_US[bucket] as number);
    }
    return sum;
  }

  toSparse(): SparseHistogram {
    const out: [number, number][] = [];
    for (let bucket = this.#first; bucket <= this.#last; bucket++) {
      const count = this.#counts[bucket] as number;
      if (count > 0) out.push([bucket, count]);
    }
    return out;
  }

  clear(): void {
    this.#counts.fill(0);
    this.#total = 0;
    this.#first = HISTOGRAM_BUCKETS;
    this.#last = -1;
  }
}
