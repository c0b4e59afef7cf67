/** Judgement of runs: verdicts with evidence, and how they are shown. */
export { implies } from './costs.ts';
export { type Coverage, coverage, grid } from './grid.ts';
export { judge } from './judge.ts';
export { describe, exitCode, junit, trend } from './report.ts';
export type * from './verdict.ts';
