/** Anomalies, exhaustion and burn rates of metric series. All pure: time is an argument, memory is bounded. */

export * from './burn-rate.ts';
export * from './contract.ts';
export { create } from './detector.ts';
export * from './forecast.ts';
export { TUNING, type Tuning } from './tuning.ts';
