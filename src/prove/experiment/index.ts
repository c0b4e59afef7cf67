/** Experiments: read, run and written down. Everything here is pure; the executors of its effects live elsewhere. */
export type { Effect, Request, RunEvent } from './effects.ts';
export { type ActivityRun, type FaultRecord, type Journal, outcomeOf, type SteadyState } from './journal.ts';
export type { Json, JsonMap } from './json.ts';
export type { FaultCatalogue, FaultKind } from './kinds.ts';
export { type ParsedExperiment, type ParseOptions, parseExperiment, problemsOf } from './parse.ts';
export { WHOLE_NODE } from './parse-holdfast.ts';
export { withinWindows } from './parse-safety.ts';
export { filesNamed } from './parse-values.ts';
export { isAddress } from './parse-workload.ts';
export { formatPath, type Notice, type Problem } from './problems.ts';
export { ExperimentRun, type RunOptions } from './run.ts';
export type * from './types.ts';
export { type Environment, type Files, lacksFile, Values, withoutSecrets } from './values.ts';
