import type { Static } from 'typebox';
import { expect, it } from 'vitest';
import type { AuditSchema } from './audit-schemas.ts';
import type { AuditResource } from './resources.ts';

type Mutable<T> = T extends object ? { -readonly [K in keyof T]: Mutable<T[K]> } : T;

it('says the same as the interface', () => {
  const schema: Mutable<Static<typeof AuditSchema>> = {
    system: null,
    at: '',
    high: 0,
    medium: 0,
    low: 0,
    findings: [],
  };
  const resource: Mutable<AuditResource> = schema;
  const back: Mutable<Static<typeof AuditSchema>> = resource;
  expect(back).toBe(schema);
});
