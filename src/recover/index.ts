/** Causes to plans, and the guard rails that may refuse or delay their actions. */
export type { AutoscaleAdvice, AutoscaleInput } from './autoscale.ts';
export { recommend } from './autoscale.ts';
export type { ActionDraft, CombinedVerdict, GuardContext, PlanDraft, PlanInput } from './contract.ts';
export { combine, guard } from './guard.ts';
export { failoverKey, RecoveryMemory } from './memory.ts';
export { planFor } from './plan.ts';
export { reversalOf } from './reverse.ts';
export type { Verification } from './verification.ts';
export { verification } from './verification.ts';
