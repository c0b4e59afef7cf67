import { expect, it } from 'vitest';
import { DEFAULT_CHECK, launchOf } from '../../../test/support/runtime.ts';
import { checksOf } from './plan.ts';

const check = { ...DEFAULT_CHECK, probe: { kind: 'exec' as const, command: ['true'] } };

it('runs what is declared, each for its purpose', () => {
  expect(checksOf(launchOf([], { liveness: check })).map((each) => each.purpose)).toEqual(['liveness']);
  expect(checksOf(launchOf([], { liveness: check, readiness: check })).map((each) => each.purpose)).toEqual([
    'liveness',
    'readiness',
  ]);
});

it('with nothing declared asks the first port whether it accepts; without a port, nothing', () => {
  const [only, ...rest] = checksOf(launchOf([], { ports: { http: 80, admin: 81 } }));
  expect(only).toMatchObject({
    purpose: 'readiness',
    spec: { probe: { kind: 'tcp', port: 'http' }, startIntervalMs: 100, intervalMs: 1_000 },
  });
  expect(rest).toEqual([]);
  expect(checksOf(launchOf([]))).toEqual([]);
});
