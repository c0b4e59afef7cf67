import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { FLOOR_SHARE, LOG_P, MIN_FAILURES } from './erroring.ts';
import {
  WINDOW_MS as EVIDENCE_MS,
  FALSE_PER_DAY,
  LEAST_P,
  MEMORY_MS,
  OPENS_AT,
  PRICE,
  TRUNCATION,
} from './evidence/pool.ts';
import { CLEAR_MS as FLAPPING_CLEAR_MS, FLAPS, WINDOW_MS } from './flapping.ts';
import { CONFIRM_MS, SHALLOW_MS, STOPPED_MS } from './hung.ts';
import { CPU_MS, CPU_SHARE, DISK_SHARE, EXHAUST_MS, FILES_SHARE, MEMORY_SHARE } from './saturating.ts';
import { FELT_MS, FLOOR_MS, LOOKS, RATIO, Z_MIN } from './slow.ts';
import { ADAPT_MS, BASELINE_GAP_MS, BASELINE_WINDOWS, ENOUGH_REQUESTS, LOOK_BACK_MAX_MS } from './traffic.ts';
import { NEVER_READY_MS, NONE_READY_MS, REFUSING_MS } from './unreachable.ts';

const text = readFileSync(new URL('../../docs/detection.md', import.meta.url), 'utf8').replace(/\s+/g, ' ');

describe('docs/detection.md', () => {
  it.each([
    [`crashed, or its own checks turned bad, ${FLAPS} times in ${WINDOW_MS / 1_000} s`, true],
    [`${FLAPPING_CLEAR_MS / 1_000} s without another`, true],
    ['one second without any sign of life', CONFIRM_MS === 1_000],
    ['the silence must last five seconds', SHALLOW_MS === 5_000],
    ['as stopped for two seconds', STOPPED_MS === 2_000],
    ['refused for half a second', REFUSING_MS === 500],
    [`${NEVER_READY_MS / 1_000} s after its start period`, true],
    ['has been ready for a second', NONE_READY_MS === 1_000],
    [
      `in ${LOOKS.felt.bad} of the last ${LOOKS.felt.seconds} seconds (${LOOKS.small.bad} of ${LOOKS.small.seconds} when it is less than ${FELT_MS} ms more) the mean was twice`,
      RATIO === 2,
    ],
    [`at least ${FLOOR_MS} ms more`, true],
    ['five standard deviations', Z_MIN === 5],
    [`${ENOUGH_REQUESTS} calls in those seconds, and a baseline of at least ${BASELINE_WINDOWS} s`, true],
    [`back at for up to ${LOOK_BACK_MAX_MS / 1_000} s`, true],
    [`the larger of ${FLOOR_SHARE * 100} %`, true],
    [`${MIN_FAILURES} failures, a share of twice p0`, true],
    ['below 10⁻⁶', LOG_P === 6],
    [`| memory | ${MEMORY_SHARE * 100} % of the limit`, true],
    [`reaches it within ${EXHAUST_MS / 1_000} s`, true],
    [`| cpu | ${CPU_SHARE * 100} % of the limit for ${CPU_MS / 1_000} s`, true],
    [`| openFiles | ${FILES_SHARE * 100} % of the limit`, true],
    [`| disk (node) | ${DISK_SHARE * 100} % of the file system`, true],
    [`up to ${BASELINE_GAP_MS / 1_000} s ago`, true],
    [`lasts for ${ADAPT_MS / 60_000} minutes`, true],
    [`of one service within ${EVIDENCE_MS / 60_000} minutes are`, true],
    ['Below 1 in 10,000 no chance', LEAST_P === 1e-4],
    [`what is below ${TRUNCATION * 100} %`, true],
    [`from −log10 p ${OPENS_AT.toFixed(1)}: one false alert per service in a year`, FALSE_PER_DAY === 1 / 365],
    ['ten times harder, falling off over a week', PRICE === 1 && MEMORY_MS === 7 * 86_400_000],
  ])('says "%s", and so does the code', (sentence, holds) => {
    expect(text).toContain(sentence);
    expect(holds).toBe(true);
  });
});
