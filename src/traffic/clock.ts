/** CLOCK_MONOTONIC in milliseconds: the time base that all Holdfast processes of a machine share. */
import { performance } from 'node:perf_hooks';
import type { Ms } from '../model/time.ts';

const [seconds, nanoseconds] = process.hrtime();
// performance.now() reads the same clock from another zero, without making an array each time.
const zero = seconds * 1_000 + nanoseconds / 1e6 - performance.now();

export function monotonic(): Ms {
  return zero + performance.now();
}
