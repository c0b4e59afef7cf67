/** Experiments: read, run and written down. Everything here is pure; the executors of its effects live elsewhere. */
export { FAULT_KINDS, type FaultCatalogue, type FaultKind } from './kinds.ts';
export { type ParsedExperiment, type ParseOptions, parseExperiment, problemsOf } from './parse.ts';
export { formatPath, type Notice, type Problem } from './problems.ts';
export type * from './types.ts';
export { type Environment, Values, withoutSecrets } from './values.ts';
