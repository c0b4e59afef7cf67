/** Anomalies, exhaustion and burn rates of metric series. All pure: time is an argument, memory is bounded. */
export * from './contract.ts';
export { create } from './detector.ts';
export { TUNING, type Tuning } from './tuning.ts';
