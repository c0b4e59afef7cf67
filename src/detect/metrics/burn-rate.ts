/**
 * Is an objective's error budget burning too fast? Several windows at once (Google, "The Site Reliability Workbook",
 * chapter 5): a long one, so that a blip is no alarm, and a short one, so that the alarm ends soon after the trouble.
 * A burn rate of 1 uses the budget up exactly by the end of the objective's period; 14.4 uses 2 % of a 30-day budget
 * in an hour. Both windows of a rule must burn.
 */
import { formatDuration, type Ms } from '../../model/time.ts';
import { binomialTail } from '../statistics.ts';

export interface BurnRule {
  readonly longMs: Ms;
  readonly shortMs: Ms;
  readonly factor: number;
  /** page: a human now; ticket: in working hours. */
  readonly urgency: 'page' | 'ticket';
}

const MINUTE: Ms = 60_000;
const HOUR: Ms = 60 * MINUTE;
const MIN_SHORT: Ms = MINUTE;

/** Fixed fractions of a 30-day budget: 2 % in an hour, 5 % in six, 10 % in three days. */
export const BURN_RULES: readonly BurnRule[] = [
  { longMs: HOUR, shortMs: 5 * MINUTE, factor: 14.4, urgency: 'page' },
  { longMs: 6 * HOUR, shortMs: 30 * MINUTE, factor: 6, urgency: 'page' },
  { longMs: 72 * HOUR, shortMs: 6 * HOUR, factor: 1, urgency: 'ticket' },
];

/** Fewer failures than this in the short window alarm nobody: one failed call of twenty is 5 %, and no news. */
export const MIN_FAILURES = 5;
/** Raised at the factor, cleared when the short window burns below this share of it. */
export const CLEAR_SHARE = 0.8;

export interface Burn {
  readonly rule: BurnRule;
  readonly long: number;
  readonly short: number;
  readonly raised: boolean;
  /** How unlikely the long window's failures are if the objective is met; never more than the exact tail. */
  readonly minusLog10P: number;
  /** One line while raised. */
  readonly reason: string | null;
}

export interface BurnRate {
  /** Calls since the last push, by outcome. Older than what was pushed before: counted as now. */
  push(timeMs: Ms, good: number, bad: number): void;
  /** By rule, as of `timeMs`. */
  burns(timeMs: Ms): readonly Burn[];
  readonly bytes: number;
  /** All it knows, as plain data: for createBurnRate. */
  snapshot(): BurnSnapshot;
}

export interface BurnSnapshot {
  readonly firstMs: Ms | null;
  readonly nowMs: Ms | null;
  readonly raised: readonly boolean[];
  readonly windows: readonly (readonly [
    spanMs: Ms,
    part: number | null,
    good: readonly number[],
    bad: readonly number[],
  ])[];
}

/**
 * The rules for a budget over another period than 30 days: the same shares of it, in windows that are as much shorter,
 * but not shorter than a minute's worth of news.
 */
export function rulesFor(periodMs: Ms): readonly BurnRule[] {
  const scale = Math.min(1, periodMs / (30 * 24 * HOUR));
  return BURN_RULES.map((rule) => ({
    ...rule,
    longMs: Math.max(12 * MIN_SHORT, rule.longMs * scale),
    shortMs: Math.max(MIN_SHORT, rule.shortMs * scale),
  }));
}

/** `target`: share of calls that must be good, below 1: 0.999. RangeError when it is not between 0 and 1. */
export function createBurnRate(
  target: number,
  rules: readonly BurnRule[] = BURN_RULES,
  saved: BurnSnapshot | null = null,
): BurnRate {
  if (!(target > 0 && target < 1)) throw new RangeError(`an objective is between 0 and 1, not ${target}`);
  const rate = new MultiWindow(target, rules);
  if (saved) rate.restore(saved);
  return rate;
}

/** A window is kept as so many parts; it forgets one part at a time, so it is up to 1.7 % longer than it says. */
const PARTS = 60;

class MultiWindow implements BurnRate {
  readonly #budget: number;
  readonly #rules: readonly { rule: BurnRule; long: Window; short: Window; raised: boolean }[];
  readonly #windows = new Map<Ms, Window>();
  #firstMs: Ms | null = null;
  #nowMs = Number.NEGATIVE_INFINITY;

  constructor(target: number, rules: readonly BurnRule[]) {
    this.#budget = 1 - target;
    this.#rules = rules.map((rule) => ({
      rule,
      long: this.#window(rule.longMs),
      short: this.#window(rule.shortMs),
      raised: false,
    }));
  }

  get bytes(): number {
    let sum = 0;
    for (const window of this.#windows.values()) sum += window.bytes;
    return sum;
  }

  push(timeMs: Ms, good: number, bad: number): void {
    this.#nowMs = Math.max(this.#nowMs, timeMs);
    this.#firstMs ??= timeMs;
    for (const window of this.#windows.values()) window.add(this.#nowMs, good, bad);
  }

  burns(timeMs: Ms): readonly Burn[] {
    const now = Math.max(this.#nowMs, timeMs);
    return this.#rules.map((state) => {
      const { rule, long, short } = state;
      long.advance(now);
      short.advance(now);
      const longBurn = this.#burn(long);
      const shortBurn = this.#burn(short);
      const known = this.#firstMs !== null && now - this.#firstMs >= rule.shortMs;
      if (state.raised) state.raised = shortBurn >= CLEAR_SHARE * rule.factor;
      else if (known && short.bad >= MIN_FAILURES) state.raised = longBurn >= rule.factor && shortBurn >= rule.factor;
      return {
        rule,
        long: longBurn,
        short: shortBurn,
        raised: state.raised,
        minusLog10P: binomialTail(long.bad, long.good + long.bad, this.#budget),
        reason: state.raised ? this.#reason(rule, long, longBurn, shortBurn) : null,
      };
    });
  }

  snapshot(): BurnSnapshot {
    return {
      firstMs: this.#firstMs,
      nowMs: Number.isFinite(this.#nowMs) ? this.#nowMs : null,
      raised: this.#rules.map(({ raised }) => raised),
      windows: [...this.#windows].map(([spanMs, window]) => [spanMs, ...window.snapshot()]),
    };
  }

  restore({ firstMs, nowMs, raised, windows }: BurnSnapshot): void {
    this.#firstMs = firstMs;
    this.#nowMs = nowMs ?? Number.NEGATIVE_INFINITY;
    this.#rules.forEach((rule, index) => {
      rule.raised = raised[index] ?? false;
    });
    for (const [spanMs, part, good, bad] of windows) this.#windows.get(spanMs)?.restore(part, good, bad);
  }

  #window(spanMs: Ms): Window {
    const window = this.#windows.get(spanMs) ?? new Window(spanMs);
    this.#windows.set(spanMs, window);
    return window;
  }

  #burn({ good, bad }: Window): number {
    return good + bad === 0 ? 0 : bad / (good + bad) / this.#budget;
  }

  #reason(rule: BurnRule, long: Window, longBurn: number, shortBurn: number): string {
    const share = ((100 * long.bad) / (long.good + long.bad)).toPrecision(2);
    return (
      `the error budget burns ${longBurn.toFixed(1)} times too fast over ${formatDuration(rule.longMs)} ` +
      `(${shortBurn.toFixed(1)} over ${formatDuration(rule.shortMs)}; limit ${rule.factor}): ${share} % of calls fail`
    );
  }
}

/** Sums over a sliding stretch of time. */
class Window {
  readonly #partMs: Ms;
  readonly #good = new Float64Array(PARTS + 1);
  readonly #bad = new Float64Array(PARTS + 1);
  #part = Number.NaN;
  good = 0;
  bad = 0;

  constructor(spanMs: Ms) {
    this.#partMs = spanMs / PARTS;
  }

  get bytes(): number {
    return this.#good.byteLength + this.#bad.byteLength;
  }

  snapshot(): [part: number | null, good: number[], bad: number[]] {
    return [Number.isNaN(this.#part) ? null : this.#part, [...this.#good], [...this.#bad]];
  }

  restore(part: number | null, good: readonly number[], bad: readonly number[]): void {
    this.#part = part ?? Number.NaN;
    this.#good.set(good);
    this.#bad.set(bad);
    this.good = good.reduce((sum, count) => sum + count, 0);
    this.bad = bad.reduce((sum, count) => sum + count, 0);
  }

  add(nowMs: Ms, good: number, bad: number): void {
    this.advance(nowMs);
    const slot = this.#slot(this.#part);
    this.#good[slot] = (this.#good[slot] as number) + good;
    this.#bad[slot] = (this.#bad[slot] as number) + bad;
    this.good += good;
    this.bad += bad;
  }

  /** Forgets what is too old. */
  advance(nowMs: Ms): void {
    const part = Math.floor(nowMs / this.#partMs);
    if (Number.isNaN(this.#part)) this.#part = part;
    const steps = Math.min(part - this.#part, PARTS + 1);
    for (let step = 0; step < steps; step++) {
      const slot = this.#slot(part - step);
      this.good -= this.#good[slot] as number;
      this.bad -= this.#bad[slot] as number;
      this.#good[slot] = 0;
      this.#bad[slot] = 0;
    }
    if (part > this.#part) this.#part = part;
  }

  #slot(part: number): number {
    const size = PARTS + 1;
    return ((part % size) + size) % size;
  }
}
