/** Schemas and interfaces say the same: the assignments below compile only while they do. */
import type { Static, TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { describe, expect, it } from 'vitest';
import { HoldfastError } from '../model/errors.ts';
import type { OperatorCommand } from '../model/operator.ts';
import * as model from './model-schemas.ts';
import type * as resources from './resources.ts';
import * as schemas from './schemas.ts';

type Mutable<T> = T extends object ? { -readonly [K in keyof T]: Mutable<T[K]> } : T;
/** true only when each is assignable to the other, readonly apart. */
type Same<S extends TSchema, T> = [Mutable<Static<S>>] extends [Mutable<T>]
  ? [Mutable<T>] extends [Mutable<Static<S>>]
    ? true
    : 'the interface allows more than the schema'
  : 'the schema allows more than the interface';

const agree: {
  readonly status: Same<typeof schemas.StatusSchema, resources.StatusResource>;
  readonly silence: Same<typeof schemas.SilenceSchema, resources.SilenceResource>;
  readonly service: Same<typeof schemas.ServiceSchema, resources.ServiceResource>;
  readonly traffic: Same<typeof schemas.TrafficSchema, resources.TrafficSummary>;
  readonly instance: Same<typeof schemas.InstanceSchema, resources.InstanceResource>;
  readonly edge: Same<typeof schemas.EdgeSchema, resources.EdgeResource>;
  readonly incident: Same<typeof schemas.IncidentSchema, resources.IncidentResource>;
  readonly symptom: Same<typeof schemas.SymptomSchema, resources.SymptomResource>;
  readonly plan: Same<typeof schemas.PlanSchema, resources.PlanResource>;
  readonly action: Same<typeof schemas.ActionSchema, resources.ActionResource>;
  readonly change: Same<typeof schemas.ChangeSchema, resources.ChangeResource>;
  readonly event: Same<typeof schemas.EventSchema, resources.EventResource>;
  readonly planResult: Same<typeof schemas.PlanResultSchema, resources.PlanResult>;
  readonly applyResult: Same<typeof schemas.ApplyResultSchema, resources.ApplyResult>;
  readonly operationResult: Same<typeof schemas.OperationResultSchema, resources.OperationResult>;
  readonly journalEntry: Same<typeof schemas.JournalEntrySchema, resources.JournalEntryResource>;
  readonly verification: Same<typeof schemas.JournalVerificationSchema, resources.JournalVerification>;
  readonly acknowledgement: Same<typeof schemas.AcknowledgementSchema, resources.Acknowledgement>;
  readonly healthz: Same<typeof schemas.HealthzSchema, resources.HealthResource>;
  readonly specSource: Same<typeof schemas.SpecSourceSchema, resources.SpecSource>;
  readonly planRequest: Same<typeof schemas.PlanRequestSchema, resources.PlanRequest>;
  readonly applyRequest: Same<typeof schemas.ApplyRequestSchema, resources.ApplyRequest>;
  readonly operationRequest: Same<typeof schemas.OperationRequestSchema, resources.OperationRequest>;
  readonly heartbeatRequest: Same<typeof schemas.HeartbeatRequestSchema, resources.HeartbeatRequest>;
  readonly shutdownRequest: Same<typeof schemas.ShutdownRequestSchema, resources.ShutdownRequest>;
} = {
  status: true,
  silence: true,
  service: true,
  traffic: true,
  instance: true,
  edge: true,
  incident: true,
  symptom: true,
  plan: true,
  action: true,
  change: true,
  event: true,
  planResult: true,
  applyResult: true,
  operationResult: true,
  journalEntry: true,
  verification: true,
  acknowledgement: true,
  healthz: true,
  specSource: true,
  planRequest: true,
  applyRequest: true,
  operationRequest: true,
  heartbeatRequest: true,
  shutdownRequest: true,
};

describe('schemas', () => {
  it('names a type agreement for every exported resource schema', () => {
    const helpers = 1; // HealthSchema is an enumeration inside resources, not a resource.
    expect(Object.keys(schemas).length - helpers).toBe(Object.keys(agree).length);
  });

  it.each<OperatorCommand>([
    { kind: 'restart', service: 'api', instance: null },
    { kind: 'scale', service: 'api', replicas: 0 },
    { kind: 'rollback', change: null, service: 'api' },
    { kind: 'silence', service: null, forMs: 60_000 },
    { kind: 'unsilence', silence: 's1' },
    { kind: 'mode', mode: 'observe' },
    { kind: 'approve', action: 'a1' },
    { kind: 'reject', action: 'a1' },
    { kind: 'override', action: 'a1', rail: 'budget' },
    { kind: 'prove', incident: 'inc-1' },
    { kind: 'stop-all' },
    { kind: 'resume' },
    { kind: 'down', service: null },
  ])('accepts the operator command $kind and refuses it with an unknown key', (command) => {
    const validator = Compile(model.OperatorCommandSchema);
    expect(validator.Check(command)).toBe(true);
    expect(validator.Check({ ...command, unknown: 1 })).toBe(false);
  });

  it('describes an error as it travels', () => {
    const error = new HoldfastError('HF1003', 'unknown key', {
      at: { file: 'compose.yaml', line: 3, column: 5 },
      others: [new HoldfastError('HF1005', 'bad duration')],
    });
    expect(Compile(model.ErrorSchema).Check(JSON.parse(JSON.stringify(error)))).toBe(true);
  });
});
