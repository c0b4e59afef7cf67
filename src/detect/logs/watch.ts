/**
 * Symptoms from one stream of log lines. Its templates are learnt as it goes (miner.ts); of each the usual rate and
 * the usual pauses are kept; claimed is, on the one scale of −log10 p and within an allowance of alerts:
 *
 * - *new*: templates never seen before, against how often this stream says something new, and how much of it at once.
 *   One odd line is no symptom, unless nothing was new for days; several at once are, and one that comes in number.
 * - *bursting*: a template far more often than usual.
 * - *more*: many more lines than usual, whatever they say: a new complaint in a young stream, which has not shown yet how
 *   seldom it says something new.
 * - *missing*: a template that used to come again and again and does not, while others still do; or, when nothing
 *   comes at all, the stream as a whole.
 *
 * Nothing is claimed in the first minutes. Feed it in the order of time; ask `evaluate` about once a second.
 */
import type { EntityRef } from '../../model/symptom.ts';
import { formatDuration, type Ms } from '../../model/time.ts';
import type { Claim } from '../claim.ts';
import { Allowance } from './budget.ts';
import { DEFAULTS, TemplateMiner } from './miner.ts';
import { faded, Rate, weightOf } from './rates.ts';
import { rareTail } from './tails.ts';

/** Lines are counted over this span. Shorter notices sooner, longer sees weaker bursts. */
export const BUCKET_MS: Ms = 10_000;
/** Nothing is claimed before a stream was watched for so many buckets (5 minutes): nothing is usual yet. */
export const WARM_UP = 30;
/** A claim must be absent this long before its symptom is cleared. */
export const CLEAR_MS: Ms = 30_000;
/** Fewer lines in a bucket are no burst, whatever the statistics. */
export const MIN_BURST = 5;
/** The same for all lines together. */
export const MIN_FLOOD = 20;
/** And it must be this many times the usual count. */
export const BURST_RATIO = 3;
/** What is open stays open while it is up to so many orders of magnitude weaker than what it takes to begin. */
const HYSTERESIS = 1;
/** Templates quoted as evidence, and how much of each. */
const QUOTED = 3;
const QUOTE_CHARS = 160;
/** Every bucket is a look. */
const LOOKS_PER_DAY = 86_400_000 / BUCKET_MS;

export class LogWatch {
  readonly #entity: EntityRef;
  readonly #miner = new TemplateMiner();
  readonly #allowance = new Allowance();
  readonly #rates = new Map<number, Rate>();
  /** How many lines new templates had in their first bucket: number of births by powers of two, faded. */
  readonly #birthSizes: number[] = [];
  #births = 0;
  #birthsAt = 0;
  /** The last bucket with something new. */
  #bornAt = 0;
  #stream: Rate | null = null;
  /** All lines, as if they were of one template. */
  #volume: Rate | null = null;
  #counts = new Map<number, number>();
  #bucket = -1;
  #firstBucket = -1;
  #lines = 0;
  #merges = 0;
  /** Of the last closed bucket. */
  #closed: Claim[] = [];
  #open = new Set<string>();

  constructor(entity: EntityRef) {
    this.#entity = entity;
  }

  take(line: string, at: Ms): void {
    this.#advance(at);
    this.#lines++;
    const id = this.#miner.take(line);
    this.#counts.set(id, (this.#counts.get(id) ?? 0) + 1);
  }

  /** What misbehaves now. */
  evaluate(now: Ms): readonly Claim[] {
    this.#advance(now);
    const claims = [...this.#closed];
    const said = new Set(claims.map(keyOf));
    for (const claim of this.#bursts(this.#bucket, this.#counts, now)) if (!said.has(keyOf(claim))) claims.push(claim);
    this.#account(claims, now);
    return claims;
  }

  get templates(): number {
    return this.#miner.size;
  }

  #advance(at: Ms): void {
    const bucket = Math.floor(at / BUCKET_MS);
    if (this.#bucket < 0) {
      this.#bucket = bucket;
      this.#firstBucket = bucket;
    }
    if (bucket > this.#bucket) this.#close(bucket);
  }

  /** The bucket is over; `next` is the one that has begun (others between them were empty). */
  #close(next: number): void {
    const bucket = this.#bucket;
    const now = next * BUCKET_MS;
    const counts = this.#currentCounts();
    this.#counts = new Map();
    const claims = this.#bursts(bucket, counts, now);
    const born = [...counts].filter(([id]) => !this.#rates.has(id));
    const newClaim = this.#newTemplates(born, bucket, now);
    if (newClaim) claims.push(newClaim);
    this.#learn(counts, born, bucket);
    this.#bucket = next;
    claims.push(...this.#silences(next, now));
    this.#closed = claims;
  }

  /** Counts under the ids that go on; what is known of merged templates goes with them. */
  #currentCounts(): Map<number, number> {
    const counts = new Map<number, number>();
    for (const [id, count] of this.#counts) {
      const current = this.#miner.current(id);
      counts.set(current, (counts.get(current) ?? 0) + count);
    }
    if (this.#merges !== this.#miner.merged) {
      this.#merges = this.#miner.merged;
      for (const [id, rate] of this.#rates) {
        const current = this.#miner.current(id);
        if (current === id) continue;
        this.#rates.delete(id);
        // The pauses of the parts are no pauses of the whole: it is learnt anew, but it is not new.
        if (!this.#rates.has(current)) this.#rates.set(current, new Rate(rate.lastBucket, this.#lines));
      }
    }
    return counts;
  }

  #learn(counts: ReadonlyMap<number, number>, born: readonly (readonly [number, number])[], bucket: number): void {
    for (const [id, count] of counts) {
      let rate = this.#rates.get(id);
      if (!rate) {
        rate = new Rate(bucket, this.#lines);
        this.#rates.set(id, rate);
      }
      rate.note(bucket, count, this.#lines);
    }
    if (counts.size > 0) {
      this.#volume ??= new Rate(bucket, this.#lines);
      this.#volume.note(bucket, totalOf(counts), this.#lines);
      this.#stream ??= new Rate(bucket, this.#lines);
      this.#stream.note(bucket, 1, this.#lines);
    }
    this.#births = faded(this.#births, bucket - this.#birthsAt) + born.length;
    this.#birthsAt = bucket;
    if (born.length > 0) this.#bornAt = bucket;
    for (const [, count] of born) {
      const size = Math.floor(Math.log2(count));
      this.#birthSizes[size] = (this.#birthSizes[size] ?? 0) + 1;
    }
    this.#sweep();
  }

  #sweep(): void {
    if (this.#rates.size <= 2 * DEFAULTS.maxTemplates) return;
    const oldest = [...this.#rates].sort(([, a], [, b]) => a.lastBucket - b.lastBucket);
    for (const [id] of oldest.slice(0, DEFAULTS.maxTemplates)) this.#rates.delete(id);
  }

  #isWarm(bucket: number): boolean {
    return bucket - this.#firstBucket >= WARM_UP;
  }

  #weight(bucket: number): number {
    return weightOf(bucket - this.#firstBucket);
  }

  #newTemplates(born: readonly (readonly [number, number])[], bucket: number, now: Ms): Claim | null {
    if (born.length === 0 || !this.#isWarm(bucket)) return null;
    const usual = this.#birthRate(bucket);
    const lines = born.reduce((most, [, count]) => Math.max(most, count), 0);
    const logP = rareTail(born.length, usual) + this.#sizeTail(lines);
    if (!this.#mayClaim('anomalous', 'log.new', logP, 1, now)) return null;
    const texts = [...born].sort((a, b) => b[1] - a[1]).map(([id, count]) => `${count} × ${this.#quote(id)}`);
    return {
      kind: 'anomalous',
      entity: this.#entity,
      resource: 'log.new',
      onsetAt: bucket * BUCKET_MS,
      logP,
      looksPerDay: LOOKS_PER_DAY,
      summary: `${this.#entity.name} logs something new: ${texts[0]}`,
      evidence: [
        ...texts.slice(0, QUOTED),
        `${born.length} new templates in ${formatDuration(BUCKET_MS)}, usually ${usual.toPrecision(2)}; ${this.#miner.size} known`,
      ],
    };
  }

  /** New templates per bucket: by those of the last hours, or by how long there were none, whichever is less. */
  #birthRate(bucket: number): number {
    const fading = (faded(this.#births, bucket - this.#birthsAt) + 0.5) / (this.#weight(bucket) + 1);
    return Math.min(fading, 0.5 / (bucket - this.#bornAt));
  }

  /** −log10 of the chance that a new template has so many lines at once, by those that were new before. */
  #sizeTail(lines: number): number {
    const size = Math.floor(Math.log2(lines));
    const all = this.#birthSizes.reduce((sum, count) => sum + (count ?? 0), 0);
    const larger = this.#birthSizes.slice(size).reduce((sum, count) => sum + (count ?? 0), 0);
    return Math.log10((all + 1) / (larger + 1));
  }

  #bursts(bucket: number, counts: ReadonlyMap<number, number>, now: Ms): Claim[] {
    const claims: Claim[] = [];
    if (!this.#isWarm(bucket)) return claims;
    const weight = this.#weight(bucket);
    for (const [id, count] of counts) {
      if (count < MIN_BURST) continue;
      const rate = this.#rates.get(id);
      if (!rate || bucket - rate.firstBucket < WARM_UP) continue;
      const mean = rate.mean(bucket, weight);
      if (count < BURST_RATIO * mean) continue;
      const logP = rate.burst(count, bucket, weight);
      const resource = `log.${id}`;
      if (!this.#mayClaim('anomalous', resource, logP, this.#rates.size, now)) continue;
      claims.push({
        kind: 'anomalous',
        entity: this.#entity,
        resource,
        onsetAt: bucket * BUCKET_MS,
        logP,
        looksPerDay: this.#rates.size * LOOKS_PER_DAY,
        summary: `${this.#entity.name} logs ${this.#quote(id)} ${count} times in ${formatDuration(BUCKET_MS)}`,
        evidence: [`usually ${mean.toPrecision(2)} times`],
      });
    }
    const flood = claims.length === 0 ? this.#flood(bucket, counts, weight, now) : null;
    if (flood) claims.push(flood);
    return claims;
  }

  #flood(bucket: number, counts: ReadonlyMap<number, number>, weight: number, now: Ms): Claim | null {
    const count = totalOf(counts);
    const rate = this.#volume;
    if (!rate || count < MIN_FLOOD) return null;
    const mean = rate.mean(bucket, weight);
    if (count < BURST_RATIO * mean) return null;
    const logP = rate.burst(count, bucket, weight);
    if (!this.#mayClaim('anomalous', 'log.volume', logP, 1, now)) return null;
    const most = [...counts].sort((a, b) => b[1] - a[1]).slice(0, QUOTED);
    return {
      kind: 'anomalous',
      entity: this.#entity,
      resource: 'log.volume',
      onsetAt: bucket * BUCKET_MS,
      logP,
      looksPerDay: LOOKS_PER_DAY,
      summary: `${this.#entity.name} logs much more than usual, mostly ${this.#quote(most[0]?.[0] ?? 0)}`,
      evidence: [
        `${count} lines in ${formatDuration(BUCKET_MS)}, usually ${mean.toPrecision(2)}`,
        ...most.map(([id, lines]) => `${lines} × ${this.#quote(id)}${this.#rates.has(id) ? '' : ' (new)'}`),
      ],
    };
  }

  #silences(bucket: number, now: Ms): Claim[] {
    if (!this.#stream || !this.#isWarm(bucket)) return [];
    const whole = this.#stream.silenceByTime(bucket);
    if (this.#mayClaim('silent', 'log', whole, 1, now)) {
      return [this.#silence(this.#stream, 'anything', 'log', whole, 1, bucket)];
    }
    const claims: Claim[] = [];
    for (const [id, rate] of this.#rates) {
      const logP = rate.silence(bucket, this.#lines);
      const resource = `log.${id}`;
      if (!this.#mayClaim('silent', resource, logP, this.#rates.size, now)) continue;
      claims.push(this.#silence(rate, this.#quote(id), resource, logP, this.#rates.size, bucket));
    }
    return claims;
  }

  #silence(rate: Rate, what: string, resource: string, logP: number, tests: number, bucket: number): Claim {
    const silentMs = (bucket - rate.lastBucket) * BUCKET_MS;
    return {
      kind: 'silent',
      entity: this.#entity,
      resource,
      onsetAt: (rate.lastBucket + 1) * BUCKET_MS,
      logP,
      looksPerDay: tests * LOOKS_PER_DAY,
      summary: `${this.#entity.name} no longer logs ${what}`,
      evidence: [
        `silent for ${formatDuration(silentMs)}, before never longer than ${formatDuration(rate.longestPause * BUCKET_MS)}`,
      ],
    };
  }

  #mayClaim(kind: Claim['kind'], resource: string, logP: number, tests: number, now: Ms): boolean {
    if (logP <= 0) return false;
    if (!this.#open.has(`${kind}/${resource}`)) return logP >= this.#allowance.needed(tests, BUCKET_MS, now);
    return logP >= Math.log10(tests * LOOKS_PER_DAY) - HYSTERESIS;
  }

  /** Each claim that was not there before costs something. */
  #account(claims: readonly Claim[], now: Ms): void {
    const open = new Set(claims.map(keyOf));
    for (const key of open) if (!this.#open.has(key)) this.#allowance.spend(now);
    this.#open = open;
  }

  #quote(id: number): string {
    const text = this.#miner.text(id) ?? `template ${id}`;
    return `"${text.length > QUOTE_CHARS ? `${text.slice(0, QUOTE_CHARS)}…` : text}"`;
  }
}

function totalOf(counts: ReadonlyMap<number, number>): number {
  let total = 0;
  for (const count of counts.values()) total += count;
  return total;
}

function keyOf({ kind, resource }: Claim): string {
  return `${kind}/${resource}`;
}
