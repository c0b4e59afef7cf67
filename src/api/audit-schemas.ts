/** JSON Schema of the structural audit. */
import Type from 'typebox';
import { nullable } from './model-schemas.ts';

export const FindingSchema = Type.Object(
  {
    id: Type.String(),
    severity: Type.Enum(['high', 'medium', 'low']),
    service: nullable(Type.String()),
    sentence: Type.String(),
    why: Type.String(),
    fix: Type.String(),
    snippet: Type.String(),
    at: nullable(Type.Object({ file: Type.String(), line: Type.Integer(), column: Type.Integer() })),
    experiment: nullable(Type.Record(Type.String(), Type.Unknown())),
  },
  { title: 'Finding' },
);

export const AuditSchema = Type.Object(
  {
    system: nullable(Type.String()),
    at: Type.String(),
    high: Type.Integer(),
    medium: Type.Integer(),
    low: Type.Integer(),
    findings: Type.Array(FindingSchema),
  },
  { title: 'Audit' },
);
