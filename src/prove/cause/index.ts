/** Proof of a suspected cause by injecting the like of it elsewhere. */
export type * from './contract.ts';
export { judgeCause } from './judge.ts';
export { causeTest, describeTest, ECHO_MS, experimentOfCause, isRefusal, NOTHING, WATCH_MS } from './plan.ts';
