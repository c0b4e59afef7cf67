/** Workloads: clients that exercise a store while their history is recorded. */
export { type KeyValueStore, storeAdapter } from './adapters/store.ts';
export type { Adapter, Call, Connection, Outcome } from './contract.ts';
export { toLines } from './lines.ts';
export { adapterFor } from './registry.ts';
export { runWorkload, type WorkloadOptions, type WorkloadResult, type WorkloadRun, type WorkloadStats } from './run.ts';
export { OWN_STORE, withoutSecrets } from './target.ts';
