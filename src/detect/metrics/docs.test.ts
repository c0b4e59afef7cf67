import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { BURN_RULES, CLEAR_SHARE, MIN_FAILURES } from './burn-rate.ts';
import { CLEAR_BEYOND, FORECASTS, REACH } from './forecast.ts';
import { create, createBurnRate, createForecast, DEFAULTS, TUNING } from './index.ts';

const text = readFileSync(new URL('../../../docs/metrics.md', import.meta.url), 'utf8').replace(/\s+/g, ' ');

describe('docs/metrics.md', () => {
  it.each([
    [`${Math.round(create().bytes / 1_000)} KB a series`, true],
    [`${Math.round(createForecast(FORECASTS.disk).bytes / 1_000)} KB a resource`, true],
    [`${Math.round(createBurnRate(0.99).bytes / 1_000)} KB an objective`, true],
    [`every stretch of the last ${TUNING.history.toLocaleString('en-US')} samples`, true],
    [`the last ${(TUNING.history * TUNING.group).toLocaleString('en-US')} samples, likewise`, true],
    [`the newest ${TUNING.skip} samples or so`, true],
    ['that one comparison in five exceeds', TUNING.usual === 0.8],
    ['one in fifty for the time of day', TUNING.clockUsual === 0.98],
    [`A score of ${TUNING.base} is an alert`, true],
    [`each recent alert adds ${TUNING.price}`, true],
    ['within a quarter of a horizon', TUNING.gap === 0.25],
    [`up to ${TUNING.maxHorizon} samples`, true],
    [`before ${TUNING.warmUp} samples`, true],
    ['| `resolutionMs` | 0 |', DEFAULTS.resolutionMs === 0],
    ['| `horizon` | adapts |', DEFAULTS.horizon === null],
    [`at most ${REACH} times as far as it was seen`, true],
    [`three beyond ${CLEAR_BEYOND} times of it`, true],
    [`Cleared below ${CLEAR_SHARE * 100} % of the rate`, true],
    [`Fewer than ${MIN_FAILURES} failures in the short window`, true],
    ...Object.entries(FORECASTS).map(([name, { horizonMs, fromShare }]): [string, boolean] => [
      `| ${name} | ${horizonMs / 3_600_000} h | ${fromShare * 100} % |`,
      true,
    ]),
    ...BURN_RULES.map(({ factor, urgency }): [string, boolean] => [`| ${factor} |`, urgency !== null]),
  ])('says "%s", and so does the code', (sentence, holds) => {
    expect(text).toContain(sentence);
    expect(holds).toBe(true);
  });
});
