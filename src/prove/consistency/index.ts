/** Verdicts on recorded histories. */
export { type JudgeOptions, judgeHistory } from './judge.ts';
export { type Losses, lostWrites } from './lost.ts';
export { kindNamed } from './shape.ts';
