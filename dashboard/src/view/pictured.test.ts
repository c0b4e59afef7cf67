import { expect, it } from 'vitest';
import { degradedWorld } from '../../../test/support/dashboard-fixture.ts';
import { PICTURED, pictured } from './pictured.ts';

it('draws all of few; of very many the ill, their neighbours, and the busiest', () => {
  const { services, edges } = degradedWorld();
  expect(pictured(services, edges)).toBe(services);
  const [like] = services;
  if (like?.traffic == null) throw new Error('the fixture has traffic');
  const { traffic } = like;
  const others = Array.from({ length: 1_000 }, (_, i) => ({
    ...like,
    name: `svc-${i}`,
    health: 'healthy' as const,
    traffic: { ...traffic, requestsPerSec: 1_000 + i },
  }));
  const names = pictured([...others, ...services], edges).map(({ name }) => name);
  expect(names.length).toBe(PICTURED);
  expect(names).toEqual(expect.arrayContaining(['payments', 'orders', 'store', 'svc-999']));
  expect(names).not.toContain('svc-0');
});
