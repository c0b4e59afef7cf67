/**
 * One series, three comparisons on one scale, the largest decides:
 *   shape        the newest samples against the last 1,000 (16 samples or so)
 *   slow shape   the same on groups of four, against the last 4,000 (32 samples or so)
 *   time of day  against the same half hour of the last 14 days
 * The scale is doublings of the distance beyond what is usual for this series, so it needs no unit and no threshold of
 * its own; the budget turns it into alerts. There are no other parts: averaging more views of the same series (context
 * frequencies, more lengths, weights) gained nothing that survived cross-validation.
 */
import { formatDuration, type Ms } from '../../model/time.ts';
import { AlertBudget } from './budget.ts';
import { ClockResidual } from './clock-residual.ts';
import {
  type Aspect,
  type Comparison,
  DEFAULTS,
  type MetricConfig,
  type MetricDetector,
  type MetricExplanation,
  type MetricVerdict,
  TOP_SCORE,
} from './contract.ts';
import { Discord } from './discord.ts';
import { Extremes } from './extremes.ts';
import { TUNING, type Tuning } from './tuning.ts';

/** An anomaly is over when the newest values, averaged over about so many, score less than half of what an alert needs. */
const CALM_SAMPLES = 16;
const CALM_SHARE = 0.5;
/** The largest of three is taken, so each may be as unlikely by chance three times as often. */
const LOG10_COMPARISONS = Math.log10(3);
const MOST = 1e100;
const UNKNOWN: MetricVerdict = { score: 0, minusLog10P: null, fired: false, anomalous: false, reason: null };

export function create(config: Partial<MetricConfig> = {}, tuning: Tuning = TUNING): MetricDetector {
  return new SeriesDetector({ ...DEFAULTS, ...config }, tuning);
}

class SeriesDetector implements MetricDetector {
  readonly #config: MetricConfig;
  readonly #tuning: Tuning;
  readonly #shape: Discord;
  readonly #slowShape: Discord;
  readonly #clock: ClockResidual;
  readonly #budget: AlertBudget;
  readonly #group = new Extremes();
  readonly #merging = new Extremes();
  /** Of the samples being merged. */
  #slot = Number.NaN;
  #slow: Comparison | null = null;
  #aspect: Aspect | null = null;
  #verdict: MetricVerdict = UNKNOWN;
  /** How unusual the newest values are, on the average. */
  #unrest = 0;
  #intervalMs: Ms | null = null;
  #lastMs = Number.NaN;

  constructor(config: MetricConfig, tuning: Tuning) {
    const { history, fade, skip, usual, clockUsual } = tuning;
    this.#config = config;
    this.#tuning = tuning;
    this.#shape = new Discord({ history, fade, skip, usual });
    this.#slowShape = new Discord({ history, fade: fade / 2, skip: Math.ceil(skip / 2), usual });
    this.#clock = new ClockResidual(config.clockOffsetMs, fade, clockUsual);
    this.#budget = new AlertBudget(tuning, config.horizon);
  }

  get bytes(): number {
    return this.#shape.bytes + this.#slowShape.bytes + this.#clock.bytes;
  }

  push(timeMs: Ms, value: number): MetricVerdict {
    if (!Number.isFinite(value) || !Number.isFinite(timeMs)) return this.#quiet();
    const bounded = Math.max(-MOST, Math.min(MOST, value));
    const { resolutionMs } = this.#config;
    if (resolutionMs <= 0) return this.#judge(timeMs, bounded);
    const slot = Math.floor(timeMs / resolutionMs);
    const ends = slot !== this.#slot && this.#merging.count > 0;
    const merged = ends ? this.#judge(this.#slot * resolutionMs, this.#merging.take()) : this.#quiet();
    this.#slot = slot;
    this.#merging.add(bounded);
    return merged;
  }

  explain(): MetricExplanation | null {
    const aspect = this.#aspect;
    if (aspect === null) return null;
    if (aspect === 'time of day') {
      const found = this.#clock.explain();
      const recent = this.#shape.explain()?.recent ?? [];
      const expected = this.#clock.expected;
      if (found === null || expected === null) return null;
      return { aspect, recent, baseline: recent.map(() => expected), samplesAgo: null, ...distances(found) };
    }
    const found = (aspect === 'shape' ? this.#shape : this.#slowShape).explain();
    if (found === null) return null;
    const { recent, baseline, lag } = found;
    return {
      aspect,
      recent,
      baseline,
      samplesAgo: lag * (aspect === 'shape' ? 1 : this.#tuning.group),
      ...distances(found),
    };
  }

  /** The last verdict again, without what happens once. */
  #quiet(): MetricVerdict {
    return this.#verdict.fired ? { ...this.#verdict, fired: false, reason: null } : this.#verdict;
  }

  #judge(timeMs: Ms, value: number): MetricVerdict {
    this.#measureInterval(timeMs);
    const shape = this.#shape.push(value);
    this.#group.add(value);
    if (this.#group.count === this.#tuning.group) this.#slow = this.#slowShape.push(this.#group.take());
    const clock = this.#clock.push(timeMs, value);
    const found = this.#largest(shape, this.#slow, clock);
    const score = found?.score ?? 0;
    const fired = this.#budget.spend(score);
    const wasAnomalous = this.#verdict.anomalous;
    const current = Math.max(shape?.current ?? 0, clock?.current ?? 0);
    this.#unrest = fired ? TOP_SCORE : this.#unrest + (current - this.#unrest) / CALM_SAMPLES;
    this.#verdict = {
      score,
      minusLog10P: logP(found),
      fired,
      anomalous: fired || (wasAnomalous && this.#unrest > CALM_SHARE * this.#tuning.base),
      reason: fired ? this.#reason() : null,
    };
    return this.#verdict;
  }

  #largest(shape: Comparison | null, slow: Comparison | null, clock: Comparison | null): Comparison | null {
    let best = shape;
    this.#aspect = shape === null ? null : 'shape';
    if (slow !== null && (best === null || slow.score > best.score)) {
      best = slow;
      this.#aspect = 'slow shape';
    }
    if (clock !== null && (best === null || clock.score > best.score)) {
      best = clock;
      this.#aspect = 'time of day';
    }
    return best;
  }

  #measureInterval(timeMs: Ms): void {
    const step = timeMs - this.#lastMs;
    this.#lastMs = timeMs;
    if (!(step > 0)) return;
    this.#intervalMs = this.#intervalMs === null ? step : this.#intervalMs + (step - this.#intervalMs) / 32;
  }

  #reason(): string {
    const found = this.explain();
    if (found === null) return 'unlike anything before';
    const { aspect, distance, usual, samplesAgo, recent } = found;
    const times = usual > 0 ? `${(distance / usual).toFixed(1)} times as far as usual` : 'the first change ever';
    if (aspect === 'time of day') return `${times} from this time of day on other days`;
    const span = this.#spanOf(recent.length * (aspect === 'shape' ? 1 : this.#tuning.group));
    return `${times} from any other ${span}; the most similar ended ${this.#spanOf(samplesAgo ?? 0)} ago`;
  }

  #spanOf(samples: number): string {
    return this.#intervalMs === null ? `${samples} samples` : formatDuration(Math.round(samples * this.#intervalMs));
  }
}

function logP(found: Comparison | null): number | null {
  if (found === null || found.minusLog10P === null) return null;
  return Math.max(0, found.minusLog10P - LOG10_COMPARISONS);
}

function distances({ distance, usual }: Comparison): { distance: number; usual: number } {
  return { distance, usual };
}
